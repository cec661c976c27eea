"""What every BarCache promises, over memory and over a real Redis server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import redis

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarCache
from axia_core.adapters.redis import RedisBarCache
from axia_core.domain.bars import instant
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarCache
from tests.bar_examples import USDJPY, same, session_bars, without

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> BarCache:
    """An empty cache of the kind under test, on a clock that stands still."""
    clock = SteppedClock(NOW)
    if request.param == "memory":
        return MemoryBarCache(clock)
    client = redis.Redis.from_url(request.getfixturevalue("redis_url"))
    client.flushdb()
    return RedisBarCache(client, clock)


def test_reads_what_was_written(cache: BarCache) -> None:
    """A series reads back with the same bars."""
    bars = session_bars(Timeframe.M5)

    assert cache.write(bars, TOMORROW)

    held = cache.read(USDJPY, Timeframe.M5)
    assert held is not None
    assert same(held, bars)


def test_nothing_is_none(cache: BarCache) -> None:
    """A series that is not there is None."""
    assert cache.read(USDJPY, Timeframe.H1) is None


def test_series_are_apart(cache: BarCache) -> None:
    """Each symbol and timeframe has a series of its own."""
    cache.write(session_bars(Timeframe.H1), TOMORROW)

    assert cache.read(USDJPY, Timeframe.M5) is None
    assert cache.read(Symbol("EURUSD"), Timeframe.H1) is None


def test_replaces_whole(cache: BarCache) -> None:
    """A series with the same last bar replaces the held one, also when it is shorter."""
    cache.write(session_bars(), TOMORROW)
    healed = without(session_bars(), [0, 1, 2])

    assert cache.write(healed, TOMORROW)

    held = cache.read(USDJPY, Timeframe.H1)
    assert held is not None
    assert same(held, healed)


def test_older_never_replaces_newer(cache: BarCache) -> None:
    """A series that ends earlier than the held one is not taken."""
    cache.write(session_bars(), TOMORROW)

    assert not cache.write(session_bars().take(slice(0, 10)), TOMORROW)

    held = cache.read(USDJPY, Timeframe.H1)
    assert held is not None
    assert same(held, session_bars())


def test_ends_when_told(cache: BarCache) -> None:
    """A series whose time is over is gone, whatever its age on the machine's own clock."""
    cache.write(session_bars(), NOW - timedelta(seconds=1))
    _wait_for_the_server()

    assert cache.read(USDJPY, Timeframe.H1) is None


def test_after_its_end_an_older_series_is_taken(cache: BarCache) -> None:
    """A series that has ended no longer keeps an older one out."""
    cache.write(session_bars(), NOW - timedelta(seconds=1))
    _wait_for_the_server()

    assert cache.write(session_bars().take(slice(0, 10)), TOMORROW)


def test_one_reader_claims_a_refill(cache: BarCache) -> None:
    """Of several claims for a series one is granted, and one for another series beside it."""
    assert cache.claim_refill(USDJPY, Timeframe.H1, 60)

    assert not cache.claim_refill(USDJPY, Timeframe.H1, 60)
    assert cache.claim_refill(USDJPY, Timeframe.H4, 60)


def test_status_tells_of_every_series(cache: BarCache) -> None:
    """The status has each held series with its rows, last bar, age and end; of one timeframe when it is asked for."""
    cache.write(session_bars(Timeframe.H1), TOMORROW)
    cache.write(session_bars(Timeframe.M5), TOMORROW)

    both, hourly = cache.status(), cache.status(Timeframe.H1)

    (series,) = hourly.series
    assert {one.timeframe for one in both.series} == {Timeframe.H1, Timeframe.M5}
    assert (series.symbol, series.rows, series.written_at) == (USDJPY, 24, NOW)
    assert series.last_open == instant(int(session_bars().time_us[-1]))
    assert abs(series.expires_at - TOMORROW) < timedelta(seconds=5)
    assert both.size_bytes > series.size_bytes > 24 * 50


def test_status_of_nothing(cache: BarCache) -> None:
    """An empty cache that nobody read has no series, no counts and no hit rate."""
    found = cache.status()

    assert (found.series, dict(found.loads), found.hit_rate, found.counted_since) == ((), {}, None, None)


def test_loads_are_counted_by_their_outcome(cache: BarCache) -> None:
    """Each outcome is counted for itself, and since when."""
    for use in (CacheUse.HIT, CacheUse.HIT, CacheUse.MISS):
        cache.count(use)

    found = cache.status()

    assert found.loads == {CacheUse.HIT: 2, CacheUse.MISS: 1}
    assert found.counted_since == NOW


def _wait_for_the_server() -> None:
    """Redis ends a key after one millisecond at the earliest."""
    time.sleep(0.01)
