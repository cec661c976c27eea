"""`axia order statement`: a trading day's deals at the broker against the ledger's orders, and the balance."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, parse_trading_date
from axia_core.domain.statement import Statement
from axia_core.domain.statement_document import to_document
from axia_core.ports import StatementStore
from axia_core.services.statement import statement as make
from axia_core.settings import Settings


def statement(
    day: Annotated[str, typer.Option("--date", help="Trading day; by default the last closed one.")] = "",
    fresh: Annotated[bool, typer.Option(help="Ask the terminal now, also where the day's statement is kept.")] = False,
    as_json: Json = False,
) -> None:
    """Match ledger, broker and balance of one trading day, item by item. Exits 1 where it is not all matched."""
    settings = target_settings()
    found = _find(settings, day, fresh)
    if as_json:
        emit(to_document(found))
    else:
        say(describe(settings))
        _print(found)
    if not found.matches:
        raise typer.Exit(OTHER)


def _find(settings: Settings, text: str, fresh: bool) -> Statement:
    """The one that is kept, which needs no terminal; else one that is made now and not kept."""
    from axia_core.adapters.s3 import statements

    clock, store = SystemClock(settings.clock_shift), statements.connect(settings)
    (day,) = (parse_trading_date(text),) if text else last_closed_trading_days(clock.now(), 1)
    kept = None if fresh else store.read(day)
    return kept or _make(settings, day, clock, store)


def _make(settings: Settings, day: date, clock: SystemClock, store: StatementStore) -> Statement:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials

    with beside.connect(with_credentials(settings), clock) as broker:
        return make(day, ledger=dynamodb.connect(settings), broker=broker, statements=store, clock=clock)


def _print(found: Statement) -> None:
    table = Table("at (UTC)", "what", "price", "profit", "swap", "commission", "by", "does not match")
    for one in found.items:
        deal = one.deal
        what = f"{'BUY' if deal.buying else 'SELL'} {deal.symbol} {deal.lots:f}"
        money = (f"{deal.price:f}", f"{deal.profit:f}", f"{deal.swap:f}", f"{deal.commission + deal.fee:f}")
        table.add_row(f"{deal.at:%H:%M:%S}", what, *money, one.origin, one.mismatch)
    for booking in found.bookings:
        table.add_row(f"{booking.at:%H:%M:%S}", booking.what, "", f"{booking.amount:f}", "", "", booking.comment, "")
    console.print(table)
    for order in found.missing:
        say(f"MISSING: order {order.order_id} is {order.text}")
    _say_money(found)
    verdicts = {"MATCHES": "match", "UNSETTLED": "are NOT SETTLED yet", "DIFFERS": "DO NOT MATCH"}
    say(f"{found.day}, {found.account} account {found.login}: ledger and broker {verdicts[found.verdict.value]}")


def _say_money(found: Statement) -> None:
    money, so_far = found.balance, "" if found.over else " so far"
    opening = "unknown" if money.opening is None else f"{money.opening:f}"
    booked = f"{money.trades:f} by trades, {money.bookings:f} beside them"
    say(f"balance {opening} (from {money.opening_from}), {booked}{so_far}, ended with {money.closing:f}")
    if money.difference:
        say(f"NOT EXPLAINED: {money.difference:+f} {found.currency}")
