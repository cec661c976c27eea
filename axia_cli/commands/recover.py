"""`axia recover ...`: the runbook as commands: each shows its plan, asks, can be repeated, and is audited."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli.instants import moment
from axia_cli.output import OTHER, Json, emit, say
from axia_cli.target import describe, target_settings
from axia_core.domain.sessions import parse_trading_date, trading_days
from axia_core.domain.symbols import parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: the adapters load boto3 and numpy.
    from axia_core.recovery.recover import Outcome, Recovery
    from axia_core.recovery.region import RegionRecovery
    from infra.stacks import Target

OSAKA, S3 = "osaka", "s3"

recover = typer.Typer(
    no_args_is_help=True, help="Recover what was lost; each shows its plan first, and can be repeated."
)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@recover.command("kill-switch")
def kill_switch(yes: Yes = False, as_json: Json = False) -> None:
    """Write a kill switch that is missing or damaged again, at HALT. It is never released."""
    settings = target_settings()
    recovery = _recovery(settings)
    agree(settings, recovery.plan_kill_switch(), yes, as_json)
    show(recovery.kill_switch(), as_json)


@recover.command()
def orders(
    to: Annotated[str, typer.Option("--to", help="The moment to go back to, ISO 8601; by default the newest.")] = "",
    backup: Annotated[str, typer.Option(help="ARN of a backup to take instead; needed where the table is gone.")] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put back what the order table has lost, from a copy restored beside it. Leaves HALT and a new epoch.

    Whatever the table still has is never overwritten: differences are listed. The copy stays until you delete it.
    """
    settings = target_settings()
    recovery = _recovery(settings)
    point = moment("--to", to) if to else None if backup else recovery.newest_point()
    agree(settings, recovery.plan_orders(point, backup or None), yes, as_json)
    show(recovery.orders(point, backup or None), as_json)


@recover.command()
def cache(
    source: Annotated[str, typer.Option("--from", help="s3, or osaka: the copy in the other region.")] = S3,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Fill Redis again from S3 (or from Osaka's copy)."""
    from axia_core.adapters import redis

    settings = target_settings()
    recovery = _recovery(settings)
    stage = recovery.stage
    if source not in (S3, OSAKA):
        raise InvalidInput("--from", source, "the cache is filled from s3 or from osaka")
    store = stage.store if source == S3 else stage.copy_store
    if store is None:
        rule = "no copy in another region is expected of this target"
        raise InvalidInput("--from", source, rule, "Set AXIA_HAS_COPY=true where there is one.")
    agree(settings, recovery.plan_cache(source), yes, as_json)
    show(recovery.cache(store, redis.connect(settings, stage.clock), source), as_json)


@recover.command()
def partitions(
    first: Annotated[str, typer.Option("--from", help="First trading date.")],
    last: Annotated[str, typer.Option("--to", help="Last trading date.")],
    symbol: Annotated[list[str] | None, typer.Option(help="Only these pairs.")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="Only these timeframes.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Bring back stored days that were deleted or damaged: by version, or from Osaka. Exits 1 if some stay lost."""
    settings = target_settings()
    recovery = _recovery(settings)
    symbols = [parse_symbol(name, settings.symbols) for name in symbol or settings.symbols]
    timeframes = [Timeframe.parse(name) for name in timeframe or list(Timeframe)]
    days = _days(settings, parse_trading_date(first), parse_trading_date(last))
    copy = recovery.stage.copy_store
    agree(settings, recovery.plan_partitions(symbols, timeframes, days[0], days[-1], copy is not None), yes, as_json)
    show(recovery.partitions(symbols, timeframes, days, copy), as_json)


@recover.command()
def host(
    environment: Annotated[
        str, typer.Option(help="Section of the parameters file: local, aws (the original design), production.")
    ] = "",
    parameters: Annotated[Path | None, typer.Option(help="A parameters file of yours.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Build the trading host anew from infra/host.yaml: HALT first; a person logs on once and releases the switch.

    A laptop's host is the laptop: `axia up`. With the host's stack deployed there, this does to it what it does on AWS.
    """
    from infra.host_recovery import HostRecovery

    settings = target_settings()
    recovery, rebuild = _recovery(settings), HostRecovery(_target(settings, environment, parameters), say)
    plan = (f"HALT in {recovery.table}: nothing is sent meanwhile", *rebuild.plan(), "note it in the audit")
    agree(settings, plan, yes, as_json)
    show(recovery.host(rebuild.run), as_json)


@recover.command()
def region(
    evidence: Annotated[
        str, typer.Option("--tokyo-host-stopped", help="How you know, where this region cannot be asked.")
    ] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take the copy in the other region into use, in HALT. Refused without proof that no host here can trade.

    What AWS shows running refuses it whatever you say; your word counts only where AWS cannot be asked.
    """
    settings = target_settings()
    recovery = _region(settings)
    agree(settings, recovery.plan(), yes, as_json)
    show(recovery.run(evidence), as_json)


def agree(settings: Settings, plan: Sequence[str], yes: bool, as_json: bool) -> None:
    """Shows the target and the numbered plan, and asks; with --json nobody can be asked."""
    if as_json and not yes:
        raise InvalidInput("--yes", yes, "with --json nobody can be asked", "Look without --json, then add --yes.")
    say(f"{describe(settings)}\nThis will:")
    for number, step in enumerate(plan, 1):
        say(f"  {number}. {step}")
    if not yes:
        typer.confirm("Go on?", abort=True, err=True)


def show(outcome: Outcome, as_json: bool) -> None:
    """What was done; exit code 1 where something is left to do by hand before it is recovered."""
    if as_json:
        emit({"changed": outcome.changed, "complete": outcome.complete, **outcome.document, "next": list(outcome.next)})
    else:
        for line in outcome.lines:
            say(line)
        for number, step in enumerate(outcome.next, 1):
            say(f"next {number}: {step}")
    if not outcome.complete:
        raise typer.Exit(OTHER)


def _recovery(settings: Settings) -> Recovery:
    from axia_core.recovery.recover import Recovery
    from axia_core.recovery.stage import Stage

    return Recovery(Stage(settings), getpass.getuser(), say)


def _target(settings: Settings, environment: str, parameters: Path | None) -> Target:
    from infra import environments, stacks

    chosen = environments.read(
        environment or ("local" if settings.aws_endpoint_url else "aws"), parameters or environments.FILE
    )
    return stacks.Target(chosen, settings.aws_region, settings.aws_endpoint_url, stacks.names_in(settings))


def _region(settings: Settings) -> RegionRecovery:
    from axia_core.adapters.ec2_hosts import Ec2Hosts
    from axia_core.adapters.s3.versions import S3RegionAudit
    from axia_core.aws import client
    from axia_core.recovery.region import RegionParts, RegionRecovery
    from axia_core.recovery.stage import Stage

    here, there = Stage(settings), Stage(settings.model_copy(update={"aws_region": settings.copy_region}))
    parts = RegionParts(
        hosts=Ec2Hosts(client(settings, "ec2"), client(settings, "autoscaling")),
        here=here.ledger(settings.table),
        there=there.ledger(settings.table),
        backups_there=there.backups,
        audit_there=S3RegionAudit(there.connect("s3"), settings.copy_bucket),
    )
    return RegionRecovery(settings, parts, here.clock, getpass.getuser(), say)


def _days(settings: Settings, first: date, last: date) -> list[date]:
    if first > last:
        raise InvalidInput("--from", first.isoformat(), f"it is after the last day, {last}")
    closed = settings.holiday_calendar.dates
    days = [day for day in trading_days(first, last) if day not in closed]
    if not days:
        raise InvalidInput("--from", first.isoformat(), "there is no trading day until then", "Give a longer range.")
    return days
