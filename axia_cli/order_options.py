"""The options that describe an order on the command line, and the message they make. `send` and `check` share them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

import typer

from axia_core.domain.orders import Action, Kind
from axia_core.errors import InvalidInput

SymbolName = Annotated[str, typer.Argument(help="For example USDJPY.")]
What = Annotated[Action, typer.Option("--action", help="What to do.")]
How = Annotated[Kind, typer.Option("--type", help="How to enter.")]
Lots = Annotated[str, typer.Option(help="Size in lots.")]
StopLoss = Annotated[str, typer.Option("--sl", help="Stop loss price.")]
TakeProfit = Annotated[str, typer.Option("--tp", help="Take profit price.")]
EntryPrice = Annotated[str, typer.Option("--price", help="Entry price of a pending order.")]
Ticket = Annotated[int | None, typer.Option(help="MT5 ticket for CLOSE, CANCEL and MODIFY.")]
Target = Annotated[str, typer.Option(help="Instead of a ticket: the id of the order to act on.")]
OrderId = Annotated[str, typer.Option(help="Your own id; a repeat of it can never order twice.")]
Comment = Annotated[str, typer.Option(help="Kept in the ledger.")]
MessageText = Annotated[str, typer.Option("--message", help="The whole message as JSON, instead of the options.")]


def message_of(message: str, action: Action, kind: Kind, **given: Any) -> dict[str, Any]:
    """The message that the options describe; *message* replaces them all. Raises InvalidInput."""
    if message:
        return _object(message)
    fields = {
        "symbol": given["symbol"],
        "order_action": action.value,
        "order_type": kind.value,
        "lot_size": _number("--lots", given["lots"]),
        "sl_price": _number("--sl", given["stop_loss"]),
        "tp_price": _number("--tp", given["take_profit"]),
        "entry_price": _number("--price", given["entry_price"]),
        "mt5_ticket": given["ticket"],
        "target_order_id": given["target"] or None,
        "order_id": given["order_id"] or None,
        "comment": given["comment"] or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _number(option: str, text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except ArithmeticError as error:
        raise InvalidInput(option, text, "it must be a number", "Example: 0.1.") from error


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise InvalidInput("--message", text, f"it must be one JSON object ({error})") from error
    if not isinstance(found, dict):
        raise InvalidInput("--message", text, "it must be one JSON object")
    return found
