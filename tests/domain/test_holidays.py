"""Holidays and early closes: which are known, what a settings file may say of them, what a session then holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.holidays import NONE, Holidays, holidays_from, usual_holidays
from axia_core.domain.sessions import session
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from tests.bar_examples import trading_dates

CHRISTMAS, EVE = date(2026, 12, 25), date(2026, 12, 24)


def test_usual_holidays_are_weekdays() -> None:
    """Christmas Day and New Year's Day are known for twenty-one years, except where they fall on a weekend."""
    usual = usual_holidays()

    assert usual[CHRISTMAS] == "Christmas Day"
    assert usual[date(2027, 1, 1)] == "New Year's Day"
    assert date(2022, 12, 25) not in usual  # a Sunday
    assert all(day.weekday() < 5 for day in usual)


def test_a_file_adds_renames_and_opens() -> None:
    """What a file says comes on top of the usual ones, and `open` takes one of them away."""
    holidays = holidays_from({date(2026, 4, 3): "Good Friday", CHRISTMAS: "open"}, {})

    assert holidays.name_of(date(2026, 4, 3)) == "Good Friday"
    assert holidays.expects(CHRISTMAS)
    assert not holidays.expects(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("named", "early", "said"),
    [
        ({date(2026, 12, 26): "Boxing Day"}, {}, "holidays: '2026-12-26' .* Saturday"),
        ({date(2026, 12, 28): "open"}, {}, "no holiday to begin with"),
        ({date(2026, 12, 28): " "}, {}, "a holiday has a name"),
        ({}, {date(2026, 12, 27): time(13)}, "early_closes: .* Sunday"),
        ({}, {CHRISTMAS: time(13)}, "Christmas Day, so nothing closes early"),
        ({}, {EVE: time(18)}, "before the regular close at 17:00"),
        ({}, {EVE: time(0)}, "after 00:00"),
        ({}, {EVE: time(13, 1)}, "whole five minutes"),
    ],
)
def test_what_cannot_be_meant_is_refused(named: dict[date, str], early: dict[date, time], said: str) -> None:
    """A weekend, a nameless day, `open` of no holiday and a close outside the day are refused with the date."""
    with pytest.raises(InvalidInput, match=said):
        holidays_from(named, early)


def test_an_early_close_expects_fewer_bars() -> None:
    """Until 13:00 in New York there are 20 hours: as many H1 bars, five H4 bars, and the D1 bar."""
    day = Holidays({}, {EVE: time(13)}).session(EVE)

    assert day.early_close == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert [len(day.bar_opens(length)) for length in (Timeframe.H1, Timeframe.H4, Timeframe.D1)] == [20, 5, 1]
    assert (day.open, day.close) == (session(EVE).open, session(EVE).close)


@given(trading_dates, st.sampled_from(list(Timeframe)), st.integers(1, 17 * 12 - 1))
def test_early_bars_begin_the_whole_day(day: date, timeframe: Timeframe, step: int) -> None:
    """The bars of an early close are the first ones of the whole session, one at least, and none after it."""
    at = time(step * 5 // 60, step * 5 % 60)
    early = Holidays({}, {day: at}).session(day)

    opens = early.bar_opens(timeframe)

    assert opens == NONE.session(day).bar_opens(timeframe)[: len(opens)]
    assert opens
    assert early.early_close is not None
    assert opens[-1] < early.early_close
