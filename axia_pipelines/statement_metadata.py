"""What operators see of a statement in the Dagster UI.

House rule: as for `metadata`: from domain values to metadata, pure.
https://docs.dagster.io/guides/build/assets/metadata-and-tags
"""

from __future__ import annotations

from decimal import Decimal

import dagster as dg

from axia_core.domain import names
from axia_core.domain.statement import Item, Statement

_SHOWN = 200  # lines of the table; the object in S3 has them all


def statement_metadata(statement: Statement, bucket: str) -> dict[str, dg.MetadataValue]:
    """One trading day: sums and counts as numbers, items and problems as tables to read."""
    wrong = sum(1 for one in statement.items if one.mismatch)
    money = statement.balance
    sums = {name: statement.total(name) for name in ("profit", "swap", "commission", "fee")}
    amounts = sums | {"net": statement.net, "booked_beside_trades": money.bookings, "balance_end": money.closing}
    known = {"balance_start": money.opening, "unexplained": money.difference}
    amounts |= {name: value for name, value in known.items() if value is not None}
    return {
        "account": dg.MetadataValue.text(f"{statement.account} {statement.login}"),
        "verdict": dg.MetadataValue.text(statement.verdict.value),
        "currency": dg.MetadataValue.text(statement.currency),
        "items": dg.MetadataValue.int(len(statement.items)),
        "matched": dg.MetadataValue.int(len(statement.items) - wrong),
        "unmatched": dg.MetadataValue.int(wrong),
        "missing": dg.MetadataValue.int(len(statement.missing)),
        **{name: dg.MetadataValue.float(float(value)) for name, value in amounts.items()},
        "balance_start_from": dg.MetadataValue.text(money.opening_from),
        "statement": dg.MetadataValue.md(_page(statement)),
        "dagster/uri": dg.MetadataValue.text(f"s3://{bucket}/{names.statement_key(statement.account, statement.day)}"),
    }


def _page(statement: Statement) -> str:
    problems = [f"- **{_cell(problem)}**" for problem in statement.problems]
    return "\n\n".join(part for part in ("\n".join(problems), _money(statement), _items(statement)) if part)


def _money(statement: Statement) -> str:
    money = statement.balance
    opening = "unknown" if money.opening is None else _amount(money.opening)
    sums = [(name, statement.total(name)) for name in ("profit", "swap", "commission", "fee")]
    lines = [f"| balance at the open | {opening} |", *(f"| {name} | {_amount(value)} |" for name, value in sums)]
    lines += [f"| {_cell(f'{one.what} {one.comment}')} | {_amount(one.amount)} |" for one in statement.bookings]
    lines += [f"| balance at the close | {_amount(money.closing)} |"]
    if money.difference:
        lines += [f"| **not explained** | **{_amount(money.difference)}** |"]
    head = f"| {statement.account} {statement.login} | {statement.currency} |\n|---|---:|"
    return "\n".join([head, *lines])


def _items(statement: Statement) -> str:
    if not statement.items:
        return "No deal."
    more = len(statement.items) - _SHOWN
    rest = [f"\n... and {more} more in the object"] if more > 0 else []
    head = "| at (UTC) | what | price | profit | swap | commission | by | does not match |"
    rule = "|---|---|---:|---:|---:|---:|---|---|"
    return "\n".join([head, rule, *(_row(one) for one in statement.items[:_SHOWN]), *rest])


def _row(item: Item) -> str:
    deal = item.deal
    what = f"{'BUY' if deal.buying else 'SELL'} {deal.symbol} {deal.lots:f}"
    money = (_amount(deal.profit), _amount(deal.swap), _amount(deal.commission + deal.fee))
    cells = (f"{deal.at:%H:%M:%S}", what, f"{deal.price:f}", *money, _cell(item.origin), _cell(item.mismatch))
    return f"| {' | '.join(cells)} |"


def _amount(value: Decimal) -> str:
    return f"{value:,.2f}"


def _cell(text: str) -> str:
    """Text from outside (a broker's comment, an order id) cannot end its cell, and is no Markdown."""
    return "".join(f"\\{sign}" if sign in "|*_<>`[]\\" else sign for sign in " ".join(text.split()))
