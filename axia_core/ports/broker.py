"""The broker, as the desk sees it; and one that is only asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from axia_core.domain.broker import Standing

if TYPE_CHECKING:
    # Annotations only: the desk must not load numpy for the bars it never touches.
    from axia_core.domain.broker import Account, Booking, Deal, Finding, Instrument, PendingOrder, Position, Quote
    from axia_core.domain.orders import Order
    from axia_core.domain.outcomes import Outcome


class Broker(ABC):
    """The trading side of MT5, in UTC and Decimals. Nothing here ever sends twice. Raises SourceUnavailable."""

    @abstractmethod
    def account(self) -> Account:
        """The verified account; raises WrongAccount."""

    @abstractmethod
    def quote(self, symbol: str) -> Quote:
        """The present bid and ask."""

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument:
        """How the symbol may be traded."""

    @abstractmethod
    def positions(self) -> tuple[Position, ...]:
        """Every open position of the account, whoever opened it."""

    def standing(self, symbol: str) -> Standing:
        """Account, positions and quote together, in fewer steps where an adapter has them. Raises what each raises."""
        return Standing(account=self.account(), positions=self.positions(), quote=self.quote(symbol))

    @abstractmethod
    def pending(self) -> tuple[PendingOrder, ...]:
        """Every order that waits at the broker, whoever placed it; raises where the terminal has no connection."""

    @abstractmethod
    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        """The account's deals in `[since, until)`, oldest first, whoever caused them; the newest may arrive late."""

    @abstractmethod
    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        """What moved the balance in `[since, until)` beside trades, oldest first; the newest may arrive late."""

    @abstractmethod
    def deals_of(self, position: int) -> tuple[Deal, ...]:
        """Every deal of one position, oldest first."""

    @abstractmethod
    def submit(self, order: Order, send_by: datetime) -> Outcome:
        """Sends one order at most once, and not after *send_by*. Never raises once it may have been sent: Unknown."""

    @abstractmethod
    def find(self, order: Order, since: datetime) -> Finding:
        """Searches orders, positions and both histories for the order's magic number."""


class DryRun(Broker):
    """A broker that is asked what it would say and never sends: `submit` is always NotSent."""

    @abstractmethod
    def check(self, order: Order) -> Outcome | None:
        """What the terminal says against the order before it is sent; None when nothing. Raises SourceUnavailable."""
