"""The kill switch thrown at every moment of a burst: between any two calls of any port."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.messages import Lease, Message
from axia_core.domain.order_states import OrderRecord, State, new_record
from axia_core.domain.orders import Action, Order, parse_order
from axia_core.domain.outcomes import Outcome, TryNewPrice
from axia_core.services.await_attempts import await_attempts
from axia_core.services.flatten import flatten
from tests.crashing import WEDNESDAY, Answer, CrashWorld, said
from tests.services.test_flatten import pending

BURST = 5
WORKS_FOR_S = 8
REQUOTED = Answer("new price", said(TryNewPrice(10004, "requote")), None)


@dataclass
class AtTheThrow:
    """What the ledger and the broker said at the moment of the write."""

    attempts: dict[str, int]
    submitting: set[str]
    submitted: int


@dataclass
class Switched(CrashWorld):
    """A world whose switch is thrown at its boundary number *throw_at*."""

    throw_at: int = -1
    mode: Mode = Mode.HALT
    thrown: AtTheThrow | None = None

    def _pass(self, boundary: str) -> None:
        super()._pass(boundary)
        if len(self.passed) == self.throw_at and self.thrown is None:
            self.throw()

    def throw(self) -> None:
        wanted = KillSwitch(active=True, mode=self.mode, reason="test", who="somebody")
        self.ledger.set_kill_switch(wanted, self.ledger.kill_switch().version, self.clock.now())
        self.thrown = AtTheThrow(
            attempts=self.attempts(),
            submitting={one.order.order_id for one in self.ledger.open_orders() if one.state is State.SUBMITTING},
            submitted=len(self.broker.submitted),
        )

    def attempts(self) -> dict[str, int]:
        found = {order_id: self.ledger.order(order_id) for order_id in self.sent}
        return {order_id: record.attempts for order_id, record in found.items() if record is not None}

    def sent_after(self) -> list[Order]:
        assert self.thrown is not None
        return list(self.broker.submitted[self.thrown.submitted :])


def burst(mode: Mode, throw_at: int = -1) -> Switched:
    """Entries and exits, some of which the broker asks to repeat."""
    world = Switched(mode=mode, throw_at=throw_at)
    for number in range(BURST):
        world.send(f"entry-{number}")
    world.send("close", order_action="CLOSE", mt5_ticket=5)
    world.send("cancel", order_action="CANCEL", mt5_ticket=6)
    world.broker.answers[:] = [REQUOTED] * 3
    return world


def moments() -> range:
    """Every boundary that a burst passes, found by passing them."""
    world = burst(Mode.HALT)
    world.run_desk(WORKS_FOR_S)
    return range(1, len(world.passed) + 1)


@pytest.mark.parametrize("mode", Mode)
def test_no_order_enters_submitting_after_the_write(mode: Mode) -> None:
    """Whenever it is thrown: what begins afterwards is nothing, or an exit where exits are let pass."""
    every = moments()

    for moment in every:
        world = burst(mode, moment)
        world.run_desk(WORKS_FOR_S)

        assert world.thrown is not None
        begun = {name for name, count in world.attempts().items() if count > world.thrown.attempts.get(name, 0)}
        allowed = {"close", "cancel"} if mode is Mode.REDUCE_ONLY else set()
        assert begun <= allowed, f"thrown at boundary {moment}, {world.passed[moment - 1]}"

    assert len(every) > 100


def test_at_most_the_one_attempt_already_there_is_sent() -> None:
    """After the write the broker sees one order at most: the one that the ledger held as SUBMITTING at that moment."""
    under_way = 0

    for moment in moments():
        world = burst(Mode.HALT, moment)
        world.run_desk(WORKS_FOR_S)

        assert world.thrown is not None
        late = [order.order_id for order in world.sent_after()]
        assert len(late) <= 1
        assert set(late) <= world.thrown.submitting
        under_way += len(late)

    assert under_way > BURST  # the moments between an attempt's permission and its sending are among them


def test_what_waits_is_refused_and_stays_refused() -> None:
    """Once the switch is released again nothing of the burst comes to life."""
    for moment in moments():
        world = burst(Mode.HALT, moment)
        world.run_desk(WORKS_FOR_S)
        before = len(world.broker.submitted)
        released = KillSwitch(active=False, reason="over", who="somebody")
        world.ledger.set_kill_switch(released, world.ledger.kill_switch().version, world.clock.now())

        world.leave_alone()

        assert len(world.broker.submitted) == before
        assert [
            text for text in world.violations() if "under HALT" not in text
        ] == []  # the one allowed is judged above


class TestOn:
    """What `axia kill-switch on` does after the write: it waits for the attempt under way, and names it."""

    def test_the_attempt_under_way_is_named_with_its_end(self) -> None:
        """An order that ends while it is waited for is told as what it has become."""
        world = in_mid_sending()
        fills_later(world, timedelta(seconds=2))

        (record,) = await_attempts(ledger=world.ledger, clock=world.clock)

        assert (record.order.order_id, record.state) == ("entry", State.FILLED)
        assert world.clock.now() - WEDNESDAY < timedelta(seconds=3)

    def test_what_does_not_end_is_named_all_the_same(self) -> None:
        """The wait is over when nothing could be sent any more, whoever was sending."""
        world = in_mid_sending()

        (record,) = await_attempts(ledger=world.ledger, clock=world.clock)

        assert (record.order.order_id, record.state) == ("entry", State.SUBMITTING)
        assert world.clock.now() - WEDNESDAY < timedelta(seconds=20)

    def test_nothing_is_cancelled_beside_it(self) -> None:
        """What is pending at the broker is cancelled once the attempt has ended, and not before."""
        world = in_mid_sending()
        fills_later(world, timedelta(seconds=2))
        world.broker.pending_orders = [pending(41)]

        found = flatten((Action.CANCEL,), "somebody", ledger=world.ledger, broker=world.broker, clock=world.clock)

        assert [step.ticket for step in found.steps] == [41]
        assert world.broker.times[0] - WEDNESDAY >= timedelta(seconds=2)


@dataclass
class NotingTimes(MemoryBroker):
    """Remembers when it was asked to send."""

    times: list[datetime] = field(default_factory=list)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self.times.append(self.clock.now())
        return super().submit(order, send_by)


class Meanwhile(SteppedClock):
    """While somebody sleeps, something happens once it is due."""

    due: tuple[datetime, Callable[[], object]] | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.due is not None and self.now() >= self.due[0]:
            act, self.due = self.due[1], None
            act()


@dataclass
class MidSending:
    """The switch has been thrown while a desk that holds its lease was sending."""

    clock: Meanwhile
    ledger: MemoryOrderLedger
    broker: NotingTimes
    begun: OrderRecord
    lease: Lease


def in_mid_sending() -> MidSending:
    clock = Meanwhile(WEDNESDAY)
    ledger = MemoryOrderLedger(KillSwitch(active=False, version=1))
    body = json.dumps({"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1})
    sent = Message(message_id="entry", body=body, sent_at=WEDNESDAY, receive_count=1, sender="", receipt="")
    order = parse_order(body, "entry", ("USDJPY",))
    ledger.record(order, sent, WEDNESDAY)
    lease = ledger.acquire_lease("desk", 3_600, WEDNESDAY)
    assert lease is not None
    begun = ledger.begin_attempt(new_record(order, sent, WEDNESDAY), lease, WEDNESDAY)
    assert begun is not None
    ledger.set_kill_switch(KillSwitch(active=True), 1, WEDNESDAY)
    return MidSending(clock, ledger, NotingTimes(clock), begun, lease)


def fills_later(world: MidSending, after: timedelta) -> None:
    def fill() -> None:
        world.ledger.move(world.begun, State.FILLED, world.clock.now(), lease=world.lease)

    world.clock.due = (world.clock.now() + after, fill)
