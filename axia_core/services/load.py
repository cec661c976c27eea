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
from axia_core.domain.cached_series import MOST_SESSIONS, CacheUse, expires_at, series_length
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.lacking import lacking
from axia_core.domain.quality import Finding
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.sessions import (
    DAY,
    Session,
    previous_trading_day,
    require_aware,
    session,
    trading_date_at,
)
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
MICROSECOND = timedelta(microseconds=1)

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
    unfit_too: bool = False,
) -> Loaded:
    """Bars that open in `[start, end)` and what is missing of them; *max_bars* is what a refill of the cache keeps.

    Days without bars on *holidays*, and bars after an early close, are not missing. Days in an archive class, and days
    whose bars are certainly wrong, are named, and missing: what the cache must not hold is not served past it either,
    unless *unfit_too*. *sources*, called only where other closed days are missing, gives the series' sources in order:
    what they have is marked, and stored nowhere.

    Raises InvalidInput for an empty range, IncompleteHistory where it *require_complete*, StoreUnavailable,
    CorruptObject.
    """
    if not require_aware(start) < require_aware(end):
        raise InvalidInput("range", f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "it must end after it starts")
    asked, ground = _Asked(symbol, timeframe, start, end), _Ground(store, clock.now(), holidays)
    use, cached = _look(cache, asked)
    stored = _from_store(asked, ground) if cached is None else _with_absent_days(cached, asked, ground)
    kept = _judged(stored, cached, unfit_too)
    if use is CacheUse.MISS:
        _refill(cache, asked, ground, max_bars)
    found = _with_sources(kept.bars, asked, ground, stored.days, sources)
    lacks = lacking(found.bars, start, end, ground.now, holidays)
    loaded = Loaded(
        bars=found.bars,
        missing_days=lacks.days,
        gaps=lacks.gaps,
        cache=use,
        archived=stored.archived,
        left_out=kept.left_out,
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


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store has of the range, and which of its days are archived."""

    bars: Bars
    archived: tuple[ArchivedDay, ...]
    days: frozenset[date]  # all of which it has something, readable or not


@dataclass(frozen=True, slots=True)
class _Kept:
    """The bars of the range without the days that are certainly wrong, and why those are left out."""

    bars: Bars
    left_out: tuple[Finding, ...]


def _from_store(asked: _Asked, ground: _Ground) -> _Stored:
    first, last = asked.start.date() - DAY, asked.end.date() + DAY  # sessions' dates run ahead of UTC by some hours
    days = ground.store.trading_dates(asked.symbol, asked.timeframe)
    return _read(asked, ground, [day for day in days if first <= day <= last])


def _with_absent_days(cached: Bars, asked: _Asked, ground: _Ground) -> _Stored:
    """Days that the cache lacks and the store may have: those that are wrong, or came a moment ago."""
    return _read(asked, ground, lacking(cached, asked.start, asked.end, ground.now, ground.holidays).days)


def _read(asked: _Asked, ground: _Ground, days: Sequence[date]) -> _Stored:
    store, series = ground.store, (asked.symbol, asked.timeframe)
    archived: tuple[ArchivedDay, ...] = ()
    try:
        found = store.read_days(*series, days)
    except ArchivedObject:
        archived = tuple(day for day in store.archived(*series, days) if not day.is_readable)
        days = sorted(set(days) - {day.trading_date for day in archived})
        found = store.read_days(*series, days)
    there = [partition.bars for partition in found if partition]
    bars = Bars.join([Bars.empty(*series), *there]).between(asked.start, asked.end)
    readable = {day for day, partition in zip(days, found, strict=True) if partition}
    return _Stored(bars, archived, frozenset(readable | {day.trading_date for day in archived}))


def _judged(stored: _Stored, cached: Bars | None, unfit_too: bool) -> _Kept:
    """The store's days as the cache is judged, a year at a time (decades have levels of their own)."""
    more = stored.bars
    if not len(more):
        return _Kept(more if cached is None else cached, ())
    whole = more if cached is None else _merged([cached, more])
    length = MOST_SESSIONS * more.timeframe.bars_per_session
    years = (whole.take(slice(at, at + length)) for at in range(0, len(whole), length))
    wrong = () if unfit_too else tuple(found for year in years for found in fit_for_cache([year]).left_out)
    # What is cached has been judged already, beside other bars than these.
    wrong = tuple(finding for finding in wrong if len(more.between(finding.start, finding.end)))
    return _Kept(_without_days_of(wrong, whole), wrong)


def _without_days_of(findings: Sequence[Finding], bars: Bars) -> Bars:
    kept = np.ones(len(bars), dtype=bool)
    for finding in findings:
        days = trading_date_at(finding.start), trading_date_at(finding.end - MICROSECOND)
        first = finding.start if days[0] is None else session(days[0]).open
        last = finding.end if days[1] is None else session(days[1]).close
        low, high = np.searchsorted(bars.time_us, [microseconds(first), microseconds(last)])
        kept[low:high] = False
    return bars if kept.all() else bars.take(kept)


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
    bars: Bars, asked: _Asked, ground: _Ground, stored: frozenset[date], sources: Sources | None
) -> _Supplied:
    """Days of the store are left out: archived ones come back by a restore, wrong ones by a collection."""
    if sources is None:
        return _Supplied(bars)
    days = lacking(bars, asked.start, asked.end, ground.now, ground.holidays).days
    wanted = [ground.holidays.session(day) for day in days if day not in stored]
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
