"""`axia doctor`: everything looked at in seconds, each finding with its remedy."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Column, Table

from axia_cli.output import Json, console, emit, say
from axia_core.domain.examination import Examination, Examined, Finding, Verdict

_STYLES = {Verdict.WELL: "green", Verdict.SKIPPED: "dim", Verdict.WARNING: "yellow", Verdict.FAILURE: "bold red"}


def doctor(as_json: Json = False) -> None:
    """Look at everything AXIA depends on here: installation, settings, stack, AWS, cache, terminal, trading, data.

    Changes nothing. Exit code 0: all well; 1: warnings only; 2: something does not work.
    """
    from axia_cli.doctor.checklist import checklist
    from axia_cli.doctor.readings import of_this_machine
    from axia_core.services.examine import examine

    found = examine(checklist(of_this_machine()))
    if as_json:
        emit(document(found))
    else:
        _tell(found)
    raise typer.Exit(found.exit_code)


def document(found: Examination) -> dict[str, Any]:
    """The examination as `--json` prints it."""
    return {
        "verdict": found.verdict.word,
        "exit_code": found.exit_code,
        "seconds": round(found.seconds, 3),
        "counts": {verdict.word: found.count(verdict) for verdict in Verdict},
        "findings": [_row(check, finding) for check in found.checks for finding in check.findings],
    }


def _row(check: Examined, finding: Finding) -> dict[str, Any]:
    return {
        "check": check.name,
        "area": check.area,
        "verdict": finding.verdict.word,
        "said": finding.said,
        "remedy": finding.remedy,
        "seconds": check.seconds,
    }


def _tell(found: Examination) -> None:
    told = Table(Column("", no_wrap=True), Column("check", no_wrap=True), "what was seen", box=None, pad_edge=False)
    area = ""
    for check in found.checks:
        if check.area != area:
            area = check.area
            told.add_row("", f"[bold]{area}[/bold]", "")
        for finding in check.findings:
            told.add_row(*_line(check, finding))
    console.print(told)
    counts = ", ".join(f"{verdict.word}: {found.count(verdict)}" for verdict in reversed(Verdict))
    say(f"{counts}; in {found.seconds:.1f} s")


def _line(check: Examined, finding: Finding) -> tuple[str, str, str]:
    from rich.markup import escape

    style = _STYLES[finding.verdict]
    remedy = f"\n[bold]-> {escape(finding.remedy)}[/bold]" if finding.remedy else ""
    return f"[{style}]{finding.verdict.word}[/{style}]", check.name, f"{escape(finding.said)}{remedy}"
