"""The order ledger in dictionaries: the same moves, conditions and errors as the real one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch, audit_of
from axia_core.domain.messages import Epoch, Lease, Message
from axia_core.domain.order_states import (
    Move,
    OrderEvent,
    OrderRecord,
    State,
    attempt_begun,
    cancelled_before_it_came,
    new_record,
)
from axia_core.domain.orders import Order
from axia_core.errors import LeaseLost, VersionConflict
from axia_core.ports import Mark, OrderLedger, Recorded


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

    def record_together(self, orders: Sequence[tuple[Order, Message]], now: datetime) -> bool:
        ids = [order.order_id for order, _ in orders]
        known = self._orders.keys() | self._tombstones.keys()
        if len(set(ids)) < len(ids) or not known.isdisjoint(ids):
            return False
        for order, message in orders:
            self.record(order, message, now)
        return True

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

    def open_orders(self, known: Collection[str] = ()) -> tuple[OrderRecord, ...]:
        found = [one for key, one in self._orders.items() if not one.state.is_final and key not in known]
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

    def write(self, move: Move) -> None:
        self._require_version(move.before)
        if move.lease is not None:
            self._require_lease(move.lease, move.after.updated_at)
        self._keep(move.after)
        if move.before.state is State.SUBMITTING and move.after.state is State.UNKNOWN:
            self._marks.append((Mark.UNKNOWN, move.after.updated_at))

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        if along is not None:
            self.write(along)
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
