"""How long a cached series lives and how much of it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from axia_core.domain.cached_series import MOST_SESSIONS, CacheStatus, CacheUse, expires_at, series_length
from axia_core.domain.holidays import usual_holidays
from axia_core.domain.sessions import last_closed_trading_days, session, trading_days
from axia_core.domain.timeframes import Timeframe

SATURDAY = datetime(2026, 7, 4, 1, tzinfo=UTC)


def test_lives_to_the_next_close() -> None:
    """A series that holds the latest closed session lives to the next New York close, over the weekend if need be."""
    assert expires_at(date(2026, 7, 3), SATURDAY) == session(date(2026, 7, 6)).close


def test_lacking_the_latest_session_it_lives_a_minute() -> None:
    """A series that lacks the latest closed session lives 60 seconds."""
    assert expires_at(date(2026, 7, 2), SATURDAY) - SATURDAY == timedelta(seconds=60)


def test_before_the_close_yesterday_is_the_latest() -> None:
    """While Friday's session is open, Thursday's is the latest one that can be there."""
    friday_noon = datetime(2026, 7, 3, 12, tzinfo=UTC)

    assert expires_at(date(2026, 7, 2), friday_noon) == session(date(2026, 7, 3)).close


@given(st.integers(0, 2 * 366 * 24))
@example(27 * 24)  # a Saturday
def test_a_year_back_lies_in_it(hours: int) -> None:
    """Whenever a reader asks for the last 366 days, a full series with the latest closed session begins before them."""
    now = datetime(2026, 1, 4, tzinfo=UTC) + timedelta(hours=hours)

    first = last_closed_trading_days(now, MOST_SESSIONS)[0]

    assert session(first).open <= now - timedelta(days=366)


@pytest.mark.parametrize(
    ("timeframe", "length"),
    [(Timeframe.M5, 8_000), (Timeframe.M15, 8_000), (Timeframe.H1, 6_288), (Timeframe.H4, 1_572), (Timeframe.D1, 262)],
)
def test_long_timeframes_hold_less(timeframe: Timeframe, length: int) -> None:
    """H1, H4 and D1 hold a year of sessions, shorter timeframes the configured number of bars."""
    assert series_length(timeframe, 8_000) == length


HOLIDAYS = frozenset(usual_holidays())


@given(st.datetimes(datetime(2015, 1, 3), datetime(2030, 12, 20), timezones=st.just(UTC)))  # noqa: DTZ001  # with zone
@example(datetime(2026, 3, 7, 12, tzinfo=UTC))  # the weekends of America's two switches
@example(datetime(2026, 10, 31, 12, tzinfo=UTC))
@example(datetime(2026, 3, 28, 12, tzinfo=UTC))  # and of Europe's, which move nothing here
@example(datetime(2026, 10, 24, 12, tzinfo=UTC))
@example(datetime(2026, 7, 3, 21, tzinfo=UTC))  # the very second of a close, in summer and in winter
@example(datetime(2026, 1, 16, 22, tzinfo=UTC))
@example(datetime(2026, 12, 25, 12, tzinfo=UTC))  # a holiday
def test_ends_at_the_first_close_from_now(now: datetime) -> None:
    """With the latest session in it a series ends exactly at the next close of a weekday: never before, never later."""
    (latest,) = last_closed_trading_days(now, 1, HOLIDAYS)

    ends = expires_at(latest, now, HOLIDAYS)

    around = (now - timedelta(days=5)).date(), (now + timedelta(days=5)).date()
    assert ends == min(close for day in trading_days(*around) if (close := session(day).close) > now)


@given(st.datetimes(datetime(2015, 1, 3), datetime(2030, 12, 20), timezones=st.just(UTC)), st.integers(1, 9))  # noqa: DTZ001  # with zone
def test_lacking_a_session_it_ends_in_a_minute(now: datetime, behind: int) -> None:
    """A series that lacks one closed session or more ends in 60 seconds, at any time of any year."""
    (newest, *_) = last_closed_trading_days(now, behind + 1, HOLIDAYS)

    assert expires_at(newest, now, HOLIDAYS) - now == timedelta(seconds=60)


def test_hit_rate() -> None:
    """The hit rate is the share of hits among all counted loads, and unknown before the first."""
    counted = CacheStatus(series=(), loads={CacheUse.HIT: 6, CacheUse.MISS: 1, CacheUse.TOO_SHORT: 1})

    assert counted.hit_rate == 0.75
    assert CacheStatus(series=()).hit_rate is None
