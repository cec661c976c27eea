"""Partitions: which days and symbols a series is cut into, and how a rectangle of them is asked for in one run.

House rule: definitions of partitions and their keys, nothing that reads a clock or a store. The calendar itself is
`axia_core.domain.sessions`; here it is only said in Dagster's words, and a property test compares the two.
https://docs.dagster.io/guides/build/partitions-and-backfills
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial

import dagster as dg
from dagster import MultiPartitionKey

DATE = "date"
SYMBOL = "symbol"
TIMEZONE = "Asia/Tokyo"
COLLECTION_HOUR = 7
# The hour must be the offset: the midnight form would exclude no window at all, silently.
WEEKENDS = f"0 {COLLECTION_HOUR} * * 6,0"

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
# How many stored days before the asked ones are read again, for corrections.
REREAD_TAG = "axia/reread_days"
# Set by a person who has looked at a doubted correction: this run takes it.
TRUST_TAG = "axia/take_doubtful_corrections"


def trading_dates(history_start: date) -> dg.DailyPartitionsDefinition:
    """One key per trading day; key D exists from 07:00 Tokyo on D+1, when D is collected."""
    return dg.DailyPartitionsDefinition(
        start_date=history_start.isoformat(),
        timezone=TIMEZONE,
        hour_offset=COLLECTION_HOUR,
        exclusions=[WEEKENDS],
    )


class SeriesDays(dg.MultiPartitionsDefinition):
    """{date, symbol}, whose list of keys is made once a day, and that of a range once.

    Dagster asks for all of them whenever an unpartitioned asset or a check depends on the series: 17 times in a daily
    collection, and 20,880 keys take a quarter of a second each time. For a run's range it asks with each partition
    that is given metadata: a year of one timeframe lists 2,088 keys 2,088 times.
    """

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: dg.DagsterInstance | None = None,  # type: ignore[override]  # not a public type
    ) -> Sequence[MultiPartitionKey]:
        with dg.partition_loading_context(effective_dt=current_time):
            newest = self.get_partitions_def_for_dimension(DATE).get_last_partition_key()
            return self._kept("_made", newest, super().get_partition_keys)

    def get_partition_keys_in_range(  # type: ignore[override]  # Dagster's own differs from its base in the same way
        self, partition_key_range: dg.PartitionKeyRange, dynamic_partitions_store: dg.DagsterInstance | None = None
    ) -> Sequence[MultiPartitionKey]:
        make = partial(super().get_partition_keys_in_range, partition_key_range)
        return self._kept("_asked", partition_key_range, make)

    def _kept(self, name: str, key: object, make: Callable[[], Sequence[str]]) -> list[MultiPartitionKey]:
        """The last list of its kind, or a new one; key and list are one value, as several threads ask."""
        kept = self.__dict__.get(name)
        if kept is None or kept[0] != key:
            kept = self.__dict__[name] = (key, make())
        return list(kept[1])


def series_days(dates: dg.DailyPartitionsDefinition, symbols: Sequence[str]) -> dg.MultiPartitionsDefinition:
    """The partitions of a timeframe: {date, symbol}, written `2026-07-03|USDJPY`."""
    return SeriesDays({DATE: dates, SYMBOL: dg.StaticPartitionsDefinition(list(symbols))})


def partition_key(day: date, symbol: str) -> MultiPartitionKey:
    """The key of one trading day of one symbol."""
    return MultiPartitionKey({DATE: day.isoformat(), SYMBOL: symbol})


def range_tags(first: date, last: date, symbols: Sequence[str]) -> dict[str, str]:
    """Run tags that ask for every day from *first* to *last* of neighbouring *symbols* in one run."""
    return {
        RANGE_START_TAG: str(partition_key(first, symbols[0])),
        RANGE_END_TAG: str(partition_key(last, symbols[-1])),
    }


def asked_range(tags: Mapping[str, str], symbols: Sequence[str]) -> tuple[date, date, Sequence[str]] | None:
    """The first day, last day and symbols that a run's tags ask for; None for a run without partitions."""
    one = tags.get(PARTITION_TAG)
    first, last = tags.get(RANGE_START_TAG, one), tags.get(RANGE_END_TAG, one)
    if first is None or last is None:
        return None
    (start, start_symbol), (end, end_symbol) = first.split("|"), last.split("|")
    chosen = [name for name in symbols if start_symbol <= name <= end_symbol]
    return date.fromisoformat(start), date.fromisoformat(end), chosen


def days_by_symbol(keys: Iterable[str]) -> dict[str, tuple[date, ...]]:
    """The days that a run's partition keys ask for, oldest first, per symbol."""
    found: dict[str, list[date]] = {}
    for key in keys:
        day, symbol = key.split("|")
        found.setdefault(symbol, []).append(date.fromisoformat(day))
    return {symbol: tuple(sorted(days)) for symbol, days in sorted(found.items())}
