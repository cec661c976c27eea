"""The dead-letter queue for a person: what lies there and why, what a redrive could still do, redrive, purge.

Nothing is redriven by itself. A redriven message goes the way of every message: the ledger knows what was executed, and
the original sent time says what is too old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from axia_core.domain.limits import Limits, expired
from axia_core.domain.messages import Message
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Order, parse_order
from axia_core.errors import CorruptObject, InvalidInput, InvalidOrder
from axia_core.ports import Clock, DeadLetterQueue, OrderLedger


class Prospect(StrEnum):
    """What a redrive would come to, as far as can be told now."""

    KNOWN = "KNOWN"  # acknowledged without effect: the ledger has the order
    RETURNS = "RETURNS"  # comes back to the dead-letter queue
    EXPIRES = "EXPIRES"  # too old to be sent
    EXECUTES = "EXECUTES"  # sent, unless the kill switch or a limit refuses it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue and what is known of it."""

    message: Message
    order: Order | None
    recorded_reason: str | None
    prospect: Prospect
    prospect_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a dead letter is judged by."""

    ledger: OrderLedger
    clock: Clock
    symbols: tuple[str, ...]
    limits: Limits


def look(dead_letters: DeadLetterQueue, around: Surroundings) -> tuple[DeadLetter, ...]:
    """What lies in the dead-letter queue, oldest first; nothing is changed. Raises StoreUnavailable."""
    with dead_letters.hold() as held:
        messages = held
    return tuple(_judge(message, around) for message in messages)


def redrive(dead_letters: DeadLetterQueue, message_ids: frozenset[str]) -> tuple[Message, ...]:
    """Sends these messages to the order queue again and returns those that were found. Raises StoreUnavailable."""
    return _each(dead_letters, message_ids, dead_letters.redrive)


def purge(dead_letters: DeadLetterQueue, message_ids: frozenset[str]) -> tuple[Message, ...]:
    """Removes these messages for good and returns those that were found. Raises StoreUnavailable."""
    return _each(dead_letters, message_ids, dead_letters.delete)


def chosen(letters: tuple[DeadLetter, ...], message_id: str) -> tuple[DeadLetter, ...]:
    """The letters that carry *message_id* (several, where a redrive could not delete); raises InvalidInput."""
    found = tuple(letter for letter in letters if letter.message.message_id == message_id)
    if not found:
        raise InvalidInput("message id", message_id, "the dead-letter queue does not hold it", "See `axia dlq list`.")
    return found


def _each(
    dead_letters: DeadLetterQueue, message_ids: frozenset[str], act: Callable[[Message], None]
) -> tuple[Message, ...]:
    with dead_letters.hold() as held:
        found = tuple(message for message in held if message.message_id in message_ids)
        for message in found:
            act(message)
    return found


def _judge(message: Message, around: Surroundings) -> DeadLetter:
    order: Order | None = None
    try:
        order = parse_order(message.body, message.message_id, around.symbols)
        prospect, text = _prospect(order, message, around)
    except InvalidOrder as error:
        prospect, text = Prospect.RETURNS, f"it cannot become an order: {error}"
    return DeadLetter(
        message=message,
        order=order,
        recorded_reason=around.ledger.unreadable_reason(message.message_id),
        prospect=prospect,
        prospect_text=text,
    )


def _prospect(order: Order, message: Message, around: Surroundings) -> tuple[Prospect, str]:
    try:
        known = around.ledger.order(order.order_id)
    except CorruptObject as error:  # what one letter meets must not keep a person from the others
        return Prospect.RETURNS, str(error)
    if known is not None and known.order.content_hash() == order.content_hash():
        return Prospect.KNOWN, f"nothing: the ledger knows order {order.order_id} as {known.state}"
    if known is not None:
        return Prospect.RETURNS, f"order {order.order_id} is known with other content; a new order needs a new id"
    now = around.clock.now()
    too_old = expired(_as_received(order, message, now), now, around.limits)
    if too_old is not None:
        return Prospect.EXPIRES, str(too_old)
    return Prospect.EXECUTES, "it would be sent to the broker, unless the kill switch or a limit refuses it"


def _as_received(order: Order, message: Message, now: datetime) -> OrderRecord:
    """The record that accepting the message now would make."""
    return OrderRecord(
        order=order, state=State.RECEIVED, version=1, sent_at=message.sent_at, received_at=now, updated_at=now
    )
