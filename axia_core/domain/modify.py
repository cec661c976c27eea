"""Whether a MODIFY can only reduce what may be lost: decided from the book as it was read a moment ago. No calls."""

from __future__ import annotations

from collections.abc import Iterable

from axia_core.domain.broker import Position
from axia_core.domain.orders import Action, Order


def reduces_risk(order: Order, positions: Iterable[Position]) -> bool:
    """True where *order* brings the stops of an open position nearer, or gives it one it had not.

    A pending order's prices never count as reducing: where it would fill is a new risk, and CANCEL is the way out.
    """
    if order.action is not Action.MODIFY or order.entry_price is not None:
        return False
    found = next((one for one in positions if one.ticket == order.mt5_ticket), None)
    return found is not None and _stop_is_nearer(order, found) and _target_is_nearer(order, found)


def _stop_is_nearer(order: Order, held: Position) -> bool:
    """A stop loss is not moved away; one that is left out stays."""
    wanted, now = order.stop_loss, held.stop_loss
    return wanted is None or now is None or (wanted >= now if held.long else wanted <= now)


def _target_is_nearer(order: Order, held: Position) -> bool:
    """A take profit that moves away keeps the position open for longer."""
    wanted, now = order.take_profit, held.take_profit
    return wanted is None or now is None or (wanted <= now if held.long else wanted >= now)
