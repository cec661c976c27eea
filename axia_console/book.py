"""Positions, pending orders, history and the day's result as rows that a page draws. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from axia_console.words import Words
from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, is_ours
from axia_core.domain.snapshot import Snapshot

HISTORY = ("updated_at", "order_id", "symbol", "action", "kind", "lots", "state", "price", "ticket", "sender", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """How the trading day stands; `result` is None while the day's first equity is not known."""

    currency: str
    balance: Decimal
    equity: Decimal
    open_profit: Decimal
    result: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders of the history are wanted; empty means all."""

    symbols: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    actions: tuple[Action, ...] = ()
    text: str = ""

    def __call__(self, record: OrderRecord) -> bool:
        order = record.order
        said = f"{order.order_id} {order.comment} {record.reason} {record.execution.ticket or ''}".casefold()
        return (
            (not self.symbols or order.symbol in self.symbols)
            and (not self.states or record.state in self.states)
            and (not self.actions or order.action in self.actions)
            and self.text.strip().casefold() in said
        )


def today(snapshot: Snapshot, equity_at_day_start: Decimal | None) -> Today:
    """The day's result by the account's equity, open positions included."""
    account = snapshot.account
    return Today(
        currency=account.currency,
        balance=account.balance,
        equity=account.equity,
        open_profit=sum((one.profit for one in snapshot.positions), Decimal(0)),
        result=None if equity_at_day_start is None else account.equity - equity_at_day_start,
    )


def origin(one: Position | PendingOrder, order_id_of: Callable[[int], str | None]) -> str:
    """Which order of ours it comes from; empty for what others made."""
    return (order_id_of(one.magic) or "") if is_ours(one.magic) else ""


def closing_price(one: Position, snapshot: Snapshot) -> Decimal | None:
    """The price at which the position would be closed now."""
    quote = snapshot.quotes.get(one.symbol)
    if quote is None:
        return None
    return quote.bid if one.long else quote.ask


def history_rows(records: Iterable[OrderRecord]) -> list[dict[str, str]]:
    """One row an order, every cell as text."""
    return [_row(record) for record in records]


def history_csv(records: Sequence[OrderRecord]) -> bytes:
    """The same rows as a file that spreadsheets of either language open; a text that looks like a formula is quoted."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY)
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in history_rows(records))
    return text.getvalue().encode("utf-8-sig")


def event_rows(records: Iterable[OrderRecord], words: Words) -> list[dict[str, str]]:
    """What became of each order last, and why."""
    return [
        {
            words.time_utc: stamp(record.updated_at),
            words.what: f"{record.order.action} {record.order.symbol}",
            words.state: record.state.value,
            words.why: record.reason,
            "id": record.order.order_id,
        }
        for record in records
    ]


def seconds_taken(record: OrderRecord) -> float:
    """How long an order took from the queue to where it stands."""
    return max(0.0, (record.updated_at - record.sent_at).total_seconds())


def stamp(at: datetime) -> str:
    """A time for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _row(record: OrderRecord) -> dict[str, str]:
    order, said = record.order, record.execution
    lots = said.lots or order.lots
    cells = (
        stamp(record.updated_at),
        order.order_id,
        order.symbol,
        order.action.value,
        order.kind.value,
        "" if lots is None else f"{lots:f}",
        record.state.value,
        "" if said.price is None else f"{said.price:f}",
        "" if said.ticket is None else str(said.ticket),
        record.sender,
        record.reason,
    )
    return dict(zip(HISTORY, cells, strict=True))


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
