"""Import history: series that were found in files become partitions of the store, where nothing better is there.

The finest file gives the day: longer timeframes are built from its bars. What is imported is provisional unless a
person says otherwise, so that MT5 replaces it and it never replaces what MT5 gave. Each partition is written whole, so
an import that was killed is finished by running it again, and one that is finished writes nothing more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import islice

from axia_core.domain.bars import Bars, PartitionTruth, missing_opens
from axia_core.domain.differences import Replaced, difference
from axia_core.domain.found_series import FoundSeries
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.import_days import ImportedDay, built_from, trading_dates_of
from axia_core.domain.refused import Refused, refused_rows
from axia_core.domain.sessions import Session
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarStore

WRITERS = 8
PARTITIONS_AT_ONCE = 160


class Fate(StrEnum):
    """What an import does with one partition."""

    NEW = "new"
    REPLACED = "replaced"
    COMPLETED = "completed"
    SAME = "same"
    KEPT = "kept"

    @property
    def writes(self) -> bool:
        return self in (Fate.NEW, Fate.REPLACED, Fate.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRules:
    """What a person decides about an import; `source_name` stands for the file form where it says more."""

    final: bool = False
    replace: bool = False
    source_name: str = ""
    first: date = date.min
    last: date = date.max
    holidays: Holidays = NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One partition of an import: what the files give, what becomes of it, and why a stored one is kept."""

    truth: PartitionTruth
    bars: Bars
    fate: Fate
    why: str = ""
    refused: Refused | None = None


Truths = Mapping[tuple[Timeframe, date], PartitionTruth]
Done = set[tuple[Symbol, Timeframe, date]]


def source_of(series: FoundSeries, rules: ImportRules) -> str:
    """How partitions name where they came from: `import:histdata:bid`."""
    return f"import:{rules.source_name or series.facts.form}:{series.side}"


def plan(store: BarStore, found: Iterable[FoundSeries], rules: ImportRules) -> Iterator[Planned]:
    """What an import would do, partition by partition, day after day of each series; raises StoreUnavailable.

    Of several series that give the same partition the first counts.
    """
    done: Done = set()
    for series in found:
        yield from _plan_series(store, series, rules, done)


def write(store: BarStore, found: Iterable[FoundSeries], rules: ImportRules) -> Iterator[Planned]:
    """The same, written; yields each partition once it is stored. Raises StoreUnavailable, VersionConflict."""
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="import") as pool:
        planned = plan(store, found, rules)
        while some := list(islice(planned, PARTITIONS_AT_ONCE)):
            yield from pool.map(lambda one: _write(store, one), some)


def _write(store: BarStore, planned: Planned) -> Planned:
    if not planned.fate.writes:
        return planned
    if planned.refused is not None:
        store.keep_refused(planned.refused)
    is_new = planned.fate is Fate.NEW
    truth = planned.truth if is_new else _beside_stored(store, planned)
    return planned if store.write(planned.bars, truth, new=is_new) else replace(planned, fate=Fate.SAME)


def _beside_stored(store: BarStore, planned: Planned) -> PartitionTruth:
    """The truth that says what it takes the place of, and how the two differ."""
    truth = planned.truth
    stored = store.read(truth.symbol, truth.timeframe, truth.trading_date)
    if stored is None:
        return truth
    before = stored.truth
    found = Replaced(
        source=before.source,
        provisional=before.provisional,
        digest=before.digest,
        difference=difference(stored.bars, planned.bars),
    )
    return replace(truth, replaced=found)


def _plan_series(store: BarStore, series: FoundSeries, rules: ImportRules, done: Done) -> Iterator[Planned]:
    dates = trading_dates_of(series.bars)
    chosen = [day for day in dates if rules.first <= day <= rules.last]
    stored = _stored(store, series, chosen)
    source = source_of(series, rules)
    for trading_date in chosen:
        day = _day(series, rules.holidays.session(trading_date), cut=trading_date in (dates[0], dates[-1]))
        if day.cut and not rules.replace:
            day = _completed(store, day, source, stored)
        for bars, truth in day.partitions(source, provisional=not rules.final):
            key = truth.symbol, truth.timeframe, trading_date
            if key not in done:
                done.add(key)
                fate, why = _fate(stored.get((truth.timeframe, trading_date)), truth, rules)
                fate = Fate.COMPLETED if fate is Fate.REPLACED and day.completed else fate
                yield Planned(truth=truth, bars=bars, fate=fate, why=why, refused=_refused(series, day, truth))


def _refused(series: FoundSeries, day: ImportedDay, truth: PartitionTruth) -> Refused | None:
    """The rows that were not taken, kept beside the partition that they would have been bars of."""
    if truth.timeframe is not series.bars.timeframe or day.completed or not truth.refused:
        return None
    found = refused_rows(series.refused_rows, truth.refused, truth.trading_date, truth.source)
    return found if len(found) else None


def _day(series: FoundSeries, opened: Session, *, cut: bool) -> ImportedDay:
    first, end = (bisect_left(series.refused_bars, at, key=lambda bar: bar.at) for at in (opened.open, opened.close))
    bars = series.bars.between(opened.open, opened.close)
    return ImportedDay(opened, bars, series.refused_bars[first:end], cut=cut)


def _stored(store: BarStore, series: FoundSeries, days: Sequence[date]) -> Truths:
    """What the store says of the days that it has."""
    found: dict[tuple[Timeframe, date], PartitionTruth] = {}
    for timeframe in built_from(series.bars.timeframe):
        there = sorted(set(store.trading_dates(series.symbol, timeframe)) & set(days))
        told = zip(there, store.truths(series.symbol, timeframe, there), strict=True)
        found |= {(timeframe, day): truth for day, truth in told if truth is not None}
    return found


def _completed(store: BarStore, day: ImportedDay, source: str, stored: Truths) -> ImportedDay:
    """A day at which the files are cut, together with what the files before or after them gave."""
    truth = stored.get((day.bars.timeframe, day.session.trading_date))
    if truth is None or truth.source != source or set(missing_opens(day.bars, day.session)) <= set(truth.gaps):
        return day
    partition = store.read(truth.symbol, truth.timeframe, truth.trading_date)
    return day if partition is None else day.completed_by(partition.bars, partition.truth.refused)


def _fate(stored: PartitionTruth | None, truth: PartitionTruth, rules: ImportRules) -> tuple[Fate, str]:
    if stored is None:
        return Fate.NEW, ""
    if stored == truth:
        return Fate.SAME, ""
    if rules.replace:
        return Fate.REPLACED, ""
    if not stored.provisional and (truth.provisional or stored.source != truth.source):
        return Fate.KEPT, f"final bars of {stored.source} are there (--replace overwrites them)"
    if stored.provisional == truth.provisional and stored.actual > truth.actual:
        return Fate.KEPT, f"{stored.source} has more bars of it (--replace overwrites them)"
    return Fate.REPLACED, ""
