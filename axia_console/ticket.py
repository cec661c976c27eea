"""What a person has typed into the order ticket, and the message it makes. Pure; a fault names its field."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from axia_core.domain.broker import Quote
from axia_core.domain.orders import Action, Kind
from axia_core.domain.symbols import Symbol
from axia_core.errors import InvalidOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The ticket as it stands; numbers are still text. Stops are prices, or pips from the entry with *in_pips*."""

    order_id: str
    symbol: str
    action: Action
    kind: Kind = Kind.MARKET
    lots: str = ""
    entry_price: str = ""
    stop_loss: str = ""
    take_profit: str = ""
    in_pips: bool = False
    comment: str = ""


def message_of(ticket: Ticket, quote: Quote | None) -> dict[str, Any]:
    """The order message that the ticket makes; raises InvalidOrder where a number is none, or pips have no start."""
    entry = _number("entry_price", ticket.entry_price) if ticket.kind.is_pending else None
    stop_loss = _stop("sl_price", ticket.stop_loss, ticket, entry, quote, towards_loss=True)
    take_profit = _stop("tp_price", ticket.take_profit, ticket, entry, quote, towards_loss=False)
    fields = {
        "order_id": ticket.order_id,
        "symbol": ticket.symbol,
        "order_action": ticket.action.value,
        "order_type": ticket.kind.value,
        "lot_size": _number("lot_size", ticket.lots),
        "entry_price": entry,
        "sl_price": stop_loss,
        "tp_price": take_profit,
        "comment": ticket.comment.strip() or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def close_message(order_id: str, symbol: str, ticket: int, lots: str = "") -> dict[str, Any]:
    """The message that closes a position, all of it where no lots are named."""
    fields = _exit(order_id, symbol, ticket, Action.CLOSE) | {"lot_size": _number("lot_size", lots)}
    return {name: value for name, value in fields.items() if value is not None}


def cancel_message(order_id: str, symbol: str, ticket: int) -> dict[str, Any]:
    """The message that cancels a pending order."""
    return _exit(order_id, symbol, ticket, Action.CANCEL)


def modify_message(
    order_id: str, symbol: str, ticket: int, *, stop_loss: str, take_profit: str, entry_price: str = ""
) -> dict[str, Any]:
    """The message that moves a position's stops, or a pending order with its stops; an empty one stays as it is."""
    typed = {"entry_price": entry_price, "sl_price": stop_loss, "tp_price": take_profit}
    prices = {name: _number(name, text) for name, text in typed.items()}
    fields = _exit(order_id, symbol, ticket, Action.MODIFY) | prices
    return {name: value for name, value in fields.items() if value is not None}


def _exit(order_id: str, symbol: str, ticket: int, action: Action) -> dict[str, Any]:
    return {"order_id": order_id, "symbol": symbol, "order_action": action.value, "mt5_ticket": ticket}


def _stop(
    field: str, text: str, ticket: Ticket, entry: Decimal | None, quote: Quote | None, *, towards_loss: bool
) -> Decimal | None:
    number = _number(field, text)
    if number is None or not ticket.in_pips:
        return number
    if number <= 0:
        raise InvalidOrder(field, text, "a distance in pips is greater than zero", "Leave it empty for none.")
    start = entry or _market(ticket.action, quote)
    if start is None:
        raise InvalidOrder(field, text, "pips are counted from a price, and there is none", "Give the stop as a price.")
    symbol = Symbol(ticket.symbol)
    downwards = towards_loss == (ticket.action is Action.BUY)
    distance = number * symbol.pip
    return (start - distance if downwards else start + distance).quantize(symbol.point)


def _market(action: Action, quote: Quote | None) -> Decimal | None:
    if quote is None:
        return None
    return quote.ask if action is Action.BUY else quote.bid


def _number(field: str, text: str) -> Decimal | None:
    """The number in a field, written with a point: a comma may part thousands or decimals, so it is not guessed."""
    plain = text.strip()
    if not plain:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation as error:
        raise InvalidOrder(field, text, "it must be a number", "Example: 0.1.") from error
    if not number.is_finite():
        raise InvalidOrder(field, text, "it must be a number", "Example: 0.1.")
    return number
