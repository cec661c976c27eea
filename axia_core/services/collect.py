"""Collect trading days: bars of the first source that has them, screened and judged, become partitions of the store.

What a session is, which bars hold together and how two versions differ is the domain's; when and in what order days
are collected is the pipelines'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from axia_core.domain.bars import Bars, PartitionTruth, missing_opens, screen
from axia_core.domain.differences import Difference, Replaced, difference, doubt
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.refused import refused_rows
from axia_core.domain.sessions import Session, last_closed_trading_days, previous_trading_day
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import (
    AxiaError,
    CorruptObject,
    HistoryNotReady,
    HistoryOutOfReach,
    InvalidInput,
    ServerClockMismatch,
    SourceUnavailable,
    TransientError,
    UnknownSymbol,
    VersionConflict,
)
from axia_core.ports import BarStore, Clock, MarketData, Partition

SETTLING = timedelta(seconds=2)
# The collection starts at the very second the session closes: that is worth waiting for, an open session is not.
PATIENCE = timedelta(minutes=2)
# Sources answer a range in one piece; a longer one is asked for in pieces, so that each answer stays small.
BARS_PER_CALL = 20_000
WRITERS = 8
MAX_PIPS = 10.0
# For more days than this, one listing of the series tells cheaper which of them are stored at all.
FEW_DAYS = 8
# What sends a reader to the next source. Not WrongAccount: which account it is must be settled by a person.
GO_ON = (SourceUnavailable, HistoryNotReady, HistoryOutOfReach, ServerClockMismatch, UnknownSymbol)


class Outcome(StrEnum):
    """What collecting a day did to the store."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CORRECTED = "corrected"
    HEALED = "healed"  # a final source took the place of a provisional one
    KEPT = "kept"  # what is stored is final, what came is provisional
    DOUBTED = "doubted"  # what came would have replaced better bars, as far as can be told: a person must look


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One day of a series: what is true of it now, what was done, and how what came differs from what was stored."""

    truth: PartitionTruth
    outcome: Outcome
    difference: Difference | None = None
    doubt: str = ""
    degraded: str = ""  # why the source is not the first one of the series

    @property
    def is_written(self) -> bool:
        return self.outcome in (Outcome.NEW, Outcome.CORRECTED, Outcome.HEALED)

    @property
    def is_doubted(self) -> bool:
        return self.outcome is Outcome.DOUBTED


@dataclass(frozen=True, slots=True)
class _Rules:
    """When a stored day gives way to other bars."""

    max_pips: float
    trusting: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """The bars of one day, and who has them."""

    source: MarketData
    day: Session
    bars: Bars
    degraded: str


@dataclass(frozen=True, slots=True)
class _Series:
    """What is collected, and from whom: *failed* are the sources that did not even tell the time."""

    symbol: Symbol
    timeframe: Timeframe
    sources: Sequence[MarketData]
    failed: Mapping[str, AxiaError]


def collect(
    market: MarketData,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    trading_date: date,
    *,
    settling: timedelta = SETTLING,
) -> PartitionTruth:
    """Stores one trading day of a series and says what is true of it.

    Raises NotATradingDay, InvalidInput while the session has not closed, HistoryNotReady when the source has no bar
    of it (then nothing is written), and whatever *market* and *store* raise.
    """
    (found,) = collect_days(market, store, clock, symbol, timeframe, [trading_date], settling=settling)
    return found.truth


def collect_days(
    market: MarketData,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    days: Sequence[date],
    *,
    fallbacks: Sequence[MarketData] = (),
    reread: Sequence[date] = (),
    settling: timedelta = SETTLING,
    max_pips: float = MAX_PIPS,
    trusting: bool = False,
    holidays: Holidays = NONE,
) -> Iterator[Collected]:
    """`collect` for many days with few calls of the source: one for each unbroken run of days.

    Days that *market* cannot give are asked of *fallbacks* in turn. *reread* days are read in the same calls; that a
    source lacks one of them is no error. A stored day gives way to other bars unless they would lose many or lie far
    away (more than *max_pips* typically); *trusting* takes them all the same. A day of *holidays* is asked for like any
    other: its bars are stored, and that there are none is no error.

    Dates are refused before anything is read. A day that no source has does not stop the others: all others are
    stored and yielded, and then the error names those that are missing.
    """
    sessions = [holidays.session(day) for day in sorted({*days, *reread})]
    if not sessions:
        return iter(())
    series, now = _answering(symbol, timeframe, (market, *fallbacks))
    _await_close(series.sources[0], clock, sessions[-1], settling, now)
    return _collect_runs(store, series, sessions, frozenset(days) - holidays.dates, _Rules(max_pips, trusting))


def _answering(symbol: Symbol, timeframe: Timeframe, sources: Sequence[MarketData]) -> tuple[_Series, datetime]:
    """The sources from the first on that tells the time, and its time; raises what they raised when none does."""
    failed: dict[str, AxiaError] = {}
    for at, source in enumerate(sources):
        try:
            now = source.now()
        except GO_ON as error:
            failed[source.name] = error
        else:
            return _Series(symbol, timeframe, sources[at:], failed), now
    raise _joint(failed)


def _collect_runs(
    store: BarStore, series: _Series, sessions: Sequence[Session], wanted: frozenset[date], rules: _Rules
) -> Iterator[Collected]:
    absent: list[date] = []
    failures: dict[str, AxiaError] = {}
    for run in _runs(sessions, max(1, BARS_PER_CALL // series.timeframe.bars_per_session)):
        found, failed = _ask(series, run)
        yield from _keep_side_by_side(store, found, rules)
        there = {each.day.trading_date for each in found}
        absent.extend(day.trading_date for day in run if day.trading_date in wanted - there)
        failures |= failed
        if not found and len(failed) == len(series.sources) + len(series.failed) and not _out_of_reach(failed):
            raise _joint(failed)  # nobody answers: the next run would only wait for the same
    if absent:
        raise _joint(failures, absent) if failures else HistoryNotReady(_absence(series, absent))


def _ask(series: _Series, run: Sequence[Session]) -> tuple[list[_Found], dict[str, AxiaError]]:
    """Each day of *run* from the first source that has it, and what the sources raised."""
    found: list[_Found] = []
    failed, lacking, why = dict(series.failed), list(run), [_told(*one) for one in series.failed.items()]
    for source in series.sources:
        try:
            cut = _cut(source, series, lacking)
        except GO_ON as error:
            failed[source.name] = error
            why.append(_told(source.name, error))
            continue
        found += [_Found(source, day, bars, "; ".join(why)) for day, bars in cut]
        there = {day.trading_date for day, _ in cut}
        lacking = [day for day in lacking if day.trading_date not in there]
        if not lacking:
            break
        why.append(f"{source.name} has no bars of it")
    return sorted(found, key=lambda each: each.day.open), failed


def _cut(source: MarketData, series: _Series, lacking: Sequence[Session]) -> list[tuple[Session, Bars]]:
    """The days that *source* has, by one call; those beyond its reach are not asked for."""
    reach = source.reaches_back_to(series.timeframe)
    within = [day for day in lacking if reach is None or day.open >= reach] or lacking
    bars = source.bars(series.symbol, series.timeframe, within[0].open, within[-1].close)
    return [(day, cut) for day in within if len(cut := bars.between(day.open, day.close))]


def _keep_side_by_side(store: BarStore, found: Sequence[_Found], rules: _Rules) -> Iterator[Collected]:
    """In order of days; a store answers in tens of milliseconds, most of which is waiting."""
    if not found:
        return
    stored = _stored(store, found)
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="collect") as pool:
        yield from pool.map(lambda one: _keep(store, one, stored.get(one.day.trading_date), rules), found)


def _stored(store: BarStore, found: Sequence[_Found]) -> dict[date, PartitionTruth]:
    symbol, timeframe = found[0].bars.symbol, found[0].bars.timeframe
    days = [each.day.trading_date for each in found]
    if len(days) > FEW_DAYS:
        known = set(store.trading_dates(symbol, timeframe))
        days = [day for day in days if day in known]
    try:
        truths = store.truths(symbol, timeframe, days)
    except CorruptObject:
        truths = tuple(_sound_truth(store, symbol, timeframe, day) for day in days)
    return {day: truth for day, truth in zip(days, truths, strict=True) if truth}


def _sound_truth(store: BarStore, symbol: Symbol, timeframe: Timeframe, day: date) -> PartitionTruth | None:
    """None for a damaged object: collecting its day again is what mends it."""
    try:
        return store.truth(symbol, timeframe, day)
    except CorruptObject:
        return None


def _keep(store: BarStore, found: _Found, stored: PartitionTruth | None, rules: _Rules) -> Collected:
    """Screens and stores one day unless what is stored is better; the truth is of what is stored then."""
    truth, bars = _judge(found.source, found.bars, found.day)
    if stored == truth:
        return Collected(truth=stored, outcome=Outcome.UNCHANGED, degraded=found.degraded)
    if stored is not None and truth.provisional and not stored.provisional:
        return Collected(truth=stored, outcome=Outcome.KEPT, degraded=found.degraded)
    before = _sound(store, stored)
    if before is None:
        _write(store, bars, truth, found, stored)
        return Collected(truth=truth, outcome=Outcome.NEW, degraded=found.degraded)
    return _correct(store, before, bars, truth, rules, found)


def _correct(
    store: BarStore, before: Partition, bars: Bars, truth: PartitionTruth, rules: _Rules, found: _Found
) -> Collected:
    """Puts other bars in the place of stored ones, with what that changes, unless there is reason to doubt them."""
    changes = difference(before.bars, bars)
    reason = "" if rules.trusting and len(bars) else doubt(before.bars, bars, changes, rules.max_pips)
    if reason:
        return Collected(
            truth=before.truth, outcome=Outcome.DOUBTED, difference=changes, doubt=reason, degraded=found.degraded
        )
    old = before.truth
    replaced = Replaced(source=old.source, provisional=old.provisional, digest=old.digest, difference=changes)
    truth = replace(truth, replaced=replaced)
    _write(store, bars, truth, found, old)
    outcome = Outcome.HEALED if old.provisional and not truth.provisional else Outcome.CORRECTED
    return Collected(truth=truth, outcome=outcome, difference=changes, degraded=found.degraded)


def _write(store: BarStore, bars: Bars, truth: PartitionTruth, found: _Found, stored: PartitionTruth | None) -> None:
    """What was refused is kept first: once the partition says so, collecting again would not come here."""
    if truth.refused or (stored is not None and stored.refused):
        store.keep_refused(refused_rows(found.bars, truth.refused, truth.trading_date, truth.source))
    try:
        store.write(bars, truth, new=stored is None)
    except VersionConflict:
        if stored is not None or _sound_truth(store, truth.symbol, truth.timeframe, truth.trading_date) is not None:
            raise
        store.write(bars, truth)  # what stands there is damaged


def _sound(store: BarStore, stored: PartitionTruth | None) -> Partition | None:
    """The stored partition; None where there is none or it is damaged."""
    if stored is None:
        return None
    try:
        return store.read(stored.symbol, stored.timeframe, stored.trading_date)
    except CorruptObject:
        return None


def _judge(source: MarketData, bars: Bars, day: Session) -> tuple[PartitionTruth, Bars]:
    screened = screen(bars)
    truth = PartitionTruth(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        trading_date=day.trading_date,
        source=source.name,
        provisional=source.provisional,
        expected=day.bar_count(bars.timeframe),
        actual=len(screened.bars),
        gaps=missing_opens(screened.bars, day),
        refused=screened.refused,
        digest=screened.bars.digest(),
    )
    return truth, screened.bars


def _await_close(market: MarketData, clock: Clock, last: Session, settling: timedelta, now: datetime) -> None:
    """Returns once every bar of *last* is complete by the source's own clock: past its end plus the settling time.

    Not by a bar's position or successor: on Saturday no later bar comes, and Friday's last bars must not vanish.
    """
    remaining = last.close + settling - now
    if timedelta() < remaining <= PATIENCE:
        clock.sleep(remaining.total_seconds())
        remaining = last.close + settling - market.now()
    if remaining > timedelta():
        raise _not_yet_closed(last, settling, last.close + settling - remaining)


def _not_yet_closed(last: Session, settling: timedelta, now: datetime) -> InvalidInput:
    rule = f"its session closes at {last.close:%Y-%m-%d %H:%M} UTC, and a forming bar is never stored"
    (newest,) = last_closed_trading_days(now - settling, 1)
    remedy = f"Collect it after {last.close + settling:%Y-%m-%d %H:%M:%S} UTC; the newest that has closed is {newest}."
    return InvalidInput("date", last.trading_date.isoformat(), rule, remedy)


def _out_of_reach(failed: Mapping[str, AxiaError]) -> bool:
    return any(isinstance(error, HistoryOutOfReach) for error in failed.values())


def _joint(failed: Mapping[str, AxiaError], absent: Sequence[date] = ()) -> AxiaError:
    """One error for what several sources raised; worth another try when any of them is."""
    worst = next((error for error in failed.values() if isinstance(error, TransientError)), None)
    if len(failed) == 1 and not absent:
        return next(iter(failed.values()))
    told = "; ".join(_told(name, error) for name, error in failed.items())
    text = f"{told}. Nothing was written for {_listed(absent)}." if absent else f"{told}."
    return HistoryOutOfReach(text) if worst is None else type(worst)(text)


def _told(name: str, error: AxiaError) -> str:
    return f"{name}: {type(error).__name__}: {error}"


def _absence(series: _Series, absent: Sequence[date]) -> str:
    names = " nor ".join(source.name for source in series.sources)
    return (
        f"{names} has no {series.symbol} {series.timeframe} bars of {_listed(absent)}. Nothing was written "
        "for them. Try again when the history is there. If it was a holiday, say so in the settings file, under "
        f'[holidays]: {absent[0]} = "its name".'
    )


def _listed(absent: Sequence[date]) -> str:
    shown = ", ".join(day.isoformat() for day in absent[:5]) + (" ..." if len(absent) > 5 else "")
    return f"{len(absent)} trading day(s): {shown}"


def _runs(sessions: Sequence[Session], longest: int) -> Iterator[Sequence[Session]]:
    """Runs of days without a trading day missing between them, at most *longest* days each."""
    start = 0
    for at in range(1, len(sessions) + 1):
        if at == len(sessions) or at - start == longest or not _adjoin(sessions[at - 1], sessions[at]):
            yield sessions[start:at]
            start = at


def _adjoin(earlier: Session, later: Session) -> bool:
    return previous_trading_day(later.trading_date) == earlier.trading_date
