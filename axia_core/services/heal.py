"""Heal: which days of a series hold provisional bars, and so wait for those of a final source.

Collecting them again is `collect`'s; when that is tried is the pipelines'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarStore


def provisional_days(store: BarStore, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[date, ...]:
    """Those of *days* whose stored bars came from a provisional source; raises StoreUnavailable, CorruptObject."""
    truths = store.truths(symbol, timeframe, days)
    return tuple(day for day, truth in zip(days, truths, strict=True) if truth is not None and truth.provisional)
