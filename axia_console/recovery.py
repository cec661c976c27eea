"""What the System page says of recovery: the last drill of each kind, and what the hourly checks found. Rows only."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from axia_console.book import stamp
from axia_console.words import Words
from axia_core.domain.drill import TARGETS, Drill, DrillReport
from axia_core.domain.verification import Finding, Verification
from axia_core.ports.recovery import DrillReports

Row = dict[str, str]


def newest_drills(reports: DrillReports) -> tuple[DrillReport, ...]:
    """The last report of each kind of drill that has ever run, asked for side by side. Raises StoreUnavailable."""
    with ThreadPoolExecutor(max_workers=len(Drill), thread_name_prefix="drills") as pool:
        found = list(pool.map(lambda drill: reports.newest(drill, 1), Drill))
    return tuple(report for few in found for report in few)


def drill_rows(reports: Sequence[DrillReport], words: Words) -> list[Row]:
    """A row for each drill: what came of it, and its figures beside what is promised."""
    return [_drill(report, words) for report in reports]


def finding_rows(verification: Verification, words: Words) -> list[Row]:
    """A row for each check that needs a person, with the command to run first."""
    return [_finding(one, words) for one in verification.findings if one.status.needs_a_person]


def _drill(report: DrillReport, words: Words) -> Row:
    target = TARGETS[report.drill]
    return {
        words.drill: report.drill.value,
        words.time_utc: stamp(report.declared_at),
        words.measured_in: report.environment.value,
        words.outcome: report.result.value,
        words.recovery_point: _figure(report.rpo, target.rpo, words),
        words.recovery_time: _figure(report.rto, target.rto, words),
        words.why: report.reason,
    }


def _finding(one: Finding, words: Words) -> Row:
    return {words.check: one.check, words.state: one.status.value, words.found: one.text, words.remedy: one.remedy}


def _figure(found: timedelta | None, promised: timedelta, words: Words) -> str:
    """Unknown stays unknown: a figure that was not measured is none."""
    measured = words.unknown if found is None else f"{found.total_seconds():.1f} s"
    return f"{measured} / {promised.total_seconds():.0f} s"
