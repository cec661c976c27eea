"""Brokers that answer from a script: one that fills, and one that is only asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from axia_core.domain.broker import Absent, Account, Booking, Deal, Finding, Instrument, PendingOrder, Position, Quote
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import NotSent, Outcome, Settled
from axia_core.ports import Broker, Clock, DryRun


@dataclass
class MemoryBroker(Broker):
    """A broker that answers from a script: one outcome per submit, then fills."""

    clock: Clock
    script: list[Outcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    otherwise: Finding = field(default_factory=Absent)
    open_positions: Sequence[Position] = ()
    prices: Callable[[str], tuple[Decimal, Decimal]] = lambda _: (Decimal("149.995"), Decimal("150.005"))
    submitted: list[Order] = field(default_factory=list)
    equity: Decimal = Decimal(10_000)
    pending_orders: Sequence[PendingOrder] = ()
    history: Sequence[Deal] = ()
    booked: Sequence[Booking] = ()
    balance: Decimal = Decimal(10_000)

    def account(self) -> Account:
        return Account(
            login=1,
            server="memory",
            currency="USD",
            demo=True,
            hedging=True,
            balance=self.balance,
            equity=self.equity,
        )

    def quote(self, symbol: str) -> Quote:
        bid, ask = self.prices(symbol)
        return Quote(bid=bid, ask=ask, at=self.clock.now())

    def instrument(self, symbol: str) -> Instrument:
        step = Decimal("0.01")
        return Instrument(
            name=symbol,
            point=Decimal("0.001"),
            tick_size=Decimal("0.001"),
            lots_min=step,
            lots_max=Decimal(100),
            lots_step=step,
            stops_level_points=0,
        )

    def positions(self) -> tuple[Position, ...]:
        return tuple(self.open_positions)

    def pending(self) -> tuple[PendingOrder, ...]:
        return tuple(self.pending_orders)

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        return tuple(deal for deal in self.history if since <= deal.at < until)

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        return tuple(one for one in self.booked if since <= one.at < until)

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        return tuple(deal for deal in self.history if deal.position == position)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self.submitted.append(order)
        if self.script:
            return self.script.pop(0)
        if self._removed(order):
            return Settled(state=State.DONE, execution=Execution(ticket=order.mt5_ticket, lots=order.lots))
        filled = Execution(ticket=len(self.submitted), deal=len(self.submitted), price=Decimal(150), lots=order.lots)
        return Settled(state=State.FILLED, execution=filled)

    def find(self, order: Order, since: datetime) -> Finding:
        return self.findings.pop(0) if self.findings else self.otherwise

    def _removed(self, order: Order) -> bool:
        """Whether a CLOSE or CANCEL named a position or pending order that there was; it is gone then."""
        if order.action is Action.CLOSE:
            found = any(one.ticket == order.mt5_ticket for one in self.open_positions)
            self.open_positions = [one for one in self.open_positions if one.ticket != order.mt5_ticket]
            return found
        found = order.action is Action.CANCEL and any(one.ticket == order.mt5_ticket for one in self.pending_orders)
        if found:
            self.pending_orders = [one for one in self.pending_orders if one.ticket != order.mt5_ticket]
        return found


@dataclass
class MemoryDryRun(MemoryBroker, DryRun):
    """A broker that objects by a script and never sends."""

    objections: list[Outcome] = field(default_factory=list)

    def check(self, order: Order) -> Outcome | None:
        return self.objections.pop(0) if self.objections else None

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        return NotSent("a dry run sends nothing", can_wait=False)
