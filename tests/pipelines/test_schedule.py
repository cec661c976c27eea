"""The daily collection starts at the right times and asks for the right day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import dagster as dg
import pytest

from axia_core.domain.sessions import TOKYO, session
from axia_pipelines.definitions import build_definitions
from tests.pipelines.fakes import settings

SCHEDULE = "collection_at_0700_tokyo"


def schedule() -> dg.ScheduleDefinition:
    found = build_definitions(settings(history_start=date(2024, 1, 1))).resolve_schedule_def(SCHEDULE)
    assert isinstance(found, dg.ScheduleDefinition)
    return found


def requested(at: datetime) -> dg.RunRequest:
    with dg.build_schedule_context(scheduled_execution_time=at) as context:
        data = schedule().evaluate_tick(context)
    (request,) = data.run_requests or []
    return request


@pytest.mark.parametrize("day", ["2024-01-15", "2024-07-15"])
def test_ticks_follow_the_sessions(day: str) -> None:
    """In winter and in summer a week of ticks collects Monday to Friday, each once and after its close."""
    monday = date.fromisoformat(day)
    ticks = [datetime(monday.year, monday.month, monday.day + n, 7, tzinfo=TOKYO) for n in range(1, 6)]

    days = [date.fromisoformat(requested(tick).run_key or "") for tick in ticks]

    assert days == [monday + timedelta(days=n) for n in range(5)]
    assert all(session(day).close <= tick for day, tick in zip(days, ticks, strict=True))


def test_cron_leaves_out_sunday_and_monday() -> None:
    """The schedule ticks at 07:00 Tokyo from Tuesday to Saturday only."""
    found = schedule()

    assert (found.cron_schedule, found.execution_timezone) == ("0 7 * * 2-6", "Asia/Tokyo")


def test_late_tick_asks_for_its_own_day() -> None:
    """A tick that is worked off days late asks for the day of its own time."""
    assert requested(datetime(2024, 2, 9, 7, tzinfo=TOKYO)).run_key == "2024-02-08"


def test_one_run_for_everything() -> None:
    """One run asks for every symbol of the day by range tags; the caches are in the same job."""
    request = requested(datetime(2026, 7, 4, 7, tzinfo=TOKYO))

    assert request.tags["dagster/asset_partition_range_start"] == "2026-07-03|EURUSD"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-07-03|USDJPY"


def test_collection_runs_out_of_the_box() -> None:
    """Nobody has to switch the schedule on."""
    assert schedule().default_status is dg.DefaultScheduleStatus.RUNNING


def test_before_the_history_starts() -> None:
    """A tick before the first trading day is skipped with a reason."""
    with dg.build_schedule_context(scheduled_execution_time=datetime(2023, 12, 30, 7, tzinfo=TOKYO)) as context:
        data = schedule().evaluate_tick(context)

    assert not data.run_requests
    assert "history_start" in (data.skip_message or "")
