"""Accept received messages: parse each, write them to the ledger, and only then let them be acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from axia_core.domain.events import EventType, Severity
from axia_core.domain.messages import Message
from axia_core.domain.order_states import OrderRecord, new_record
from axia_core.domain.orders import parse_order
from axia_core.errors import InvalidOrder, StoreUnavailable
from axia_core.ports import Clock, Events, OrderLedger, Recorded

COMPONENT = "order_processor"
# A reason quotes the message, which may be hostile: long, or text that no store takes.
KEPT_REASON_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of one message: whether it has done its service, and what is to be worked on."""

    is_done_with: bool
    record: OrderRecord | None = None


_LEFT = _Taken(False)


def accept(
    messages: Sequence[Message],
    *,
    acknowledge: Callable[[Sequence[Message]], None],
    ledger: OrderLedger,
    clock: Clock,
    events: Events,
    symbols: tuple[str, ...],
) -> list[OrderRecord]:
    """The orders that the messages hold and that are to be worked on, durable in the ledger.

    *acknowledge* is given what has done its service; a repeat of a known order has, and does nothing. What cannot be
    parsed, and a known id with other content, is left to redelivery and the dead-letter queue, with its reason
    recorded. Whatever is wrong with a message stays with it. Raises StoreUnavailable: what was not acknowledged then
    comes again, and is known.
    """
    if (together := _record_together(messages, ledger, clock.now(), symbols)) is not None:
        acknowledge(messages)
        return together
    taken = [_take(message, ledger, clock, events, symbols) for message in messages]
    done = [message for message, one in zip(messages, taken, strict=True) if one.is_done_with]
    if done:
        acknowledge(done)
    return [one.record for one in taken if one.record is not None]


def _record_together(
    messages: Sequence[Message], ledger: OrderLedger, now: datetime, symbols: tuple[str, ...]
) -> list[OrderRecord] | None:
    """The records of several that are all new orders, in one call instead of one each; None where one of them is not.

    Whatever is wrong is found again, and told, when each goes by itself; so is what was written and not answered.
    """
    if len(messages) < 2:
        return None
    try:
        orders = [(parse_order(message.body, message.message_id, symbols), message) for message in messages]
        is_written = ledger.record_together(orders, now)
    except Exception:  # noqa: BLE001 - one message's fault must not take its neighbours along
        return None
    return [new_record(order, message, now) for order, message in orders] if is_written else None


def _take(message: Message, ledger: OrderLedger, clock: Clock, events: Events, symbols: tuple[str, ...]) -> _Taken:
    """One message into the ledger; a fault of it stays with it and does not take its neighbours along."""
    try:
        return _record(message, ledger, clock.now(), events, symbols)
    except StoreUnavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this message's
        text = f"{message.message_id} cannot be worked on: {type(fault).__name__}: {fault}"[:KEPT_REASON_CHARACTERS]
        events.publish(EventType.ORDER_FAULT, Severity.CRITICAL, COMPONENT, text, subject=message.message_id)
        return _LEFT


def _record(message: Message, ledger: OrderLedger, now: datetime, events: Events, symbols: tuple[str, ...]) -> _Taken:
    try:
        order = parse_order(message.body, message.message_id, symbols)
    except InvalidOrder as error:
        return _leave(message, str(error), EventType.ORDER_UNREADABLE, ledger, now, events)
    found = ledger.record(order, message, now)
    if found is Recorded.CONFLICT:
        reason = f"order_id {order.order_id} is known with other content; a new order needs a new id"
        return _leave(message, reason, EventType.ORDER_CONFLICT, ledger, now, events)
    if found is Recorded.NEW:
        return _Taken(True, new_record(order, message, now))  # as it was written; every move of it checks its version
    record = ledger.order(order.order_id)
    # Also a known order that is still open: the desk that recorded it may not have lived to act on it. One that a
    # CANCEL has overtaken is final at once.
    shown = record is not None and (found is Recorded.OVERTAKEN or not record.state.is_final)
    return _Taken(True, record if shown else None)


def _leave(
    message: Message, reason: str, event_type: EventType, ledger: OrderLedger, now: datetime, events: Events
) -> _Taken:
    reason = reason.encode("utf-8", "backslashreplace").decode()[:KEPT_REASON_CHARACTERS]
    ledger.record_unreadable(message, reason, now)
    if message.receive_count <= 1:  # once per message, not once per redelivery
        # That it lies in the dead-letter queue is told to people when it does.
        severity = Severity.INFO if event_type is EventType.ORDER_UNREADABLE else Severity.WARNING
        events.publish(event_type, severity, COMPONENT, reason, message_id=message.message_id)
    return _LEFT
