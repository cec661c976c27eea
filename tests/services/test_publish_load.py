"""Publishing a series into the cache, loading ranges through it, and the coverage of a series."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryBarStore
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, InvalidInput
from axia_core.loaded import Loaded
from axia_core.services.coverage import coverage
from axia_core.services.load import load
from axia_core.services.publish import publish
from tests.bar_examples import FRIDAY, USDJPY, many_sessions, same, session_bars, truth_of, without

MONDAY = date(2026, 6, 29)
WEEK = list(trading_days(MONDAY, FRIDAY))
NOW = session(FRIDAY).close + timedelta(hours=1)
H1 = Timeframe.H1


class World:
    """A store with a week of H1 bars, a cache and a clock."""

    def __init__(self, last: date = FRIDAY, gaps: bool = False) -> None:
        self.clock = SteppedClock(NOW)
        self.store = MemoryBarStore()
        self.cache = MemoryBarCache(self.clock)
        for day in trading_days(MONDAY, last):
            bars = session_bars(H1, day)
            bars = without(bars, [5]) if gaps and day == last else bars
            self.store.write(bars, truth_of(bars, day))

    def publish(self, max_bars: int = 8_000) -> int:
        return publish(self.store, self.cache, self.clock, USDJPY, H1, max_bars).held

    def load(self, start: datetime, end: datetime) -> Loaded:
        return load(self.cache, self.store, self.clock, USDJPY, H1, start, end)


def test_publishes_all_there_is() -> None:
    """A short history is cached whole, to the next New York close."""
    world = World()

    assert world.publish() == 120

    held = world.cache.read(USDJPY, H1)
    assert held is not None
    assert same(held, many_sessions(H1, MONDAY, FRIDAY))
    assert world.cache.expires_at(USDJPY, H1) == session(date(2026, 7, 6)).close


def test_publishes_the_newest_only() -> None:
    """No more bars are cached than were asked for, and they are the newest."""
    world = World()

    assert world.publish(max_bars=30) == 30

    held = world.cache.read(USDJPY, H1)
    assert held is not None
    assert same(held, many_sessions(H1, MONDAY, FRIDAY).take(slice(-30, None)))


def test_without_the_latest_session_it_lives_a_minute() -> None:
    """A series that lacks the latest closed session is cached for 60 seconds."""
    world = World(last=WEEK[3])
    world.publish()

    assert world.cache.expires_at(USDJPY, H1) == NOW + timedelta(seconds=60)


def test_nothing_stored_is_nothing_published() -> None:
    """A series without partitions leaves the cache alone."""
    world = World()

    assert publish(world.store, world.cache, world.clock, USDJPY, Timeframe.M5, 100).held == 0
    assert world.cache.read(USDJPY, Timeframe.M5) is None


def test_publishing_into_a_cache_that_is_down() -> None:
    """Publishing says that the cache is down."""
    world = World()
    world.cache.down = True

    with pytest.raises(CacheUnavailable):
        world.publish()


def test_a_healed_day_reaches_the_cache() -> None:
    """After an older partition was rewritten, publishing again replaces the series though its last bar is the same."""
    world = World(gaps=True)
    world.publish()
    bars = session_bars(H1, FRIDAY)
    world.store.write(bars, truth_of(bars))

    assert world.publish() == 120
    assert world.load(session(FRIDAY).open, session(FRIDAY).close).gaps == ()


def test_hit_reads_no_object() -> None:
    """A range that the cache holds is answered without the store."""
    world = World()
    world.publish()
    world.store = MemoryBarStore()  # empty: whatever comes now comes from the cache

    loaded = world.load(session(WEEK[1]).open, session(WEEK[2]).close)

    assert loaded.cache is CacheUse.HIT
    assert same(loaded.bars, many_sessions(H1, WEEK[1], WEEK[2]))


def test_miss_loads_and_refills() -> None:
    """An empty cache is filled by the first load, so that the second one hits."""
    world = World()

    first = world.load(session(MONDAY).open, session(FRIDAY).close)
    second = world.load(session(MONDAY).open, session(FRIDAY).close)

    assert (first.cache, second.cache) == (CacheUse.MISS, CacheUse.HIT)
    assert same(first.bars, second.bars)


def test_too_short_a_cache_is_passed_by() -> None:
    """A range that begins before the cached bars comes from the store, and the cache stays."""
    world = World()
    world.publish(max_bars=24)

    loaded = world.load(session(MONDAY).open, session(FRIDAY).close)

    assert loaded.cache is CacheUse.TOO_SHORT
    assert len(loaded.bars) == 120


def test_a_cache_that_is_down_changes_nothing() -> None:
    """With the cache down the same bars come from the store."""
    world = World()
    world.cache.down = True

    loaded = world.load(session(MONDAY).open, session(FRIDAY).close)

    assert loaded.cache is CacheUse.DOWN
    assert same(loaded.bars, many_sessions(H1, MONDAY, FRIDAY))


def test_range_is_half_open_inside_a_day() -> None:
    """A range inside one session gives exactly its bars, from store and cache alike."""
    world = World()
    start = session(FRIDAY).open + timedelta(hours=2)

    from_store = world.load(start, start + timedelta(hours=3))
    from_cache = world.load(start, start + timedelta(hours=3))

    assert same(from_store.bars, session_bars(H1, FRIDAY).take(slice(2, 5)))
    assert same(from_cache.bars, from_store.bars)
    assert (from_store.missing_days, from_store.gaps) == ((), ())


def test_what_is_missing_is_said() -> None:
    """Days without a bar and gaps of the others are told apart; sessions still open lack nothing."""
    world = World(last=WEEK[3], gaps=True)
    in_the_future = session(FRIDAY).close + timedelta(days=5)

    loaded = world.load(session(MONDAY).open, in_the_future)

    assert loaded.missing_days == (FRIDAY,)
    assert loaded.gaps == (session(WEEK[3]).bar_opens(H1)[5],)


def test_empty_range_is_refused() -> None:
    """A range that ends before it starts is refused."""
    with pytest.raises(InvalidInput, match="end after it starts"):
        World().load(NOW, NOW)


def test_coverage_tells_every_trading_day() -> None:
    """Each trading day of the range is there: complete, with gaps, or never stored; weekends are not."""
    world = World(last=WEEK[3], gaps=True)

    found = coverage(world.store, USDJPY, H1, MONDAY - timedelta(days=2), FRIDAY)

    assert [day.trading_date for day in found] == WEEK
    assert [day.complete for day in found] == [True, True, True, False, False]
    assert [day.truth is None for day in found] == [False, False, False, False, True]


def test_coverage_of_a_reversed_range_is_refused() -> None:
    """A range whose first day is after its last is refused."""
    with pytest.raises(InvalidInput, match="after the last day"):
        coverage(MemoryBarStore(), USDJPY, H1, FRIDAY, MONDAY)
