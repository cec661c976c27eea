"""A broker that is asked and never told: whatever is reconciled with it, nothing can be sent through it."""

from __future__ import annotations

from datetime import datetime

from axia_core.domain.broker import Account, Booking, Deal, Finding, Instrument, PendingOrder, Position, Quote, Standing
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.ports import Broker


class Witness(Broker):
    """Answers as *broker* does; `submit` is always NotSent."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def account(self) -> Account:
        return self._broker.account()

    def quote(self, symbol: str) -> Quote:
        return self._broker.quote(symbol)

    def instrument(self, symbol: str) -> Instrument:
        return self._broker.instrument(symbol)

    def positions(self) -> tuple[Position, ...]:
        return self._broker.positions()

    def standing(self, symbol: str) -> Standing:
        return self._broker.standing(symbol)

    def pending(self) -> tuple[PendingOrder, ...]:
        return self._broker.pending()

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        return self._broker.deals(since, until)

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        return self._broker.bookings(since, until)

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        return self._broker.deals_of(position)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        return NotSent("a drill sends nothing to this broker", can_wait=False)

    def find(self, order: Order, since: datetime) -> Finding:
        return self._broker.find(order, since)


class Rehearsal(Witness):
    """A witness of production for its own orders, and a broker of the drill's for everything else.

    So a ledger full of production's orders can be worked on: they are found where they were sent, and nothing that is
    sent now goes there.
    """

    def __init__(self, production: Broker, scratch: Broker, ours: str) -> None:
        super().__init__(scratch)
        self._production = production
        self._scratch = scratch
        self._ours = ours

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        if not order.order_id.startswith(self._ours):
            return NotSent("a drill sends only its own orders", can_wait=False)
        return self._scratch.submit(order, send_by)

    def find(self, order: Order, since: datetime) -> Finding:
        asked = self._scratch if order.order_id.startswith(self._ours) else self._production
        return asked.find(order, since)
