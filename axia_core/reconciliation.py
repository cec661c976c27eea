"""Reconciling where no desk is open: takes the desk's lease, settles by evidence what is not known, and sends nothing.

The other composition of services beside the desk: for a schedule while the market is closed, and for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from axia_core.desk_lease import DeskLease
from axia_core.desk_rules import DeskRules
from axia_core.desk_sweep import Sweep
from axia_core.domain.absence import Absences
from axia_core.domain.broker import Finding
from axia_core.domain.events import EventType
from axia_core.domain.order_news import order_news
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.survey import Stray
from axia_core.domain.triggers import disagreement, no_trace
from axia_core.errors import InvalidInput, VersionConflict
from axia_core.ports import Broker, Clock, Events, OrderLedger
from axia_core.services.guard import Guard
from axia_core.services.reconcile import has_vanished, mark_unknown, reconcile
from axia_core.services.resolve import Word, check_word, resolve
from axia_core.services.survey import LOOK_BACK, Seen, survey
from axia_core.services.target import AddressedBroker

COMPONENT = "order_processor"
LOOK_EVERY_S = 1.0
SLACK = timedelta(seconds=10)  # beyond the absence: a look that could not tell begins it anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was settled, what is still open, and what a survey of the account found."""

    settled: tuple[OrderRecord, ...]
    open: tuple[OrderRecord, ...]
    noted: tuple[tuple[str, str], ...]
    strays: tuple[Stray, ...]


@dataclass
class Reconciliation:
    """One reconciling; `owner` names it in the lease. Every method raises NotRunning while a desk holds that."""

    ledger: OrderLedger
    broker: Broker
    events: Events
    clock: Clock
    rules: DeskRules
    owner: str
    _absences: Absences = field(default_factory=Absences)

    def __post_init__(self) -> None:
        self._lease = DeskLease(self.owner, self.rules.lease_s, self.ledger, self.clock)
        self._addressed = AddressedBroker(self.broker, self.ledger)
        self._guard = Guard(
            self.owner, self.rules.limits, self.rules.unknowns, self.ledger, self.broker, self.clock, self.events
        )

    def run(self, look_back: timedelta = LOOK_BACK) -> Reconciled:
        """Settles what evidence settles, then surveys the account over *look_back*. Raises what the ports raise.

        Sends nothing but the cancels that follow where AXIA has thrown the switch.

        Takes a little longer than the absence must last where an order is UNKNOWN, and a moment where none is.
        """
        with self._working():
            self._guard.look()
            records = [self._look(self._taken_over(record)) for record in self.ledger.open_orders()]
            ends_at = self.clock.now() + self.rules.absence + SLACK
            while any(record.state is State.UNKNOWN for record in records) and self.clock.now() < ends_at:
                self.clock.sleep(LOOK_EVERY_S)
                records = [self._look(one) if one.state is State.UNKNOWN else one for one in records]
            noted, strays = self._survey(Seen(since=self.clock.now() - look_back))
            sweep = Sweep(self.ledger, self.broker, self.clock, self.events)
            if (switch := self._guard.switch) is not None and sweep.is_due(switch):
                with self._lease.kept_alive():
                    sweep.follow(switch)
        settled = tuple(one for one in records if one.state.is_final)
        left = tuple(one for one in records if not one.state.is_final)
        return Reconciled(settled=settled, open=left, noted=noted, strays=strays)

    def resolve(self, order_id: str, word: Word) -> OrderRecord:
        """An UNKNOWN order as a person says that it ended; raises InvalidInput where that cannot be."""
        with self._working():
            moved = resolve(
                self._taken_over(known(order_id, self.ledger)),
                word,
                ledger=self.ledger,
                broker=self._addressed,
                clock=self.clock,
                lease=self._lease.held,
                absence=self.rules.absence,
            )
            self._tell(moved, State.UNKNOWN)
            return moved

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Under the lease, with a terminal: opening it ends the one that a dead desk has left."""
        self._lease.acquire()
        try:
            with self._lease.kept_alive():
                self.broker.account()
            self._lease.renew()
            yield
        finally:
            self._lease.release()

    def _taken_over(self, record: OrderRecord) -> OrderRecord:
        """What is SUBMITTING is being sent by nobody: the lease is ours."""
        if record.state is not State.SUBMITTING:
            return record
        reason = "whoever was sending it ended in mid-attempt"
        return mark_unknown(record, reason, ledger=self.ledger, clock=self.clock, lease=self._lease.held)

    def _look(self, record: OrderRecord) -> OrderRecord:
        """One look at an order that is UNKNOWN or PLACED; what is not sent yet is left to a desk."""
        self._lease.keep()
        if record.state not in (State.UNKNOWN, State.PLACED):
            return record
        try:
            moved = self._reconciled(record)
        except VersionConflict:
            return self.ledger.order(record.order.order_id) or record
        if moved.state is not record.state:
            self._tell(moved, record.state)
        if has_vanished(moved, self._absences.lasted(moved.order.order_id, self.clock.now()), self.rules.absence):
            self._guard.throw(no_trace(moved))
        return moved

    def _reconciled(self, record: OrderRecord) -> OrderRecord:
        return reconcile(
            record,
            ledger=self.ledger,
            broker=self._addressed,
            clock=self.clock,
            lease=self._lease.held,
            absences=self._absences,
            absence=self.rules.absence,
        )

    def _survey(self, seen: Seen) -> tuple[tuple[tuple[str, str], ...], tuple[Stray, ...]]:
        with self._lease.kept_alive():
            found = survey(seen, ledger=self.ledger, broker=self.broker, clock=self.clock, events=self.events)
        for stray in found.strays:
            if stray.ours:
                self._guard.throw(disagreement(stray.ticket, stray.text))
        return found.noted, found.strays

    def _tell(self, record: OrderRecord, was: State) -> None:
        news = order_news(record, was)
        if news is not None:
            self.events.publish(EventType.ORDER_STATE, news.severity, COMPONENT, news.text, **news.details)


def known(order_id: str, ledger: OrderLedger) -> OrderRecord:
    """The order's record; raises InvalidInput where there is none."""
    record = ledger.order(order_id)
    if record is None:
        raise InvalidInput("order_id", order_id, "the ledger does not know it", "See `axia order list`.")
    return record


def evidence(order_id: str, word: Word, *, ledger: OrderLedger, broker: Broker) -> tuple[OrderRecord, Finding]:
    """What a person should see before giving their word: the order, and what the broker shows of it now.

    Needs no lease. Raises InvalidInput where nobody may say this of the order.
    """
    record = known(order_id, ledger)
    check_word(record, word)
    return record, AddressedBroker(broker, ledger).find(record.order, record.known_since)
