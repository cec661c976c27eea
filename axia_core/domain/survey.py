"""What a look at the whole account says: which positions nobody ordered, and what a closing deal means. No calls."""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.domain.broker import Deal, DealBy, Position
from axia_core.domain.events import Severity
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import is_ours

WITHOUT_EFFECT = frozenset({State.REJECTED, State.REFUSED, State.EXPIRED, State.CANCELLED, State.EXPIRED_AT_BROKER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A position that the ledger does not account for; of our own number it means that ledger and broker disagree."""

    ticket: int
    ours: bool
    text: str


def stray(position: Position, order_id: str | None, record: OrderRecord | None) -> Stray | None:
    """Why the ledger does not account for a position, by the order that was sent under its magic number; else None.

    An order whose id is known and whose record is gone is older than the ledger keeps orders: nothing is wrong with it.
    """
    name = f"position {position.ticket} ({position.lots} lots of {position.symbol})"
    if not is_ours(position.magic):
        text = f"{name} was ordered by nobody here (magic {position.magic}); limits count it, AXIA leaves it alone"
        return Stray(ticket=position.ticket, ours=False, text=text)
    if order_id is None:
        text = f"{name} carries AXIA's magic {position.magic}, and the ledger knows no order that was sent under it"
        return Stray(ticket=position.ticket, ours=True, text=f"{text}; find out who sent it before trading goes on")
    if record is not None and record.state in WITHOUT_EFFECT:
        text = f"{name} is of order {order_id}, which the ledger calls {record.state}"
        return Stray(
            ticket=position.ticket, ours=True, text=f"{text}; see `axia order show {order_id}` and the terminal"
        )
    return None


def closing_text(deal: Deal, closed_by: str | None) -> str:
    """One line of an order's timeline about a deal that closed its position, the whole or a part."""
    by = deal.by.value
    if deal.by is DealBy.PROGRAM and is_ours(deal.magic):
        by = f"order {closed_by}" if closed_by else "AXIA (the kill switch, or an order that the ledger does not know)"
    money = f"profit {deal.profit:f}, swap {deal.swap:f}, commission {deal.commission + deal.fee:f}"
    what = f"{deal.lots:f} lots of its position {deal.position} were closed by {by} at {deal.price:f}"
    return f"{what}, {money}, deal {deal.ticket}"


def closing_severity(deal: Deal) -> Severity | None:
    """How bad a closing deal is; None for what AXIA did itself, since its order is told."""
    if deal.by is DealBy.PROGRAM and is_ours(deal.magic):
        return None
    return _CLOSINGS.get(deal.by, Severity.WARNING)


_CLOSINGS = {
    DealBy.STOP_LOSS: Severity.INFO,
    DealBy.TAKE_PROFIT: Severity.INFO,
    DealBy.STOP_OUT: Severity.CRITICAL,
}
