"""A cache in trouble: absent, slow, full or flushed, readers get the same bars, and many misses are one refill."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import redis

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.redis import RedisBarCache, connect
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable
from axia_core.loaded import Loaded
from axia_core.ports import BarCache, BarStore
from axia_core.services.load import load
from axia_core.settings import Settings
from tests.bar_examples import FRIDAY, USDJPY, many_sessions, same, session_bars, truth_of

MONDAY = date(2026, 6, 29)
CLOCK = SteppedClock(session(FRIDAY).close + timedelta(hours=1))
M5 = Timeframe.M5


@pytest.fixture
def store() -> BarStore:
    """A week of M5 bars."""
    kept = MemoryBarStore()
    for day in trading_days(MONDAY, FRIDAY):
        bars = session_bars(M5, day)
        kept.write(bars, truth_of(bars, day))
    return kept


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """An empty database, and the server's own limits again afterwards."""
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    limits = client.config_get("maxmemory*")
    yield client
    for name, value in limits.items():
        client.config_set(str(name), str(value))
    client.flushall()


def read(cache: BarCache, store: BarStore) -> Loaded:
    return load(cache, store, CLOCK, USDJPY, M5, session(MONDAY).open, session(FRIDAY).close)


def expected(loaded: Loaded) -> bool:
    return loaded.complete and same(loaded.bars, many_sessions(M5, MONDAY, FRIDAY))


def test_absent(store: BarStore) -> None:
    """Without a server the bars come from the store."""
    loaded = read(connect(Settings(redis_url="redis://127.0.0.1:1/0"), CLOCK), store)

    assert expected(loaded)
    assert loaded.cache is CacheUse.DOWN


def test_slow(store: BarStore) -> None:
    """A server that takes the connection and never answers costs its timeout once, not once for each question."""
    with _silent_server() as port:
        cache = connect(Settings(redis_url=f"redis://127.0.0.1:{port}/0"), CLOCK)
        began = time.monotonic()
        loaded = read(cache, store)
        took = time.monotonic() - began

    assert expected(loaded)
    assert loaded.cache is CacheUse.DOWN
    assert took < 2 * 2.0  # two timeouts


def test_full(store: BarStore, server: redis.Redis) -> None:
    """Where memory runs out the server throws out what was used least, and the bars come all the same."""
    server.config_set("maxmemory-policy", "allkeys-lru")
    server.config_set("maxmemory", str(int(server.info("memory")["used_memory"]) + 2_000_000))
    cache = RedisBarCache(server, CLOCK)

    for _ in range(3):
        for filler in range(200):  # others' keys, more of them than there is room
            server.set(f"other:{filler}", b"x" * 20_000)
        assert expected(read(cache, store))

    assert cache.status().evicted_keys > 0


def test_too_full_to_write(store: BarStore, server: redis.Redis) -> None:
    """A server that refuses to write is CacheUnavailable for publishers and only slow for readers."""
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", "1")
    cache = RedisBarCache(server, CLOCK)

    assert expected(read(cache, store))
    with pytest.raises(CacheUnavailable, match="writing ohlcv:USDJPY:M5"):
        cache.write(session_bars(M5), CLOCK.now() + timedelta(hours=1))


def test_flushed(store: BarStore, server: redis.Redis) -> None:
    """After a flush the next read fills the series again, and the one after it hits."""
    cache = RedisBarCache(server, CLOCK)
    read(cache, store)
    server.flushall()

    uses = [read(cache, store).cache for _ in range(2)]

    assert uses == [CacheUse.MISS, CacheUse.HIT]


def test_many_readers_of_an_empty_cache(server: redis.Redis, redis_url: str) -> None:
    """Twelve readers that miss at once have their bars, and the series is written once."""
    kept = CountedStore()
    for day in trading_days(MONDAY, FRIDAY):
        kept.write(session_bars(M5, day), truth_of(session_bars(M5, day), day))
    start, found = threading.Barrier(12), []

    def one() -> None:
        cache = RedisBarCache(redis.Redis.from_url(redis_url), CLOCK)
        start.wait()
        found.append(expected(read(cache, kept)))

    readers = [threading.Thread(target=one) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert found == [True] * 12
    assert kept.refills == 1


def test_a_reader_sees_a_series_whole(server: redis.Redis, redis_url: str) -> None:
    """While a writer switches between two series of the same end, a reader sees one or the other, never a mixture."""
    long, short = session_bars(M5), session_bars(M5).take(slice(100, None))
    writer, reader = (RedisBarCache(redis.Redis.from_url(redis_url), CLOCK) for _ in range(2))
    writer.write(long, CLOCK.now() + timedelta(hours=1))
    done = threading.Event()

    def switch() -> None:
        for at in range(100):
            writer.write(long if at % 2 else short, CLOCK.now() + timedelta(hours=1))
        done.set()

    threading.Thread(target=switch).start()
    seen = set()
    while not done.is_set():
        held = reader.read(USDJPY, M5)
        assert held is not None
        seen.add(held.digest())

    assert seen <= {long.digest(), short.digest()}


class CountedStore(MemoryBarStore):
    """Counts refills, slowly enough that readers would overlap."""

    refills = 0

    def newest(self, *asked):  # type: ignore[no-untyped-def]  # as the port has it
        self.refills += 1
        time.sleep(0.2)
        return super().newest(*asked)


@contextmanager
def _silent_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
