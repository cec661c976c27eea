"""Pictures of the partitions that a step has stored, for its metadata: only while they are few.

House rule: reading and drawing for people. Nothing here may fail a step or slow a backfill.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from axia_core.domain.holidays import Holidays
from axia_core.domain.symbols import Symbol
from axia_core.errors import AxiaError
from axia_core.ports import BarStore

if TYPE_CHECKING:
    from axia_core.domain.bars import PartitionTruth

# A day of every pair, or a week of some: a year of them would be read again and kept as events.
MOST_PICTURES = 40


def day_pictures(
    store: BarStore, truths: Sequence[PartitionTruth], holidays: Holidays
) -> dict[tuple[Symbol, date], str]:
    """Markdown by symbol and day of partitions of one timeframe; none where they are many or cannot be read now."""
    if len(truths) > MOST_PICTURES:
        return {}
    found: dict[tuple[Symbol, date], str] = {}
    for symbol, group in groupby(sorted(truths, key=_order), key=_symbol):
        try:
            found |= _drawn(store, symbol, list(group), holidays)
        except AxiaError:
            continue  # the bars are stored and told of; only their picture is missing
    return found


def _drawn(
    store: BarStore, symbol: Symbol, truths: Sequence[PartitionTruth], holidays: Holidays
) -> dict[tuple[Symbol, date], str]:
    from axia_pipelines.candles import day_picture

    stored = store.read_days(symbol, truths[0].timeframe, [truth.trading_date for truth in truths])
    return {
        (symbol, day): day_picture(partition.bars, partition.truth, holidays.session(day))
        for partition in stored
        if partition
        for day in [partition.truth.trading_date]
    }


def _order(truth: PartitionTruth) -> tuple[str, date]:
    return truth.symbol.name, truth.trading_date


def _symbol(truth: PartitionTruth) -> Symbol:
    return truth.symbol
