"""Collecting trading days: what is stored, what is refused, when, and in how many calls of the source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore, MemoryMarketData
from axia_core.domain.bars import Bars, PartitionTruth
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryNotReady, InvalidInput, NotATradingDay, SourceUnavailable
from axia_core.services.collect import collect, collect_days
from tests.bar_examples import FRIDAY, USDJPY, broken, many_sessions, same, session_bars, truth_of, without

CLOSE = session(FRIDAY).close
H1 = Timeframe.H1
LATER = CLOSE + timedelta(hours=1)
WEEK = list(trading_days(date(2026, 6, 29), FRIDAY))


def market(bars: Bars, now: datetime = LATER, provisional: bool = False) -> MemoryMarketData:
    return MemoryMarketData(SteppedClock(now), [bars], name="mt5", provisional=provisional)


def collected(source: MemoryMarketData, store: MemoryBarStore, days: Sequence[date]) -> list[PartitionTruth]:
    ((_, timeframe),) = source.series
    return [found.truth for found in collect_days(source, store, source.clock, USDJPY, timeframe, days)]


def test_a_whole_day_is_stored() -> None:
    """A session with all its bars becomes a complete partition, and its truth says so."""
    store = MemoryBarStore()
    source = market(session_bars(Timeframe.M5))

    truth = collect(source, store, SteppedClock(LATER), USDJPY, Timeframe.M5, FRIDAY)

    partition = store.read(USDJPY, Timeframe.M5, FRIDAY)
    assert partition is not None
    assert same(partition.bars, session_bars(Timeframe.M5))
    assert partition.truth == truth
    assert (truth.source, truth.expected, truth.actual, truth.complete) == ("mt5", 288, 288, True)


def test_missing_bars_are_gaps() -> None:
    """Bars that the source lacks are listed as gaps and the rest is stored."""
    truth = collected(market(without(session_bars(), [3, 4])), MemoryBarStore(), [FRIDAY])[0]

    opens = session(FRIDAY).bar_opens(Timeframe.H1)
    assert truth.gaps == (opens[3], opens[4])
    assert (truth.actual, truth.complete) == (22, False)


def test_broken_bars_are_refused_not_repaired() -> None:
    """A bar that does not hold together is reported with its reason, is a gap, and is not in the store."""
    store = MemoryBarStore()

    truth = collected(market(broken(session_bars(), [7])), store, [FRIDAY])[0]

    (refused,) = truth.refused
    partition = store.read(USDJPY, Timeframe.H1, FRIDAY)
    assert partition is not None
    assert refused.reason == "high is below open or close"
    assert truth.gaps == (refused.at,)
    assert same(partition.bars, without(session_bars(), [7]))


def test_same_again_writes_nothing() -> None:
    """Collecting the same day again leaves the store as it was."""
    store = MemoryBarStore()
    first = collected(market(session_bars()), store, [FRIDAY])

    assert collected(market(session_bars()), store, [FRIDAY]) == first
    assert store.writes == 1


@pytest.mark.parametrize("before_close", [timedelta(hours=3), timedelta(minutes=2)], ids=["hours", "minutes"])
def test_open_session_is_refused(before_close: timedelta) -> None:
    """A session that has not closed is refused with its close and the newest day that can be had; nothing is read."""
    source = market(session_bars(), now=CLOSE - before_close)
    store = MemoryBarStore()

    with pytest.raises(InvalidInput, match=r"2026-07-03.*21:00 UTC.*newest that has closed is 2026-07-02"):
        collect_days(source, store, source.clock, USDJPY, Timeframe.H1, [FRIDAY])
    assert (store.writes, source.calls) == (0, [])


def test_the_second_of_the_close_is_waited_for() -> None:
    """At the very close the collection waits the settling time, so that the last bar is complete, and then collects."""
    clock = SteppedClock(CLOSE)
    source = MemoryMarketData(clock, [session_bars()])

    truth = collect(source, MemoryBarStore(), clock, USDJPY, Timeframe.H1, FRIDAY, settling=timedelta(seconds=2))

    assert truth.complete
    assert clock.now() == CLOSE + timedelta(seconds=2)


def test_friday_is_complete_on_saturday() -> None:
    """Friday's last bars and D1 are stored on Saturday although no later bar will come."""
    saturday = CLOSE + timedelta(hours=10)

    for timeframe in Timeframe:
        truth = collected(market(session_bars(timeframe), now=saturday), MemoryBarStore(), [FRIDAY])[0]
        assert truth.complete


def test_no_bars_write_nothing() -> None:
    """A day the source has nothing of is an error that names it, and what is stored stays."""
    store = MemoryBarStore()
    collected(market(session_bars()), store, [FRIDAY])

    with pytest.raises(HistoryNotReady, match=r"mt5 has no USDJPY H1 bars.*2026-07-03"):
        collected(market(Bars.empty(USDJPY, Timeframe.H1)), store, [FRIDAY])
    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) == truth_of(session_bars(), source="mt5")


def test_only_broken_bars_replace_nothing() -> None:
    """A day whose bars are all refused never replaces a stored one that has bars."""
    store = MemoryBarStore()
    collected(market(session_bars(Timeframe.D1)), store, [FRIDAY])

    truth = collected(market(broken(session_bars(Timeframe.D1), [0])), store, [FRIDAY])[0]

    assert truth.complete
    assert store.writes == 1


def test_only_broken_bars_of_a_new_day_are_told() -> None:
    """A day whose bars are all refused is stored as an empty partition that says why when there was none."""
    truth = collected(market(broken(session_bars(Timeframe.D1), [0])), MemoryBarStore(), [FRIDAY])[0]

    assert (truth.actual, len(truth.gaps), len(truth.refused)) == (0, 1, 1)


def test_one_call_for_a_run_of_days() -> None:
    """Adjoining days are asked for at once and cut by session, a day that was left out parts the run."""
    source = market(many_sessions(Timeframe.H4, date(2026, 6, 22), FRIDAY))
    days = [date(2026, 6, 22), *WEEK]

    truths = collected(source, MemoryBarStore(), days)

    assert [truth.trading_date for truth in truths] == days
    assert all(truth.complete for truth in truths)
    assert [(start, end) for _, _, start, end in source.calls] == [
        (session(days[0]).open, session(days[0]).close),
        (session(WEEK[0]).open, session(FRIDAY).close),
    ]


def test_long_runs_are_asked_in_pieces() -> None:
    """No call asks for more than 20,000 bars."""
    first = date(2026, 3, 2)
    source = market(many_sessions(Timeframe.M5, first, FRIDAY))

    truths = collected(source, MemoryBarStore(), list(trading_days(first, FRIDAY)))

    assert len(truths) == len(list(trading_days(first, FRIDAY)))
    assert len(source.calls) == 2


def test_a_day_without_bars_stops_no_other() -> None:
    """The other days of a range are stored and yielded before the error names the missing one."""
    monday, tuesday, *rest = WEEK
    bars = Bars.join([session_bars(day=monday), *(session_bars(day=day) for day in rest)])
    source, store = market(bars), MemoryBarStore()
    yielded: list[date] = []

    with pytest.raises(HistoryNotReady, match=f"1 trading day.*{tuesday}"):
        yielded.extend(f.truth.trading_date for f in collect_days(source, store, source.clock, USDJPY, H1, WEEK))

    assert yielded == [monday, *rest]
    assert store.trading_dates(USDJPY, Timeframe.H1) == tuple(yielded)


def test_a_date_that_is_none_stops_all() -> None:
    """A Saturday among the days is refused before anything is read or written."""
    source, store = market(session_bars()), MemoryBarStore()

    with pytest.raises(NotATradingDay, match="Saturday"):
        collected(source, store, [FRIDAY, FRIDAY + timedelta(days=1)])
    assert (store.writes, source.calls) == (0, [])


def test_a_failing_source_writes_nothing() -> None:
    """When the source fails its error comes through and nothing is written."""
    clock = SteppedClock(LATER)
    source = MemoryMarketData(clock, [session_bars()], failures=[SourceUnavailable("gone")])
    store = MemoryBarStore()

    with pytest.raises(SourceUnavailable, match="gone"):
        collect(source, store, clock, USDJPY, Timeframe.H1, FRIDAY)
    assert store.writes == 0


def test_provisional_never_replaces_final() -> None:
    """A provisional source leaves a final partition alone, and a final one replaces a provisional one."""
    store = MemoryBarStore()
    provisional = market(without(session_bars(), [1]), provisional=True)

    assert collected(provisional, store, [FRIDAY])[0].provisional
    assert not collected(market(session_bars()), store, [FRIDAY])[0].provisional
    assert not collected(provisional, store, [FRIDAY])[0].provisional
    assert store.writes == 2


def test_no_days_is_nothing() -> None:
    """No days are no work."""
    assert collected(market(session_bars()), MemoryBarStore(), []) == []
