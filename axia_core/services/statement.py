"""Make a trading day's statement: match the ledger's orders with the broker's deals, item by item. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from axia_core.domain.broker import Deal
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.orders import is_ours
from axia_core.domain.sessions import session
from axia_core.domain.statement import Known, Statement, item, missing
from axia_core.ports import Broker, OrderLedger

# An order that was UNKNOWN over a weekend is called FILLED days after its deals.
SETTLED_WITHIN = timedelta(days=4)
SCANNED = 100_000
_CLOSED = re.compile(r"CLOSE .* ticket (\d+)")


def statement(day: date, *, ledger: OrderLedger, broker: Broker) -> Statement:
    """The statement of trading day *day*. Raises NotATradingDay, SourceUnavailable, StoreUnavailable, WrongAccount."""
    hours = session(day)
    account = broker.account()
    around = broker.deals(hours.open - SETTLED_WITHIN, hours.close + SETTLED_WITHIN)
    deals = [deal for deal in around if hours.open <= deal.at < hours.close]
    records = ledger.recent_orders(SCANNED)
    known = _known(deals, around, records, ledger, broker)
    tickets = frozenset(deal.order for deal in around)
    return Statement(
        day=day,
        currency=account.currency,
        balance=account.balance,
        items=tuple(item(one, [other for other in around if other.order == one.order], known) for one in deals),
        missing=tuple(
            (record.order.order_id, text)
            for record in records
            if record.updated_at in hours and (text := missing(record, tickets)) is not None
        ),
    )


def _known(
    deals: Sequence[Deal], around: Sequence[Deal], records: Sequence[OrderRecord], ledger: OrderLedger, broker: Broker
) -> Known:
    # What was found at the broker by evidence was not noted as sent: the ledger had been rewound.
    orders = {record.order.magic: (record.order.order_id, record) for record in records}
    sent = {magic: found for magic in {deal.magic for deal in deals} if (found := _order(magic, ledger))}
    return Known(
        orders=orders | sent,
        our_positions=_our_positions(deals, around, broker),
        closed_by_switch={
            int(closed[1]): line.who for line in ledger.audit() if (closed := _CLOSED.fullmatch(line.what)) is not None
        },
    )


def _order(magic: int, ledger: OrderLedger) -> tuple[str, OrderRecord | None] | None:
    order_id = ledger.order_id_of(magic) if is_ours(magic) else None
    return None if order_id is None else (order_id, ledger.order(order_id))


def _our_positions(deals: Sequence[Deal], around: Sequence[Deal], broker: Broker) -> frozenset[int]:
    """Positions that an order of ours opened; of older ones the broker is asked for the beginning."""
    opened = {deal.position: is_ours(deal.magic) for deal in around if deal.opens}
    older = {deal.position for deal in deals} - opened.keys()
    asked = {one: any(deal.opens and is_ours(deal.magic) for deal in broker.deals_of(one)) for one in older}
    return frozenset(position for position, ours in (opened | asked).items() if ours)
