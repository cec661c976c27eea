"""The order state machine: which states there are, which moves are legal, and what each move must carry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from axia_core.domain.messages import Lease, Message
from axia_core.domain.orders import Order
from axia_core.errors import IllegalTransition


class State(StrEnum):
    """Where an order stands. REFUSED is ours, REJECTED is the broker's, UNKNOWN is nobody's yet."""

    RECEIVED = "RECEIVED"
    SUBMITTING = "SUBMITTING"
    UNKNOWN = "UNKNOWN"
    PLACED = "PLACED"
    FILLED = "FILLED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    DONE = "DONE"
    REJECTED = "REJECTED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    EXPIRED_AT_BROKER = "EXPIRED_AT_BROKER"

    @property
    def is_final(self) -> bool:
        """Nothing further will happen to the order."""
        return self not in OPEN_STATES


OPEN_STATES = frozenset({State.RECEIVED, State.SUBMITTING, State.UNKNOWN, State.PLACED})

_OUTCOMES = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.PLACED, State.DONE, State.REJECTED})
_AT_BROKER = frozenset({State.CANCELLED, State.EXPIRED_AT_BROKER})

MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.SUBMITTING, State.REFUSED, State.EXPIRED, State.CANCELLED})
    # Only where an order is found at the broker before its first send: the ledger was rewound or restored.
    | frozenset({State.UNKNOWN})
    # Only a CANCEL whose target was not pending at the broker: there was nothing to send.
    | frozenset({State.DONE}),
    # Back to RECEIVED, or to REFUSED or EXPIRED, only where it is proven that nothing was done.
    State.SUBMITTING: _OUTCOMES
    | frozenset({State.UNKNOWN, State.SUBMITTING, State.RECEIVED, State.REFUSED, State.EXPIRED}),
    State.UNKNOWN: _OUTCOMES | _AT_BROKER,
    # UNKNOWN where the broker shows no trace of it any more; REJECTED where it refused it after accepting it.
    # PLACED again where the broker has told more of it: its ticket, a part of it filled.
    State.PLACED: frozenset({State.PLACED, State.FILLED, State.PARTIALLY_FILLED, State.REJECTED, State.UNKNOWN})
    | _AT_BROKER,
}


def check_move(current: State, to: State) -> None:
    """Raises IllegalTransition unless *current* -> *to* is a legal move."""
    if to not in MOVES.get(current, frozenset()):
        raise IllegalTransition(f"an order cannot go from {current} to {to}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What the broker says about an order: tickets, price, lots, time; all None until it has said something."""

    ticket: int | None = None
    deal: int | None = None
    price: Decimal | None = None
    lots: Decimal | None = None
    retcode: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order as the ledger holds it."""

    order: Order
    state: State
    version: int
    sent_at: datetime
    received_at: datetime
    updated_at: datetime
    sender: str = ""
    message_id: str = ""
    attempts: int = 0
    reason: str = ""
    execution: Execution = field(default_factory=Execution)

    @property
    def known_since(self) -> datetime:
        """The earlier of the client's and the queue's time: what the order's age counts from."""
        return min(self.sent_at, self.order.created_at or self.sent_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move of an order: its record before and after, and the lease without which it must not be written."""

    before: OrderRecord
    after: OrderRecord
    lease: Lease | None = None


def new_record(order: Order, message: Message, now: datetime) -> OrderRecord:
    """The record of an order that has just come."""
    return OrderRecord(
        order=order,
        state=State.RECEIVED,
        version=1,
        sent_at=message.sent_at,
        received_at=now,
        updated_at=now,
        sender=message.sender,
        message_id=message.message_id,
    )


def moved(
    record: OrderRecord, to: State, now: datetime, reason: str = "", execution: Execution | None = None
) -> OrderRecord:
    """The record after a move, one version on; raises IllegalTransition."""
    check_move(record.state, to)
    known = execution or record.execution
    return replace(record, state=to, version=record.version + 1, updated_at=now, reason=reason, execution=known)


def attempt_begun(record: OrderRecord, now: datetime) -> OrderRecord:
    """The record of an order that is about to be sent, once more; raises IllegalTransition."""
    begun = moved(record, State.SUBMITTING, now, record.reason)
    return replace(begun, attempts=record.attempts + 1)


def cancelled_before_it_came(record: OrderRecord, by: str) -> OrderRecord:
    """The record of an order that a CANCEL has overtaken."""
    return replace(record, state=State.CANCELLED, reason=f"order {by} cancelled it before it came")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One line of an order's timeline."""

    order_id: str
    at: datetime
    state: State
    version: int
    text: str = ""
