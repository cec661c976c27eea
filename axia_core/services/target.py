"""Orders that name another order instead of a ticket: settled in the ledger where the broker need not be asked.

The ticket is looked up anew whenever the broker is asked, and never written into the order: its content stays what the
client sent, and a target's ticket does not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from axia_core.domain.broker import (
    Account,
    Booking,
    CannotTell,
    Deal,
    Finding,
    Instrument,
    PendingOrder,
    Position,
    Quote,
    Standing,
)
from axia_core.domain.limits import Limits, expired
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.domain.targets import Act, CancelUnsent, End, NotKnown, Wait, addressed, decide
from axia_core.errors import StoreUnavailable, VersionConflict
from axia_core.ports import Broker, Clock, OrderLedger


def settle_by_target(record: OrderRecord, limits: Limits, *, ledger: OrderLedger, clock: Clock) -> OrderRecord | None:
    """What became of a received order that names its target; None where it goes the way of every order.

    Unchanged where it must wait: for a target that is under way, or that has not come yet. A CANCEL leaves a tombstone
    for a target that has not come, and is refused when none comes within a market order's age limit. Raises
    StoreUnavailable, VersionConflict.
    """
    order = record.order
    if order.target_order_id is None or record.state is not State.RECEIVED:
        return None
    match decide(order, ledger.order(order.target_order_id)):
        case Act():
            return None
        case End(state=state, reason=reason):
            return ledger.move(record, state, clock.now(), reason=reason)
        case CancelUnsent():
            return _cancel_unsent(record, order.target_order_id, ledger, clock)
        case Wait():
            return _wait(record, limits, ledger, clock)
        case NotKnown():
            return _overtake(record, order.target_order_id, limits, ledger, clock)


def _cancel_unsent(record: OrderRecord, target_id: str, ledger: OrderLedger, clock: Clock) -> OrderRecord:
    """The target first: where this dies in between, the next try finds it cancelled."""
    now, target = clock.now(), ledger.order(target_id)
    reason = f"order {record.order.order_id} cancelled it before it was sent"
    if target is None or target.state is not State.RECEIVED:
        return record  # it moved meanwhile: decided anew with the next try
    try:
        ledger.move(target, State.CANCELLED, now, reason=reason)
    except VersionConflict:
        return record
    return ledger.move(record, State.DONE, now, reason=f"order {target_id} was cancelled before it was sent")


def _wait(record: OrderRecord, limits: Limits, ledger: OrderLedger, clock: Clock) -> OrderRecord:
    now = clock.now()
    too_old = expired(record, now, limits)
    return record if too_old is None else ledger.move(record, State.EXPIRED, now, reason=str(too_old))


def _overtake(record: OrderRecord, target_id: str, limits: Limits, ledger: OrderLedger, clock: Clock) -> OrderRecord:
    if record.order.action is not Action.CANCEL:
        return _wait(record, limits, ledger, clock)
    now = clock.now()
    waiting = ledger.leave_tombstone(target_id, record.order.order_id, now)
    # Counted from its coming, not from its sending: the target may lie in the same queue.
    if not waiting or now - record.received_at < limits.market_max_age:
        return record
    text = f"TARGET: no order {target_id} has come; one that still comes will be cancelled; look at the terminal"
    return ledger.move(record, State.REFUSED, now, reason=text)


@dataclass(frozen=True)
class AddressedBroker(Broker):
    """A broker for orders that name their target: asks *ledger* for the ticket, and *broker* for the rest."""

    broker: Broker
    ledger: OrderLedger

    def account(self) -> Account:
        return self.broker.account()

    def quote(self, symbol: str) -> Quote:
        return self.broker.quote(symbol)

    def instrument(self, symbol: str) -> Instrument:
        return self.broker.instrument(symbol)

    def positions(self) -> tuple[Position, ...]:
        return self.broker.positions()

    def standing(self, symbol: str) -> Standing:
        return self.broker.standing(symbol)

    def pending(self) -> tuple[PendingOrder, ...]:
        return self.broker.pending()

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        return self.broker.deals(since, until)

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        return self.broker.bookings(since, until)

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        return self.broker.deals_of(position)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        try:
            found = self._addressed(order)
        except StoreUnavailable as error:
            return NotSent(f"its target could not be looked up: {error}")
        return NotSent("its target has no ticket yet") if found is None else self.broker.submit(found, send_by)

    def find(self, order: Order, since: datetime) -> Finding:
        found = self._addressed(order)
        return CannotTell("its target has no ticket yet") if found is None else self.broker.find(found, since)

    def _addressed(self, order: Order) -> Order | None:
        if order.target_order_id is None:
            return order
        return addressed(order, self.ledger.order(order.target_order_id))
