"""The limits' verdict on a message before it is sent: `check_order` over a snapshot in the place of the broker.

The broker itself is not asked, so its own check is left out and the verdict says so by not naming it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

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
)
from axia_core.domain.limits import Limits
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import SourceUnavailable
from axia_core.ports import Clock, DryRun, OrderLedger
from axia_core.services.check_order import Forecast, check_order

NOT_ASKED = "BROKER"
Found = TypeVar("Found", Quote, Instrument)


class SnapshotBroker(DryRun):
    """A broker as the snapshot has it: nothing is asked, nothing can be sent."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def account(self) -> Account:
        return self._snapshot.account

    def quote(self, symbol: str) -> Quote:
        return _named(self._snapshot.quotes.get(symbol), f"quote of {symbol}")

    def instrument(self, symbol: str) -> Instrument:
        return _named(self._snapshot.instruments.get(symbol), f"instrument {symbol}")

    def positions(self) -> tuple[Position, ...]:
        return self._snapshot.positions

    def pending(self) -> tuple[PendingOrder, ...]:
        return self._snapshot.pending

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        raise SourceUnavailable("a snapshot has no history")

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        raise SourceUnavailable("a snapshot has no history")

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        raise SourceUnavailable("a snapshot has no history")

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        return NotSent("a snapshot sends nothing", can_wait=False)

    def find(self, order: Order, since: datetime) -> Finding:
        return CannotTell("a snapshot has no history")

    def check(self, order: Order) -> Outcome | None:
        return None


def verdict(
    body: str, snapshot: Snapshot, *, ledger: OrderLedger, clock: Clock, symbols: tuple[str, ...], limits: Limits
) -> Forecast:
    """What would become of the message by ledger and snapshot, the broker's own word left out.

    Raises StoreUnavailable.
    """
    broker = SnapshotBroker(snapshot)
    found = check_order(body, ledger=ledger, broker=broker, clock=clock, symbols=symbols, limits=limits)
    return replace(found, judged=tuple(one for one in found.judged if one.check.code != NOT_ASKED))


def _named(value: Found | None, what: str) -> Found:
    if value is None:
        raise SourceUnavailable(f"the snapshot has no {what}")
    return value
