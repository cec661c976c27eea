"""`axia verify`: would everything that a recovery needs be there? The hourly checks, now; reads only."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.domain.verification import Finding, Status, Verification, to_document

COLOURS = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.CRITICAL: "bold red",
    Status.UNKNOWN: "yellow",
    Status.SKIPPED: "dim",
}


def verify(
    seed: Annotated[str, typer.Option(help="Repeats the samples of another hour, written like 2026-11-24T22.")] = "",
    as_json: Json = False,
) -> None:
    """Look at backups, copies, secrets, queues and alarms, and say of each whether a recovery could count on it.

    Reads only, under the role of the setting `verifier_role`. Exits 1 unless every check is ok or has no meaning here;
    what could not be read is unknown, and that is not ok.
    """
    from axia_core.recovery.checks import recovery_checks
    from infra.drift import DeployedTemplates

    settings = target_settings()
    if not as_json:
        say(describe(settings))
    found = recovery_checks(settings, DeployedTemplates).run(seed)
    if as_json:
        emit(to_document(found))
    else:
        _show(found)
    if not found.well:
        raise typer.Exit(OTHER)


def _show(found: Verification) -> None:
    table = Table("check", "status", "figure", "finding", box=None, pad_edge=False)
    for one in found.findings:
        table.add_row(one.check, f"[{COLOURS[one.status]}]{one.status}[/]", str(one.metric or ""), _plain(one.text))
    console.print(table)
    for one in found.findings:
        if one.status.needs_a_person:
            _tell_remedy(one)
    say(", ".join(f"{count} {status}" for status in Status if (count := found.count(status))))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _tell_remedy(finding: Finding) -> None:
    say(f"{finding.check}: {finding.remedy}")
