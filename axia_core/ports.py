"""The outside world on one page: what services need from it, without a vendor's name.

Every port has a real adapter and an in-memory one (`adapters/memory`), and one contract suite runs over all.
Methods raise only errors of `axia_core.errors`; a TransientError always means that nothing was changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Annotations only: the desk must not load numpy for the bars it never touches.
    from axia_core.domain.archive import ArchivedDay, RestoreSpeed
    from axia_core.domain.bars import Bars, PartitionTruth
    from axia_core.domain.broker import Account, Booking, Deal, Finding, Instrument, PendingOrder, Position, Quote
    from axia_core.domain.cached_series import CacheStatus, CacheUse
    from axia_core.domain.history_rows import FileFacts, RowFault, Rows
    from axia_core.domain.kill_switch import AuditLine, KillSwitch
    from axia_core.domain.messages import Epoch, Lease, Message, QueueDepth
    from axia_core.domain.metrics import Reading
    from axia_core.domain.order_states import Execution, OrderEvent, OrderRecord, State
    from axia_core.domain.orders import Order
    from axia_core.domain.outcomes import Outcome
    from axia_core.domain.refused import Refused
    from axia_core.domain.snapshot import Snapshot
    from axia_core.domain.statement import Statement
    from axia_core.domain.symbols import Symbol
    from axia_core.domain.timeframes import Timeframe


class Clock(ABC):
    """What time it is, and how to wait."""

    @abstractmethod
    def now(self) -> datetime:
        """The present, UTC-aware, with the configured shift applied."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Waits."""


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


class OrderQueue(ABC):
    """SQS as a door: messages come in, and leave only once the ledger knows them. Raises StoreUnavailable."""

    @abstractmethod
    def send(self, body: str) -> str:
        """Publishes one order request; returns its message id."""

    @abstractmethod
    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        """Up to *limit* (at most 10) messages, waiting up to *wait_s* for the first."""

    @abstractmethod
    def delete(self, message: Message) -> None:
        """Acknowledges a message; deleting it twice is harmless."""

    @abstractmethod
    def delete_all(self, messages: Sequence[Message]) -> None:
        """Acknowledges what one receive brought, in one call; one that could not be deleted just comes again."""

    @abstractmethod
    def depth(self) -> QueueDepth:
        """How much waits and how much is in flight, approximately."""


class DeadLetterQueue(ABC):
    """Where a message ends that could not be accepted; only a person's word moves one. Raises StoreUnavailable."""

    @abstractmethod
    def hold(self) -> AbstractContextManager[tuple[Message, ...]]:
        """Every message, oldest first, out of others' sight while the block lasts; what is not deleted stays."""

    @abstractmethod
    def redrive(self, letter: Message) -> None:
        """Sends a held message to the order queue under its original id and sent time, and only then deletes it here.

        Raises StoreUnavailable also where it was sent and not deleted: then it is in both, which is harmless.
        """

    @abstractmethod
    def delete(self, letter: Message) -> None:
        """Removes a held message for good; harmless when it is gone."""

    @abstractmethod
    def depth(self) -> QueueDepth:
        """How many lie there and how many are held by somebody, approximately, without touching one."""


class Recorded(StrEnum):
    """What `OrderLedger.record` found."""

    NEW = "NEW"
    OVERTAKEN = "OVERTAKEN"
    KNOWN = "KNOWN"
    CONFLICT = "CONFLICT"


class Mark(StrEnum):
    """What the ledger can tell the times of: limits and triggers count it, also for a desk that has just begun."""

    ENTRY = "ENTRY"  # an entry was about to be sent, once more for each attempt
    UNKNOWN = "UNKNOWN"  # an order that was being sent became UNKNOWN


class OrderLedger(ABC):
    """The memory of orders, kill switch and lease; all reads are strongly consistent. Raises StoreUnavailable."""

    @abstractmethod
    def record(self, order: Order, message: Message, now: datetime) -> Recorded:
        """Writes the order as RECEIVED unless its id is known; KNOWN for the same content, CONFLICT for other.

        An order that finds its tombstone is written as CANCELLED, and OVERTAKEN; NEW is exactly `new_record`.
        """

    @abstractmethod
    def leave_tombstone(self, order_id: str, by: str, now: datetime) -> bool:
        """Cancels an order that has not come yet, in the name of order *by*; False when it has come."""

    @abstractmethod
    def record_unreadable(self, message: Message, reason: str, now: datetime) -> None:
        """Keeps why a message could not become an order; it stays in the queue and ends in the dead-letter queue."""

    @abstractmethod
    def unreadable_reason(self, message_id: str) -> str | None:
        """Why the message could not become an order, if that was recorded."""

    @abstractmethod
    def order(self, order_id: str) -> OrderRecord | None:
        """The order's record, or None."""

    @abstractmethod
    def open_orders(self) -> tuple[OrderRecord, ...]:
        """Every order that is not final, oldest first."""

    def passed_over(self) -> tuple[str, ...]:
        """What the last `open_orders` left out because it cannot be read (damaged, or of a newer version), in words."""
        return ()

    @abstractmethod
    def unreported_orders(self, limit: int | None = None) -> tuple[OrderRecord, ...]:
        """Final orders that no desk has shown in the Dagster UI yet, oldest first; at most *limit*."""

    @abstractmethod
    def mark_reported(self, record: OrderRecord) -> None:
        """Notes that a final order has been shown; harmless when repeated."""

    @abstractmethod
    def recent_orders(self, limit: int) -> tuple[OrderRecord, ...]:
        """The orders that changed last, newest first: for people, not for decisions."""

    @abstractmethod
    def events(self, order_id: str) -> tuple[OrderEvent, ...]:
        """The order's timeline, oldest first."""

    @abstractmethod
    def note(self, record: OrderRecord, text: str, at: datetime) -> None:
        """Adds a line to the order's timeline and moves nothing; the same line again changes nothing."""

    @abstractmethod
    def order_id_of(self, magic: int) -> str | None:
        """Which order was sent under a magic number; kept for a year longer than the order itself."""

    @abstractmethod
    def move(
        self,
        record: OrderRecord,
        to: State,
        now: datetime,
        *,
        reason: str = "",
        execution: Execution | None = None,
        lease: Lease | None = None,
    ) -> OrderRecord:
        """Moves an order by a conditional write on its version, leaving an event.

        With *lease* only while it is held: what is under way belongs to the desk. Raises VersionConflict,
        IllegalTransition, LeaseLost.
        """

    @abstractmethod
    def begin_attempt(
        self, record: OrderRecord, lease: Lease, now: datetime, reduces_risk: bool = False
    ) -> OrderRecord | None:
        """RECEIVED (or SUBMITTING, for a further attempt) -> SUBMITTING in one transaction that checks three things:

        the record's version, that the kill switch permits the action, and that *lease* is still held. None when the
        switch forbids it. *reduces_risk* is what was found of a MODIFY a moment ago. Raises VersionConflict, LeaseLost.
        """

    @abstractmethod
    def times_of(self, mark: Mark, since: datetime) -> tuple[datetime, ...]:
        """When what *mark* names has happened since then, oldest first; kept for a day at least."""

    @abstractmethod
    def alike(self, order: Order) -> OrderRecord | None:
        """Of entries that ask for the same, the one attempted last, itself included; kept for a day at least."""

    @abstractmethod
    def day_equity(self, day: date, login: int) -> Decimal | None:
        """The account's equity when the trading day was first seen."""

    @abstractmethod
    def note_day_equity(self, day: date, login: int, equity: Decimal) -> Decimal:
        """Keeps the account's equity as that of the day's start, unless one is kept; returns what is kept."""

    @abstractmethod
    def peak_equity(self, login: int, since: datetime) -> Decimal | None:
        """The highest equity noted in the count that began at *since*; None where none was."""

    @abstractmethod
    def note_peak_equity(self, login: int, equity: Decimal, since: datetime) -> Decimal:
        """Keeps the highest equity of the count that began at *since*, and returns it; a later count begins anew."""

    @abstractmethod
    def note_evidence(self, key: str, at: datetime) -> datetime:
        """Keeps when something that speaks against trading on was first seen, for a year; returns what is kept."""

    @abstractmethod
    def kill_switch(self) -> KillSwitch:
        """The switch; missing or unreadable means HALT."""

    @abstractmethod
    def set_kill_switch(self, wanted: KillSwitch, expected_version: int, now: datetime) -> KillSwitch:
        """Writes the switch and an audit event if its version is still *expected_version*; raises VersionConflict."""

    @abstractmethod
    def initialise_kill_switch(self, active: bool, who: str, now: datetime) -> bool:
        """Writes the switch only where there is none; False when there was one."""

    @abstractmethod
    def note_audit(self, line: AuditLine) -> None:
        """Keeps for good what somebody did beside the orders; noting the same line again changes nothing."""

    @abstractmethod
    def audit(self) -> tuple[AuditLine, ...]:
        """What was noted, and every change of the kill switch, oldest first."""

    @abstractmethod
    def acquire_lease(self, owner: str, duration_s: float, now: datetime) -> Lease | None:
        """The desk's lease, or None while another desk holds it."""

    @abstractmethod
    def renew_lease(self, lease: Lease, duration_s: float, now: datetime) -> Lease:
        """The same lease, longer; raises LeaseLost."""

    @abstractmethod
    def release_lease(self, lease: Lease) -> None:
        """Gives the lease up; harmless when it is lost already."""

    @abstractmethod
    def lease_holder(self, now: datetime) -> Lease | None:
        """The lease in force, if any."""

    @abstractmethod
    def begin_epoch(self, boot_id: str, since: datetime, restored_to: datetime | None = None) -> bool:
        """Notes that the ledger may have been rewound before *since*; False when *boot_id* is the known one.

        Whoever holds the lease at this moment has lost it, since it began under another epoch. *restored_to* is the
        moment whose state the ledger shows, where it was restored from further back.
        """

    @abstractmethod
    def epoch(self) -> Epoch | None:
        """The present epoch, or None when the ledger has never been rewound."""


class Broker(ABC):
    """The trading side of MT5, in UTC and Decimals. Nothing here ever sends twice. Raises SourceUnavailable."""

    @abstractmethod
    def account(self) -> Account:
        """The verified account; raises WrongAccount."""

    @abstractmethod
    def quote(self, symbol: str) -> Quote:
        """The present bid and ask."""

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument:
        """How the symbol may be traded."""

    @abstractmethod
    def positions(self) -> tuple[Position, ...]:
        """Every open position of the account, whoever opened it."""

    @abstractmethod
    def pending(self) -> tuple[PendingOrder, ...]:
        """Every order that waits at the broker, whoever placed it; raises where the terminal has no connection."""

    @abstractmethod
    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        """The account's deals in `[since, until)`, oldest first, whoever caused them; the newest may arrive late."""

    @abstractmethod
    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        """What moved the balance in `[since, until)` beside trades, oldest first; the newest may arrive late."""

    @abstractmethod
    def deals_of(self, position: int) -> tuple[Deal, ...]:
        """Every deal of one position, oldest first."""

    @abstractmethod
    def submit(self, order: Order, send_by: datetime) -> Outcome:
        """Sends one order at most once, and not after *send_by*. Never raises once it may have been sent: Unknown."""

    @abstractmethod
    def find(self, order: Order, since: datetime) -> Finding:
        """Searches orders, positions and both histories for the order's magic number."""


class DryRun(Broker):
    """A broker that is asked what it would say and never sends: `submit` is always NotSent."""

    @abstractmethod
    def check(self, order: Order) -> Outcome | None:
        """What the terminal says against the order before it is sent; None when nothing. Raises SourceUnavailable."""


class Snapshots(ABC):
    """The place of one snapshot of the trading side, for those who may not call the broker. Raises StoreUnavailable."""

    @abstractmethod
    def publish(self, snapshot: Snapshot) -> None:
        """Replaces the snapshot whole, whatever its time."""

    @abstractmethod
    def read(self) -> Snapshot | None:
        """The snapshot that was published last, or None; raises CorruptObject."""


class StatementStore(ABC):
    """Statements of trading days of one account kind; writing the same again changes nothing."""

    @abstractmethod
    def write(self, statement: Statement) -> bool:
        """Keeps a day's statement in the place of an older one; False where the stored one says the same.

        When it was made does not count. Raises StoreUnavailable, VersionConflict.
        """

    @abstractmethod
    def read(self, day: date) -> Statement | None:
        """The day's statement, or None. Raises StoreUnavailable, CorruptObject."""


class Events(ABC):
    """Tells people: what happened, how bad it is, where. Never raises and never delays an order."""

    @abstractmethod
    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        """One event of an `EventType` and a `Severity`; RECOVERED ends what a worse one began.

        Known among *details*: `order_id`, `run_id`, `since` (when it began, ISO), `remedy` (the command to run).
        """


class Metrics(ABC):
    """Where figures go that alarms watch. Never raises and never delays an order."""

    @abstractmethod
    def publish(self, readings: Sequence[Reading]) -> None:
        """Readings of now; what is not known is not among them."""


class Gauges(ABC):
    """What metrics look at and no other port tells without loading bars. Cheap enough for every minute."""

    @abstractmethod
    def cache_loads(self) -> Mapping[CacheUse, int]:
        """How often the cache did what for a load since its counts began. Raises CacheUnavailable."""

    @abstractmethod
    def is_stored(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> bool:
        """Whether there is a partition of that day, in whatever state. Raises StoreUnavailable."""

    @abstractmethod
    def memory_used_percent(self) -> float:
        """How much of this host's memory is in use."""

    @abstractmethod
    def disk_used_percent(self) -> float:
        """How full the disk is that AXIA writes to."""
