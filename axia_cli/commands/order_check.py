"""`axia order check`: what would become of an order, and why, without sending it."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.table import Table

from axia_cli import order_options as options
from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_cli.views import order_fields
from axia_core.adapters.clock import SystemClock
from axia_core.domain.orders import Action, Kind
from axia_core.services.check_order import ComesTo, Forecast, Judged, check_order
from axia_core.services.send import completed
from axia_core.settings import Settings

_MARKS = {True: "pass", False: "FAIL", None: "not looked at"}


def check(
    symbol: options.SymbolName = "",
    action: options.What = Action.BUY,
    kind: options.How = Kind.MARKET,
    lots: options.Lots = "",
    stop_loss: options.StopLoss = "",
    take_profit: options.TakeProfit = "",
    entry_price: options.EntryPrice = "",
    ticket: options.Ticket = None,
    target: options.Target = "",
    order_id: options.OrderId = "",
    comment: options.Comment = "",
    message: options.MessageText = "",
    as_json: Json = False,
) -> None:
    """Tell what would become of an order, and why, without sending it. Exits 0 when it would be sent, else 1."""
    settings = target_settings()
    given = {"lots": lots, "stop_loss": stop_loss, "take_profit": take_profit, "entry_price": entry_price}
    named = {"symbol": symbol, "ticket": ticket, "target": target, "order_id": order_id, "comment": comment}
    forecast = _forecast(settings, options.message_of(message, action, kind, **given, **named))
    if as_json:
        emit(_document(forecast))
    else:
        say(describe(settings))
        console.print(_table(forecast))
        say(_sentence(forecast))
    if forecast.comes_to is not ComesTo.SENT:
        raise typer.Exit(OTHER)


def _forecast(settings: Settings, message: dict[str, Any]) -> Forecast:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import dry_run
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    body = json.dumps(completed(message, clock.now()), default=float)
    with dry_run.connect(with_credentials(settings), clock) as broker:
        return check_order(
            body,
            ledger=dynamodb.connect(settings),
            broker=broker,
            clock=clock,
            symbols=settings.symbols,
            limits=settings.limits,
        )


def _document(forecast: Forecast) -> dict[str, Any]:
    decisive = forecast.decisive
    return {
        "comes_to": forecast.comes_to,
        "code": decisive.check.code if decisive else None,
        "order": order_fields(forecast.order) if forecast.order else None,
        "checks": [_check_document(judged) for judged in forecast.judged],
    }


def _check_document(judged: Judged) -> dict[str, Any]:
    check = judged.check
    passed = {"code": check.code, "passed": check.passed, "figure": check.figure, "limit": check.limit}
    return passed | ({"remedy": check.remedy, "comes_to": judged.otherwise} if check.passed is False else {})


def _table(forecast: Forecast) -> Table:
    table = Table("check", "", "found", "allowed")
    for judged in forecast.judged:
        check = judged.check
        table.add_row(check.code, _MARKS[check.passed], check.figure, check.limit)
    return table


def _sentence(forecast: Forecast) -> str:
    decisive = forecast.decisive
    if decisive is None:
        return "It would be sent to the broker. Nothing was sent."
    return f"It would come to {forecast.comes_to} by {decisive.check.code}: {decisive.check.remedy}. Nothing was sent."
