"""Publish a series: its newest bars, loaded from the store, replace what the cache holds.

Days that are certainly wrong are left out, and said; which those are is the domain's (`quality_gate`).
"""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.domain.bars import Bars
from axia_core.domain.cached_series import expires_at, series_length
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.quality import Finding
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarCache, BarStore, Clock


@dataclass(frozen=True, slots=True)
class Published:
    """How many bars the cache now holds of us, and why days were left out."""

    held: int
    left_out: tuple[Finding, ...] = ()


def publish(
    store: BarStore,
    cache: BarCache,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    max_bars: int,
    holidays: Holidays = NONE,
) -> Published:
    """Fills the cache with at most *max_bars* of a series, a year at most.

    None are held when the store has no partition fit for it, or when the cache holds newer bars and keeps them.
    Raises StoreUnavailable, CacheUnavailable, CorruptObject, ArchivedObject.
    """
    length = series_length(timeframe, max_bars)
    fit = fit_for_cache([partition.bars for partition in store.newest(symbol, timeframe, length)])
    if fit.trading_date is None:
        return Published(0, fit.left_out)
    bars = Bars.join(fit.days).take(slice(-length, None))
    taken = cache.write(bars, expires_at(fit.trading_date, clock.now(), holidays.dates))
    return Published(len(bars) if taken else 0, fit.left_out)
