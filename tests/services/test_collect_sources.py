"""Several sources for one series: who is asked, whose bars count, what is told of it, and what a person must take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore, MemoryMarketData
from axia_core.domain.bars import Bars
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import (
    AxiaError,
    HistoryNotReady,
    HistoryOutOfReach,
    ServerClockMismatch,
    SourceRateLimited,
    SourceUnavailable,
    WrongAccount,
)
from axia_core.services.collect import Collected, Outcome, collect_days
from axia_core.services.heal import provisional_days
from tests.bar_examples import FRIDAY, USDJPY, broken, many_sessions, same, session_bars, without

LATER = session(FRIDAY).close + timedelta(hours=1)
H1 = Timeframe.H1
MONDAY = date(2026, 6, 29)
WEEK = list(trading_days(MONDAY, FRIDAY))
MIDS = 0.008  # half a spread, by which a mid lies over a bid


def higher(bars: Bars, by: float = MIDS) -> Bars:
    """The same bars at prices that lie *by* higher."""
    prices = {name: getattr(bars, name) + by for name in ("open", "high", "low", "close")}
    return replace(bars, **prices)


class Source(MemoryMarketData):
    """A scripted source that may have no time to tell, or a short memory."""

    def __init__(self, name: str, bars: Bars, *failures: AxiaError, clockless: AxiaError | None = None) -> None:
        super().__init__(SteppedClock(LATER), [bars], name=name, provisional=name == "yfinance", failures=failures)
        self.clockless = clockless
        self.earliest: datetime | None = None

    def now(self) -> datetime:
        if self.clockless:
            raise self.clockless
        return super().now()

    def reaches_back_to(self, timeframe: Timeframe) -> datetime | None:
        return self.earliest


def mt5(bars: Bars | None = None, *failures: AxiaError, clockless: AxiaError | None = None) -> Source:
    return Source("mt5", bars or many_sessions(H1, MONDAY, FRIDAY), *failures, clockless=clockless)


def yahoo(bars: Bars | None = None, *failures: AxiaError) -> Source:
    return Source("yfinance", bars or higher(many_sessions(H1, MONDAY, FRIDAY)), *failures)


def collected(
    store: MemoryBarStore, sources: Sequence[Source], days: Sequence[date] = (FRIDAY,), **options: object
) -> list[Collected]:
    first, *others = sources
    clock = SteppedClock(LATER)
    return list(collect_days(first, store, clock, USDJPY, H1, days, fallbacks=others, **options))  # type: ignore[arg-type]  # options are passed on


@pytest.mark.parametrize(
    "error",
    [SourceUnavailable("gone"), HistoryNotReady("still downloading"), ServerClockMismatch("an hour off")],
    ids=lambda error: type(error).__name__,
)
def test_second_source_steps_in(error: AxiaError) -> None:
    """Where the first does not answer the second is asked, and the truth says whose the bars are and that they pass."""
    (found,) = collected(MemoryBarStore(), [mt5(None, error), yahoo()])

    assert (found.truth.source, found.truth.provisional) == ("yfinance", True)
    assert found.degraded == f"mt5: {type(error).__name__}: {error}"


def test_first_source_that_tells_no_time_is_not_read() -> None:
    """A source whose clock cannot be verified is not asked for bars; the next one is."""
    first = mt5(clockless=ServerClockMismatch("an hour off"))

    (found,) = collected(MemoryBarStore(), [first, yahoo()])

    assert (found.truth.source, first.calls) == ("yfinance", [])
    assert "an hour off" in found.degraded


def test_wrong_account_is_for_a_person() -> None:
    """A terminal that is logged in elsewhere is no reason to go on with another source."""
    second = yahoo()

    with pytest.raises(WrongAccount):
        collected(MemoryBarStore(), [mt5(None, WrongAccount("elsewhere")), second])
    assert second.calls == []


def test_days_of_the_first_stay_its_own() -> None:
    """Only the days that the first source lacks come from the second, by one call each."""
    tuesday = WEEK[1]
    first = mt5(Bars.join(session_bars(day=day) for day in WEEK if day != tuesday))
    second = yahoo()

    found = collected(MemoryBarStore(), [first, second], WEEK)

    assert [one.truth.source for one in found] == ["mt5", "yfinance", "mt5", "mt5", "mt5"]
    assert [one.truth.trading_date for one in found] == WEEK
    assert found[1].degraded == "mt5 has no bars of it"
    assert (len(first.calls), len(second.calls)) == (1, 1)


def test_beyond_the_reach_of_the_second() -> None:
    """Days that the second does not reach are named with the reason, and those within reach are stored."""
    second, store = yahoo(), MemoryBarStore()
    second.earliest = session(WEEK[3]).open

    with pytest.raises(SourceUnavailable, match=r"mt5: SourceUnavailable: gone.*3 trading day\(s\): 2026-06-29"):
        collected(store, [mt5(None, SourceUnavailable("gone")), second], WEEK)
    assert store.trading_dates(USDJPY, H1) == tuple(WEEK[3:])


def test_nobody_answers() -> None:
    """When no source answers the error names each and what it said, and may be retried when one of them may."""
    failures = (HistoryOutOfReach("too long ago"), SourceRateLimited("too many requests"))

    with pytest.raises(SourceRateLimited, match=r"mt5: HistoryOutOfReach: too long ago; yfinance: SourceRateLimited"):
        collected(MemoryBarStore(), [mt5(None, failures[0]), yahoo(None, failures[1])])


def test_healing_tells_what_it_changed() -> None:
    """Final bars take the place of provisional ones; what that changed is told, and kept with the revision."""
    store = MemoryBarStore()
    collected(store, [yahoo(without(higher(session_bars()), [3]))])

    (found,) = collected(store, [mt5()])

    assert (found.outcome, found.truth.provisional) == (Outcome.HEALED, False)
    replaced = found.truth.replaced
    assert replaced is not None
    assert (replaced.source, replaced.provisional) == ("yfinance", True)
    assert (replaced.difference.added, replaced.difference.changed, replaced.difference.largest_pips) == (1, 23, 0.8)


def test_provisional_never_replaces_final() -> None:
    """A provisional source leaves final bars as they are, and says so."""
    store = MemoryBarStore()
    collected(store, [mt5()])

    (found,) = collected(store, [mt5(None, SourceUnavailable("gone")), yahoo()])

    assert (found.outcome, found.truth.source, store.writes) == (Outcome.KEPT, "mt5", 1)


def test_finds_what_waits_for_healing() -> None:
    """Days with provisional bars are found by their truth; final ones and days without bars are not among them."""
    store = MemoryBarStore()
    collected(store, [mt5()], WEEK[:2])
    collected(store, [yahoo()], WEEK[2:4])

    assert provisional_days(store, USDJPY, H1, WEEK) == tuple(WEEK[2:4])


def test_reread_writes_only_what_changed() -> None:
    """Days read again with the new one cost no call more, and only the one that the source corrected is written."""
    store = MemoryBarStore()
    collected(store, [mt5()], WEEK[:4])
    source = mt5(Bars.join(higher(session_bars(day=day), 0.02 * (day == WEEK[2])) for day in WEEK))

    found = collected(store, [source], [FRIDAY], reread=WEEK[1:4])

    outcomes = [one.outcome for one in found]
    assert outcomes == [Outcome.UNCHANGED, Outcome.CORRECTED, Outcome.UNCHANGED, Outcome.NEW]
    assert (len(source.calls), store.writes) == (1, 6)
    assert str(found[1].difference).startswith("0 rows added, 0 removed, 24 changed, largest deviation 2 pips")


def test_reread_day_without_bars_is_no_error() -> None:
    """A day that was only to be read again and that the source lacks now stays as it is, and nothing fails."""
    store = MemoryBarStore()
    collected(store, [mt5()], WEEK[:4])

    found = collected(store, [mt5(session_bars())], [FRIDAY], reread=WEEK[1:4])

    assert [one.truth.trading_date for one in found] == [FRIDAY]
    assert len(store.trading_dates(USDJPY, H1)) == 5


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (without(session_bars(), list(range(10))), "14 bars and the stored one 24"),
        (higher(session_bars(), 0.5), "50 pips away"),
    ],
    ids=["fewer", "far away"],
)
def test_doubtful_corrections_are_flagged(came: Bars, said: str) -> None:
    """A correction that loses many bars or lies far away is not taken: the stored bars stay, and it is told why."""
    store = MemoryBarStore()
    collected(store, [mt5()])

    (found,) = collected(store, [mt5(came)])

    stored = store.read(USDJPY, H1, FRIDAY)
    assert stored is not None
    assert same(stored.bars, session_bars())
    assert (found.outcome, found.truth) == (Outcome.DOUBTED, stored.truth)
    assert said in found.doubt


def test_a_person_may_take_a_doubtful_correction() -> None:
    """What was doubted is taken when a person says so; bars are never given up for none."""
    store = MemoryBarStore()
    collected(store, [mt5()])

    (found,) = collected(store, [mt5(higher(session_bars(), 0.5))], trusting=True)
    (none,) = collected(store, [mt5(broken(session_bars(), list(range(24))))], trusting=True)

    assert (found.outcome, none.outcome) == (Outcome.CORRECTED, Outcome.DOUBTED)


def test_correcting_back_is_a_correction() -> None:
    """Bars that return to what they were are a new revision that tells what it replaced."""
    store = MemoryBarStore()
    for bars in (session_bars(), higher(session_bars(), 0.02), session_bars()):
        (found,) = collected(store, [mt5(bars)])

    assert (found.outcome, store.writes) == (Outcome.CORRECTED, 3)
