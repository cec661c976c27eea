"""Bring stored days back from an archive class: which of a range lie there, and asking for those that do not come yet.

When they can be read is S3's business, and hours away; asking again says how far it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from axia_core.domain.archive import ArchivedDay, ArchiveState, RestoreSpeed
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.ports import BarStore


@dataclass(frozen=True, slots=True)
class Restored:
    """The days of a range that lie in an archive class as they stand now, and which were asked for just now."""

    days: tuple[ArchivedDay, ...]
    asked: tuple[date, ...]

    @property
    def readable(self) -> bool:
        """Every stored day of the range can be read."""
        return all(day.is_readable for day in self.days)


def restore(
    store: BarStore,
    symbol: Symbol,
    timeframe: Timeframe,
    first: date,
    last: date,
    *,
    keep_days: int = 7,
    speed: RestoreSpeed = RestoreSpeed.STANDARD,
    ask: bool = True,
) -> Restored:
    """Asks for every archived day from *first* to *last* that is not on its way; without *ask* only looks.

    Raises InvalidInput for a reversed range or less than a day, StoreUnavailable.
    """
    if first > last:
        raise InvalidInput("first", first.isoformat(), f"it is after the last day, {last}")
    if keep_days < 1:
        raise InvalidInput("keep_days", keep_days, "a restored copy is kept for a day at least")
    days = [day for day in store.trading_dates(symbol, timeframe) if first <= day <= last]
    away = store.archived(symbol, timeframe, days)
    wanted = tuple(_archived(away)) if ask else ()
    for day in wanted:
        store.restore(symbol, timeframe, day, keep_days, speed)
    return Restored(store.archived(symbol, timeframe, days) if wanted else away, wanted)


def _archived(days: tuple[ArchivedDay, ...]) -> Iterator[date]:
    return (day.trading_date for day in days if day.state is ArchiveState.ARCHIVED)
