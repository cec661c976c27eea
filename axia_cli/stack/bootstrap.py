"""What a local stack needs besides processes: the core stack, the ledger's first items, the paper terminal's folder.

Each step is safe to repeat. Which moment is the first, and what a new life of the emulator means, is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from axia_cli.stack import emulator_client
from axia_core.adapters.dynamodb import connect
from axia_core.adapters.paper.profile import (
    PROFILE_FILE,
    AccountProfile,
    ServerProfile,
    TerminalClock,
    TerminalProfile,
    create_terminal,
    load_profile,
)
from axia_core.adapters.paper.store import STATE_FILE
from axia_core.errors import NotRunning
from axia_core.settings import Settings
from infra.clients import clients
from infra.deployer import STACK, Deployment
from infra.stacks import deploy_core, names_in

WHO = "axia up"
PAPER_MODULE = "axia_core.adapters.paper.metatrader5"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def deploy(settings: Settings, progress: Callable[[str], None]) -> Deployment:
    """Deploy the core stack into the local AWS server and save at once.

    An emulator that is killed before its first save keeps the objects and loses the stack.
    """
    local = clients(settings.aws_region, settings.aws_endpoint_url)
    deployment = deploy_core(local, region=settings.aws_region, names=names_in(settings))
    count = f", {len(deployment.changes)} resources" if deployment.changes else ""
    progress(f"{STACK} {deployment.action}{count}")
    emulator_client.save(str(settings.aws_endpoint_url))
    return deployment


def open_ledger(settings: Settings) -> bool:
    """Write the kill switch on the very first start, and a new epoch for each life of the emulator's state.

    True when a new epoch began: then everything is reconciled with the broker before anything is executed. A switch
    that is missing later is not written again, because missing means HALT and only a person may release that.
    """
    ledger = connect(settings)
    first_up = settings.home / "aws" / "first-up"
    if not first_up.exists():
        ledger.initialise_kill_switch(active=False, who=WHO, now=datetime.now(UTC) + settings.clock_shift)
    began = begin_epoch(settings)
    emulator_client.save(str(settings.aws_endpoint_url))
    first_up.touch()
    return began


def begin_epoch(settings: Settings) -> bool:
    """Tell the ledger which life of the emulator this is; False while it is the known one, over clean restarts too.

    Its beginning, not the last save, is the border: whatever was sent before it may have been executed by writes that
    are lost, so the broker is asked first. The very first life has nothing to look for.
    """
    boot = emulator_client.boot(str(settings.aws_endpoint_url))
    if boot is None:
        raise NotRunning(f"the local AWS server at {settings.aws_endpoint_url} does not answer")
    ledger = connect(settings)
    new = ledger.epoch() is None and _has_never_traded(settings)
    return ledger.begin_epoch(boot.boot_id, LONG_AGO if new else boot.booted_at + settings.clock_shift)


def _has_never_traded(settings: Settings) -> bool:
    """Whether the broker is a paper terminal without any state; of a real account nobody here knows."""
    return settings.mt5_module == PAPER_MODULE and not (settings.terminal_path / STATE_FILE).exists()


def open_terminal(settings: Settings, profile: TerminalProfile | None) -> None:
    """Make the paper terminal's folder, or give the one that is there this start's clock and profile."""
    folder = settings.terminal_path
    known = load_profile(folder) if profile is None and (folder / PROFILE_FILE).exists() else None
    chosen = profile or known or _from_settings(settings)
    if chosen.clock.shift_s != settings.clock_shift_s:
        chosen = chosen.model_copy(update={"clock": TerminalClock(shift_s=settings.clock_shift_s)})
    create_terminal(folder, chosen)


def _from_settings(settings: Settings) -> TerminalProfile:
    account = AccountProfile(
        login=settings.mt5_login, password=settings.mt5_password.get_secret_value(), server=settings.mt5_server
    )
    return TerminalProfile(
        account=account,
        symbols=settings.symbols,
        server=ServerProfile(zone=settings.mt5_server_zone, shift_h=settings.mt5_server_shift_h),
    )
