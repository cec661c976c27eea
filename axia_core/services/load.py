"""Load bars of any range for a reader: from the cache when it reaches back far enough, else from the store.

A cache that is down, empty or too short changes nothing but the speed. Writing partitions is `collect`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from axia_core.domain.bars import Bars, microseconds, missing_opens
from axia_core.domain.cached_series import expires_at, series_length
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.sessions import DAY, Session, require_aware, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, InvalidInput
from axia_core.ports import BarCache, BarStore, Clock


class CacheUse(StrEnum):
    """What the cache did for a load."""

    HIT = "hit"
    MISS = "miss"
    TOO_SHORT = "too short"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Bars of a range, and what a complete one would have had besides (of sessions that have closed)."""

    bars: Bars
    missing_days: tuple[date, ...]
    gaps: tuple[datetime, ...]
    cache: CacheUse


def load(
    cache: BarCache,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    start: datetime,
    end: datetime,
    *,
    max_bars: int = 8_000,
    holidays: Holidays = NONE,
) -> Loaded:
    """Bars that open in `[start, end)` and what is missing of them; *max_bars* is what a refill of the cache keeps.

    Days without bars on *holidays*, and bars after an early close, are not missing.

    Raises InvalidInput for an empty range, StoreUnavailable, CorruptObject, ArchivedObject.
    """
    if not require_aware(start) < require_aware(end):
        raise InvalidInput("range", f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "it must end after it starts")
    use, cached = _look(cache, symbol, timeframe, start)
    bars = cached.between(start, end) if cached is not None else _from_store(store, symbol, timeframe, start, end)
    if use is CacheUse.MISS:
        _refill(cache, store, clock, symbol, timeframe, max_bars, holidays)
    missing_days, gaps = _lacking(bars, start, end, clock.now(), holidays)
    return Loaded(bars=bars, missing_days=missing_days, gaps=gaps, cache=use)


def _look(cache: BarCache, symbol: Symbol, timeframe: Timeframe, start: datetime) -> tuple[CacheUse, Bars | None]:
    """The cached series if it reaches back to *start*."""
    try:
        cached = cache.read(symbol, timeframe)
    except CacheUnavailable:
        return CacheUse.DOWN, None
    if cached is None or not len(cached):
        return CacheUse.MISS, None
    reaches = int(cached.time_us[0]) <= microseconds(start)
    return (CacheUse.HIT, cached) if reaches else (CacheUse.TOO_SHORT, None)


def _from_store(store: BarStore, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
    first, last = start.date() - DAY, end.date() + DAY  # dates of sessions run ahead of UTC dates by some hours
    days = [day for day in store.trading_dates(symbol, timeframe) if first <= day <= last]
    parts = [found.bars for found in store.read_days(symbol, timeframe, days) if found]
    return Bars.join([Bars.empty(symbol, timeframe), *parts]).between(start, end)


def _refill(
    cache: BarCache,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    max_bars: int,
    holidays: Holidays,
) -> None:
    length = series_length(timeframe, max_bars)
    partitions = store.newest(symbol, timeframe, length)
    if not partitions:
        return
    fit = fit_for_cache([partition.bars for partition in partitions])
    if fit.trading_date is None:
        return
    bars = Bars.join(fit.days).take(slice(-length, None))
    try:
        cache.write(bars, expires_at(fit.trading_date, clock.now(), holidays.dates))
    except CacheUnavailable:
        return  # the reader has the bars; the next miss tries again


def _lacking(
    bars: Bars, start: datetime, end: datetime, now: datetime, holidays: Holidays
) -> tuple[tuple[date, ...], tuple[datetime, ...]]:
    """Days without any bar, and missing open times of the others; sessions still open lack nothing yet."""
    days: list[date] = []
    gaps: list[datetime] = []
    for day in _closed_sessions(start, end, now, holidays):
        expected = [at for at in day.bar_opens(bars.timeframe) if start <= at < end]
        present = bars.between(max(start, day.open), min(end, day.close))
        if expected and not len(present):
            days += [day.trading_date] if holidays.expects(day.trading_date) else []
        elif len(present) < len(expected):
            gaps += [at for at in missing_opens(present, day) if start <= at < end]
    return tuple(days), tuple(gaps)


def _closed_sessions(start: datetime, end: datetime, now: datetime, holidays: Holidays) -> Sequence[Session]:
    days = trading_days(start.date() - DAY, end.date() + timedelta(days=1))
    sessions = [holidays.session(day) for day in days]
    return [s for s in sessions if s.close <= now and s.open < end and s.close > start]
