"""What the ledger's items look like: keys, attributes, and the way between items and domain values. No calls.

ORDER#{order_id}      METADATA               the order's record
ORDER#{order_id}      EVENT#{version}        one line of its timeline
ORDER#{order_id}      NOTE#{version}#{hash}  a line that moved nothing (versions before this one do not see it)
ORDER#{order_id}      TOMBSTONE              which CANCEL has overtaken it
GLOBALCONFIG          SETTING#KILL_SWITCH    the switch (its key and `active` are the original design's)
GLOBALCONFIG          EVENT#KILL_SWITCH#{v}  who changed it, when and why
GLOBALCONFIG          EVENT#AUDIT#{at}#..    who did what to the broker's book, and what came of it
GLOBALCONFIG          LEASE#DESK             which desk may act
GLOBALCONFIG          EPOCH                  since when the table has not been rewound
GLOBALCONFIG          SNAPSHOT#BOOK          account, book and quotes as the desk saw them last (`snapshots`)
HEARTBEAT             METADATA               when the recovery checks ran last (`aws_safeguards.heartbeats`)
UNREADABLE#{msg id}   METADATA               why a message could not become an order
ALIKE#{likeness}      METADATA               which order of the same content was attempted last
MAGIC#{number}        METADATA               which order was sent under it
EQUITY#{date}         ACCOUNT#{login}        the account's equity when the trading day was first seen
EQUITY#PEAK           ACCOUNT#{login}        its highest equity since the switch was released last
MARK#{what}           {at}#{order}#{version} when an entry was attempted, or an order became UNKNOWN
EVIDENCE#{key}        METADATA               when something that speaks against trading on was first seen

Every item carries `schema` (items without one are of 1, from before all did). An attribute that older versions may
ignore is just added. SCHEMA grows where an older version would act wrongly on an item: it then leaves the item alone.
Of the lease it is not looked at: by its three attributes old and new versions hand over, and they never change.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch, Mode, audit_of
from axia_core.domain.messages import Epoch, Lease
from axia_core.domain.order_states import Execution, OrderEvent, OrderRecord, State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.errors import CorruptObject, NewerItem
from axia_core.ports import Mark

SCHEMA = 1
OPEN_INDEX = "open-orders"
OPEN, UNREPORTED = "OPEN", "UNREPORTED"
GLOBAL = "GLOBALCONFIG"
KILL_SWITCH, LEASE, EPOCH = "SETTING#KILL_SWITCH", "LEASE#DESK", "EPOCH"
METADATA = "METADATA"
NOTE = "NOTE#"
AUDIT, AUDITED = "EVENT#AUDIT#", "EVENT#"
KEY_CHARACTERS = 250  # a sort key has 1024 bytes

Item = dict[str, Any]

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def wire(plain: Item) -> Item:
    """A plain item in DynamoDB's typed form; None values are left out."""
    return {name: _serializer.serialize(value) for name, value in plain.items() if value is not None}


def plain(wired: Item) -> Item:
    """The inverse of `wire`."""
    return {name: _deserializer.deserialize(value) for name, value in wired.items()}


def key(pk: str, sk: str) -> Item:
    """A primary key, typed."""
    return wire({"pk": pk, "sk": sk})


def order_pk(order_id: str) -> str:
    return f"ORDER#{order_id}"


def tombstone_key(order_id: str) -> tuple[str, str]:
    return order_pk(order_id), "TOMBSTONE"


def event_sk(version: int) -> str:
    return f"EVENT#{version:06d}"


def state_attributes(record: OrderRecord, kept_for: timedelta) -> Item:
    """The attributes a move changes; a final order leaves the open index and gets its time to live."""
    final = record.state.is_final
    execution = record.execution
    return {
        "state": record.state.value,
        "version": record.version,
        "updated_at": stamp(record.updated_at),
        "attempts": record.attempts,
        "reason": record.reason,
        "ticket": execution.ticket,
        "deal": execution.deal,
        "price": execution.price,
        "lots": execution.lots,
        "retcode": execution.retcode,
        "open": UNREPORTED if final else OPEN,
        "ttl": int((record.updated_at + kept_for).timestamp()) if final else None,
    }


def order_item(record: OrderRecord, kept_for: timedelta) -> Item:
    """The whole METADATA item of an order."""
    return {
        "pk": order_pk(record.order.order_id),
        "sk": METADATA,
        "schema": SCHEMA,
        "order": _order_json(record.order),
        "content_hash": record.order.content_hash(),
        "sent_at": stamp(record.sent_at),
        "received_at": stamp(record.received_at),
        "sender": record.sender,
        "message_id": record.message_id,
        **state_attributes(record, kept_for),
    }


def is_newer(item: Item) -> bool:
    """Whether a version after this one wrote the item in a shape of its own. What is no number is no older shape."""
    schema = item.get("schema", SCHEMA)
    return not isinstance(schema, Decimal | int) or schema > SCHEMA


def order_record(item: Item) -> OrderRecord:
    """The record in a plain METADATA item; raises CorruptObject, and NewerItem where a newer version wrote it."""
    if is_newer(item):
        raise NewerItem(f"the ledger item {item.get('pk')} has schema {item['schema']}, this version knows {SCHEMA}")
    try:
        return OrderRecord(
            order=_order_from_json(item["order"]),
            state=State(item["state"]),
            version=int(item["version"]),
            sent_at=instant(item["sent_at"]),
            received_at=instant(item["received_at"]),
            updated_at=instant(item["updated_at"]),
            sender=item["sender"],
            message_id=item["message_id"],
            attempts=int(item["attempts"]),
            reason=item.get("reason", ""),
            execution=_execution(item),
        )
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise CorruptObject(f"the ledger item {item.get('pk')} cannot be read: {error!r}") from error


def event_item(record: OrderRecord) -> Item:
    """The timeline entry that a move leaves."""
    return {
        "pk": order_pk(record.order.order_id),
        "sk": event_sk(record.version),
        "at": stamp(record.updated_at),
        "state": record.state.value,
        "text": record.reason,
    }


def note_item(record: OrderRecord, text: str, at: datetime) -> Item:
    """A line beside the moves, under a key of its own content: written again it is the same item."""
    mark = hashlib.sha256(f"{stamp(at)} {text}".encode()).hexdigest()[:16]
    return {
        "pk": order_pk(record.order.order_id),
        "sk": f"{NOTE}{record.version:06d}#{mark}",
        "at": stamp(at),
        "state": record.state.value,
        "text": text,
    }


def magic_item(record: OrderRecord) -> Item:
    return {"pk": magic_pk(record.order.magic), "sk": METADATA, "order_id": record.order.order_id}


def magic_pk(magic: int) -> str:
    return f"MAGIC#{magic}"


def order_event(item: Item) -> OrderEvent:
    return OrderEvent(
        order_id=item["pk"].removeprefix("ORDER#"),
        at=instant(item["at"]),
        state=State(item["state"]),
        version=int(item["sk"].split("#")[1]),
        text=item.get("text", ""),
    )


def kill_switch(item: Item | None) -> KillSwitch:
    """The switch in a plain item. The emergency put-item writes `active` alone, and that means HALT at version 0."""
    if item is None or is_newer(item) or not isinstance(item.get("active"), bool):
        return UNREADABLE
    try:
        return KillSwitch(
            active=item["active"],
            mode=Mode(item.get("mode", Mode.HALT)),
            version=int(item.get("version", 0)),
            reason=str(item.get("reason", "")),
            who=str(item.get("who", "")),
            at=instant(item["updated_at"]) if "updated_at" in item else None,
            automatic=item.get("automatic") is True,
            cancel_pending=item.get("cancel_pending") is True,
        )
    except (ValueError, TypeError, ArithmeticError):
        return UNREADABLE


def kill_switch_item(switch: KillSwitch, now: datetime) -> Item:
    return {
        "pk": GLOBAL,
        "sk": KILL_SWITCH,
        "active": switch.active,
        "mode": switch.mode.value,
        "version": switch.version,
        "reason": switch.reason,
        "who": switch.who,
        "automatic": True if switch.automatic else None,
        "cancel_pending": True if switch.cancel_pending else None,
        "updated_at": stamp(now),
    }


def audit_item(line: AuditLine) -> Item:
    """An audit line under a key of its own content: written again it is the same item."""
    sk = f"{AUDIT}{stamp(line.at)}#{line.what}#{line.outcome}"[:KEY_CHARACTERS]
    return {"pk": GLOBAL, "sk": sk, "at": stamp(line.at), "who": line.who, "what": line.what, "outcome": line.outcome}


def audit_line(item: Item) -> AuditLine:
    """The line in an audit item, or that of a change of the switch."""
    if item["sk"].startswith(AUDIT):
        return AuditLine(at=instant(item["at"]), who=item["who"], what=item["what"], outcome=item["outcome"])
    return audit_of(kill_switch(item), instant(item["updated_at"]))


def alike_item(record: OrderRecord) -> Item:
    """Which entry of its content was attempted last; it is of use for seconds and kept for a day."""
    ttl = int((record.updated_at + timedelta(days=1)).timestamp())
    return {"pk": alike_pk(record.order), "sk": METADATA, "order_id": record.order.order_id, "ttl": ttl}


def alike_pk(order: Order) -> str:
    return f"ALIKE#{order.likeness()}"


def equity_key(day: date, login: int) -> tuple[str, str]:
    return f"EQUITY#{day.isoformat()}", f"ACCOUNT#{login}"


def peak_key(login: int) -> tuple[str, str]:
    return "EQUITY#PEAK", f"ACCOUNT#{login}"


def mark_pk(mark: Mark) -> str:
    return f"MARK#{mark}"


def mark_item(mark: Mark, record: OrderRecord) -> Item:
    """That it happened, under a key that sorts by when; counted for minutes, and kept for two days."""
    sk = f"{stamp(record.updated_at)}#{record.order.order_id}#{record.version}"
    return {"pk": mark_pk(mark), "sk": sk, "ttl": int((record.updated_at + timedelta(days=2)).timestamp())}


def evidence_pk(key: str) -> str:
    return f"EVIDENCE#{key}"


def lease_item(lease: Lease) -> Item:
    return {"pk": GLOBAL, "sk": LEASE, "owner": lease.owner, "fence": lease.fence, "until": stamp(lease.expires_at)}


def lease(item: Item) -> Lease:
    return Lease(owner=item["owner"], fence=int(item["fence"]), expires_at=instant(item["until"]))


def epoch(item: Item) -> Epoch:
    restored_to = instant(item["restored_to"]) if "restored_to" in item else None
    return Epoch(boot_id=item["boot_id"], since=instant(item["since"]), restored_to=restored_to)


def stamp(at: datetime) -> str:
    """A time as text that sorts as the time does: always UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _execution(item: Item) -> Execution:
    def whole(name: str) -> int | None:
        return int(item[name]) if name in item else None

    return Execution(
        ticket=whole("ticket"),
        deal=whole("deal"),
        price=item.get("price"),
        lots=item.get("lots"),
        retcode=whole("retcode"),
    )


def _order_json(order: Order) -> str:
    values = {field.name: getattr(order, field.name) for field in fields(order)}
    return json.dumps({name: _text(value) for name, value in values.items() if value is not None}, sort_keys=True)


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


def _order_from_json(text: str) -> Order:
    raw = json.loads(text)
    decimals = ("lots", "take_profit", "stop_loss", "entry_price")
    times = ("created_at", "expires_at")
    values = raw | {name: Decimal(raw[name]).normalize() for name in decimals if name in raw}
    values |= {name: instant(raw[name]) for name in times if name in raw}
    values |= {"action": Action(raw["action"]), "kind": Kind(raw["kind"])}
    return Order(**values)
