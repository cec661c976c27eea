"""What the System page says of drills and of the hourly checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from axia_console.recovery import drill_rows, finding_rows, newest_drills
from axia_console.words import EN
from axia_core.adapters.memory_recovery import MemoryDrillReports
from axia_core.domain.drill import Drill, DrillReport, Environment, Result
from axia_core.domain.verification import Finding, Status, Verification
from axia_core.errors import StoreUnavailable
from axia_core.ports.recovery import DrillReports
from tests.snapshot_examples import NOW

REPORT = DrillReport(
    drill=Drill.ORDERS,
    drill_id="one",
    environment=Environment.LOCAL,
    declared_at=NOW,
    result=Result.PASSED,
    rto=timedelta(seconds=12.34),
)


def test_last_drill_of_each_kind() -> None:
    """Of several drills of a kind the last is shown, and nothing of those that were never held."""
    reports = MemoryDrillReports()
    later = replace(REPORT, drill_id="two", declared_at=NOW + timedelta(hours=1), result=Result.FAILED)
    for report in (REPORT, later, replace(REPORT, drill=Drill.CACHE)):
        reports.write(report)

    assert [(one.drill, one.result) for one in newest_drills(reports)] == [
        (Drill.ORDERS, Result.FAILED),
        (Drill.CACHE, Result.PASSED),
    ]


def test_figures_stand_beside_what_is_promised() -> None:
    """A figure that was not measured is unknown, and never zero."""
    (row,) = drill_rows([REPORT], EN)

    assert (row[EN.recovery_point], row[EN.recovery_time]) == ("unknown / 3600 s", "12.3 s / 3600 s")
    assert row[EN.measured_in] == "local"


def test_only_findings_that_need_a_person() -> None:
    """What is well or has no meaning here has no row."""
    found = [Finding(status.value, status, "text", None, "axia deploy --check") for status in Status]

    rows = finding_rows(Verification(NOW, tuple(found)), EN)

    assert [row[EN.check] for row in rows] == ["warning", "critical", "unknown"]
    assert {row[EN.remedy] for row in rows} == {"axia deploy --check"}


def test_store_that_does_not_answer() -> None:
    """It is the caller's to say so."""

    class Away(MemoryDrillReports):
        def newest(self, drill: Drill, limit: int) -> tuple[DrillReport, ...]:
            raise StoreUnavailable("no S3")

    reports: DrillReports = Away()
    with pytest.raises(StoreUnavailable):
        newest_drills(reports)
