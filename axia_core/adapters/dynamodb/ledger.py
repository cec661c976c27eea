"""The order ledger's calls to DynamoDB: every change is conditional, every read that money depends on is consistent."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from axia_core.adapters.dynamodb import items
from axia_core.adapters.dynamodb.items import Item
from axia_core.adapters.dynamodb.writing import CHECK_FAILED, Table
from axia_core.aws import client
from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch, Mode
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
from axia_core.domain.orders import Action, Order
from axia_core.errors import CorruptObject, InvalidInput, LeaseLost, NewerItem, StoreUnavailable, VersionConflict
from axia_core.ports import Mark, OrderLedger, Recorded
from axia_core.settings import Settings

KEPT_BODY_CHARACTERS = 4_096
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SINCE = {"#since": "since"}


class DynamoOrderLedger(OrderLedger):
    """Orders, kill switch, lease and epoch in one table.

    Without *notes_alike* it spares each attempt the note that `alike` reads, for desks that look for no repeats.
    """

    def __init__(self, dynamodb: Any, table: str, retained_days: int = 30, notes_alike: bool = True) -> None:
        self._table = Table(dynamodb, table)
        self._kept_for = timedelta(days=retained_days)
        self._notes_alike = notes_alike
        self._first_equity: dict[tuple[date, int], Decimal] = {}  # written once a day, and never changed
        self._passed_over: tuple[str, ...] = ()

    def record(self, order: Order, message: Message, now: datetime) -> Recorded:
        record = new_record(order, message, now)
        reasons, written = self._table.transact("recording an order", self._new(record)), Recorded.NEW
        if reasons and reasons[0] != CHECK_FAILED:
            tombstone = self._table.get(*items.tombstone_key(order.order_id)) or {}
            overtaken = cancelled_before_it_came(record, str(tombstone.get("by")))
            reasons = self._table.transact("recording an order", self._put_new(overtaken))
            written = Recorded.OVERTAKEN
        if not reasons:
            return written
        known = self._table.get(items.order_pk(order.order_id), items.METADATA)
        same = known is not None and known.get("content_hash") == order.content_hash()
        return Recorded.KNOWN if same else Recorded.CONFLICT

    def record_together(self, orders: Sequence[tuple[Order, Message]], now: datetime) -> bool:
        if len({order.order_id for order, _ in orders}) < len(orders):
            return False  # a transaction takes no item twice
        steps = [step for order, message in orders for step in self._new(new_record(order, message, now))]
        return not self._table.transact("recording orders", steps)

    def leave_tombstone(self, order_id: str, by: str, now: datetime) -> bool:
        pk, sk = items.tombstone_key(order_id)
        tombstone = {"pk": pk, "sk": sk, "by": by, "ttl": int((now + self._kept_for).timestamp())}
        not_come = self._table.check(items.order_pk(order_id), items.METADATA, "attribute_not_exists(pk)", {}, {})
        put = self._table.put(tombstone, "attribute_not_exists(pk)")
        reasons = self._table.transact("leaving a tombstone", [not_come, put])
        return not reasons or reasons[0] != CHECK_FAILED  # one that stands already stays, with its author

    def record_unreadable(self, message: Message, reason: str, now: datetime) -> None:
        item = {
            "pk": f"UNREADABLE#{message.message_id}",
            "sk": items.METADATA,
            "reason": reason,
            "body": message.body[:KEPT_BODY_CHARACTERS].encode("utf-8", "replace").decode(),
            "sender": message.sender,
            "sent_at": items.stamp(message.sent_at),
            "received_at": items.stamp(now),
            "receive_count": message.receive_count,
            "ttl": int((now + self._kept_for).timestamp()),
        }
        self._table.transact("recording an unreadable message", [self._table.put(item)])

    def unreadable_reason(self, message_id: str) -> str | None:
        item = self._table.get(f"UNREADABLE#{message_id}", items.METADATA)
        return None if item is None else str(item["reason"])

    def order(self, order_id: str) -> OrderRecord | None:
        item = self._table.get(items.order_pk(order_id), items.METADATA)
        return None if item is None else items.order_record(item)

    def open_orders(self, known: Collection[str] = ()) -> tuple[OrderRecord, ...]:
        found, self._passed_over = self._indexed(items.OPEN, without={items.order_pk(one) for one in known})
        return _by_time(found)

    def passed_over(self) -> tuple[str, ...]:
        return self._passed_over

    def unreported_orders(self, limit: int | None = None) -> tuple[OrderRecord, ...]:
        return _by_time(self._indexed(items.UNREPORTED, limit)[0])

    def mark_reported(self, record: OrderRecord) -> None:
        key = items.key(items.order_pk(record.order.order_id), items.METADATA)
        self._table.update("marking an order reported", key, "REMOVE #o", {"#o": "open"}, {})

    def recent_orders(self, limit: int) -> tuple[OrderRecord, ...]:
        found = [one for item in self._table.scan_orders() if not isinstance(one := _readable(item), str)]
        return tuple(sorted(found, key=lambda record: record.updated_at, reverse=True)[:limit])

    def events(self, order_id: str) -> tuple[OrderEvent, ...]:
        pk = items.order_pk(order_id)
        found = [item for kind in ("EVENT#", items.NOTE) for item in self._table.query(pk, kind)]
        events = [items.order_event(item) for item in found if not items.is_newer(item)]
        return tuple(sorted(events, key=lambda event: (event.version, event.at)))

    def note(self, record: OrderRecord, text: str, at: datetime) -> None:
        item = items.note_item(record, text, at) | {"ttl": self._event_ttl(record)}
        self._table.transact("noting what became of an order", [self._table.put(item)])

    def order_id_of(self, magic: int) -> str | None:
        item = self._table.get(items.magic_pk(magic), items.METADATA)
        return None if item is None else str(item["order_id"])

    def write(self, move: Move) -> None:
        lease, now = move.lease, move.after.updated_at
        reasons = self._table.transact(
            "moving an order", self._moved(move) + ([self._lease_is_held(lease, now)] if lease else [])
        )
        if reasons and reasons[0] == CHECK_FAILED:
            raise VersionConflict(f"order {move.before.order.order_id} is no longer at version {move.before.version}")
        if reasons:
            raise LeaseLost("the desk's lease is no longer held")

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        begun = attempt_begun(record, now)
        steps = self._begun(record, begun, lease, reduces_risk)
        if along is not None:
            if not self._table.transact("beginning an attempt", steps + self._moved(along)):
                return begun
            self.write(along)  # whatever keeps this order from being sent, the other one has come to something
        reasons = self._table.transact("beginning an attempt", steps)
        if not reasons:
            return begun
        if reasons[0] == CHECK_FAILED:
            raise VersionConflict(f"order {record.order.order_id} is no longer at version {record.version}")
        if reasons[2] == CHECK_FAILED:
            raise LeaseLost(f"{lease.owner} no longer holds the desk's lease")
        return None

    def times_of(self, mark: Mark, since: datetime) -> tuple[datetime, ...]:
        found = self._table.query_from(items.mark_pk(mark), items.stamp(since))
        return tuple(items.instant(item["sk"].split("#")[0]) for item in found)

    def alike(self, order: Order) -> OrderRecord | None:
        item = self._table.get(items.alike_pk(order), items.METADATA)
        return None if item is None else self.order(item["order_id"])

    def day_equity(self, day: date, login: int) -> Decimal | None:
        item = self._table.get(*items.equity_key(day, login))
        return None if item is None else Decimal(item["equity"])

    def note_day_equity(self, day: date, login: int, equity: Decimal) -> Decimal:
        if (day, login) not in self._first_equity:
            self._first_equity[day, login] = self._note_first_equity(day, login, equity)
        return self._first_equity[day, login]

    def _note_first_equity(self, day: date, login: int, equity: Decimal) -> Decimal:
        kept = self.day_equity(day, login)
        if kept is not None:
            return kept
        pk, sk = items.equity_key(day, login)
        put = self._table.put({"pk": pk, "sk": sk, "equity": equity}, "attribute_not_exists(pk)")
        if not self._table.transact("noting the day's equity", [put]):
            return equity
        return self.day_equity(day, login) or equity

    def peak_equity(self, login: int, since: datetime) -> Decimal | None:
        item = self._table.get(*items.peak_key(login))
        return Decimal(item["equity"]) if item and item["since"] == items.stamp(since) else None

    def note_peak_equity(self, login: int, equity: Decimal, since: datetime) -> Decimal:
        kept = self.peak_equity(login, since)
        if kept is not None and kept >= equity:
            return kept
        pk, sk = items.peak_key(login)
        # Another's higher one of the same count stays; that of a count which began later stays too.
        lower = "attribute_not_exists(pk) OR #since < :since OR (#since = :since AND equity < :equity)"
        values = {":since": items.stamp(since), ":equity": equity}
        put = self._table.put({"pk": pk, "sk": sk, "equity": equity, "since": values[":since"]}, lower, values, _SINCE)
        self._table.transact("noting the highest equity", [put])
        return self.peak_equity(login, since) or equity

    def note_evidence(self, key: str, at: datetime) -> datetime:
        pk, ttl = items.evidence_pk(key), int((at + timedelta(days=365)).timestamp())
        item = {"pk": pk, "sk": items.METADATA, "at": items.stamp(at), "ttl": ttl}
        if not self._table.transact("noting evidence", [self._table.put(item, "attribute_not_exists(pk)")]):
            return at
        kept = self._table.get(pk, items.METADATA)
        return items.instant(kept["at"]) if kept else at

    def kill_switch(self) -> KillSwitch:
        try:
            return items.kill_switch(self._table.get(items.GLOBAL, items.KILL_SWITCH))
        except (StoreUnavailable, InvalidInput):
            return UNREADABLE

    def set_kill_switch(self, wanted: KillSwitch, expected_version: int, now: datetime) -> KillSwitch:
        written = replace(wanted, version=expected_version + 1, at=now)
        # The emergency put-item leaves an item without a version; it counts as version 0, so the next change works.
        unchanged = "version = :expected" + (" OR attribute_not_exists(version)" if expected_version == 0 else "")
        item = items.kill_switch_item(written, now)
        audit = item | {"sk": f"EVENT#KILL_SWITCH#{items.stamp(now)}"}
        steps = [self._table.put(item, unchanged, {":expected": expected_version}), self._table.put(audit)]
        if self._table.transact("changing the kill switch", steps):
            raise VersionConflict(f"the kill switch is no longer at version {expected_version}; look at it again")
        return written

    def initialise_kill_switch(self, active: bool, who: str, now: datetime) -> bool:
        first = KillSwitch(active=active, version=1, reason="first start", who=who)
        put = self._table.put(items.kill_switch_item(first, now), "attribute_not_exists(pk)")
        return not self._table.transact("initialising the kill switch", [put])

    def note_audit(self, line: AuditLine) -> None:
        self._table.transact("noting what was done", [self._table.put(items.audit_item(line))])

    def audit(self) -> tuple[AuditLine, ...]:
        found = [items.audit_line(item) for item in self._table.query(items.GLOBAL, items.AUDITED)]
        return tuple(sorted(found, key=lambda line: line.at))

    def acquire_lease(self, owner: str, duration_s: float, now: datetime) -> Lease | None:
        held = self._table.get(items.GLOBAL, items.LEASE)
        fence = 0 if held is None else int(held["fence"])
        lease = Lease(owner=owner, fence=fence + 1, expires_at=now + timedelta(seconds=duration_s))
        free = "attribute_not_exists(pk) OR (fence = :fence AND #until <= :now)"
        values = {":fence": fence, ":now": items.stamp(now)}
        put = self._table.put(items.lease_item(lease), free, values, {"#until": "until"})
        return None if self._table.transact("acquiring the lease", [put]) else lease

    def renew_lease(self, lease: Lease, duration_s: float, now: datetime) -> Lease:
        renewed = replace(lease, expires_at=now + timedelta(seconds=duration_s))
        if not self._set_lease_end(lease, renewed.expires_at, now):
            raise LeaseLost(f"{lease.owner} no longer holds the desk's lease")
        return renewed

    def release_lease(self, lease: Lease) -> None:
        self._set_lease_end(lease, LONG_AGO, LONG_AGO)

    def lease_holder(self, now: datetime) -> Lease | None:
        item = self._table.get(items.GLOBAL, items.LEASE)
        held = None if item is None else items.lease(item)
        return held if held and held.expires_at > now else None

    def begin_epoch(self, boot_id: str, since: datetime, restored_to: datetime | None = None) -> bool:
        item = {"pk": items.GLOBAL, "sk": items.EPOCH, "boot_id": boot_id, "since": items.stamp(since)}
        item |= {"restored_to": items.stamp(restored_to)} if restored_to else {}
        put = self._table.put(item, "attribute_not_exists(pk) OR boot_id <> :boot_id", {":boot_id": boot_id})
        return not self._table.transact("beginning an epoch", [put, self._lease_is_taken_away()])

    def epoch(self) -> Epoch | None:
        item = self._table.get(items.GLOBAL, items.EPOCH)
        return None if item is None else items.epoch(item)

    def _indexed(
        self, marker: str, limit: int | None = None, without: Collection[str] = ()
    ) -> tuple[list[OrderRecord], tuple[str, ...]]:
        """What the sparse index lists, read again from the table: the index lags, the table does not.

        And, in words, what cannot be read of it.
        """
        keys = [key for key in self._table.query_index(marker) if key[0] not in without][:limit]
        found = [_readable(item) for item in self._table.get_many(keys) if item.get("open") == marker]
        unreadable = tuple(sorted(one for one in found if isinstance(one, str)))
        return [one for one in found if not isinstance(one, str)], unreadable

    def _new(self, record: OrderRecord) -> list[Item]:
        tombstone = items.tombstone_key(record.order.order_id)
        return [*self._put_new(record), self._table.check(*tombstone, "attribute_not_exists(pk)", {}, {})]

    def _put_new(self, record: OrderRecord) -> list[Item]:
        order = self._table.put(items.order_item(record, self._kept_for), "attribute_not_exists(pk)")
        return [order, self._event(record)]

    def _event(self, record: OrderRecord) -> Item:
        return self._table.put(items.event_item(record) | {"ttl": self._event_ttl(record)})

    def _event_ttl(self, record: OrderRecord) -> int:
        """Events outlive their order: they are kept a year beyond what the order is kept."""
        return int((record.updated_at + self._kept_for + timedelta(days=365)).timestamp())

    def _update(self, current: OrderRecord, moved: OrderRecord) -> Item:
        pk = items.order_pk(current.order.order_id)
        attributes = items.state_attributes(moved, self._kept_for)
        return self._table.set_attributes(pk, items.METADATA, attributes, expected_version=current.version)

    def _moved(self, move: Move) -> list[Item]:
        steps = [self._update(move.before, move.after), self._event(move.after)]
        if move.before.state is State.SUBMITTING and move.after.state is State.UNKNOWN:
            steps.append(self._table.put(items.mark_item(Mark.UNKNOWN, move.after)))
        return steps

    def _begun(self, record: OrderRecord, begun: OrderRecord, lease: Lease, reduces_risk: bool) -> list[Item]:
        action = record.order.action
        steps = [
            self._update(record, begun),
            self._switch_permits(action, reduces_risk),
            self._lease_is_held(lease, begun.updated_at),
            self._event(begun),
        ]
        if action.is_entry:
            steps += [self._table.put(items.alike_item(begun))] if self._notes_alike else []
            steps.append(self._table.put(items.mark_item(Mark.ENTRY, begun)))
        if action is not Action.CANCEL and action is not Action.MODIFY:
            steps.append(self._table.put(items.magic_item(begun) | {"ttl": self._event_ttl(begun)}))
        return steps

    def _switch_permits(self, action: Action, reduces_risk: bool) -> Item:
        # A switch of a newer version may forbid what this one does not know: it counts as HALT.
        permits = "(attribute_not_exists(#schema) OR #schema <= :schema) AND (active = :off"
        values: Item = {":off": False, ":schema": items.SCHEMA}
        if KillSwitch(active=True, mode=Mode.REDUCE_ONLY).permits(action, reduces_risk):
            permits += " OR #mode = :reduce_only"
            values[":reduce_only"] = Mode.REDUCE_ONLY.value
        names = {"#schema": "schema"} | ({"#mode": "mode"} if ":reduce_only" in values else {})
        return self._table.check(items.GLOBAL, items.KILL_SWITCH, f"{permits})", values, names)

    def _lease_is_held(self, lease: Lease, now: datetime) -> Item:
        held = "#owner = :owner AND fence = :fence AND #until > :now"
        values = {":owner": lease.owner, ":fence": lease.fence, ":now": items.stamp(now)}
        return self._table.check(items.GLOBAL, items.LEASE, held, values, {"#owner": "owner", "#until": "until"})

    def _lease_is_taken_away(self) -> Item:
        """By its fence alone: its end stays, so that a successor waits until nothing of the holder's is under way."""
        sets = "#fence = if_not_exists(#fence, :none) + :one, #owner = if_not_exists(#owner, :nobody)"
        return self._table.change(
            items.GLOBAL,
            items.LEASE,
            f"SET {sets}, #until = if_not_exists(#until, :ended)",
            {"#fence": "fence", "#owner": "owner", "#until": "until"},
            {":none": 0, ":one": 1, ":nobody": "nobody", ":ended": items.stamp(LONG_AGO)},
        )

    def _set_lease_end(self, lease: Lease, end: datetime, now: datetime) -> bool:
        return self._table.update(
            "renewing the lease",
            items.key(items.GLOBAL, items.LEASE),
            "SET #until = :end",
            {"#until": "until", "#owner": "owner"},
            {":end": items.stamp(end), ":owner": lease.owner, ":fence": lease.fence, ":now": items.stamp(now)},
            condition="#owner = :owner AND fence = :fence AND #until > :now",
        )


def connect(settings: Settings) -> DynamoOrderLedger:
    """The ledger that the settings name."""
    looks_for_repeats = settings.duplicate_window_s > 0
    return DynamoOrderLedger(client(settings, "dynamodb"), settings.table, settings.retained_days, looks_for_repeats)


def _by_time(records: Iterable[OrderRecord]) -> tuple[OrderRecord, ...]:
    return tuple(sorted(records, key=lambda record: record.received_at))


def _readable(item: Item) -> OrderRecord | str:
    """The record, or why there is none: an item that cannot be read must not keep the others from their desk."""
    try:
        return items.order_record(item)
    except NewerItem as error:
        text = f"{error}; it is left alone until that version runs again"
    except CorruptObject as error:
        text = f"{error}; repair or remove it by hand"
    logging.getLogger("axia.ledger").critical(text)
    return text
