"""Publish a series: its newest bars, loaded from the store, replace what the cache holds."""

from __future__ import annotations

from axia_core.domain.bars import Bars
from axia_core.domain.cached_series import expires_at, series_length
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarCache, BarStore, Clock


def publish(store: BarStore, cache: BarCache, clock: Clock, symbol: Symbol, timeframe: Timeframe, max_bars: int) -> int:
    """Fills the cache with at most *max_bars* of a series (a year at most); returns how many it now holds of us.

    0 when the store has no partition, or when the cache holds newer bars and keeps them. Raises StoreUnavailable,
    CacheUnavailable, CorruptObject, ArchivedObject.
    """
    length = series_length(timeframe, max_bars)
    partitions = store.newest(symbol, timeframe, length)
    if not partitions:
        return 0
    bars = Bars.join(partition.bars for partition in partitions).take(slice(-length, None))
    taken = cache.write(bars, expires_at(partitions[-1].truth.trading_date, clock.now()))
    return len(bars) if taken else 0
