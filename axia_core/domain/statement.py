"""A trading day's statement: deals against the ledger's orders, the balance, and what does not match. No calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from axia_core.domain.broker import Booking, Deal, DealBy
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, is_ours

EXECUTED = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.DONE})
UNDECIDED = frozenset({State.RECEIVED, State.SUBMITTING, State.UNKNOWN})
SAME_PRICE = Decimal("0.00001")  # an average over the deals of a split fill is rounded
_BY_ITSELF = frozenset({DealBy.STOP_LOSS, DealBy.TAKE_PROFIT, DealBy.STOP_OUT, DealBy.BROKER})


class Verdict(StrEnum):
    """What a comparison came to; UNSETTLED is not wrong, it is not known yet."""

    MATCHES = "MATCHES"
    UNSETTLED = "UNSETTLED"
    DIFFERS = "DIFFERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the deals beside themselves."""

    orders: Mapping[int, tuple[str, OrderRecord | None]]  # by magic: the order that was sent under it
    our_positions: frozenset[int]  # opened by an order of ours
    closed_by_switch: Mapping[int, str]  # by position: who had the kill switch close it
    late_since: datetime  # what is younger may lack deals that have not arrived yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One deal, where it comes from, and what is wrong with it ("" when nothing); not *settled*: not known yet."""

    deal: Deal
    order_id: str | None
    origin: str
    mismatch: str = ""
    settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An order that the ledger calls executed, or cannot tell of, and that the broker has no deal of."""

    order_id: str
    text: str
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The money: what the account began with, what was booked, what it ended with; None where it cannot be known.

    Not *settled*: the reading may lack bookings that have not arrived, so its figures prove nothing yet.
    """

    opening: Decimal | None
    opening_from: str
    trades: Decimal
    bookings: Decimal
    closing: Decimal
    settled: bool

    @property
    def difference(self) -> Decimal | None:
        """What the balance moved by beyond everything that was booked."""
        return None if self.opening is None else self.closing - self.opening - self.trades - self.bookings

    @property
    def proves_closing(self) -> bool:
        """Whether the next day may begin with the closing balance."""
        return self.settled or self.difference == 0

    @property
    def verdict(self) -> Verdict:
        """Whether opening balance and bookings give the closing one."""
        if self.difference is None or (self.difference and not self.settled):
            return Verdict.UNSETTLED
        return Verdict.DIFFERS if self.difference else Verdict.MATCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A trading day of the account, as it was known at *made_at*; *over* is False while the day still runs."""

    day: date
    account: str
    login: int
    currency: str
    made_at: datetime
    over: bool
    balance: Balance
    items: tuple[Item, ...]
    bookings: tuple[Booking, ...]
    missing: tuple[Missing, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its parts."""
        settled = [one.settled for one in self.items if one.mismatch] + [one.settled for one in self.missing]
        if self.balance.verdict is Verdict.DIFFERS or any(settled):
            return Verdict.DIFFERS
        return Verdict.UNSETTLED if settled or self.balance.verdict is Verdict.UNSETTLED else Verdict.MATCHES

    @property
    def matches(self) -> bool:
        """Whether ledger, deals and balance say the same."""
        return self.verdict is Verdict.MATCHES

    @property
    def problems(self) -> tuple[str, ...]:
        """What does not match, or is not known yet, a line each."""
        deals = [f"deal {one.deal.ticket} ({one.origin}): {one.mismatch}" for one in self.items if one.mismatch]
        orders = [f"order {one.order_id}: {one.text}" for one in self.missing]
        return (*deals, *orders, *self._money_problems())

    def _money_problems(self) -> tuple[str, ...]:
        money = self.balance
        if money.difference is None:
            return (f"the opening balance is unknown: {money.opening_from}",)
        if not money.difference:
            return ()
        late = "" if money.settled else "; something was executed a moment ago, and history arrives late"
        booked = f"opened with {money.opening:f}, booked {money.trades:f} by trades and {money.bookings:f} beside them"
        return (f"balance: {booked}, ended with {money.closing:f}: {money.difference:+f} unexplained{late}",)

    def total(self, name: str) -> Decimal:
        """The day's sum of `profit`, `swap`, `commission` or `fee`."""
        return sum((getattr(item.deal, name) for item in self.items), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What the day's deals changed the balance by."""
        return sum((item.deal.net for item in self.items), Decimal(0))


def item(deal: Deal, order_deals: Sequence[Deal], known: Known) -> Item:
    """One deal against the ledger; *order_deals* are all deals of the broker's order that it belongs to."""
    order_id, record = known.orders.get(deal.magic, (None, None))
    if deal.by in _BY_ITSELF and deal.position in known.our_positions:
        return Item(deal=deal, order_id=order_id, origin=deal.by.value)
    if order_id is not None:
        origin = f"order {order_id}"
        if record is None:  # final for longer than the ledger keeps orders
            return Item(deal=deal, order_id=order_id, origin=origin)
        settled = _is_settled(record, order_deals, known.late_since)
        return Item(
            deal=deal, order_id=order_id, origin=origin, mismatch=_mismatch(record, order_deals), settled=settled
        )
    return _without_order(deal, known)


def _is_settled(record: OrderRecord, deals: Sequence[Deal], late_since: datetime) -> bool:
    """Whether a difference will stay: the order is decided, and no more deals of it can still arrive."""
    lots = sum((deal.lots for deal in deals), Decimal(0))
    lacks = record.execution.lots is not None and lots < record.execution.lots
    return record.state not in UNDECIDED and not (lacks and record.updated_at >= late_since)


def _without_order(deal: Deal, known: Known) -> Item:
    """A deal that no order of the ledger accounts for."""
    if deal.closes and deal.position in known.closed_by_switch:
        return Item(deal=deal, order_id=None, origin=f"the kill switch, by {known.closed_by_switch[deal.position]}")
    if is_ours(deal.magic):
        return Item(
            deal=deal, order_id=None, origin="unknown", mismatch="AXIA's magic, and the ledger knows no order of it"
        )
    if deal.closes and deal.position in known.our_positions:
        return Item(deal=deal, order_id=None, origin=f"{deal.by} closed a position of ours")
    return Item(deal=deal, order_id=None, origin=deal.by.value, mismatch="nobody here ordered it")


def missing(record: OrderRecord, tickets: frozenset[int], late_since: datetime) -> Missing | None:
    """An order that is called executed and lacks its deals, or is UNKNOWN; None where nothing is missing."""
    order_id = record.order.order_id
    if record.state is State.UNKNOWN:
        return Missing(order_id=order_id, text="UNKNOWN in the ledger", settled=False)
    text = _missing(record, tickets)
    return Missing(order_id=order_id, text=text, settled=record.updated_at < late_since) if text else None


def _missing(record: OrderRecord, tickets: frozenset[int]) -> str:
    trades = record.order.action.is_entry or record.order.action is Action.CLOSE
    if not trades or record.state not in EXECUTED:
        return ""
    ticket = record.execution.ticket
    if ticket is None:
        return f"{record.state} in the ledger without the broker's ticket"
    return "" if ticket in tickets else f"{record.state} in the ledger as {ticket}, and the broker has no deal of it"


def _mismatch(record: OrderRecord, deals: Sequence[Deal]) -> str:
    """What the ledger says otherwise than the broker's deals of the same order."""
    said, lots = record.execution, sum((deal.lots for deal in deals), Decimal(0))
    price = sum((deal.lots * deal.price for deal in deals), Decimal(0)) / lots
    differences = []
    if record.state not in EXECUTED | {State.PLACED}:  # a pending order may be filled in part
        differences.append(f"the ledger calls it {record.state}")
    if said.ticket != deals[0].order:
        differences.append(f"ticket {said.ticket} in the ledger, {deals[0].order} at the broker")
    if said.lots != lots:
        differences.append(f"{said.lots} lots in the ledger, {lots:f} at the broker")
    if said.price is None or abs(said.price - price) > SAME_PRICE:
        differences.append(f"price {said.price} in the ledger, {price.normalize():f} at the broker")
    return "; ".join(differences)
