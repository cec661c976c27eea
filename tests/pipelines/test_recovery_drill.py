"""Recovery drills as an asset: one materialization each, with history and trend, a check, and a schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.memory_recovery import MemoryBackups, MemoryDrillReports, MemoryScratch, MemoryScratchQueues
from axia_core.domain.drill import Drill, Result
from axia_core.domain.drill_names import owner
from axia_core.errors import StoreUnavailable
from axia_core.recovery.stage import Stage
from axia_core.settings import Settings
from axia_pipelines.assets.recovery_drill import DRILLS, RECOVERY_DRILL, hold_recovery_drills
from axia_pipelines.definitions import build_definitions
from axia_pipelines.drill_chart import BAD, MOST_POINTS, trend_picture
from axia_pipelines.resources import DrillResource
from tests.domain.test_drill import report
from tests.pipelines.fakes import WEDNESDAY_NOON, settings

SCHEDULE = "recovery_drills_every_wednesday"
IN_PLACE = 1000  # Dagster hides a longer Markdown


class FakeStage(Stage):
    """Everything in memory: what the objects drill needs. *broken* makes deleting impossible."""

    def __init__(self, chosen: Settings, broken: bool = False) -> None:
        super().__init__(chosen)
        self.clock = SteppedClock(WEDNESDAY_NOON)
        self.backups = MemoryBackups(self.clock)
        self.objects = Broken(self.clock) if broken else MemoryScratch(self.clock)
        self.copied_objects = None
        self.queues = MemoryScratchQueues()
        self.reports = MemoryDrillReports()
        self.store = MemoryBarStore()

    def anew(self) -> Stage:
        return self


class Broken(MemoryScratch):
    """S3 that does not delete."""

    def delete(self, key: str) -> None:
        raise StoreUnavailable("S3 asks to try again later")


class FakeDrills(DrillResource):
    """One stage for all runs, and events that are kept."""

    def __init__(self, broken: bool = False) -> None:
        super().__init__(settings())
        self.events = MemoryEvents()
        self._stage = FakeStage(self.settings, broken)

    @property
    def stage(self) -> Stage:
        return self._stage


def hold(instance: dg.DagsterInstance, drills: FakeDrills, drill: Drill = Drill.OBJECTS) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [hold_recovery_drills],
        instance=instance,
        resources={"drills": drills},
        partition_key=drill.value,
        raise_on_error=False,
    )


def metadata(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    records = instance.fetch_materializations(RECOVERY_DRILL, limit=10).records
    found = [one.asset_materialization for one in records]
    return [{name: value.value for name, value in one.metadata.items()} for one in found if one is not None]


def test_drill_is_shown_with_its_figures(instance: dg.DagsterInstance) -> None:
    """Result, figures, report and trend of a drill, and where its report is kept."""
    drills = FakeDrills()

    result = hold(instance, drills)

    (shown,) = metadata(instance)
    (check,) = result.get_asset_check_evaluations()
    assert (result.success, check.passed) == (True, True)
    assert (shown["result"], shown["environment"], shown["differences"]) == ("passed", "aws", 0)
    assert shown["items_compared"] > 1
    assert {"rpo_s", "rto_s"} <= shown.keys()
    assert "| RPO |" in shown["report"]
    assert shown["trend"].startswith("![trend](data:image/svg+xml,")
    assert "/_dr/reports/objects/" in shown["dagster/uri"]
    assert [event[:2] for event in drills.events.published] == [("recovery", "info")]


def test_failed_drill_is_red_and_shown(instance: dg.DagsterInstance) -> None:
    """It is materialized all the same, says why, and tells people."""
    drills = FakeDrills(broken=True)

    result = hold(instance, drills)

    (shown,) = metadata(instance)
    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert (check.passed, check.severity, shown["result"]) == (False, dg.AssetCheckSeverity.ERROR, "failed")
    assert "try again later" in check.description
    assert drills.events.published[0][:2] == ("recovery", "critical")


def test_drill_that_cannot_be_held_is_a_warning(instance: dg.DagsterInstance) -> None:
    """Nobody knows then: no figure is shown, and the check is yellow."""
    drills = FakeDrills()
    drills.stage.copy_store = None

    result = hold(instance, drills, Drill.CACHE_OSAKA)

    (shown,) = metadata(instance)
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity, shown["result"]) == (False, dg.AssetCheckSeverity.WARN, "unknown")
    assert not {"rpo_s", "rto_s"} & shown.keys()
    assert "| RPO | unknown s |" in shown["report"]


def test_success_after_a_failure_ends_it(instance: dg.DagsterInstance) -> None:
    """People hear of the failure, then of its end, and of further successes as of news."""
    drills = FakeDrills()
    failed = report(drill=Drill.OBJECTS, drill_id=owner("x", 1, datetime(2026, 6, 1, tzinfo=UTC)).drill_id)
    drills.stage.reports.write(replace(failed, result=Result.FAILED))

    hold(instance, drills)
    hold(instance, drills)

    assert [event[1] for event in drills.events.published] == ["recovered", "info"]
    assert drills.events.details[0]["remedy"] == "axia drill objects"


def test_trend_grows_with_every_drill(instance: dg.DagsterInstance) -> None:
    """The second drill's picture is of both."""
    drills = FakeDrills()
    first = report(drill=Drill.OBJECTS, drill_id=owner("x", 1, datetime(2026, 6, 1, tzinfo=UTC)).drill_id)
    drills.stage.reports.write(first)

    hold(instance, drills)

    assert "2 drills; the last" in metadata(instance)[0]["trend"]


def test_trend_is_shown_in_place() -> None:
    """Even at its fullest, Dagster shows it without a click."""
    many = [
        report(
            rto=timedelta(seconds=3_000 + number),
            rpo=timedelta(seconds=number),
            result=Result.FAILED if number % 5 == 0 else Result.PASSED,
        )
        for number in range(2 * MOST_POINTS)
    ]

    markdown = trend_picture(many)

    assert len(markdown) < IN_PLACE
    assert f"{MOST_POINTS} drills" in markdown


def test_trend_shows_failures_and_leaves_out_the_unknown() -> None:
    """A red stroke for a drill that failed; a figure that was not measured is no point."""
    known, unknown = report(), report(rpo=None, rto=None)
    failed = replace(known, result=Result.FAILED)
    red = BAD.replace("#", "%23")

    assert red in trend_picture([known, failed])
    assert red not in trend_picture([known, known])
    assert "stroke='%2327c'" not in trend_picture([unknown])


@pytest.mark.parametrize(("endpoint", "status"), [(None, "STOPPED"), ("http://127.0.0.1:1", "RUNNING")])
def test_schedule_is_off_where_it_costs_money(endpoint: str | None, status: str) -> None:
    """On AWS an operator turns it on, and the description says what it costs."""
    definitions = build_definitions(settings(aws_endpoint_url=endpoint))

    found = definitions.resolve_schedule_def(SCHEDULE)

    assert (found.default_status.name, found.cron_schedule, found.execution_timezone) == (
        status,
        "0 12 * * 3",
        "Asia/Tokyo",
    )
    assert "$" in (found.description or "")


def test_schedule_holds_every_drill_in_one_run(instance: dg.DagsterInstance) -> None:
    """From the first to the last, so that none is forgotten."""
    definitions = build_definitions(settings())
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=WEDNESDAY_NOON)

    (request,) = definitions.resolve_schedule_def(SCHEDULE).evaluate_tick(context).run_requests or ()

    keys = DRILLS.get_partition_keys()
    assert keys == [drill.value for drill in Drill]
    assert request.tags["dagster/asset_partition_range_start"] == keys[0]
    assert request.tags["dagster/asset_partition_range_end"] == keys[-1]
