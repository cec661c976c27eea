"""Recover days of bars: deleted or damaged ones come back from an earlier version, or from the copy in another region.

A day that reads well is left alone. What neither has must be collected again; what lies in an archive is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from axia_core.domain.archive import RestoreSpeed
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, CorruptObject
from axia_core.ports import BarStore, Partition

KEEP_DAYS = 7


class Fate(StrEnum):
    """What became of one day."""

    INTACT = "intact"
    FROM_VERSION = "brought back from an earlier version"
    FROM_COPY = "brought back from the other region"
    ARCHIVED = "asked for from the archive"
    LOST = "lost: collect it again"


@dataclass(frozen=True, slots=True)
class Recovered:
    """One day of a series and what became of it."""

    symbol: Symbol
    timeframe: Timeframe
    day: date
    fate: Fate


def recover_partitions(
    symbol: Symbol, timeframe: Timeframe, days: Sequence[date], *, store: BarStore, copy: BarStore | None = None
) -> tuple[Recovered, ...]:
    """What became of each of *days*; safe to repeat. Raises StoreUnavailable, VersionConflict."""
    return tuple(_recovered(symbol, timeframe, day, store, copy) for day in days)


def _recovered(symbol: Symbol, timeframe: Timeframe, day: date, store: BarStore, copy: BarStore | None) -> Recovered:
    try:
        return Recovered(symbol, timeframe, day, _fate(symbol, timeframe, day, store, copy))
    except ArchivedObject:
        store.restore(symbol, timeframe, day, KEEP_DAYS, RestoreSpeed.STANDARD)
        return Recovered(symbol, timeframe, day, Fate.ARCHIVED)


def _fate(symbol: Symbol, timeframe: Timeframe, day: date, store: BarStore, copy: BarStore | None) -> Fate:
    damaged = False
    try:
        if store.read(symbol, timeframe, day) is not None:
            return Fate.INTACT
    except CorruptObject:
        damaged = True
    found = next(_versions(symbol, timeframe, day, store), None)
    if found is not None:
        store.write(found.bars, found.truth)
        return Fate.FROM_VERSION
    found = _readable(copy, symbol, timeframe, day) if copy else None
    if found is None:
        return Fate.LOST
    store.write(found.bars, found.truth, new=not damaged)
    return Fate.FROM_COPY


def _versions(symbol: Symbol, timeframe: Timeframe, day: date, store: BarStore) -> Iterator[Partition]:
    """Earlier versions that read back as what they say, newest first."""
    for one in reversed(store.revisions(symbol, timeframe, day)):
        if one.is_deletion or one.is_current:
            continue
        found = _readable(store, symbol, timeframe, day, one.id)
        if found is not None:
            yield found


def _readable(
    store: BarStore, symbol: Symbol, timeframe: Timeframe, day: date, revision: str | None = None
) -> Partition | None:
    try:
        return store.read(symbol, timeframe, day, revision)
    except (CorruptObject, ArchivedObject):
        return None
