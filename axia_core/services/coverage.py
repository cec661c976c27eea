"""Coverage of a series: what is known of every trading day of a range, without reading a bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from axia_core.domain.bars import PartitionTruth
from axia_core.domain.sessions import trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.ports import BarStore


@dataclass(frozen=True, slots=True)
class Coverage:
    """One trading day of a series; `truth` is None when it was never stored."""

    trading_date: date
    truth: PartitionTruth | None

    @property
    def complete(self) -> bool:
        """Stored, with every bar there."""
        return self.truth is not None and self.truth.complete


def coverage(store: BarStore, symbol: Symbol, timeframe: Timeframe, first: date, last: date) -> tuple[Coverage, ...]:
    """Every trading day from *first* to *last* with what is known of it; raises InvalidInput, StoreUnavailable."""
    if first > last:
        raise InvalidInput("from", first.isoformat(), f"it is after the last day, {last}", "Exchange the two dates.")
    stored = set(store.trading_dates(symbol, timeframe))
    days = tuple(trading_days(first, last))
    known = [day for day in days if day in stored]
    truths = dict(zip(known, store.truths(symbol, timeframe, known), strict=True))
    return tuple(Coverage(day, truths.get(day)) for day in days)
