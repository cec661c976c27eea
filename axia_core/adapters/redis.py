"""Recent bars per series in Redis: one MessagePack map under `ohlcv:{symbol}:{timeframe}`, written whole.

The layout is documented in docs/data.md and read there without our code. What is cached, and until when, is decided
by the services; redis-py and msgpack are imported nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgpack
import numpy as np
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from axia_core.domain import names
from axia_core.domain.bars import Bars, instant
from axia_core.domain.cached_series import CachedSeries, CacheServer, CacheStatus, CacheUse
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError, CacheUnavailable, InvalidInput
from axia_core.ports import BarCache, Clock
from axia_core.settings import Settings

SCHEMA_VERSION = 1
# In the order of `Bars.columns()`; spread is -1 where the source has none.
LAYOUT = {
    "timestamp_utc": "<i8",  # microseconds since the epoch
    "open": "<f8",
    "high": "<f8",
    "low": "<f8",
    "close": "<f8",
    "volume": "<i8",
    "spread": "<i4",
}
MOST_ATTEMPTS = 10
PINGS = 5
SERIES = "ohlcv:*"
SINCE = "since"


class RedisBarCache(BarCache):
    """Series in one Redis; *clock* is the one that expiry times are meant on."""

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def write(self, bars: Bars, expires_at: datetime) -> bool:
        key = names.cache_key(bars.symbol, bars.timeframe)
        blob = encode(bars)
        # A life, not an instant: Redis does not know the shift of AXIA's clock.
        life_ms = max(1, (expires_at - self._clock.now()) // timedelta(milliseconds=1))
        with _translated(f"writing {key}"):
            for _ in range(MOST_ATTEMPTS):
                if (written := self._replace(key, bars, blob, life_ms)) is not None:
                    return written
        raise CacheUnavailable(f"writing {key}: other writers were faster {MOST_ATTEMPTS} times")

    def read(self, symbol: Symbol, timeframe: Timeframe) -> Bars | None:
        """The cached series; None also when what is there cannot be read: the store will replace it."""
        key = names.cache_key(symbol, timeframe)
        with _translated(f"reading {key}"):
            return _decoded(self._client.get(key), symbol, timeframe)

    def claim_refill(self, symbol: Symbol, timeframe: Timeframe, seconds: float) -> bool:
        """Never given back: the series is there when it is filled, and an empty one is looked for less often."""
        key = names.refill_key(symbol, timeframe)
        with _translated(f"claiming {key}"):
            return bool(self._client.set(key, b"1", nx=True, px=max(1, round(seconds * 1000))))

    def count(self, use: CacheUse) -> None:
        with _translated("counting a load"), self._client.pipeline(transaction=False) as pipe:
            pipe.hincrby(names.CACHE_LOADS, use.value, 1)
            pipe.hsetnx(names.CACHE_LOADS, SINCE, self._clock.now().isoformat())
            pipe.execute()

    def status(self, timeframe: Timeframe | None = None) -> CacheStatus:
        with _translated("reading the cache's status"):
            of = SERIES if timeframe is None else f"{SERIES}:{timeframe}"
            keys = sorted(key.decode() for key in self._client.scan_iter(match=of, count=1000))
            written = _texts(self._client.hgetall(names.CACHE_WRITTEN))
            series = [self._series_status(key, written.get(key)) for key in keys if names.is_cache_key(key)]
            loads = _texts(self._client.hgetall(names.CACHE_LOADS))
            server: dict[str, Any] = self._client.info()
        return CacheStatus(
            series=tuple(one for one in series if one),
            loads={use: int(loads[use]) for use in CacheUse if use in loads},
            counted_since=_instant(loads.get(SINCE)),
            used_bytes=int(server.get("used_memory", 0)),
            max_bytes=int(server.get("maxmemory", 0)),
            evicted_keys=int(server.get("evicted_keys", 0)),
        )

    def _series_status(self, key: str, written: str | None) -> CachedSeries | None:
        """None where the series has just ended, or is none."""
        with self._client.pipeline(transaction=False) as pipe:
            pipe.get(key)
            pipe.pttl(key)
            blob, life_ms = pipe.execute()
        symbol, timeframe = names.parse_cache_key(key)
        bars = _decoded(blob, symbol, timeframe)
        if bars is None:
            return None
        return CachedSeries(
            symbol=symbol,
            timeframe=timeframe,
            rows=len(bars),
            size_bytes=len(blob),
            last_open=instant(_last(bars)) if len(bars) else None,
            written_at=_instant(written),
            expires_at=self._clock.now() + timedelta(milliseconds=max(0, life_ms)),
        )

    def _replace(self, key: str, bars: Bars, blob: bytes, life_ms: int) -> bool | None:
        """One compare-and-set: None when another writer came between."""
        with self._client.pipeline() as pipe:
            try:
                pipe.watch(key)  # type: ignore[no-untyped-call] # redis-py leaves it unannotated
                held = _decoded(pipe.get(key), bars.symbol, bars.timeframe)
                if held is not None and _last(held) > _last(bars):
                    return False
                pipe.multi()
                pipe.set(key, blob, px=life_ms)
                pipe.hset(names.CACHE_WRITTEN, key, self._clock.now().isoformat())
                pipe.execute()
            except redis.WatchError:
                return None
        return True


def connect(settings: Settings, clock: Clock) -> RedisBarCache:
    """The cache that the settings name; a Redis that does not answer is given up in a second, not retried."""
    return RedisBarCache(_client(settings), clock)


def read_server(settings: Settings) -> CacheServer:
    """The Redis behind the cache, with the quickest of a few answers; raises CacheUnavailable."""
    with _translated("asking Redis"), _client(settings) as client:
        told: dict[str, Any] = client.info()
        taken = min(_ping_s(client) for _ in range(PINGS))
    return CacheServer(
        version=str(told.get("redis_version", "unknown")),
        policy=told.get("maxmemory_policy"),
        answered_s=taken,
        used_bytes=int(told.get("used_memory", 0)),
        max_bytes=int(told.get("maxmemory", 0)),
    )


def _ping_s(client: redis.Redis) -> float:
    started = time.perf_counter()
    client.ping()
    return time.perf_counter() - started


def _client(settings: Settings) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            settings.redis_url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as error:
        hidden = "(may hold a password, not shown)"
        raise InvalidInput("redis_url", hidden, str(error), "Example: redis://127.0.0.1:6390/0.") from error


def encode(bars: Bars) -> bytes:
    """A series as it lies in Redis."""
    columns = {
        name: column.astype(kind, copy=False).tobytes()
        for (name, kind), column in zip(LAYOUT.items(), bars.columns().values(), strict=True)
    }
    packed: bytes = msgpack.packb(
        {
            "schema": SCHEMA_VERSION,
            "symbol": bars.symbol.name,
            "timeframe": bars.timeframe.value,
            "rows": len(bars),
            "columns": columns,
        }
    )
    return packed


def decode(blob: bytes) -> Bars:
    """The inverse of `encode`; raises ValueError, KeyError, TypeError or an AxiaError for anything else."""
    told = msgpack.unpackb(blob)
    if told["schema"] != SCHEMA_VERSION:
        raise ValueError(f"schema {told['schema']} is not {SCHEMA_VERSION}")
    columns = [np.frombuffer(told["columns"][name], dtype=kind) for name, kind in LAYOUT.items()]
    bars = Bars.build(Symbol(told["symbol"]), Timeframe(told["timeframe"]), *columns)
    if len(bars) != told["rows"]:
        raise ValueError(f"{len(bars)} rows instead of {told['rows']}")
    return bars


def _decoded(blob: Any, symbol: Symbol, timeframe: Timeframe) -> Bars | None:
    if blob is None:
        return None
    try:
        bars = decode(blob)
    except (ValueError, KeyError, TypeError, AxiaError, msgpack.UnpackException):
        return None
    return bars if (bars.symbol, bars.timeframe) == (symbol, timeframe) else None


def _last(bars: Bars) -> int:
    return int(bars.time_us[-1]) if len(bars) else -1


def _texts(found: Any) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in found.items()}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise CacheUnavailable(f"{what}: {error}. Readers go on with the store; start Redis with `axia up`.") from error
