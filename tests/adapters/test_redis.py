"""The Redis adapter alone: its layout, broken values, races, and a server that is not there."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import msgpack
import pytest
import redis
from hypothesis import given

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.redis import RedisBarCache, connect, decode, encode
from axia_core.domain.bars import Bars, PartitionTruth
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, InvalidInput
from axia_core.settings import Settings
from tests.bar_examples import USDJPY, many_sessions, partitions, same, session_bars

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)


@given(partitions())
def test_round_trip(partition: tuple[Bars, PartitionTruth]) -> None:
    """Any bars read back from their MessagePack form as they were."""
    bars, _ = partition

    assert same(decode(encode(bars)), bars)


def test_size_of_a_full_series() -> None:
    """A series of 8,000 bars takes 52 bytes a bar, so that 40 series stay within 20 MB."""
    bars = many_sessions(Timeframe.M5, date(2026, 5, 1), date(2026, 6, 9)).take(slice(0, 8_000))

    assert len(bars) == 8_000
    assert len(encode(bars)) < 8_000 * 52 + 200


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"junk",
        msgpack.packb({"schema": 2}),
        msgpack.packb([1, 2]),
        encode(session_bars(Timeframe.H4)),
        encode(session_bars())[:-1],
        msgpack.packb(msgpack.unpackb(encode(session_bars())) | {"rows": 3}),
    ],
    ids=["empty", "junk", "other schema", "no map", "other series", "cut off", "wrong count"],
)
def test_what_cannot_be_read_is_a_miss(redis_url: str, value: bytes) -> None:
    """A value that is not this series in this layout is as good as none, and the next write replaces it."""
    client = redis.Redis.from_url(redis_url)
    client.set("ohlcv:USDJPY:H1", value)
    cache = RedisBarCache(client, SteppedClock(NOW))

    assert cache.read(USDJPY, Timeframe.H1) is None
    assert cache.write(session_bars(), NOW + timedelta(hours=1))
    assert cache.read(USDJPY, Timeframe.H1) is not None


def test_life_is_counted_on_axias_clock(redis_url: str) -> None:
    """The time to live is the distance to the expiry on the given clock, even years from the machine's own."""
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    RedisBarCache(client, SteppedClock(long_ago)).write(session_bars(), long_ago + timedelta(minutes=1))

    assert 55_000 < client.pttl("ohlcv:USDJPY:H1") <= 60_000


def test_race_ends_with_the_newest(redis_url: str) -> None:
    """Of many writers at once the one with the newest last bar wins, whoever comes last."""
    redis.Redis.from_url(redis_url).flushdb()

    def write(rows: int) -> None:
        cache = RedisBarCache(redis.Redis.from_url(redis_url), SteppedClock(NOW))
        cache.write(session_bars().take(slice(0, rows)), NOW + timedelta(hours=1))

    writers = [threading.Thread(target=write, args=(rows,)) for rows in (24, 3, 17, 9)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    held = RedisBarCache(redis.Redis.from_url(redis_url), SteppedClock(NOW)).read(USDJPY, Timeframe.H1)
    assert held is not None
    assert len(held) == 24


def test_absent_server_is_named() -> None:
    """A Redis that does not answer is CacheUnavailable for reads and writes."""
    cache = connect(Settings(redis_url="redis://127.0.0.1:1/0"), SteppedClock(NOW))

    with pytest.raises(CacheUnavailable, match="reading ohlcv:USDJPY:H1"):
        cache.read(USDJPY, Timeframe.H1)
    with pytest.raises(CacheUnavailable, match="writing ohlcv:USDJPY:H1"):
        cache.write(session_bars(), NOW + timedelta(hours=1))


def test_wrong_url_is_named() -> None:
    """A URL of another kind is refused with an example."""
    with pytest.raises(InvalidInput, match=r"redis_url.*Example: redis://"):
        connect(Settings(redis_url="127.0.0.1:6390"), SteppedClock(NOW))
