"""What orders need of the outside world: the queue and its dead letters, the ledger, what is kept of a day."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from axia_core.domain.order_states import Move, moved

if TYPE_CHECKING:
    # Annotations only: the desk must not load numpy for the bars it never touches.
    from axia_core.domain.kill_switch import AuditLine, KillSwitch
    from axia_core.domain.messages import Epoch, Lease, Message, QueueDepth
    from axia_core.domain.order_states import Execution, OrderEvent, OrderRecord, State
    from axia_core.domain.orders import Order
    from axia_core.domain.snapshot import Snapshot
    from axia_core.domain.statement import Statement


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


class Attempts(ABC):
    """What executing one order asks of the ledger. Raises StoreUnavailable."""

    @abstractmethod
    def order(self, order_id: str) -> OrderRecord | None:
        """The order's record, or None."""

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
        after = moved(record, to, now, reason, execution)
        self.write(Move(before=record, after=after, lease=lease))
        return after

    @abstractmethod
    def write(self, move: Move) -> None:
        """Writes a move, as `move` does; raises VersionConflict, also where it was written before, and LeaseLost."""

    @abstractmethod
    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        """RECEIVED (or SUBMITTING, for a further attempt) -> SUBMITTING in one transaction that checks three things:

        the record's version, that the kill switch permits the action, and that *lease* is still held. None when the
        switch forbids it. *reduces_risk* is what was found of a MODIFY a moment ago. Raises VersionConflict, LeaseLost.

        *along* is another order's move, under the same lease: in the same transaction, or by itself where the two
        cannot be written together. When this returns it is written.
        """

    @abstractmethod
    def alike(self, order: Order) -> OrderRecord | None:
        """Of entries that ask for the same, the one attempted last, itself included; kept for a day at least."""

    @abstractmethod
    def note_day_equity(self, day: date, login: int, equity: Decimal) -> Decimal:
        """Keeps the account's equity as that of the day's start, unless one is kept; returns what is kept."""

    @abstractmethod
    def kill_switch(self) -> KillSwitch:
        """The switch; missing or unreadable means HALT."""


class OrderLedger(Attempts):
    """The memory of orders, kill switch and lease; all reads are strongly consistent. Raises StoreUnavailable."""

    @abstractmethod
    def record(self, order: Order, message: Message, now: datetime) -> Recorded:
        """Writes the order as RECEIVED unless its id is known; KNOWN for the same content, CONFLICT for other.

        An order that finds its tombstone is written as CANCELLED, and OVERTAKEN; NEW is exactly `new_record`.
        """

    @abstractmethod
    def record_together(self, orders: Sequence[tuple[Order, Message]], now: datetime) -> bool:
        """Writes those of one receive in one step where each would be NEW; else False, and nothing is written."""

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
    def open_orders(self, known: Collection[str] = ()) -> tuple[OrderRecord, ...]:
        """Every order that is not final, oldest first; those whose ids are *known* are left out, and not read."""

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
    def times_of(self, mark: Mark, since: datetime) -> tuple[datetime, ...]:
        """When what *mark* names has happened since then, oldest first; kept for a day at least."""

    @abstractmethod
    def day_equity(self, day: date, login: int) -> Decimal | None:
        """The account's equity when the trading day was first seen."""

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
