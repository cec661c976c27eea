"""A statement as plain values for JSON, and back: what is stored, and what `axia order statement --json` prints."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from axia_core.domain.broker import Booking, Deal, DealBy
from axia_core.domain.statement import Balance, Item, Missing, Statement

SCHEMA = 1
SUMS = ("profit", "swap", "commission", "fee")
_DEAL = tuple(field.name for field in fields(Deal))
_MONEY = ("opening", "trades", "bookings", "closing")

Document = dict[str, Any]


def to_document(statement: Statement) -> Document:
    """Money as text, times in ISO form; also what follows from the rest (`verdict`, `net`, `totals`, `problems`)."""
    return {
        "schema": SCHEMA,
        "date": statement.day.isoformat(),
        "account": statement.account,
        "login": statement.login,
        "currency": statement.currency,
        "made_at": statement.made_at.isoformat(),
        "over": statement.over,
        "verdict": statement.verdict.value,
        "matches": statement.matches,
        "problems": list(statement.problems),
        "net": _text(statement.net),
        "totals": {name: _text(statement.total(name)) for name in SUMS},
        "balance": _balance(statement.balance),
        "items": [_item(one) for one in statement.items],
        "bookings": [_values(one, ("ticket", "what", "amount", "comment", "at")) for one in statement.bookings],
        "missing": [{"order_id": one.order_id, "text": one.text, "settled": one.settled} for one in statement.missing],
    }


def from_document(document: Document) -> Statement:
    """The inverse of `to_document`; raises KeyError, TypeError, ValueError, ArithmeticError where it is none."""
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']}, and this version reads {SCHEMA}")
    return Statement(
        day=date.fromisoformat(document["date"]),
        account=document["account"],
        login=document["login"],
        currency=document["currency"],
        made_at=datetime.fromisoformat(document["made_at"]),
        over=document["over"],
        balance=_balance_of(document["balance"]),
        items=tuple(_item_of(one) for one in document["items"]),
        bookings=tuple(
            Booking(**one | {"amount": Decimal(one["amount"]), "at": datetime.fromisoformat(one["at"])})
            for one in document["bookings"]
        ),
        missing=tuple(Missing(**one) for one in document["missing"]),
    )


def _balance(balance: Balance) -> Document:
    told = {"opening_from": balance.opening_from, "settled": balance.settled, "verdict": balance.verdict.value}
    return _values(balance, (*_MONEY, "difference")) | told


def _balance_of(document: Document) -> Balance:
    money = {name: None if document[name] is None else Decimal(document[name]) for name in _MONEY}
    return Balance(**money, opening_from=document["opening_from"], settled=document["settled"])  # type: ignore[arg-type]  # only `opening` may be None


def _item(item: Item) -> Document:
    side = "BUY" if item.deal.buying else "SELL"
    told = {"order_id": item.order_id, "origin": item.origin, "mismatch": item.mismatch or None}
    return {"deal": item.deal.ticket, "side": side} | _values(item.deal, _DEAL) | told | {"settled": item.settled}


def _item_of(document: Document) -> Item:
    values = {name: document[name] for name in _DEAL}
    values |= {name: Decimal(document[name]) for name in ("lots", "price", *SUMS)}
    deal = Deal(**values | {"by": DealBy(document["by"]), "at": datetime.fromisoformat(document["at"])})
    return Item(
        deal=deal,
        order_id=document["order_id"],
        origin=document["origin"],
        mismatch=document["mismatch"] or "",
        settled=document["settled"],
    )


def _values(source: object, names: tuple[str, ...]) -> Document:
    return {name: _text(getattr(source, name)) for name in names}


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value
