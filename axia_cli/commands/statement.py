"""`axia order statement`: a trading day's deals at the broker against the ledger's orders."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, parse_trading_date
from axia_core.domain.statement import Item, Statement
from axia_core.services.statement import statement as make
from axia_core.settings import Settings

_SUMS = ("profit", "swap", "commission", "fee")


def statement(
    day: Annotated[str, typer.Option("--date", help="Trading day; by default the last closed one.")] = "",
    as_json: Json = False,
) -> None:
    """Match ledger and broker for one trading day, item by item. Exits 1 where something does not match."""
    settings = target_settings()
    found = _make(settings, day)
    if as_json:
        emit(_document(found))
    else:
        say(describe(settings))
        _print(found)
    if not found.matches:
        raise typer.Exit(OTHER)


def _make(settings: Settings, day: str) -> Statement:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    (chosen,) = (parse_trading_date(day),) if day else last_closed_trading_days(clock.now(), 1)
    with beside.connect(with_credentials(settings), clock) as broker:
        return make(chosen, ledger=dynamodb.connect(settings), broker=broker)


def _document(found: Statement) -> dict[str, Any]:
    return {
        "date": found.day,
        "matches": found.matches,
        "currency": found.currency,
        "balance_now": found.balance,
        "net": found.net,
        "totals": {name: found.total(name) for name in _SUMS},
        "items": [_item(one) for one in found.items],
        "missing": [{"order_id": order_id, "text": text} for order_id, text in found.missing],
    }


def _item(one: Item) -> dict[str, Any]:
    deal = one.deal
    return {
        "deal": deal.ticket,
        "ticket": deal.order,
        "position": deal.position,
        "at": deal.at,
        "symbol": deal.symbol,
        "side": "BUY" if deal.buying else "SELL",
        "lots": deal.lots,
        "price": deal.price,
        **{name: getattr(deal, name) for name in _SUMS},
        "order_id": one.order_id,
        "origin": one.origin,
        "mismatch": one.mismatch or None,
    }


def _print(found: Statement) -> None:
    table = Table("at (UTC)", "what", "price", "profit", "swap", "commission", "by", "does not match")
    for one in found.items:
        deal = one.deal
        what = f"{'BUY' if deal.buying else 'SELL'} {deal.symbol} {deal.lots:f}"
        money = (f"{deal.price:f}", f"{deal.profit:f}", f"{deal.swap:f}", f"{deal.commission + deal.fee:f}")
        table.add_row(f"{deal.at:%H:%M:%S}", what, *money, one.origin, one.mismatch)
    console.print(table)
    for order_id, text in found.missing:
        say(f"MISSING: order {order_id} is {text}")
    verdict = "ledger and broker match" if found.matches else "ledger and broker DO NOT MATCH"
    say(f"{found.day}: {verdict}; net {found.net:f} {found.currency}, balance now {found.balance:f}")
