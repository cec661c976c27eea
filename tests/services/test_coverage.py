"""Coverage, holidays and revisions over memory: what is known of a day, and what a version changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryBarStore, MemoryMarketData
from axia_core.domain.holidays import NONE, Holidays, holidays_from
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryNotReady
from axia_core.services.collect import collect_days
from axia_core.services.coverage import Coverage, Status, coverage, probable_holidays
from axia_core.services.load import load
from axia_core.services.revisions import revisions
from tests.bar_examples import USDJPY, many_sessions, session_bars, truth_of, without

H1 = Timeframe.H1
MONDAY, EVE, CHRISTMAS, NEXT = date(2026, 12, 21), date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 28)
USUAL = holidays_from({}, {})


def stored(days: list[date], **changes: list[int]) -> MemoryBarStore:
    """A store with these days of USDJPY H1."""
    store = MemoryBarStore()
    for day in days:
        bars = without(session_bars(H1, day), changes.get("gaps", []))
        store.write(bars, truth_of(bars, day))
    return store


def covered(store: MemoryBarStore, holidays: Holidays = USUAL, start: date = date.min) -> dict[date, Coverage]:
    days = coverage(store, USDJPY, H1, MONDAY, NEXT, holidays=holidays, start=start)
    return {day.trading_date: day for day in days}


def test_each_day_has_a_status() -> None:
    """Complete, provisional, with gaps, missing, holiday and before the start are told apart."""
    store = stored([date(2026, 12, 22)])
    bars = session_bars(H1, date(2026, 12, 23))
    store.write(bars, truth_of(bars, date(2026, 12, 23), provisional=True))
    less = without(session_bars(H1, EVE), [3])
    store.write(less, truth_of(less, EVE))

    found = covered(store, start=date(2026, 12, 22))

    assert [day.status for day in found.values()] == [
        Status.BEFORE_START,
        Status.COMPLETE,
        Status.PROVISIONAL,
        Status.GAPS,
        Status.HOLIDAY,
        Status.MISSING,
    ]


def test_bars_of_a_holiday_win() -> None:
    """A holiday on which the market traded is covered like any other day, and that it traded is told."""
    found = covered(stored([CHRISTMAS]))

    assert found[CHRISTMAS].status is Status.COMPLETE
    assert found[CHRISTMAS].traded_on_a_holiday


def test_an_early_close_is_no_gap() -> None:
    """Bars after an early close are not missing, even where it was configured after the day was stored."""
    store = stored([EVE], gaps=[20, 21, 22, 23])

    assert covered(store)[EVE].status is Status.GAPS
    assert covered(store, Holidays({}, {EVE: time(13)}))[EVE].status is Status.COMPLETE


def test_a_day_that_all_series_lack_is_probably_a_holiday() -> None:
    """Three series without a day between stored ones say holiday; two do not, nor does a day at the end."""
    days = [day for day in trading_days(MONDAY, NEXT) if day not in (CHRISTMAS, NEXT)] + [NEXT]
    one = tuple(covered(stored(days), NONE).values())
    short = tuple(covered(stored(days[:-1]), NONE).values())

    assert probable_holidays([one, one, one]) == (CHRISTMAS,)
    assert probable_holidays([one, one]) == ()
    assert probable_holidays([short, short, short]) == ()


def test_load_does_not_miss_a_holiday() -> None:
    """A holiday without bars is no missing day, and an early close has no gaps; without a calendar both are told."""
    days = [day for day in trading_days(MONDAY, NEXT) if day not in (EVE, CHRISTMAS)]
    store = stored(days)
    bars = session_bars(H1, EVE).take(slice(0, 20))
    store.write(bars, truth_of(bars, EVE))
    clock = SteppedClock(session(NEXT).close)
    window = (session(MONDAY).open, session(NEXT).close)

    known = load(MemoryBarCache(clock), store, clock, USDJPY, H1, *window, holidays=holidays_from({}, {EVE: time(13)}))
    unknown = load(MemoryBarCache(clock), store, clock, USDJPY, H1, *window)

    assert (known.missing_days, known.gaps) == ((), ())
    assert (unknown.missing_days, len(unknown.gaps)) == ((CHRISTMAS,), 4)


def test_collecting_a_holiday_without_bars_is_no_error() -> None:
    """A day that is a holiday may have no bars; on any other day that is an error which names the settings file."""
    clock = SteppedClock(session(CHRISTMAS).close + timedelta(hours=1))
    market = MemoryMarketData(clock, [many_sessions(H1, MONDAY, EVE)])
    store = MemoryBarStore()

    found = list(collect_days(market, store, clock, USDJPY, H1, [EVE, CHRISTMAS], holidays=USUAL))

    assert [each.truth.trading_date for each in found] == [EVE]
    with pytest.raises(HistoryNotReady, match=r"\[holidays\]: 2026-12-25 = "):
        list(collect_days(market, store, clock, USDJPY, H1, [EVE, CHRISTMAS]))


def test_collecting_an_early_close_expects_less() -> None:
    """The stored truth of a day that closed early is complete with the bars until then."""
    clock = SteppedClock(session(EVE).close + timedelta(hours=1))
    market = MemoryMarketData(clock, [session_bars(H1, EVE).take(slice(0, 20))])
    early = Holidays({}, {EVE: time(13)})

    (found,) = collect_days(market, MemoryBarStore(), clock, USDJPY, H1, [EVE], holidays=early)

    assert (found.truth.expected, found.truth.actual, found.truth.complete) == (20, 20, True)


def test_a_revision_says_what_it_changed() -> None:
    """The first version changes nothing; the second added a row and moved one by three pips, and says where."""
    less, full = without(session_bars(H1, EVE), [5]), session_bars(H1, EVE)
    high = full.high.copy()
    high[7] += 0.03
    store = MemoryBarStore()
    for bars in (less, replace(full, high=high)):
        store.write(bars, truth_of(bars, EVE))

    first, second = revisions(store, USDJPY, H1, EVE)

    assert first.difference is None
    assert second.difference is not None
    changed = second.difference
    assert (changed.added, changed.removed, changed.changed, changed.largest_pips) == (1, 0, 1, 3.0)
    assert changed.largest_at == session(EVE).bar_opens(H1)[7]


def test_a_day_never_stored_has_no_revisions() -> None:
    """Nothing was written, so nothing is listed."""
    assert revisions(MemoryBarStore(), Symbol("EURUSD"), H1, EVE) == ()
