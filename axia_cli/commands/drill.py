"""`axia drill`: hold recovery drills, and say what they found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from axia_cli.commands.deploy import Where
from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.domain.drill import Drill, DrillReport, Result
from axia_core.domain.drill_document import seconds, to_document
from axia_core.errors import InvalidInput
from axia_core.settings import Settings, load_settings

AWS_COSTS = "On AWS a round costs under $1: two tables restored and deleted, an archived object, scratch queues."


def drill(
    names: Annotated[list[Drill] | None, typer.Argument(help="Only these; by default all.")] = None,
    target: Annotated[Where, typer.Option(help="The local stack (or one of its own), or AWS.")] = Where.LOCAL,
    yes: Annotated[bool, typer.Option("--yes", help="On AWS, do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Rehearse recovery on scratch resources: what comes back, how old it is, how long it takes. Exits 1 on a failure.

    Production is only read, its queue is never joined, and nothing is sent to its broker.
    """
    with _settings(target, yes, as_json) as settings:
        say(describe(settings))
        reports = _hold(settings, names or list(Drill))
    emit({"drills": [to_document(report) for report in reports]}) if as_json else _show(reports)
    if any(report.result is Result.FAILED for report in reports):
        raise typer.Exit(OTHER)


def _hold(settings: Settings, drills: Sequence[Drill]) -> tuple[DrillReport, ...]:
    from axia_cli.stack.rehearsed_console import look_at_console
    from axia_core.drills.hold import hold_drills
    from axia_core.people import events_of
    from axia_core.recovery.stage import Stage
    from infra.host_rehearsal import HostRehearsal

    host = HostRehearsal(settings.aws_region, settings.aws_endpoint_url)
    stage = Stage(settings, settings.verifier_role, host, look_at_console)
    return hold_drills(stage, drills, events=events_of(settings), say=say)


@contextmanager
def _settings(target: Where, yes: bool, as_json: bool) -> Iterator[Settings]:
    if target is Where.AWS:
        yield _aws(yes, as_json)
        return
    settings = target_settings()
    if settings.aws_endpoint_url is not None:
        yield settings
        return
    from axia_cli.stack.rehearsal import rehearsal

    say("no local stack is running, so the drills are held on one of their own, with data made up for them")
    with rehearsal(settings, say) as own:
        yield own


def _aws(yes: bool, as_json: bool) -> Settings:
    settings = load_settings()
    if settings.aws_endpoint_url:
        rule = "the target is AWS, but this shell points at a local server"
        raise InvalidInput("AWS_ENDPOINT_URL", settings.aws_endpoint_url, rule, "Unset it, or leave out --target.")
    if as_json and not yes:
        raise InvalidInput("--yes", yes, "with --json nobody can be asked", f"{AWS_COSTS} Add --yes.")
    if not yes:
        typer.confirm(f"{AWS_COSTS} Hold them?", abort=True, err=True)
    return settings


def _show(reports: Sequence[DrillReport]) -> None:
    table = Table("drill", "result", "RPO s", "RTO s", "compared", "differ", "human steps", "measured")
    for report in reports:
        figures = (str(seconds(report.rpo)), str(seconds(report.rto)))
        counts = (str(report.items_compared), str(len(report.differences)), str(len(report.human_steps)))
        table.add_row(report.drill, report.result, *figures, *counts, report.environment)
    console.print(table)
    for report in reports:
        if report.reason:
            say(f"{report.drill}: {report.reason}")
