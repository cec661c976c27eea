"""What a CLOSE, CANCEL or MODIFY may do to the order it names: decided from that order's record alone. No calls."""

from __future__ import annotations

from dataclasses import dataclass, replace

from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, Order


@dataclass(frozen=True, slots=True)
class Act:
    """Ask the broker, about this ticket."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Wait:
    """What became of the target is not known yet."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """The broker need not be asked: the order ends like this."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class CancelUnsent:
    """The target has not been sent: it is cancelled in the ledger."""


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The ledger does not know the target (yet)."""


Decision = Act | Wait | End | CancelUnsent | NotKnown

_IN_FLIGHT = frozenset({State.SUBMITTING, State.UNKNOWN})
_FILLED = frozenset({State.FILLED, State.PARTIALLY_FILLED})


def decide(order: Order, target: OrderRecord | None) -> Decision:
    """What *order*, which names its target by `target_order_id`, may do; *target* is what the ledger holds of it."""
    if target is None:
        return NotKnown()
    name = f"its target {target.order.order_id}"
    if target.order.symbol != order.symbol:
        text = f"TARGET: {name} trades {target.order.symbol}, not {order.symbol}; correct the symbol"
        return End(State.REFUSED, text)
    if target.state is State.RECEIVED:
        return CancelUnsent() if order.action is Action.CANCEL else Wait(f"{name} has not been sent yet")
    if target.state in _IN_FLIGHT:
        return Wait(f"{name} is {target.state}")
    if not target.order.action.is_entry:
        return End(State.REFUSED, f"TARGET: {name} is a {target.order.action}; name the entry itself")
    return _decide_on_ended(order, target, name)


def addressed(order: Order, target: OrderRecord | None) -> Order | None:
    """The order with its target's ticket in it, or None where the target has none.

    Also for a target that has ended meanwhile: what became of a CANCEL is read from its target's history.
    """
    ticket = None if target is None else target.execution.ticket
    return None if ticket is None else replace(order, mt5_ticket=ticket)


def _decide_on_ended(order: Order, target: OrderRecord, name: str) -> Decision:
    filled, placed = target.state in _FILLED, target.state is State.PLACED
    if order.action is Action.CANCEL and not placed:
        if filled:
            return End(State.REFUSED, f"TARGET: {name} is {target.state}, nothing is pending; use CLOSE")
        return End(State.DONE, f"nothing to cancel: {name} is {target.state}")
    if not (filled or placed):
        return End(State.REFUSED, f"TARGET: {name} is {target.state}; there is nothing to {order.action}")
    if target.execution.ticket is None:
        return Wait(f"{name} has no ticket yet")
    # A placed order may have been filled a moment ago: its position carries the order's ticket, and the broker decides.
    return Act(target.execution.ticket)
