"""Accept one message: parse it, write it to the ledger, and only then acknowledge it."""

from __future__ import annotations

from axia_core.domain.messages import Message
from axia_core.domain.order_states import OrderRecord, new_record
from axia_core.domain.orders import parse_order
from axia_core.errors import InvalidOrder
from axia_core.ports import Clock, Events, OrderLedger, OrderQueue, Recorded

# A reason quotes the message, which may be hostile: long, or text that no store takes.
KEPT_REASON_CHARACTERS = 1_000


def accept(
    message: Message,
    *,
    queue: OrderQueue,
    ledger: OrderLedger,
    clock: Clock,
    events: Events,
    symbols: tuple[str, ...],
) -> OrderRecord | None:
    """The order that the message holds, durable in the ledger; None where there is nothing to be done for it.

    A repeat of a known order is acknowledged and does nothing. What cannot be parsed, and a known id with other
    content, is left to redelivery and the dead-letter queue, with its reason recorded. Raises StoreUnavailable, and
    then the message has not been acknowledged.
    """
    try:
        order = parse_order(message.body, message.message_id, symbols)
    except InvalidOrder as error:
        _leave(message, str(error), "order_unreadable", ledger, clock, events)
        return None
    now = clock.now()
    found = ledger.record(order, message, now)
    if found is Recorded.CONFLICT:
        reason = f"order_id {order.order_id} is known with other content; a new order needs a new id"
        _leave(message, reason, "order_conflict", ledger, clock, events)
        return None
    queue.delete(message)
    if found is Recorded.NEW:
        return new_record(order, message, now)  # as it was written; every move of it is conditional on its version
    record = ledger.order(order.order_id)
    # Also a known order that is still open: the desk that recorded it may not have lived to act on it. One that a
    # CANCEL has overtaken is final at once.
    shown = record is not None and (found is Recorded.OVERTAKEN or not record.state.is_final)
    return record if shown else None


def _leave(message: Message, reason: str, event_type: str, ledger: OrderLedger, clock: Clock, events: Events) -> None:
    reason = reason.encode("utf-8", "backslashreplace").decode()[:KEPT_REASON_CHARACTERS]
    ledger.record_unreadable(message, reason, clock.now())
    if message.receive_count <= 1:  # once per message, not once per redelivery
        events.publish(event_type, "warning", "order_processor", reason, message_id=message.message_id)
