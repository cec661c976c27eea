"""The trading day: length, counts, daylight saving, the collection at 07:00 Tokyo, and dates that have no session."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from axia_core.domain.sessions import (
    NEW_YORK,
    TOKYO,
    collection_time,
    is_open,
    last_closed_trading_days,
    next_close,
    next_open,
    parse_trading_date,
    previous_trading_day,
    session,
    trading_date_at,
    trading_days,
)
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotATradingDay
from tests.bar_examples import timeframes, trading_dates

US_SPRING, US_AUTUMN = date(2026, 3, 9), date(2026, 11, 2)  # Mondays after the switches of 2026
EU_SPRING, EU_AUTUMN = date(2026, 3, 30), date(2026, 10, 26)
SWITCHES = [US_SPRING, US_AUTUMN, EU_SPRING, EU_AUTUMN]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.timedeltas(timedelta(days=45 * 365), timedelta(days=65 * 365)).map(lambda since: EPOCH + since)


@given(trading_dates)
@example(US_SPRING)
@example(US_AUTUMN)
@example(EU_SPRING)
@example(EU_AUTUMN)
def test_always_24_hours(day: date) -> None:
    """Every session lasts exactly 24 hours and runs from 17:00 to 17:00 in New York."""
    found = session(day)

    assert found.close - found.open == timedelta(hours=24)
    assert found.open.astimezone(NEW_YORK).strftime("%H:%M") == "17:00"
    assert found.close.astimezone(NEW_YORK).strftime("%H:%M") == "17:00"
    assert found.close.astimezone(NEW_YORK).date() == day


@given(trading_dates, timeframes)
def test_bar_counts(day: date, timeframe: Timeframe) -> None:
    """A session has 288, 96, 24, 6 and 1 bars, back to back, the last one ending at the close."""
    counts = {Timeframe.M5: 288, Timeframe.M15: 96, Timeframe.H1: 24, Timeframe.H4: 6, Timeframe.D1: 1}
    opens = session(day).bar_opens(timeframe)

    assert len(opens) == counts[timeframe] == len(set(opens))
    assert opens[0] == session(day).open
    assert opens[-1] + timeframe.duration == session(day).close


@given(trading_dates, timeframes, st.timedeltas(timedelta(hours=-1), timedelta(hours=25)))
@example(date(2026, 7, 3), Timeframe.H4, timedelta())
@example(date(2026, 7, 3), Timeframe.M5, timedelta(hours=19))
def test_bars_are_counted_without_naming_them(day: date, timeframe: Timeframe, until: timedelta) -> None:
    """The count of a session's bars is that of their open times, whenever trading ends."""
    found = replace(session(day), early_close=session(day).open + until)

    assert found.bar_count(timeframe) == len(found.bar_opens(timeframe))
    assert session(day).bar_count(timeframe) == len(session(day).bar_opens(timeframe))


@given(trading_dates, st.timedeltas(timedelta(), timedelta(hours=24) - timedelta(microseconds=1)))
def test_every_instant_maps_back(day: date, into: timedelta) -> None:
    """Every instant of a session belongs to its trading date, and the close to the next session."""
    found = session(day)

    assert trading_date_at(found.open + into) == day
    assert found.open + into in found
    assert found.close not in found
    assert trading_date_at(found.close) == (day + timedelta(days=1) if day.weekday() < 4 else None)


@given(instants)
def test_open_or_weekend(instant: datetime) -> None:
    """An instant lies in exactly one session or in the weekend between Friday's and Sunday's 17:00 in New York."""
    day = trading_date_at(instant)
    local = instant.astimezone(NEW_YORK)
    weekend = (local.weekday(), local.hour >= 17) in {(4, True), (5, False), (5, True), (6, False)}

    assert (day is None) == weekend
    assert is_open(instant) != weekend
    if day:
        assert instant in session(day)


@pytest.mark.parametrize("day", SWITCHES, ids=["US spring", "US autumn", "EU spring", "EU autumn"])
def test_sessions_around_switches_adjoin(day: date) -> None:
    """In the weeks of a switch the sessions of a week follow each other without a gap, and the weekend absorbs it."""
    week = [session(d) for d in trading_days(day, day + timedelta(days=4))]
    friday_before = session(day - timedelta(days=3))

    assert all(earlier.close == later.open for earlier, later in itertools.pairwise(week))
    shift = {US_SPRING: -1, US_AUTUMN: 1}.get(day, 0)  # only New York's own switch changes the weekend's length
    assert week[0].open - friday_before.close == timedelta(hours=48 + shift)


def test_only_new_york_moves_the_close() -> None:
    """Between the two spring switches the close is at 21:00 UTC already, while London still has winter time."""
    between = session(date(2026, 3, 20)).close

    assert between == datetime(2026, 3, 20, 21, tzinfo=UTC)
    assert between.astimezone(ZoneInfo("Europe/London")).hour == 21
    assert session(date(2026, 3, 6)).close == datetime(2026, 3, 6, 22, tzinfo=UTC)


@given(trading_dates)
@example(date(2026, 1, 15))
@example(date(2026, 7, 15))
def test_tokyo_collection(day: date) -> None:
    """07:00 Tokyo on the day after is the very second of the close in winter and one hour after it in summer."""
    collected, close = collection_time(day), session(day).close
    summer = bool(close.astimezone(NEW_YORK).dst())

    assert collected - close == timedelta(hours=1 if summer else 0)
    assert collected.astimezone(TOKYO).strftime("%H:%M") == "07:00"
    assert collected.astimezone(TOKYO).date() == day + timedelta(days=1)


@given(instants)
def test_next_close_and_open(instant: datetime) -> None:
    """The next close lies strictly ahead, the next open not behind, and both belong to the first possible session."""
    close, opening = next_close(instant), next_open(instant)

    assert instant < close <= instant + timedelta(days=4)
    assert instant <= opening <= instant + timedelta(days=4)
    assert trading_date_at(close - timedelta(seconds=1)) == (trading_date_at(instant) or trading_date_at(opening))


@given(instants, st.integers(1, 12))
def test_last_closed_days(instant: datetime, count: int) -> None:
    """The newest closed trading days are that many, adjacent, closed, and followed by one that has not closed."""
    days = last_closed_trading_days(instant, count)

    assert len(days) == count
    assert list(days) == list(trading_days(days[0], days[-1]))
    assert session(days[-1]).close <= instant < next_close(instant)
    assert next_close(instant) - session(days[-1]).close <= timedelta(days=3, hours=1)


@pytest.mark.parametrize(("text", "why"), [("2026-07-04", "a Saturday"), ("2026-07-05", "a Sunday")])
def test_weekend_is_refused(text: str, why: str) -> None:
    """A Saturday or Sunday is refused by name and the Friday before it is offered."""
    with pytest.raises(NotATradingDay, match=f"{why}.*2026-07-03"):
        parse_trading_date(text)


def test_holiday_is_refused() -> None:
    """A configured holiday has no session, is skipped by ranges and closes the market."""
    christmas = date(2026, 12, 25)
    holidays = frozenset({christmas})

    with pytest.raises(NotATradingDay, match=r"a holiday.*2026-12-24"):
        session(christmas, holidays)
    assert list(trading_days(date(2026, 12, 24), date(2026, 12, 28), holidays)) == [
        date(2026, 12, 24),
        date(2026, 12, 28),
    ]
    assert previous_trading_day(date(2026, 12, 28), holidays) == date(2026, 12, 24)
    assert not is_open(datetime(2026, 12, 25, 12, tzinfo=UTC), holidays)
    assert next_close(datetime(2026, 12, 25, 12, tzinfo=UTC), holidays).date() == date(2026, 12, 28)


@pytest.mark.parametrize("text", ["", "2026-7-3", "03.07.2026", "2026-02-30", "today", "20260703", "2026-W27-5"])
def test_unreadable_date_is_refused(text: str) -> None:
    """What is no date says how a date is written."""
    with pytest.raises(InvalidInput, match="YYYY-MM-DD"):
        parse_trading_date(text)


def test_naive_time_is_refused() -> None:
    """A time without a zone is refused."""
    with pytest.raises(InvalidInput, match="UTC-aware"):
        trading_date_at(datetime(2026, 7, 3, 12))  # noqa: DTZ001 - the point of the test
