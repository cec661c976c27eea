"""What a MODIFY does to the risk: decided from the book as it was read a moment ago. No calls.

One that can only reduce what may be lost passes as an exit; any other is an entry, and must pass an entry's limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.limits import Check
from axia_core.domain.orders import Action, Kind, Order


@dataclass(frozen=True, slots=True)
class Risk:
    """Whether REDUCE_ONLY lets an order pass, and the entry whose limits it must pass, if any.

    `size` is what a MODIFY says of its target's size, where it says anything.
    """

    reduces: bool
    entry: Order | None = None
    size: Check | None = None


def risk_of(order: Order, target: Position | PendingOrder | None) -> Risk:
    """The risk of a MODIFY that acts on *target*; where the book holds none, the broker has nothing to change."""
    if target is None:
        return Risk(reduces=False)
    size = _size(order, target)
    if isinstance(target, Position) and reduces_risk(replace(order, mt5_ticket=target.ticket), (target,)):
        return Risk(reduces=True, size=size)
    return Risk(reduces=False, entry=as_entry(order, target), size=size)


def as_entry(order: Order, target: Position | PendingOrder) -> Order:
    """The entry that would make what the MODIFY makes of its target: what it leaves out stays as it is."""
    pending = isinstance(target, PendingOrder)
    return replace(
        order,
        action=Action.BUY if target.long else Action.SELL,
        kind=Kind.LIMIT if pending else Kind.MARKET,
        lots=target.lots,
        entry_price=order.entry_price or (target.price if isinstance(target, PendingOrder) else None),
        stop_loss=order.stop_loss or target.stop_loss,
        take_profit=order.take_profit or target.take_profit,
    )


def reduces_risk(order: Order, positions: Iterable[Position]) -> bool:
    """True where *order* brings the stops of an open position nearer, or gives it one it had not.

    A pending order's prices never count as reducing: where it would fill is a new risk, and CANCEL is the way out.
    """
    if order.action is not Action.MODIFY or order.entry_price is not None:
        return False
    found = next((one for one in positions if one.ticket == order.mt5_ticket), None)
    return found is not None and _stop_is_nearer(order, found) and _target_is_nearer(order, found)


def _size(order: Order, target: Position | PendingOrder) -> Check | None:
    """A lot_size that is not the target's asks for what no MODIFY can do."""
    if order.lots is None:
        return None
    return Check(
        code="SIZE",
        figure=f"lot_size {order.lots:f}, and {target.ticket} has {target.lots:f} lots",
        limit="a MODIFY cannot change a size",
        passed=order.lots == target.lots,
        remedy="leave lot_size out; use CLOSE or CANCEL to make it smaller",
    )


def _stop_is_nearer(order: Order, held: Position) -> bool:
    """A stop loss is not moved away; one that is left out stays."""
    wanted, now = order.stop_loss, held.stop_loss
    return wanted is None or now is None or (wanted >= now if held.long else wanted <= now)


def _target_is_nearer(order: Order, held: Position) -> bool:
    """A take profit that moves away keeps the position open for longer."""
    wanted, now = order.take_profit, held.take_profit
    return wanted is None or now is None or (wanted <= now if held.long else wanted >= now)
