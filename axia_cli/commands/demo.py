"""`axia demo`: the main job on a stack of its own or on the one that runs, shown while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from axia_cli.demo import Demonstration, Plan, Result, history_paths, plan_for, plan_for_files
from axia_cli.output import Json, console, emit, say
from axia_cli.stack import record
from axia_cli.target import target_settings
from axia_core.domain.order_states import State
from axia_core.settings import Settings, load_settings

if TYPE_CHECKING:
    from axia_core.adapters.paper.profile import TerminalProfile

FAILED_EXIT = 1


@dataclass(frozen=True)
class _Stage:
    """A running stack, as the demonstration sees it."""

    settings: Settings
    web_url: str
    seconds: dict[str, float]
    keep_running: Callable[[], None]


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when it is done instead of keeping the stack up.")] = False,
    history: Annotated[Path | None, typer.Option(help="Bar files that the paper terminal plays.")] = None,
    as_json: Json = False,
) -> None:
    """Collect five trading days of every series, cache them, and trade one order on paper."""
    settings = load_settings()
    plan = _plan(settings, history)
    if plan.why_shifted:
        say(f"{plan.why_shifted}: it starts at {datetime.now(UTC) + plan.shift:%A %Y-%m-%d %H:%M} UTC")
    with _stage(settings, plan, history) as stage:
        result = Demonstration(stage.settings, stage.web_url, plan, say, stage.seconds).run()
        emit(result.document) if as_json else _show(result, stage)
        if not once:
            say("the stack keeps running; Ctrl-C ends it")
            stage.keep_running()
    if result.order is None or result.order.state is not State.FILLED:
        raise typer.Exit(FAILED_EXIT)


def _plan(settings: Settings, history: Path | None) -> Plan:
    now = datetime.now(UTC)
    if history is not None:
        from axia_core.adapters.paper.history_files import covered_ranges

        return plan_for_files(now, covered_ranges(history_paths(history)))
    return plan_for(now + settings.clock_shift, settings.symbols, settings.clock_shift)


@contextmanager
def _stage(settings: Settings, plan: Plan, history: Path | None) -> Iterator[_Stage]:
    """The stack that runs on home already, or one of our own."""
    from axia_cli.stack.supervisor import running_stack

    running = record.read(settings.home)
    if running is not None and running.supervisor.alive and running.ready and not plan.shift:
        say(f"using the stack that runs on {settings.home}")
        yield _Stage(target_settings(), running.urls["dagster"], {}, lambda: None)
        return
    ours = _shifted(settings, plan)
    profile = None if history is None else _profile(ours, history)
    with running_stack(ours, progress=say, profile=profile) as stack:
        yield _Stage(stack.settings, stack.urls["dagster"], stack.seconds, _until_interrupted(stack.watch))


def _shifted(settings: Settings, plan: Plan) -> Settings:
    """A shifted clock gets a state folder of its own: times of two clocks must never meet in one ledger."""
    if not plan.shift:
        return settings
    home = settings.home / f"shifted-{-plan.shift.days}-days"
    values = {"home": home, "clock_shift_s": plan.shift.total_seconds(), "symbols": plan.symbols}
    return Settings.model_validate({**settings.model_dump(exclude_unset=True), **values})


def _profile(settings: Settings, history: Path) -> TerminalProfile:
    from axia_core.adapters.paper.profile import AccountProfile, Prices, TerminalProfile

    account = AccountProfile(
        login=settings.mt5_login, password=settings.mt5_password.get_secret_value(), server=settings.mt5_server
    )
    prices = Prices(files=tuple(history_paths(history)))
    return TerminalProfile(account=account, symbols=settings.symbols, prices=prices)


def _until_interrupted(watch: Callable[[], None]) -> Callable[[], None]:
    def keep_running() -> None:
        try:
            watch()
        except KeyboardInterrupt:
            say("stopping")

    return keep_running


def _show(result: Result, stage: _Stage) -> None:
    document = result.document
    table = Table(title="What happened", show_header=False)
    table.add_row("collected", f"{document['partitions']} partitions of {document['series']} series")
    table.add_row("", f"{document['bars']} bars, {len(document['gaps'])} partitions with gaps")
    table.add_row("cached", f"{document['cached_series']} series, {document['cached_bars']} bars")
    order = document["order"]
    table.add_row("order", f"{order['state']}, ticket {order['ticket']}, at {order.get('price')}")
    table.add_row("seconds", ", ".join(f"{name} {value:g}" for name, value in document["seconds"].items()))
    table.add_row("look", f"{stage.web_url}/assets  and  {stage.web_url}/runs")
    table.add_row("", f"axia order show {order.get('order_id')}")
    console.print(table)
