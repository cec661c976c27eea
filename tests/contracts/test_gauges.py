"""What metrics look at, over memory and over the real servers: counts, presence, memory and disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
import redis

from axia_core.adapters.gauges import RealGauges
from axia_core.adapters.memory_gauges import MemoryGauges
from axia_core.domain import names
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, StoreUnavailable
from axia_core.ports import Gauges
from axia_core.settings import Settings
from tests.conftest import LocalAws

USDJPY, DAY = Symbol("USDJPY"), date(2031, 7, 3)


@dataclass
class Looked:
    """The gauges, and how something is put there for them to see."""

    gauges: Gauges
    count: Callable[[CacheUse], object]
    store: Callable[[], object]


@pytest.fixture(params=["memory", "real"])
def looked(request: pytest.FixtureRequest) -> Looked:
    """One of each kind."""
    if request.param == "memory":
        memory = MemoryGauges()
        return Looked(
            memory,
            lambda use: memory.loads.update({use: memory.loads.get(use, 0) + 1}),
            lambda: memory.stored.add((USDJPY, Timeframe.H1, DAY)),
        )
    aws: LocalAws = request.getfixturevalue("aws")
    url: str = request.getfixturevalue("redis_url")
    server, s3 = redis.Redis.from_url(url), aws.client("s3")
    server.flushall()
    key = names.object_key(USDJPY, Timeframe.H1, DAY)
    s3.delete_object(Bucket=names.BUCKET, Key=key)
    return Looked(
        RealGauges(Settings(aws_endpoint_url=aws.endpoint_url, redis_url=url)),
        lambda use: server.hincrby(names.CACHE_LOADS, use.value, 1),
        lambda: s3.put_object(Bucket=names.BUCKET, Key=key, Body=b""),
    )


def test_counts_of_the_cache(looked: Looked) -> None:
    """None before the first load, and each kind by itself after it."""
    assert looked.gauges.cache_loads() == {}

    for use in (CacheUse.HIT, CacheUse.HIT, CacheUse.TOO_SHORT):
        looked.count(use)

    assert looked.gauges.cache_loads() == {CacheUse.HIT: 2, CacheUse.TOO_SHORT: 1}


def test_presence_of_a_partition(looked: Looked) -> None:
    """There once it is written, and no other."""
    assert not looked.gauges.is_stored(USDJPY, Timeframe.H1, DAY)

    looked.store()

    assert looked.gauges.is_stored(USDJPY, Timeframe.H1, DAY)
    assert not looked.gauges.is_stored(USDJPY, Timeframe.H4, DAY)


def test_host(looked: Looked) -> None:
    """Percent of what there is."""
    assert 0 < looked.gauges.memory_used_percent() <= 100
    assert 0 < looked.gauges.disk_used_percent() <= 100


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0", "no://such-thing:hunter22@x"])
def test_cache_that_is_away(url: str) -> None:
    """It is no zero, and the error does not hold the URL's password."""
    with pytest.raises(CacheUnavailable) as raised:
        RealGauges(Settings(redis_url=url)).cache_loads()

    assert "hunter22" not in repr(raised.value)


def test_store_that_is_away() -> None:
    """A day that cannot be looked for is not missing."""
    with pytest.raises(StoreUnavailable):
        RealGauges(Settings(aws_endpoint_url="http://127.0.0.1:9")).is_stored(USDJPY, Timeframe.H1, DAY)
