"""Make a trading day's statement: ledger, deals and balance against one another, item by item; keep it where asked.

It sends nothing and moves no order. History arrives late: what may still lack a deal is called unsettled, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from axia_core.domain.broker import Account, Booking, Deal
from axia_core.domain.events import EventType, Severity
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.orders import is_ours
from axia_core.domain.sessions import Session, previous_trading_day, session
from axia_core.domain.statement import EXECUTED, Balance, Known, Statement, Verdict, item, missing
from axia_core.errors import CorruptObject, InvalidInput
from axia_core.ports import Broker, Clock, Events, OrderLedger, StatementStore

# An order that was UNKNOWN over a weekend is called FILLED days after its deals.
SETTLED_WITHIN = timedelta(days=4)
SCANNED = 100_000
BEGINNING = datetime(1969, 12, 1, tzinfo=UTC)  # before any time that MT5 can write
AHEAD = timedelta(days=1)  # the server's clock may be ahead, and deals carry its time
LATE = timedelta(minutes=15)  # so long after it was executed, an order has its deals in the history
READINGS = 4
BETWEEN_READINGS_S = 5.0
COMPONENT = "order_processor"
_CLOSED = re.compile(r"CLOSE .* ticket (\d+)")


@dataclass(frozen=True, slots=True)
class _Reading:
    """The account and its history, from *since* to now; the balance was the same before and after the history."""

    account: Account
    since: datetime
    at: datetime
    deals: tuple[Deal, ...]
    bookings: tuple[Booking, ...]

    @property
    def latest(self) -> datetime:
        """When anything was booked last."""
        return max((*(one.at for one in self.deals), *(one.at for one in self.bookings)), default=BEGINNING)

    def booked(self, since: datetime, until: datetime) -> Decimal:
        """What everything booked in `[since, until)` changed the balance by."""
        return _sum(self.deals, since, until) + _sum(self.bookings, since, until)


def keep_statement(
    day: date, *, ledger: OrderLedger, broker: Broker, statements: StatementStore, clock: Clock, events: Events
) -> Statement:
    """Makes the statement of a closed day, keeps it, and tells when it does not match and is not kept so already.

    Raises NotATradingDay, InvalidInput for a day that is not over, SourceUnavailable, StoreUnavailable, WrongAccount.
    """
    if session(day).close > clock.now():
        remedy = f"Wait until {session(day).close:%Y-%m-%d %H:%M} UTC, or look with `axia order statement --fresh`."
        raise InvalidInput("date", day.isoformat(), "a statement is kept once the trading day is over", remedy)
    made = statement(day, ledger=ledger, broker=broker, statements=statements, clock=clock)
    before = _kept(day, statements)
    # Told before it is kept: a death in between tells it once more, never not at all.
    if made.verdict is Verdict.DIFFERS and (before is None or before.problems != made.problems):
        text = f"the statement of {day} does not match: " + "; ".join(made.problems)
        details = {"day": day.isoformat(), "problems": str(len(made.problems)), "event_id": f"statement#{day}"}
        events.publish(EventType.STATEMENT, Severity.CRITICAL, COMPONENT, text[:1_000], **details)
    statements.write(made)
    return made


def statement(day: date, *, ledger: OrderLedger, broker: Broker, statements: StatementStore, clock: Clock) -> Statement:
    """The statement of *day*, as far as it is known now.

    Raises NotATradingDay, SourceUnavailable, StoreUnavailable, CorruptObject, WrongAccount.
    """
    hours = session(day)
    records = ledger.recent_orders(SCANNED)
    before = statements.read(previous_trading_day(day))
    for number in range(READINGS):
        reading = _read(hours, _usable(before), broker, clock)
        balance = _balance(hours, before, reading, records)
        if not balance.difference:
            break
        if number < READINGS - 1:
            clock.sleep(BETWEEN_READINGS_S)
    return _compare(hours, reading, balance, records, ledger, broker)


def _kept(day: date, statements: StatementStore) -> Statement | None:
    """What is kept already; a damaged object is none, and is written over."""
    try:
        return statements.read(day)
    except CorruptObject:
        return None


def _usable(before: Statement | None) -> bool:
    """Whether a stored statement says what the account ended its day with."""
    return before is not None and before.balance.proves_closing


def _read(hours: Session, has_opening: bool, broker: Broker, clock: Clock) -> _Reading:
    """Since the account's beginning where only that tells the opening balance; read again where the balance moved."""
    since = hours.open - SETTLED_WITHIN if has_opening else BEGINNING
    until = clock.now() + AHEAD
    account = broker.account()
    for _ in range(READINGS):
        deals, bookings, after = broker.deals(since, until), broker.bookings(since, until), broker.account()
        if after.balance == account.balance:
            break
        account = after
    return _Reading(account, since, clock.now(), deals, bookings)


def _balance(hours: Session, before: Statement | None, reading: _Reading, records: Sequence[OrderRecord]) -> Balance:
    closes, end = min(hours.close, reading.at + AHEAD), reading.at + AHEAD
    opening, opening_from = _opening(hours, before, reading)
    return Balance(
        opening=opening,
        opening_from=opening_from,
        trades=_sum(reading.deals, hours.open, closes),
        bookings=_sum(reading.bookings, hours.open, closes),
        closing=reading.account.balance - reading.booked(closes, end),
        settled=_latest(reading, records) < reading.at - LATE,
    )


def _opening(hours: Session, before: Statement | None, reading: _Reading) -> tuple[Decimal | None, str]:
    """What the day began with and who says so; the broker does not tell past balances."""
    if before is not None and _usable(before) and before.login == reading.account.login:
        return before.balance.closing, f"the statement of {before.day}"
    everything = reading.booked(BEGINNING, reading.at + AHEAD)
    if reading.since == BEGINNING and everything == reading.account.balance:
        return reading.booked(BEGINNING, hours.open), "the account's history from its beginning"
    why = f"there is no settled statement of {previous_trading_day(hours.trading_date)} of this account"
    return None, f"{why}, and the terminal's history sums to {everything:f} where the balance is " + (
        f"{reading.account.balance:f}: it does not reach back to the beginning, or it is late"
    )


def _latest(reading: _Reading, records: Sequence[OrderRecord]) -> datetime:
    """When anything was executed last, by the broker's history or by the ledger, which may know it earlier."""
    executed = (record.updated_at for record in records if record.state in EXECUTED)
    return max(reading.latest, max(executed, default=BEGINNING))


def _compare(
    hours: Session,
    reading: _Reading,
    balance: Balance,
    records: Sequence[OrderRecord],
    ledger: OrderLedger,
    broker: Broker,
) -> Statement:
    first, last = hours.open - SETTLED_WITHIN, hours.close + SETTLED_WITHIN
    around = [deal for deal in reading.deals if first <= deal.at < last]
    deals = [deal for deal in around if deal.at in hours]
    late_since = reading.at - LATE
    known = _known(deals, around, records, late_since, ledger, broker)
    tickets = frozenset(deal.order for deal in around)
    found = (missing(record, tickets, late_since) for record in records if record.updated_at in hours)
    return Statement(
        day=hours.trading_date,
        account="demo" if reading.account.demo else "live",
        login=reading.account.login,
        currency=reading.account.currency,
        made_at=reading.at,
        over=hours.close <= reading.at,
        balance=balance,
        items=tuple(item(one, [other for other in around if other.order == one.order], known) for one in deals),
        bookings=tuple(one for one in reading.bookings if one.at in hours),
        missing=tuple(one for one in found if one is not None),
    )


def _sum(entries: Iterable[Deal | Booking], since: datetime, until: datetime) -> Decimal:
    amounts = (one.net if isinstance(one, Deal) else one.amount for one in entries if since <= one.at < until)
    return sum(amounts, Decimal(0))


def _known(
    deals: Sequence[Deal],
    around: Sequence[Deal],
    records: Sequence[OrderRecord],
    late_since: datetime,
    ledger: OrderLedger,
    broker: Broker,
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
        late_since=late_since,
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
