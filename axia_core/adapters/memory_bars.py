"""In-memory bars: a store, a cache and a scripted source, obeying the same contracts as the real ones.

State goes in through the constructor and is read back through attributes or the port's own methods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from axia_core.domain.archive import ArchivedDay, ArchiveState, RestoreSpeed
from axia_core.domain.bars import Bars, PartitionTruth, check_describes, instant
from axia_core.domain.cached_series import CachedSeries, CacheStatus, CacheUse
from axia_core.domain.refused import Refused
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, AxiaError, CacheUnavailable, UnknownSymbol, VersionConflict
from axia_core.ports import BarCache, BarStore, Clock, MarketData, Partition, Revision

Series = tuple[Symbol, Timeframe]


class MemoryBarStore(BarStore):
    """Partitions in a dict; `writes` counts those that changed something."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[Symbol, Timeframe, date], Partition] = {}
        self._revisions: dict[tuple[Symbol, Timeframe, date], list[tuple[datetime, Partition]]] = {}
        self._refused: dict[tuple[Symbol, Timeframe, date], Refused] = {}
        self._archive: dict[tuple[Symbol, Timeframe, date], ArchivedDay] = {}
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
        held = self._archive.get((symbol, timeframe, trading_date))
        if held is not None and not held.is_readable:
            raise ArchivedObject(f"{symbol} {timeframe} {trading_date} lies in an archive class")
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
        stored = self._partitions.get((symbol, timeframe, trading_date))
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

    def archive(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> None:
        """What a lifecycle does: the partition can no longer be read at once."""
        self._archive[symbol, timeframe, trading_date] = ArchivedDay(trading_date, ArchiveState.ARCHIVED)

    def finish_restores(self) -> None:
        """What hours do: what is being restored can be read."""
        for key, day in self._archive.items():
            if day.state is ArchiveState.RESTORING:
                self._archive[key] = ArchivedDay(day.trading_date, ArchiveState.RESTORED)

    def archived(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[ArchivedDay, ...]:
        return tuple(found for day in days if (found := self._archive.get((symbol, timeframe, day))))

    def restore(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, keep_days: int, speed: RestoreSpeed
    ) -> None:
        key = (symbol, timeframe, trading_date)
        if key in self._archive and self._archive[key].state is ArchiveState.ARCHIVED:
            self._archive[key] = ArchivedDay(trading_date, ArchiveState.RESTORING)


class MemoryBarCache(BarCache):
    """Series in a dict that end by a clock; while `down` is true every call raises CacheUnavailable."""

    def __init__(self, clock: Clock, down: bool = False) -> None:
        self._clock = clock
        self._held: dict[Series, tuple[Bars, datetime]] = {}
        self._written: dict[Series, datetime] = {}
        self._claims: dict[Series, datetime] = {}
        self._loads: Counter[CacheUse] = Counter()
        self._since = clock.now()
        self.down = down

    def write(self, bars: Bars, expires_at: datetime) -> bool:
        held = self.read(bars.symbol, bars.timeframe)
        if held is not None and len(held) and (not len(bars) or held.time_us[-1] > bars.time_us[-1]):
            return False
        self._held[bars.symbol, bars.timeframe] = (bars, expires_at)
        self._written[bars.symbol, bars.timeframe] = self._clock.now()
        return True

    def read(self, symbol: Symbol, timeframe: Timeframe) -> Bars | None:
        self._raise_while_down()
        bars, expires_at = self._held.get((symbol, timeframe), (None, self._clock.now()))
        return bars if expires_at > self._clock.now() else None

    def claim_refill(self, symbol: Symbol, timeframe: Timeframe, seconds: float) -> bool:
        self._raise_while_down()
        now = self._clock.now()
        if self._claims.get((symbol, timeframe), now) > now:
            return False
        self._claims[symbol, timeframe] = now + timedelta(seconds=seconds)
        return True

    def count(self, use: CacheUse) -> None:
        self._raise_while_down()
        self._loads[use] += 1

    def status(self, timeframe: Timeframe | None = None) -> CacheStatus:
        self._raise_while_down()
        wanted = {series: held for series, held in self._held.items() if timeframe in (None, series[1])}
        living = {series: held for series, held in wanted.items() if held[1] > self._clock.now()}
        series = tuple(self._series_status(bars, expires_at) for bars, expires_at in living.values())
        return CacheStatus(series=series, loads=dict(self._loads), counted_since=self._since if self._loads else None)

    def _series_status(self, bars: Bars, expires_at: datetime) -> CachedSeries:
        return CachedSeries(
            symbol=bars.symbol,
            timeframe=bars.timeframe,
            rows=len(bars),
            size_bytes=sum(column.nbytes for column in bars.columns().values()),
            last_open=instant(int(bars.time_us[-1])) if len(bars) else None,
            written_at=self._written[bars.symbol, bars.timeframe],
            expires_at=expires_at,
        )

    def _raise_while_down(self) -> None:
        if self.down:
            raise CacheUnavailable("the cache is down")

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
