"""What the broker's rows prove of one order: pure functions from rows that carry its magic to a Finding.

A row that carries the magic and proves no outcome means that nobody can tell yet, never that there is no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5.trade_parsing import LOT_PLACES, decimal
from axia_core.domain.broker import Absent, CannotTell, Evidence, Finding, Instrument
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Order

Struct = dict[str, Any]

PRICE_PLACES = 6
_HISTORY_STATES = {
    mt5.ORDER_CANCELED: State.CANCELLED,
    mt5.ORDER_PARTIAL: State.PARTIALLY_FILLED,
    mt5.ORDER_FILLED: State.FILLED,
    mt5.ORDER_REJECTED: State.REJECTED,
    mt5.ORDER_EXPIRED: State.EXPIRED_AT_BROKER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Every row that carries the order's magic, read in the order in which an order moves through them."""

    pending: Sequence[Struct]
    positions: Sequence[Struct]  # empty on a netting account, whose positions are not of one order
    history: Sequence[Struct]
    deals: Sequence[Struct]

    @property
    def ticket(self) -> int | None:
        """The order's own ticket: the oldest, because the exits of its position carry the same magic."""
        return min((row["ticket"] for row in (*self.pending, *self.history)), default=None)

    def fills(self, entering: bool) -> list[Struct]:
        """The order's own deals, into the market or out of it."""
        entries = (mt5.DEAL_ENTRY_IN, mt5.DEAL_ENTRY_INOUT) if entering else (mt5.DEAL_ENTRY_OUT, mt5.DEAL_ENTRY_INOUT)
        own = [deal for deal in self.deals if self.ticket is None or deal["order"] == self.ticket]
        return [deal for deal in own if deal["entry"] in entries and deal["volume"] > 0]


def of_order(order: Order, traces: Traces, lots_step: Decimal) -> Evidence | CannotTell | None:
    """What the traces of an entry or a CLOSE prove; None when there is none at all."""
    fills = traces.fills(order.action.is_entry)
    ticket = traces.ticket
    if any(row["ticket"] == ticket for row in traces.pending):
        return _pending(order, traces, fills)
    row = next((row for row in traces.history if row["ticket"] == ticket), None)
    if fills:
        return _filled(order, fills, row, lots_step)
    if row is not None:
        return _ended(order, row)
    return _position(order, traces.positions, lots_step) if order.action.is_entry else _unexplained(traces)


def of_cancel(order: Order, pending: Sequence[Struct], history: Sequence[Struct]) -> Finding:
    """What became of the order that a CANCEL acted on: still pending, cancelled, or ended otherwise before."""
    if pending:
        return Absent()
    if not history:
        return CannotTell(f"order {order.mt5_ticket} is neither pending nor in the history")
    cancelled = history[-1]["state"] == mt5.ORDER_CANCELED
    execution = Execution(ticket=order.mt5_ticket)
    return Evidence(state=State.DONE if cancelled else State.REJECTED, execution=execution, found_in="its target")


def of_modify(order: Order, targets: Sequence[Struct], instrument: Instrument) -> Finding:
    """Whether a position or pending order has what a MODIFY asked for."""
    if not targets:
        return CannotTell(f"{order.mt5_ticket} is neither a position nor a pending order any more")
    if any(_has_what_was_asked(target, order, instrument) for target in targets):
        return Evidence(state=State.DONE, execution=Execution(ticket=order.mt5_ticket), found_in="its target")
    return Absent()


def _pending(order: Order, traces: Traces, fills: list[Struct]) -> Evidence | CannotTell:
    """Waiting at the broker, perhaps filled in part; what was sent for the market should not be waiting."""
    if not order.kind.is_pending:
        return CannotTell("the broker is still working on it")
    filled = _sum_lots(fills)
    price = _average(fills) if fills else decimal(traces.pending[0]["price_open"]) or None
    execution = Execution(ticket=traces.ticket, price=price, lots=filled or None)
    return Evidence(state=State.PLACED, execution=execution, found_in="orders")


def _filled(order: Order, fills: list[Struct], row: Struct | None, lots_step: Decimal) -> Evidence | CannotTell:
    """By its deals, once all of them have arrived: those of a split fill come one by one."""
    lots, asked_lots = _sum_lots(fills), _asked(order, row, lots_step)
    if lots < asked_lots and not _is_complete(row, lots):
        return CannotTell(f"{lots} of {asked_lots} lots are filled, and more deals may arrive")
    execution = Execution(ticket=fills[0]["order"], deal=fills[0]["ticket"], price=_average(fills), lots=lots)
    if not order.action.is_entry:
        return Evidence(state=State.DONE, execution=execution, found_in="deals")
    state = State.PARTIALLY_FILLED if lots < asked_lots else State.FILLED
    return Evidence(state=state, execution=execution, found_in="deals")


def _is_complete(row: Struct | None, lots: Decimal) -> bool:
    """Whether the broker's row says that the order has ended with no more than *lots* filled."""
    return row is not None and row["state"] in _HISTORY_STATES and _filled_lots(row) <= lots


def _filled_lots(row: Struct) -> Decimal:
    return decimal(row["volume_initial"] - row["volume_current"], LOT_PLACES)


def _ended(order: Order, row: Struct) -> Evidence | CannotTell:
    """A row of the history without deals: they arrive later than the row where anything was filled."""
    state = _HISTORY_STATES.get(row["state"])
    filled = _filled_lots(row)
    if state is None:
        return CannotTell("the broker is still working on it")
    if state in (State.FILLED, State.PARTIALLY_FILLED) or (filled and state is not State.REJECTED):
        return CannotTell("it was filled, and its deals have not arrived yet")
    return Evidence(state=state, execution=Execution(ticket=row["ticket"]), found_in="history")


def _position(order: Order, positions: Sequence[Struct], lots_step: Decimal) -> Evidence | CannotTell | None:
    """A position with the magic proves a fill before the history does."""
    if not positions:
        return None
    lots = _sum_lots(positions)
    if order.lots is None or lots + lots_step <= order.lots:
        return CannotTell("it was filled at least in part, and its deals have not arrived yet")
    first = positions[0]
    execution = Execution(ticket=first["identifier"], price=decimal(first["price_open"]), lots=lots)
    return Evidence(state=State.FILLED, execution=execution, found_in="positions")


def _unexplained(traces: Traces) -> CannotTell | None:
    return CannotTell("the broker has deals of it that explain nothing") if traces.deals else None


def _asked(order: Order, row: Struct | None, lots_step: Decimal) -> Decimal:
    """The size that was sent: by the broker's own row, else what was asked less what the step may have cut off."""
    if row is not None:
        return decimal(row["volume_initial"], LOT_PLACES)
    return (order.lots or Decimal(0)) // lots_step * lots_step


def _sum_lots(rows: Sequence[Struct]) -> Decimal:
    return sum((decimal(row["volume"], LOT_PLACES) for row in rows), Decimal(0))


def _average(deals: Sequence[Struct]) -> Decimal:
    worth = sum((decimal(deal["volume"], LOT_PLACES) * decimal(deal["price"]) for deal in deals), Decimal(0))
    return round(worth / _sum_lots(deals), PRICE_PLACES).normalize()


def _has_what_was_asked(target: Struct, order: Order, instrument: Instrument) -> bool:
    wanted = {"sl": order.stop_loss, "tp": order.take_profit}
    if "volume_initial" in target:
        wanted["price_open"] = order.entry_price
    asked = {name: price for name, price in wanted.items() if price is not None}
    return all(abs(decimal(target[name]) - price) < instrument.tick_size for name, price in asked.items())
