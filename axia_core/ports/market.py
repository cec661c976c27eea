"""What market data needs of the outside world: sources, stored days, files to import, the cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Annotations only: the desk must not load numpy for the bars it never touches.
    from axia_core.domain.archive import ArchivedDay, RestoreSpeed
    from axia_core.domain.bars import Bars, PartitionTruth
    from axia_core.domain.cached_series import CacheStatus, CacheUse
    from axia_core.domain.history_rows import FileFacts, RowFault, Rows
    from axia_core.domain.refused import Refused
    from axia_core.domain.symbols import Symbol
    from axia_core.domain.timeframes import Timeframe


class MarketData(ABC):
    """A source of bars."""

    name: str
    provisional: bool

    @abstractmethod
    def now(self) -> datetime:
        """The source's own verified clock in UTC; raises ServerClockMismatch, SourceUnavailable."""

    @abstractmethod
    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        """Bars that open in `[start, end)` as the source has them, broken and forming ones included.

        Raises SourceUnavailable, HistoryNotReady, UnknownSymbol, HistoryOutOfReach.
        """

    def reaches_back_to(self, timeframe: Timeframe) -> datetime | None:
        """The earliest start that `bars` answers now; None where nothing limits it."""
        return None


@dataclass(frozen=True, slots=True)
class Partition:
    """One stored trading day of a series."""

    bars: Bars
    truth: PartitionTruth
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One version of a stored trading day; `truth` is None where it was deleted or does not read back."""

    id: str
    written_at: datetime
    size_bytes: int
    is_current: bool
    is_deletion: bool
    truth: PartitionTruth | None


class RefusedBars(ABC):
    """Bars that were not taken, kept beside the partitions; what was kept before stays as an older version."""

    @abstractmethod
    def keep_refused(self, refused: Refused) -> bool:
        """Replaces what is kept of that day, by nothing when *refused* is empty; False when nothing changed."""

    @abstractmethod
    def refused(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> Refused | None:
        """The refused bars of a day, or None when none are kept. Raises StoreUnavailable, CorruptObject."""

    @abstractmethod
    def refused_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        """Trading dates of which refused bars are kept, oldest first."""


class ArchivedBars(ABC):
    """Partitions that a lifecycle has moved to a class that cannot be read at once. Raises StoreUnavailable."""

    @abstractmethod
    def archived(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[ArchivedDay, ...]:
        """Those of *days* that lie in an archive class, in their order, restored copies included."""

    @abstractmethod
    def restore(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, keep_days: int, speed: RestoreSpeed
    ) -> None:
        """Asks for a copy that can be read for *keep_days*; harmless when it was asked for, or is not archived."""


class BarStore(RefusedBars, ArchivedBars):
    """Daily partitions of bars: the truth. Writing is atomic, and writing the same again changes nothing."""

    @abstractmethod
    def write(self, bars: Bars, truth: PartitionTruth, *, new: bool = False) -> bool:
        """Stores one partition; False when the stored one already says exactly this.

        Where it is *new*, nothing else may be stored of that day. Raises StoreUnavailable, VersionConflict.
        """

    @abstractmethod
    def read(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, revision: str | None = None
    ) -> Partition | None:
        """One partition, or None when there is none. Raises StoreUnavailable, CorruptObject, ArchivedObject.

        *revision* is the id of a version that `revisions` lists; without it the current one is read.
        """

    @abstractmethod
    def revisions(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> tuple[Revision, ...]:
        """Every version of a partition that the store still has, deletions included, oldest first."""

    @abstractmethod
    def truth(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> PartitionTruth | None:
        """What is known of a partition, without reading its bars."""

    @abstractmethod
    def trading_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        """Trading dates that have a partition, oldest first."""

    def read_days(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[Partition | None, ...]:
        """`read` of several days, in their order; a store behind a network reads them side by side."""
        return tuple(self.read(symbol, timeframe, day) for day in days)

    def truths(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[PartitionTruth | None, ...]:
        """`truth` of several days, in their order; a store behind a network asks side by side."""
        return tuple(self.truth(symbol, timeframe, day) for day in days)

    def newest(self, symbol: Symbol, timeframe: Timeframe, max_bars: int) -> tuple[Partition, ...]:
        """The newest partitions, oldest first: just as many as hold *max_bars*, or all."""
        days = self.trading_dates(symbol, timeframe)
        found: tuple[Partition, ...] = ()
        while days and (lacking := max_bars - sum(len(partition.bars) for partition in found)) > 0:
            count = -(-lacking // timeframe.bars_per_session)
            days, chosen = days[:-count], days[-count:]
            found = tuple(p for p in self.read_days(symbol, timeframe, chosen) if p) + found
        return found


class HistoryFile(ABC):
    """One file of bars or ticks that somebody else wrote."""

    facts: FileFacts

    @abstractmethod
    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        """Its rows in the file's own clock (ticks as minutes) and what is no row; raises UnreadableHistory."""


class BarCache(ABC):
    """Recent bars per series; rebuilt from the store at any time. Every method may raise CacheUnavailable."""

    @abstractmethod
    def write(self, bars: Bars, expires_at: datetime) -> bool:
        """Replaces a series whole and atomically; False when a newer one is there (by its last bar) and stays."""

    @abstractmethod
    def read(self, symbol: Symbol, timeframe: Timeframe) -> Bars | None:
        """The cached series, or None."""

    @abstractmethod
    def claim_refill(self, symbol: Symbol, timeframe: Timeframe, seconds: float) -> bool:
        """True for one reader in *seconds*: the one that fills a series again, so that many misses are one refill."""

    @abstractmethod
    def count(self, use: CacheUse) -> None:
        """Counts what the cache did for a load."""

    @abstractmethod
    def status(self, timeframe: Timeframe | None = None) -> CacheStatus:
        """Every series that is held, of *timeframe* alone where it is given, and the counts of all."""
