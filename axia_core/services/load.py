"""Load bars of any range for a reader: from the cache, else from the store, and what that lacks from the sources.

A cache that is down, empty or too short changes nothing but the speed. What a source gives is for this read alone:
writing partitions is `collect`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from axia_core.domain.archive import ArchivedDay
from axia_core.domain.bars import Bars, microseconds, screen
from axia_core.domain.cached_series import CacheUse, expires_at, series_length
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.lacking import lacking
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.sessions import DAY, Session, previous_trading_day, require_aware
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import (
    ArchivedObject,
    AxiaError,
    CacheUnavailable,
    CorruptObject,
    InvalidInput,
    StoreUnavailable,
)
from axia_core.loaded import Loaded, SourceDay
from axia_core.ports import BarCache, BarStore, Clock, MarketData

# A source is for what is not collected yet; years of it are collected, not read again and again.
MOST_SOURCE_DAYS = 40
SETTLING = timedelta(seconds=2)
# A refill takes a second or two; one that died is followed by another reader's after this.
REFILL_S = 10.0

Sources = Callable[[], Sequence[MarketData]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The series and the range that a reader wants."""

    symbol: Symbol
    timeframe: Timeframe
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where the bars lie and what is expected of them."""

    store: BarStore
    now: datetime
    holidays: Holidays


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
    sources: Sources | None = None,
    require_complete: bool = False,
) -> Loaded:
    """Bars that open in `[start, end)` and what is missing of them; *max_bars* is what a refill of the cache keeps.

    Days without bars on *holidays*, and bars after an early close, are not missing. Days in an archive class are
    named, and missing. *sources*, called only where closed days are missing and not archived, gives the series'
    sources in order: what they have is marked, and stored nowhere.

    Raises InvalidInput for an empty range, IncompleteHistory where it *require_complete*, StoreUnavailable,
    CorruptObject.
    """
    if not require_aware(start) < require_aware(end):
        raise InvalidInput("range", f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "it must end after it starts")
    asked, ground = _Asked(symbol, timeframe, start, end), _Ground(store, clock.now(), holidays)
    use, cached = _look(cache, asked)
    bars, archived = _from_store(store, asked) if cached is None else _with_absent_days(cached, asked, ground)
    if use is CacheUse.MISS:
        _refill(cache, asked, ground, max_bars)
    found = _with_sources(bars, asked, ground, archived, sources)
    lacks = lacking(found.bars, start, end, ground.now, holidays)
    loaded = Loaded(
        bars=found.bars,
        missing_days=lacks.days,
        gaps=lacks.gaps,
        cache=use,
        archived=archived,
        from_sources=found.days,
        notes=found.notes,
    )
    return loaded.require_complete() if require_complete else loaded


def _look(cache: BarCache, asked: _Asked) -> tuple[CacheUse, Bars | None]:
    """The cached series' part of the range if the series reaches back to its start."""
    try:
        cached = cache.read(asked.symbol, asked.timeframe)
        use = _use(cached, asked.start)
        cache.count(use)
    except CacheUnavailable:
        return CacheUse.DOWN, None
    hit = cached is not None and use is CacheUse.HIT
    return use, cached.between(asked.start, asked.end) if cached is not None and hit else None


def _use(cached: Bars | None, start: datetime) -> CacheUse:
    if cached is None or not len(cached):
        return CacheUse.MISS
    return CacheUse.HIT if int(cached.time_us[0]) <= microseconds(start) else CacheUse.TOO_SHORT


def _from_store(store: BarStore, asked: _Asked) -> tuple[Bars, tuple[ArchivedDay, ...]]:
    first, last = asked.start.date() - DAY, asked.end.date() + DAY  # sessions' dates run ahead of UTC by some hours
    days = [day for day in store.trading_dates(asked.symbol, asked.timeframe) if first <= day <= last]
    return _read(store, asked, days)


def _with_absent_days(bars: Bars, asked: _Asked, ground: _Ground) -> tuple[Bars, tuple[ArchivedDay, ...]]:
    """The cache leaves out days that are certainly wrong, and must not show less than the store for it."""
    absent = lacking(bars, asked.start, asked.end, ground.now, ground.holidays).days
    if not absent:
        return bars, ()
    more, archived = _read(ground.store, asked, absent)
    return _merged([bars, more]), archived


def _read(store: BarStore, asked: _Asked, days: Sequence[date]) -> tuple[Bars, tuple[ArchivedDay, ...]]:
    """The bars of these days inside the range, and those days that lie in an archive class and cannot be read."""
    archived: tuple[ArchivedDay, ...] = ()
    try:
        found = store.read_days(asked.symbol, asked.timeframe, days)
    except ArchivedObject:
        told = store.archived(asked.symbol, asked.timeframe, days)
        archived = tuple(day for day in told if not day.is_readable)
        readable = set(days) - {day.trading_date for day in archived}
        found = store.read_days(asked.symbol, asked.timeframe, sorted(readable))
    parts = [partition.bars for partition in found if partition]
    empty = Bars.empty(asked.symbol, asked.timeframe)
    return Bars.join([empty, *parts]).between(asked.start, asked.end), archived


def _refill(cache: BarCache, asked: _Asked, ground: _Ground, max_bars: int) -> None:
    """Fills the series again, one reader for all that missed; this one has its bars, so nothing here may fail it."""
    symbol, timeframe = asked.symbol, asked.timeframe
    length = series_length(timeframe, max_bars)
    try:
        if not cache.claim_refill(symbol, timeframe, REFILL_S):
            return
        fit = fit_for_cache([partition.bars for partition in ground.store.newest(symbol, timeframe, length)])
        if fit.trading_date is not None:
            bars = Bars.join(fit.days).take(slice(-length, None))
            cache.write(bars, expires_at(fit.trading_date, ground.now, ground.holidays.dates))
    except (CacheUnavailable, StoreUnavailable, ArchivedObject, CorruptObject):
        return  # the next miss tries again


@dataclass(frozen=True, slots=True)
class _Supplied:
    """Bars with those that sources gave, and what is to be said of it."""

    bars: Bars
    days: tuple[SourceDay, ...] = ()
    notes: tuple[str, ...] = ()


def _with_sources(
    bars: Bars, asked: _Asked, ground: _Ground, archived: Sequence[ArchivedDay], sources: Sources | None
) -> _Supplied:
    """Archived days are left out: their own bars come back by a restore, and no other's take their place."""
    if sources is None:
        return _Supplied(bars)
    away = {day.trading_date for day in archived}
    days = lacking(bars, asked.start, asked.end, ground.now, ground.holidays).days
    wanted = [ground.holidays.session(day) for day in days if day not in away]
    if not wanted:
        return _Supplied(bars)
    notes = [f"of {len(wanted)} days only the newest {MOST_SOURCE_DAYS} were asked of sources"]
    notes = notes if len(wanted) > MOST_SOURCE_DAYS else []
    try:
        supplied = list(_supply(sources(), asked, wanted[-MOST_SOURCE_DAYS:], notes))
    except AxiaError as error:  # none of them could be opened
        return _Supplied(bars, notes=(*notes, f"the sources: {error}"))
    merged = _merged([bars, *(part for _, part in supplied)])
    return _Supplied(merged, tuple(sorted((day for day, _ in supplied), key=_date)), tuple(notes))


def _supply(
    sources: Sequence[MarketData], asked: _Asked, wanted: Sequence[Session], notes: list[str]
) -> Iterator[tuple[SourceDay, Bars]]:
    """Each day from the first source that has it; why one has not is noted."""
    for source in sources:
        try:
            found = list(_days_of(source, asked, wanted))
        except AxiaError as error:
            notes.append(f"{source.name}: {error}")
            continue
        yield from found
        there = {day.trading_date for day, _ in found}
        wanted = [day for day in wanted if day.trading_date not in there]
        if not wanted:
            return
        notes.append(f"{source.name} has no bars of {len(wanted)} of the days")


def _days_of(source: MarketData, asked: _Asked, wanted: Sequence[Session]) -> Iterator[tuple[SourceDay, Bars]]:
    """What a source has of these days, by one call for each unbroken run; broken bars are left out and so missing."""
    reach, now = source.reaches_back_to(asked.timeframe), source.now()
    within = [d for d in wanted if d.close + SETTLING <= now and (reach is None or d.open >= reach)]
    for run in _runs(within):
        bars = screen(source.bars(asked.symbol, asked.timeframe, run[0].open, run[-1].close)).bars
        for day in run:
            cut = bars.between(max(day.open, asked.start), min(day.close, asked.end))
            if len(cut):
                yield SourceDay(day.trading_date, source.name, source.provisional), cut


def _runs(days: Sequence[Session]) -> list[list[Session]]:
    runs: list[list[Session]] = []
    for day in days:
        if runs and previous_trading_day(day.trading_date) == runs[-1][-1].trading_date:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _merged(parts: Sequence[Bars]) -> Bars:
    """Stretches of one series that share no bar, in any order, as one."""
    columns = [np.concatenate(column) for column in zip(*(part.columns().values() for part in parts), strict=True)]
    order = np.argsort(columns[0])
    return Bars.build(parts[0].symbol, parts[0].timeframe, *(column[order] for column in columns))


def _date(day: SourceDay) -> date:
    return day.trading_date
