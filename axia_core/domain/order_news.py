"""What people are told of an order that has moved: how bad it is, a sentence, and attributes to filter by. No calls."""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.domain.events import Severity
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action

_SEVERITIES = {
    State.FILLED: Severity.INFO,
    State.PLACED: Severity.INFO,
    State.DONE: Severity.INFO,
    State.CANCELLED: Severity.INFO,
    State.PARTIALLY_FILLED: Severity.WARNING,
    State.REJECTED: Severity.WARNING,
    State.REFUSED: Severity.WARNING,
    State.EXPIRED: Severity.WARNING,
    State.EXPIRED_AT_BROKER: Severity.WARNING,
    State.UNKNOWN: Severity.CRITICAL,
}
_NO_EFFECT = frozenset({State.REJECTED, State.REFUSED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class News:
    """One event to publish; `details["event_id"]` is the same when it is told once more."""

    severity: Severity
    text: str
    details: dict[str, str]


def order_news(record: OrderRecord, was: State | None = None) -> News | None:
    """What to tell of an order as *record* has it, and that stood at *was*; None while nothing has come of it."""
    if record.state not in _SEVERITIES:
        return None
    details = _details(record) | ({"was": was.value} if was is State.UNKNOWN else {})
    return News(_severity(record, was), _text(record, was), details)


def _severity(record: OrderRecord, was: State | None) -> Severity:
    """An exit that did not happen leaves a risk open; whoever heard of an UNKNOWN order must hear of its end."""
    if record.order.action is Action.CLOSE and record.state in _NO_EFFECT:
        return Severity.CRITICAL
    if was is State.UNKNOWN and record.state is not State.UNKNOWN:
        return Severity.RECOVERED
    part_done = record.state is State.DONE and bool(record.reason)
    return Severity.WARNING if part_done else _SEVERITIES[record.state]


def _text(record: OrderRecord, was: State | None) -> str:
    order, said = record.order, record.execution
    lots = said.lots or order.lots
    words = [f"{order.action} {order.symbol}"]
    words += [] if lots is None else [f"{lots:f} lots"]
    words += [] if said.price is None else [f"at {said.price:f}"]
    words += [] if said.ticket is None else [f"ticket {said.ticket}"]
    before = " (it was UNKNOWN)" if was is State.UNKNOWN else ""
    why = f": {record.reason}" if record.reason else ""
    return f"order {order.order_id} is {record.state}{before}, {' '.join(words)}{why}"[:1_000]


def _details(record: OrderRecord) -> dict[str, str]:
    order, said = record.order, record.execution
    lots = said.lots or order.lots
    known = {
        "order_id": order.order_id,
        "event_id": f"{order.order_id}#{record.version}",
        "state": record.state.value,
        "symbol": order.symbol,
        "action": order.action.value,
        "kind": order.kind.value,
        "lots": None if lots is None else f"{lots:f}",
        "price": None if said.price is None else f"{said.price:f}",
        "ticket": None if said.ticket is None else str(said.ticket),
        "reason": record.reason[:500] or None,
    }
    return {name: value for name, value in known.items() if value is not None}
