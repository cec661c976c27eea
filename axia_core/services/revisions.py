"""Revisions of one stored trading day: each version, and what it changed of the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from axia_core.domain.bars import Bars
from axia_core.domain.differences import Difference, difference
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, CorruptObject
from axia_core.ports import BarStore, Revision


@dataclass(frozen=True, slots=True)
class Change:
    """A version, what it changed of the readable one before it, and why its bars cannot be read if they cannot.

    The first one and a deletion have no difference.
    """

    revision: Revision
    difference: Difference | None = None
    fault: str = ""


def revisions(store: BarStore, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> tuple[Change, ...]:
    """Every version of a day that the store still has, oldest first; empty when there never was one.

    Raises StoreUnavailable. A version that is damaged or archived is told as such, and the others go on.
    """
    return tuple(_changes(store, symbol, timeframe, trading_date))


def _changes(store: BarStore, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> Iterator[Change]:
    before: Bars | None = None
    for revision in store.revisions(symbol, timeframe, trading_date):
        bars, fault = _read(store, symbol, timeframe, trading_date, revision)
        yield Change(revision, difference(before, bars) if before is not None and bars is not None else None, fault)
        before = before if bars is None else bars


def _read(
    store: BarStore, symbol: Symbol, timeframe: Timeframe, trading_date: date, revision: Revision
) -> tuple[Bars | None, str]:
    if revision.is_deletion:
        return None, ""
    try:
        partition = store.read(symbol, timeframe, trading_date, revision.id)
    except (CorruptObject, ArchivedObject) as error:
        return None, str(error)
    return (None, "it was removed meanwhile") if partition is None else (partition.bars, "")
