"""What bars of a range lack of a complete history."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.bars import Bars, instant
from axia_core.domain.holidays import Holidays
from axia_core.domain.lacking import lacking
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, USDJPY, many_sessions, without

MONDAY = date(2026, 6, 29)
WEEK = list(trading_days(MONDAY, FRIDAY))
H1 = Timeframe.H1
OPEN, CLOSE = session(MONDAY).open, session(FRIDAY).close


@given(st.sets(st.integers(0, 119)), st.integers(-30, 130), st.integers(1, 160))
def test_every_bar_is_there_or_lacking(absent: set[int], first: int, length: int) -> None:
    """Bars of the range, gaps and the bars of missing days together are exactly the bars that it should have."""
    bars = without(many_sessions(H1, MONDAY, FRIDAY), sorted(absent))
    start = OPEN + timedelta(hours=first)
    end = start + timedelta(hours=length)

    lacks = lacking(bars.between(start, end), start, end, CLOSE)

    expected = {at for day in WEEK for at in session(day).bar_opens(H1) if start <= at < end}
    present = {instant(int(at)) for at in bars.between(start, end).time_us}
    gone = {at for day in lacks.days for at in session(day).bar_opens(H1) if start <= at < end}
    # The range may reach into the weeks before and after, of which there is nothing.
    assert expected == present | {at for at in lacks.gaps if OPEN <= at < CLOSE} | (gone & expected)
    assert present.isdisjoint(gone)


def test_an_open_session_lacks_nothing() -> None:
    """A day is not missing before it has closed, and is from then on."""
    nothing = Bars.empty(USDJPY, H1)

    before = lacking(nothing, session(FRIDAY).open, CLOSE, CLOSE - timedelta(microseconds=1))
    after = lacking(nothing, session(FRIDAY).open, CLOSE, CLOSE)

    assert (before.days, after.days) == ((), (FRIDAY,))


def test_holidays_are_not_missing_and_their_gaps_are() -> None:
    """A holiday lacks nothing when it has no bars; one on which the broker traded is judged like any day."""
    holidays = Holidays({FRIDAY: "a holiday"})
    traded = without(many_sessions(H1, FRIDAY, FRIDAY), [3])

    silent = lacking(Bars.empty(USDJPY, H1), session(FRIDAY).open, CLOSE, CLOSE, holidays)
    open_all_the_same = lacking(traded, session(FRIDAY).open, CLOSE, CLOSE, holidays)

    assert (silent.days, silent.gaps) == ((), ())
    assert open_all_the_same.gaps == (session(FRIDAY).bar_opens(H1)[3],)


def test_a_weekend_lacks_nothing() -> None:
    """A range between two sessions has nothing to miss."""
    start = CLOSE
    end: datetime = start + timedelta(hours=40)

    assert lacking(Bars.empty(USDJPY, H1), start, end, end).days == ()
