"""In-memory order queue, ledger, broker and events: they ship beside the real ones and obey the same contracts.

State goes in through the constructor and is read back through attributes; nothing here is patched by a test.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from axia_core.domain.broker import Absent, Account, Booking, Deal, Finding, Instrument, PendingOrder, Position, Quote
from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch, audit_of
from axia_core.domain.messages import Epoch, Lease, Message, QueueDepth
from axia_core.domain.order_states import (
    Execution,
    OrderEvent,
    OrderRecord,
    State,
    attempt_begun,
    cancelled_before_it_came,
    moved,
    new_record,
)
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import NotSent, Outcome, Settled
from axia_core.errors import LeaseLost, VersionConflict
from axia_core.ports import Broker, Clock, DeadLetterQueue, DryRun, Events, Mark, OrderLedger, OrderQueue, Recorded


@dataclass(slots=True)
class _Queued:
    message: Message
    visible_at: datetime


class MemoryOrderQueue(OrderQueue):
    """A queue with visibility and a dead-letter list, driven by a clock."""

    def __init__(self, clock: Clock, max_receives: int = 3, sender: str = "memory") -> None:
        self._clock = clock
        self._max_receives = max_receives
        self._sender = sender
        self._numbers = itertools.count(1)
        self._queued: list[_Queued] = []
        self.dead_letters: list[Message] = []

    def send(self, body: str) -> str:
        now = self._clock.now()
        message_id = f"message-{next(self._numbers)}"
        message = Message(
            message_id=message_id, body=body, sent_at=now, receive_count=0, sender=self._sender, receipt=""
        )
        self._queued.append(_Queued(message, now))
        return message_id

    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        if not self._visible() and wait_s:
            self._clock.sleep(wait_s)
        return tuple(
            received
            for queued in self._visible()[:limit]
            if (received := self._hand_over(queued, visibility_s)) is not None
        )

    def delete(self, message: Message) -> None:
        self.delete_all((message,))

    def delete_all(self, messages: Sequence[Message]) -> None:
        gone = {message.message_id for message in messages}
        self._queued = [queued for queued in self._queued if queued.message.message_id not in gone]

    def depth(self) -> QueueDepth:
        waiting = len(self._visible())
        return QueueDepth(waiting=waiting, in_flight=len(self._queued) - waiting)

    def put_back(self, message: Message) -> None:
        """Queues a message again, under its own id and sent time."""
        self._queued.append(_Queued(replace(message, receive_count=0, receipt=""), self._clock.now()))

    def _visible(self) -> list[_Queued]:
        return [queued for queued in self._queued if queued.visible_at <= self._clock.now()]

    def _hand_over(self, queued: _Queued, visibility_s: int) -> Message | None:
        if queued.message.receive_count >= self._max_receives:
            self._queued.remove(queued)
            self.dead_letters.append(queued.message)
            return None
        count = queued.message.receive_count + 1
        queued.message = replace(queued.message, receive_count=count, receipt=f"{queued.message.message_id}/{count}")
        queued.visible_at = self._clock.now() + timedelta(seconds=visibility_s)
        return queued.message


class MemoryDeadLetterQueue(DeadLetterQueue):
    """The dead-letter list of an in-memory queue."""

    def __init__(self, queue: MemoryOrderQueue) -> None:
        self._queue = queue

    @contextmanager
    def hold(self) -> Iterator[tuple[Message, ...]]:
        yield tuple(sorted(self._queue.dead_letters, key=lambda letter: letter.sent_at))

    def redrive(self, letter: Message) -> None:
        self._queue.put_back(letter)
        self.delete(letter)

    def delete(self, letter: Message) -> None:
        kept = [other for other in self._queue.dead_letters if other.message_id != letter.message_id]
        self._queue.dead_letters[:] = kept


class MemoryOrderLedger(OrderLedger):
    """The ledger in dictionaries; single-threaded, so every call is a transaction."""

    def __init__(self, switch: KillSwitch | None = None) -> None:
        self._switch = switch
        self._orders: dict[str, OrderRecord] = {}
        self._events: dict[str, list[OrderEvent]] = {}
        self._reported: set[str] = set()
        self._lease: Lease | None = None
        self._fence = 0
        self._epoch: Epoch | None = None
        self._tombstones: dict[str, str] = {}
        self._alike: dict[str, str] = {}
        self._equity: dict[tuple[date, int], Decimal] = {}
        self._audit: list[AuditLine] = []
        self._sent: dict[int, str] = {}
        self._marks: list[tuple[Mark, datetime]] = []
        self._peak: dict[int, tuple[datetime, Decimal]] = {}
        self._evidence: dict[str, datetime] = {}
        self.unreadable: dict[str, str] = {}

    def record(self, order: Order, message: Message, now: datetime) -> Recorded:
        known = self._orders.get(order.order_id)
        if known is not None:
            same = known.order.content_hash() == order.content_hash()
            return Recorded.KNOWN if same else Recorded.CONFLICT
        record = new_record(order, message, now)
        cancelled_by = self._tombstones.get(order.order_id)
        self._keep(record if cancelled_by is None else cancelled_before_it_came(record, cancelled_by))
        return Recorded.NEW if cancelled_by is None else Recorded.OVERTAKEN

    def leave_tombstone(self, order_id: str, by: str, now: datetime) -> bool:
        if order_id not in self._orders:
            self._tombstones.setdefault(order_id, by)
        return order_id not in self._orders

    def record_unreadable(self, message: Message, reason: str, now: datetime) -> None:
        self.unreadable[message.message_id] = reason

    def unreadable_reason(self, message_id: str) -> str | None:
        return self.unreadable.get(message_id)

    def order(self, order_id: str) -> OrderRecord | None:
        return self._orders.get(order_id)

    def open_orders(self) -> tuple[OrderRecord, ...]:
        found = [record for record in self._orders.values() if not record.state.is_final]
        return tuple(sorted(found, key=lambda record: record.received_at))

    def unreported_orders(self, limit: int | None = None) -> tuple[OrderRecord, ...]:
        final = [record for record in self._orders.values() if record.state.is_final]
        found = [record for record in final if record.order.order_id not in self._reported]
        return tuple(sorted(found, key=lambda record: record.updated_at)[:limit])

    def mark_reported(self, record: OrderRecord) -> None:
        self._reported.add(record.order.order_id)

    def recent_orders(self, limit: int) -> tuple[OrderRecord, ...]:
        newest = sorted(self._orders.values(), key=lambda record: record.updated_at, reverse=True)
        return tuple(newest[:limit])

    def events(self, order_id: str) -> tuple[OrderEvent, ...]:
        return tuple(self._events.get(order_id, ()))

    def note(self, record: OrderRecord, text: str, at: datetime) -> None:
        event = OrderEvent(order_id=record.order.order_id, at=at, state=record.state, version=record.version, text=text)
        timeline = self._events.setdefault(record.order.order_id, [])
        if event not in timeline:
            timeline.append(event)
            timeline.sort(key=lambda one: (one.version, one.at))

    def order_id_of(self, magic: int) -> str | None:
        return self._sent.get(magic)

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
        self._require_version(record)
        if lease is not None:
            self._require_lease(lease, now)
        after = moved(record, to, now, reason, execution)
        self._keep(after)
        if record.state is State.SUBMITTING and to is State.UNKNOWN:
            self._marks.append((Mark.UNKNOWN, now))
        return after

    def begin_attempt(
        self, record: OrderRecord, lease: Lease, now: datetime, reduces_risk: bool = False
    ) -> OrderRecord | None:
        self._require_lease(lease, now)
        self._require_version(record)
        if not self.kill_switch().permits(record.order.action, reduces_risk):
            return None
        begun = attempt_begun(record, now)
        self._keep(begun)
        self._sent[begun.order.magic] = begun.order.order_id
        if begun.order.action.is_entry:
            self._alike[begun.order.likeness()] = begun.order.order_id
            self._marks.append((Mark.ENTRY, now))
        return begun

    def times_of(self, mark: Mark, since: datetime) -> tuple[datetime, ...]:
        return tuple(at for kind, at in self._marks if kind is mark and at >= since)

    def alike(self, order: Order) -> OrderRecord | None:
        return self._orders.get(self._alike.get(order.likeness(), ""))

    def day_equity(self, day: date, login: int) -> Decimal | None:
        return self._equity.get((day, login))

    def note_day_equity(self, day: date, login: int, equity: Decimal) -> Decimal:
        return self._equity.setdefault((day, login), equity)

    def peak_equity(self, login: int, since: datetime) -> Decimal | None:
        began, peak = self._peak.get(login, (None, None))
        return peak if began == since else None

    def note_peak_equity(self, login: int, equity: Decimal, since: datetime) -> Decimal:
        peak = max(equity, self.peak_equity(login, since) or equity)
        self._peak[login] = since, peak
        return peak

    def note_evidence(self, key: str, at: datetime) -> datetime:
        return self._evidence.setdefault(key, at)

    def kill_switch(self) -> KillSwitch:
        return self._switch or UNREADABLE

    def set_kill_switch(self, wanted: KillSwitch, expected_version: int, now: datetime) -> KillSwitch:
        if self.kill_switch().version != expected_version:
            raise VersionConflict(f"the kill switch is no longer at version {expected_version}; look at it again")
        self._switch = replace(wanted, version=expected_version + 1, at=now)
        self.note_audit(audit_of(self._switch, now))
        return self._switch

    def initialise_kill_switch(self, active: bool, who: str, now: datetime) -> bool:
        if self._switch is not None:
            return False
        self._switch = KillSwitch(active=active, version=1, reason="first start", who=who, at=now)
        return True

    def note_audit(self, line: AuditLine) -> None:
        if line not in self._audit:
            self._audit.append(line)

    def audit(self) -> tuple[AuditLine, ...]:
        return tuple(sorted(self._audit, key=lambda line: line.at))

    def acquire_lease(self, owner: str, duration_s: float, now: datetime) -> Lease | None:
        if self.lease_holder(now) is not None:
            return None
        self._fence += 1
        self._lease = Lease(owner=owner, fence=self._fence, expires_at=now + timedelta(seconds=duration_s))
        return self._lease

    def renew_lease(self, lease: Lease, duration_s: float, now: datetime) -> Lease:
        self._require_lease(lease, now)
        self._lease = replace(lease, expires_at=now + timedelta(seconds=duration_s))
        return self._lease

    def release_lease(self, lease: Lease) -> None:
        if self._lease and self._lease.fence == lease.fence:
            self._lease = None

    def lease_holder(self, now: datetime) -> Lease | None:
        return self._lease if self._lease and self._lease.expires_at > now else None

    def begin_epoch(self, boot_id: str, since: datetime, restored_to: datetime | None = None) -> bool:
        if self._epoch and self._epoch.boot_id == boot_id:
            return False
        self._epoch = Epoch(boot_id=boot_id, since=since, restored_to=restored_to)
        self._fence += 1
        self._lease = self._lease and replace(self._lease, fence=self._fence)
        return True

    def epoch(self) -> Epoch | None:
        return self._epoch

    def _keep(self, record: OrderRecord) -> None:
        order_id = record.order.order_id
        self._orders[order_id] = record
        event = OrderEvent(
            order_id=order_id,
            at=record.updated_at,
            state=record.state,
            version=record.version,
            text=record.reason,
        )
        self._events.setdefault(order_id, []).append(event)

    def _require_version(self, record: OrderRecord) -> None:
        if self._orders[record.order.order_id].version != record.version:
            raise VersionConflict(f"order {record.order.order_id} is no longer at version {record.version}")

    def _require_lease(self, lease: Lease, now: datetime) -> None:
        holder = self.lease_holder(now)
        if holder is None or (holder.owner, holder.fence) != (lease.owner, lease.fence):
            raise LeaseLost(f"{lease.owner} no longer holds the desk's lease")


@dataclass
class MemoryBroker(Broker):
    """A broker that answers from a script: one outcome per submit, then fills."""

    clock: Clock
    script: list[Outcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    otherwise: Finding = field(default_factory=Absent)
    open_positions: Sequence[Position] = ()
    prices: Callable[[str], tuple[Decimal, Decimal]] = lambda _: (Decimal("149.995"), Decimal("150.005"))
    submitted: list[Order] = field(default_factory=list)
    equity: Decimal = Decimal(10_000)
    pending_orders: Sequence[PendingOrder] = ()
    history: Sequence[Deal] = ()
    booked: Sequence[Booking] = ()
    balance: Decimal = Decimal(10_000)

    def account(self) -> Account:
        return Account(
            login=1,
            server="memory",
            currency="USD",
            demo=True,
            hedging=True,
            balance=self.balance,
            equity=self.equity,
        )

    def quote(self, symbol: str) -> Quote:
        bid, ask = self.prices(symbol)
        return Quote(bid=bid, ask=ask, at=self.clock.now())

    def instrument(self, symbol: str) -> Instrument:
        step = Decimal("0.01")
        return Instrument(
            name=symbol,
            point=Decimal("0.001"),
            tick_size=Decimal("0.001"),
            lots_min=step,
            lots_max=Decimal(100),
            lots_step=step,
            stops_level_points=0,
        )

    def positions(self) -> tuple[Position, ...]:
        return tuple(self.open_positions)

    def pending(self) -> tuple[PendingOrder, ...]:
        return tuple(self.pending_orders)

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        return tuple(deal for deal in self.history if since <= deal.at < until)

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        return tuple(one for one in self.booked if since <= one.at < until)

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        return tuple(deal for deal in self.history if deal.position == position)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self.submitted.append(order)
        if self.script:
            return self.script.pop(0)
        if self._removed(order):
            return Settled(state=State.DONE, execution=Execution(ticket=order.mt5_ticket, lots=order.lots))
        filled = Execution(ticket=len(self.submitted), deal=len(self.submitted), price=Decimal(150), lots=order.lots)
        return Settled(state=State.FILLED, execution=filled)

    def find(self, order: Order, since: datetime) -> Finding:
        return self.findings.pop(0) if self.findings else self.otherwise

    def _removed(self, order: Order) -> bool:
        """Whether a CLOSE or CANCEL named a position or pending order that there was; it is gone then."""
        if order.action is Action.CLOSE:
            found = any(one.ticket == order.mt5_ticket for one in self.open_positions)
            self.open_positions = [one for one in self.open_positions if one.ticket != order.mt5_ticket]
            return found
        found = order.action is Action.CANCEL and any(one.ticket == order.mt5_ticket for one in self.pending_orders)
        if found:
            self.pending_orders = [one for one in self.pending_orders if one.ticket != order.mt5_ticket]
        return found


@dataclass
class MemoryDryRun(MemoryBroker, DryRun):
    """A broker that objects by a script and never sends."""

    objections: list[Outcome] = field(default_factory=list)

    def check(self, order: Order) -> Outcome | None:
        return self.objections.pop(0) if self.objections else None

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        return NotSent("a dry run sends nothing", can_wait=False)


class MemoryEvents(Events):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, str]] = []
        self.details: list[dict[str, str]] = []

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        self.published.append((event_type, severity, text))
        self.details.append(details)
