"""A trading day's statement: the broker's deals against the ledger's orders, and what does not match. No calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from axia_core.domain.broker import Deal, DealBy
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, is_ours

EXECUTED = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.DONE})
SAME_PRICE = Decimal("0.00001")  # an average over the deals of a split fill is rounded
_BY_ITSELF = frozenset({DealBy.STOP_LOSS, DealBy.TAKE_PROFIT, DealBy.STOP_OUT, DealBy.BROKER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the deals beside themselves."""

    orders: Mapping[int, tuple[str, OrderRecord | None]]  # by magic: the order that was sent under it
    our_positions: frozenset[int]  # opened by an order of ours
    closed_by_switch: Mapping[int, str]  # by position: who had the kill switch close it


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One deal, where it comes from, and what is wrong with it ("" when nothing)."""

    deal: Deal
    order_id: str | None
    origin: str
    mismatch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A trading day of the account.

    `missing` are orders that the ledger calls executed and the broker has no deal of, each with a text.
    """

    day: date
    currency: str
    balance: Decimal
    items: tuple[Item, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def matches(self) -> bool:
        """Whether ledger and broker say the same."""
        return not (self.missing or any(item.mismatch for item in self.items))

    def total(self, name: str) -> Decimal:
        """The day's sum of `profit`, `swap`, `commission` or `fee`."""
        return sum((getattr(item.deal, name) for item in self.items), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What the day's deals changed the balance by."""
        return sum((self.total(name) for name in ("profit", "swap", "commission", "fee")), Decimal(0))


def item(deal: Deal, order_deals: Sequence[Deal], known: Known) -> Item:
    """One deal against the ledger; *order_deals* are all deals of the broker's order that it belongs to."""
    order_id, record = known.orders.get(deal.magic, (None, None))
    if deal.by in _BY_ITSELF and deal.position in known.our_positions:
        return Item(deal=deal, order_id=order_id, origin=deal.by.value)
    if order_id is not None:
        mismatch = "" if record is None else _mismatch(record, order_deals)
        return Item(deal=deal, order_id=order_id, origin=f"order {order_id}", mismatch=mismatch)
    if deal.closes and deal.position in known.closed_by_switch:
        return Item(deal=deal, order_id=None, origin=f"the kill switch, by {known.closed_by_switch[deal.position]}")
    if is_ours(deal.magic):
        return Item(
            deal=deal, order_id=None, origin="unknown", mismatch="AXIA's magic, and the ledger knows no order of it"
        )
    if deal.closes and deal.position in known.our_positions:
        return Item(deal=deal, order_id=None, origin=f"{deal.by} closed a position of ours")
    return Item(deal=deal, order_id=None, origin=deal.by.value, mismatch="nobody here ordered it")


def missing(record: OrderRecord, tickets: frozenset[int]) -> str | None:
    """Why an order that the ledger calls executed lacks its deals; None where it does not, or needs none."""
    trades = record.order.action.is_entry or record.order.action is Action.CLOSE
    if not trades or record.state not in EXECUTED:
        return None
    ticket = record.execution.ticket
    if ticket is None:
        return f"{record.state} in the ledger without the broker's ticket"
    return None if ticket in tickets else f"{record.state} in the ledger as {ticket}, and the broker has no deal of it"


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
