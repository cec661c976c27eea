"""In-memory bars: a store, a cache and a scripted source, obeying the same contracts as the real ones.

State goes in through the constructor and is read back through attributes or the port's own methods.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from axia_core.domain.bars import Bars, PartitionTruth, check_describes
from axia_core.domain.refused import Refused
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError, CacheUnavailable, UnknownSymbol, VersionConflict
from axia_core.ports import BarCache, BarStore, Clock, MarketData, Partition, Revision

Series = tuple[Symbol, Timeframe]


class MemoryBarStore(BarStore):
    """Partitions in a dict; `writes` counts those that changed something."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[Symbol, Timeframe, date], Partition] = {}
        self._revisions: dict[tuple[Symbol, Timeframe, date], list[tuple[datetime, Partition]]] = {}
        self._refused: dict[tuple[Symbol, Timeframe, date], Refused] = {}
        self.writes = 0

    def write(self, bars: Bars, truth: PartitionTruth, *, new: bool = False) -> bool:
        check_describes(bars, truth)
        key = (truth.symbol, truth.timeframe, truth.trading_date)
        stored = self._partitions.get(key)
        if stored is not None and stored.truth == truth:
            return False
        if stored is not None and new:
            raise VersionConflict(f"{truth.symbol} {truth.timeframe} {truth.trading_date} is stored already")
        self.writes += 1
        self._partitions[key] = Partition(bars, truth, str(self.writes))
        self._revisions.setdefault(key, []).append((datetime.now(UTC), self._partitions[key]))
        return True

    def read(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, revision: str | None = None
    ) -> Partition | None:
        if revision is None:
            return self._partitions.get((symbol, timeframe, trading_date))
        kept = self._revisions.get((symbol, timeframe, trading_date), [])
        return next((partition for _, partition in kept if partition.revision == revision), None)

    def revisions(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> tuple[Revision, ...]:
        key = (symbol, timeframe, trading_date)
        return tuple(
            Revision(
                id=partition.revision,
                written_at=at,
                size_bytes=sum(column.nbytes for column in partition.bars.columns().values()),
                is_current=partition is self._partitions.get(key),
                is_deletion=False,
                truth=partition.truth,
            )
            for at, partition in self._revisions.get(key, [])
        )

    def truth(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> PartitionTruth | None:
        stored = self.read(symbol, timeframe, trading_date)
        return None if stored is None else stored.truth

    def trading_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        return tuple(sorted(day for s, t, day in self._partitions if (s, t) == (symbol, timeframe)))

    def keep_refused(self, refused: Refused) -> bool:
        key = (refused.symbol, refused.timeframe, refused.trading_date)
        kept = self._refused.get(key)
        if not len(refused):
            return self._refused.pop(key, None) is not None
        self._refused[key] = refused
        return kept is None or kept.fingerprint != refused.fingerprint

    def refused(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> Refused | None:
        return self._refused.get((symbol, timeframe, trading_date))

    def refused_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        return tuple(sorted(day for s, t, day in self._refused if (s, t) == (symbol, timeframe)))


class MemoryBarCache(BarCache):
    """Series in a dict that end by a clock; while `down` is true every call raises CacheUnavailable."""

    def __init__(self, clock: Clock, down: bool = False) -> None:
        self._clock = clock
        self._held: dict[Series, tuple[Bars, datetime]] = {}
        self.down = down

    def write(self, bars: Bars, expires_at: datetime) -> bool:
        held = self.read(bars.symbol, bars.timeframe)
        if held is not None and len(held) and (not len(bars) or held.time_us[-1] > bars.time_us[-1]):
            return False
        self._held[bars.symbol, bars.timeframe] = (bars, expires_at)
        return True

    def read(self, symbol: Symbol, timeframe: Timeframe) -> Bars | None:
        if self.down:
            raise CacheUnavailable("the cache is down")
        bars, expires_at = self._held.get((symbol, timeframe), (None, self._clock.now()))
        return bars if expires_at > self._clock.now() else None

    def expires_at(self, symbol: Symbol, timeframe: Timeframe) -> datetime | None:
        """When the series ends, or None when it is not held."""
        return self._held[symbol, timeframe][1] if (symbol, timeframe) in self._held else None


class MemoryMarketData(MarketData):
    """A source that has what it was given; `calls` lists the ranges it was asked for.

    *failures* are raised by the next calls of `bars`, one each.
    """

    def __init__(
        self,
        clock: Clock,
        series: Iterable[Bars],
        *,
        name: str = "memory",
        provisional: bool = False,
        failures: Iterable[AxiaError] = (),
    ) -> None:
        self.name = name
        self.provisional = provisional
        self.calls: list[tuple[Symbol, Timeframe, datetime, datetime]] = []
        self.clock = clock
        self.series = {(bars.symbol, bars.timeframe): bars for bars in series}
        self._failures = list(failures)

    def now(self) -> datetime:
        return self.clock.now()

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        self.calls.append((symbol, timeframe, start, end))
        if self._failures:
            raise self._failures.pop(0)
        known = self.series.get((symbol, timeframe))
        if known is None:
            raise UnknownSymbol("symbol", symbol.name, f"{self.name} has no {timeframe} bars of it")
        return known.between(start, end)
