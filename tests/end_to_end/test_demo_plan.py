"""What the demonstration chooses to show, at every moment of the week: pure, no stack."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_cli.demo import DAYS, plan_for, plan_for_files
from axia_core.adapters.paper.history_files import Coverage
from axia_core.domain.sessions import collection_time, is_open
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_always_in_an_open_market_with_five_due_days(now: datetime) -> None:
    """Whenever it is started, the clock is in an open session, and five days are due for collection on that clock."""
    plan = plan_for(now, DEFAULT_SYMBOLS)

    assert is_open(now + plan.shift)
    assert plan.shift <= timedelta()
    assert len(plan.days) == DAYS
    assert all(collection_time(day) <= now + plan.shift for day in plan.days)
    assert plan.series == 40


def test_weekend_is_shifted_and_says_so() -> None:
    """On a Saturday the clock goes back a day, and the plan says why."""
    plan = plan_for(datetime(2026, 7, 4, 12, 0, tzinfo=UTC), DEFAULT_SYMBOLS)

    assert plan.shift == timedelta(days=-1)
    assert "closed" in plan.why_shifted


def test_open_market_is_not_shifted() -> None:
    """In an open market the clock is the real one."""
    assert plan_for(datetime(2026, 7, 1, 12, 0, tzinfo=UTC), DEFAULT_SYMBOLS).shift == timedelta()


def coverage(pair: str, base_s: int, first: str, last: date) -> Coverage:
    start = datetime.fromisoformat(first)
    return Coverage(pair, base_s, start, datetime.combine(last, datetime.min.time(), UTC), last)


def test_files_set_the_clock_into_their_last_session() -> None:
    """With files the clock lies in their last whole session, and each pair has the timeframes its rows allow."""
    covered = [
        coverage("EURUSD", 300, "2026-01-04T22:05:00+00:00", date(2026, 7, 3)),
        coverage("USDJPY", 900, "2026-01-04T22:00:00+00:00", date(2026, 7, 3)),
    ]

    plan = plan_for_files(datetime(2026, 11, 24, 16, 0, tzinfo=UTC), covered)

    assert plan.days[-1] == date(2026, 7, 2)
    assert plan.timeframes_of["EURUSD"] == tuple(Timeframe)
    assert Timeframe.M5 not in plan.timeframes_of["USDJPY"]


def test_files_without_a_whole_session_are_refused() -> None:
    """Files that cover no session are refused by name."""
    short = Coverage("EURUSD", 300, datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 1, 1, tzinfo=UTC), None)

    with pytest.raises(InvalidInput, match="--history"):
        plan_for_files(datetime(2026, 11, 24, tzinfo=UTC), [short])
