"""Inspecting stored bars, and keeping what a collection does not take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore, MemoryMarketData
from axia_core.domain.bars import Bars, aggregate
from axia_core.domain.quality import Code, Severity, counted
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CorruptObject, InvalidInput
from axia_core.ports import Partition
from axia_core.services.collect import collect
from axia_core.services.inspect import Inspection, inspect
from tests.bar_examples import FRIDAY, USDJPY, broken, same, session_bars, truth_of
from tests.quality_examples import FAULTS, changed, generated, moved

EURUSD = Symbol("EURUSD")
FIRST, LAST = date(2026, 5, 4), date(2026, 5, 29)
M5, H1 = Timeframe.M5, Timeframe.H1


class DamagedStore(MemoryBarStore):
    """One partition of it cannot be read."""

    def read(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> Partition | None:
        if trading_date == date(2026, 5, 20):
            raise CorruptObject("bits have rotted")
        return super().read(symbol, timeframe, trading_date)


def stored(*series: Bars, store: MemoryBarStore | None = None, provisional: bool = False) -> MemoryBarStore:
    """A store with the days of some series."""
    store = store or MemoryBarStore()
    for bars in series:
        for day in trading_days(date(2026, 1, 1), LAST):
            part = bars.between(session(day).open, session(day).close)
            if len(part):
                store.write(part, truth_of(part, day, provisional=provisional))
    return store


def counts(store: MemoryBarStore, timeframe: Timeframe = M5, first: date = FIRST) -> dict[str, int]:
    return counted(inspect(store, EURUSD, timeframe, first, LAST).findings)


def test_clean_series() -> None:
    """Stored bars of all timeframes that are whole and agree have no findings, and their number is told."""
    bars = generated("EURUSD", FIRST, LAST)
    store = stored(*(aggregate(bars, timeframe) for timeframe in Timeframe))

    found = [inspect(store, EURUSD, timeframe, FIRST, LAST) for timeframe in Timeframe]

    assert [one.findings for one in found] == [()] * 5
    assert [one.bars for one in found] == [20 * timeframe.bars_per_session for timeframe in Timeframe]
    assert {one.severity for one in found} == {None}


def test_nothing_stored() -> None:
    """Days that were never stored are missing, one finding each, and no error of ours."""
    assert counts(MemoryBarStore()) == {"missing_day": 20}


def test_only_the_asked_days() -> None:
    """Faults of earlier days are not told; they are there to know what is usual."""
    store = stored(FAULTS[Code.SPIKE](generated("EURUSD", FIRST, LAST), 400))

    assert counts(store) == {"spike": 1}
    assert counts(store, first=date(2026, 5, 11)) == {}


def test_timeframes_that_disagree() -> None:
    """An hour that is not what its five-minute bars say is an error of the hour; a provisional one may differ."""
    bars = generated("EURUSD", FIRST, LAST)
    hours = changed(aggregate(bars, H1), slice(40, 41), high=lambda high: high + 0.0001)

    assert counts(stored(bars, hours), H1) == {"disagrees": 1}
    assert counts(stored(hours, store=stored(bars), provisional=True), H1) == {}


def test_unreadable_partition() -> None:
    """A damaged partition is one finding, and every other day is looked at."""
    store = stored(FAULTS[Code.SPIKE](generated("EURUSD", FIRST, LAST), 400), store=DamagedStore())

    found = inspect(store, EURUSD, M5, FIRST, LAST)

    assert counted(found.findings) == {"spike": 1, "unreadable": 1}
    assert found.severity is Severity.ERROR


def test_shifted_clock_in_the_store() -> None:
    """Two weeks whose clock was an hour off are found over three months of stored days."""
    bars = generated("EURUSD", date(2026, 3, 2), LAST, Timeframe.M15)
    store = stored(moved(bars, date(2026, 4, 20), 2, 1))

    found = inspect(store, EURUSD, Timeframe.M15, date(2026, 3, 2), LAST)

    (shift,) = [one for one in found.findings if one.code is Code.CLOCK_SHIFTED]
    assert (shift.start.date(), shift.figures["weeks"]) == (date(2026, 4, 19), 2)


def test_empty_range() -> None:
    """A range that ends before it begins is refused."""
    with pytest.raises(InvalidInput, match="it is after the last day"):
        inspect(MemoryBarStore(), EURUSD, M5, LAST, FIRST)


def _collected(store: MemoryBarStore, bars: Bars) -> Inspection:
    clock = SteppedClock(session(FRIDAY).close + timedelta(hours=1))
    collect(MemoryMarketData(clock, [bars]), store, clock, USDJPY, H1, FRIDAY)
    return inspect(store, USDJPY, H1, FRIDAY, FRIDAY)


def test_collecting_keeps_what_it_refuses() -> None:
    """Bars that a collection does not take are kept whole beside the partition, with the reason."""
    store, offered = MemoryBarStore(), broken(session_bars(H1), [3, 5])

    _collected(store, offered)

    refused = store.refused(USDJPY, H1, FRIDAY)
    assert refused is not None
    assert same(refused.bars, offered.take(np.isin(offered.time_us, offered.time_us[[3, 5]])))
    assert refused.reasons == ("high is below open or close",) * 2
    assert refused.source == "memory"


def test_collecting_again_when_the_source_has_mended() -> None:
    """Once the source gives good bars nothing is refused any more, and the gap is closed."""
    store = MemoryBarStore()
    first = _collected(store, broken(session_bars(H1), [3]))

    second = _collected(store, session_bars(H1))

    assert counted(first.findings) == {"gap": 1}
    assert second.findings == ()
    assert store.refused(USDJPY, H1, FRIDAY) is None


def test_doubted_bars_change_nothing() -> None:
    """A later answer that is not believed leaves what was refused before as it is."""
    store = MemoryBarStore()
    _collected(store, broken(session_bars(H1), [3]))
    far = replace(session_bars(H1, price=170.0))

    _collected(store, far)

    assert store.refused_dates(USDJPY, H1) == (FRIDAY,)
