"""Desks that stalled, died or came late: only the one that holds the lease moves what is under way."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger, MemoryOrderQueue
from axia_core.desk import Desk
from axia_core.domain.absence import Absences
from axia_core.domain.broker import Absent, Account, CannotTell, Evidence, Finding, Position
from axia_core.domain.messages import Lease, Message
from axia_core.domain.order_states import Execution, Move, OrderRecord, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import NotSent, Outcome, Unknown
from axia_core.errors import LeaseLost, VersionConflict
from axia_core.services.reconcile import reconcile
from tests.services.conftest import World


def never() -> bool:
    return False


def work(world: World, desk: Desk, seconds: float) -> list[OrderRecord]:
    """What a desk shows while it is left to work for a while."""
    ends = world.clock.now() + timedelta(seconds=seconds)
    return list(desk.run(lambda: world.clock.now() >= ends))


def state_of(world: World, order_id: str) -> State | None:
    record = world.ledger.order(order_id)
    return None if record is None else record.state


def attempted(world: World, order_id: str = "A1") -> OrderRecord:
    """An order that a desk had in hand when it died."""
    begun = world.ledger.begin_attempt(world.received(order_id=order_id), world.lease(), world.clock.now())
    assert begun is not None
    world.ledger.release_lease(held(world))
    return begun


def held(world: World) -> Lease:
    lease = world.ledger.lease_holder(world.clock.now())
    assert lease is not None
    return lease


class StallsInThePoll(MemoryOrderQueue):
    """A poll that hands its messages over long after the desk's lease has ended."""

    stall: Callable[[], None] | None = None

    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        stall, self.stall = self.stall, None
        if stall is not None:
            stall()
        return super().receive(limit, wait_s, visibility_s)


def test_desk_that_stalled_in_the_poll_accepts_nothing(world: World) -> None:
    """Messages that reach a desk whose lease has passed on stay in the queue, and the successor executes them."""
    world.queue = queue = StallsInThePoll(world.clock)
    queue.stall = lambda: world.clock.step(timedelta(seconds=15))
    world.send(order_id="A1")

    with pytest.raises(LeaseLost):
        list(world.desk("stale").run(never))

    assert world.ledger.order("A1") is None
    world.clock.step(timedelta(seconds=11))
    assert [record.state for record in islice(world.desk("successor").run(never), 1)] == [State.FILLED]


@dataclass
class LaggingLedger(MemoryOrderLedger):
    """Its index of open orders lists nothing until it has caught up, as a global secondary index may."""

    lagging: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def open_orders(self, known: Collection[str] = ()) -> tuple[OrderRecord, ...]:
        return () if self.lagging else super().open_orders(known)


@dataclass
class Late:
    """Something that happens at the first idle moment of a desk."""

    world: World
    happen: Callable[[], object]
    happened: list[object] = field(default_factory=list)

    def __call__(self) -> bool:
        if not self.happened:
            self.happened.append(self.happen())
        return False


def test_orders_recorded_by_a_stale_desk_are_adopted(world: World) -> None:
    """An order that another desk accepted after this one had opened is executed by this one within seconds."""
    recorded = Late(world, lambda: world.received(order_id="A1"))

    found = list(islice(world.desk().run(recorded), 1))

    assert [(record.order.order_id, record.state) for record in found] == [("A1", State.FILLED)]
    assert found[0].updated_at - found[0].received_at <= timedelta(seconds=15)


def test_attempt_that_the_index_listed_late_is_adopted(world: World) -> None:
    """What a dead desk left SUBMITTING is called UNKNOWN and settled also where the index did not list it at first."""
    ledger = LaggingLedger(lagging=True)
    ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.ledger = ledger
    attempted(world)

    def catches_up() -> None:
        ledger.lagging = False

    shown = list(islice(world.desk().run(Late(world, catches_up)), 1))

    assert [record.state for record in shown] == [State.REJECTED]
    states = [event.state for event in world.ledger.events("A1")]
    assert states == [State.RECEIVED, State.SUBMITTING, State.UNKNOWN, State.REJECTED]


def test_attempt_that_a_message_tells_of_before_the_index_is_adopted(world: World) -> None:
    """The dead desk had not acknowledged its message: it comes again, and the order is known as SUBMITTING."""
    ledger = LaggingLedger(lagging=True)
    ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.ledger = ledger
    attempted(world)
    world.send(order_id="A1")

    def catches_up() -> None:
        ledger.lagging = False

    shown = list(islice(world.desk().run(Late(world, catches_up)), 1))

    assert [record.state for record in shown] == [State.REJECTED]
    states = [event.state for event in world.ledger.events("A1")]
    assert states == [State.RECEIVED, State.SUBMITTING, State.UNKNOWN, State.REJECTED]


FILL = Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals")


class LosesTheLeaseOverTheSearch(MemoryBroker):
    """The desk's lease passes on while the broker is searched."""

    world: World

    def find(self, order: Order, since: datetime) -> Finding:
        self.clock.sleep(15)
        take_over(self.world)
        return super().find(order, since)


@pytest.mark.parametrize("finding", [FILL, Absent()])
@pytest.mark.parametrize("state", [State.UNKNOWN, State.PLACED])
def test_desk_without_lease_settles_nothing(world: World, state: State, finding: Finding) -> None:
    """What a search shows that outlived the desk's lease is for the successor to act on."""
    before = world.ledger.move(attempted(world), state, world.clock.now())
    world.broker = broker = LosesTheLeaseOverTheSearch(world.clock, otherwise=finding)
    broker.world = world
    lease, absences = world.lease(), Absences()
    absences.note("A1", Absent(), world.clock.now() - world.rules.absence)
    rest: dict[str, Any] = {
        "ledger": world.ledger,
        "broker": broker,
        "clock": world.clock,
        "absence": world.rules.absence,
    }

    with pytest.raises(LeaseLost):
        reconcile(before, lease=lease, absences=absences, **rest)

    assert world.ledger.order("A1") == before
    assert held(world).owner == "successor"


def take_over(world: World) -> None:
    assert world.ledger.acquire_lease("successor", 10, world.clock.now()) is not None


class LosesTheLeaseWhileItThinks(MemoryBroker):
    """The desk's lease passes on while the limits are being looked at."""

    world: World

    def positions(self) -> tuple[Position, ...]:
        self.clock.sleep(15)
        take_over(self.world)
        return super().positions()


@pytest.mark.parametrize("lots", [0.1, 5.0])
def test_desk_without_lease_neither_sends_nor_refuses(world: World, lots: float) -> None:
    """An order is judged by the desk in charge: one that lost its lease over the limits leaves it RECEIVED."""
    world.broker = broker = LosesTheLeaseWhileItThinks(world.clock)
    broker.world = world
    world.send(order_id="A1", lot_size=lots)

    with pytest.raises(LeaseLost):
        list(world.desk("stale").run(never))

    assert state_of(world, "A1") is State.RECEIVED
    assert world.broker.submitted == []


class SlowToOpen(MemoryBroker):
    """Opens after its desk's lease has passed on; what its successor does meanwhile is up to the test."""

    meanwhile: Callable[[], None] | None = None

    def account(self) -> Account:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            self.clock.sleep(15)
            meanwhile()
        return super().account()


def test_lease_lost_while_opening_touches_nothing(world: World) -> None:
    """A desk that opened too slowly leaves alone what the rightful desk is sending at that moment."""
    world.broker = broker = SlowToOpen(world.clock)

    def successor_sends() -> None:
        take_over(world)
        begun = world.ledger.begin_attempt(world.received(order_id="A1"), held(world), world.clock.now())
        assert begun is not None
        live.append(begun)

    live: list[OrderRecord] = []
    broker.meanwhile = successor_sends

    with pytest.raises(LeaseLost):
        list(world.desk("late").run(never))

    assert world.ledger.order("A1") == live[0]
    assert world.ledger.move(live[0], State.FILLED, world.clock.now(), lease=held(world)).state is State.FILLED


class LosesAnswers(MemoryOrderLedger):
    """Writes the first attempt, loses the answer, and says of its own retry that somebody moved the order."""

    lost = 0

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        begun = super().begin_attempt(record, lease, now, reduces_risk, along)
        self.lost += 1
        if self.lost == 1:
            raise VersionConflict("a retry of a write that had succeeded")
        return begun


def test_attempt_whose_permission_was_lost_becomes_unknown(world: World) -> None:
    """An order that is SUBMITTING although nobody sends it is called UNKNOWN, settled by evidence, and never sent."""
    ledger = LosesAnswers()
    ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.ledger = ledger
    world.send(order_id="A1")

    shown = list(islice(world.desk().run(never), 1))

    assert [record.state for record in shown] == [State.REJECTED]
    received, begun, unknown, _ = world.ledger.events("A1")
    assert (unknown.state, unknown.at, received.at) == (State.UNKNOWN, begun.at, begun.at)
    assert world.broker.submitted == []


def test_placed_without_a_trace_becomes_unknown(world: World) -> None:
    """What the broker had accepted cannot just be gone: a person is told, and it is neither rejected nor sent again."""
    execution = Execution(ticket=5)
    placed = world.ledger.move(attempted(world), State.PLACED, world.clock.now(), execution=execution)

    work(world, world.desk(), 90)

    assert state_of(world, placed.order.order_id) is State.UNKNOWN
    assert ("order_state", "critical") in [(kind, severity) for kind, severity, _ in world.events.published]
    assert world.broker.submitted == []


def test_acknowledged_and_unknown_is_not_rejected(world: World) -> None:
    """What the broker accepted under a ticket is not rejected for want of a trace: a person is asked."""
    world.broker.script.append(Unknown("accepted, and may not be executed yet", Execution(ticket=5)))
    world.send(order_id="A1")

    work(world, world.desk(), 90)

    record = world.ledger.order("A1")
    assert record is not None
    assert (record.state, record.execution.ticket) == (State.UNKNOWN, 5)


def test_absence_after_a_blind_stretch_begins_anew(world: World) -> None:
    """The first look after a time without connection may come before the history: it settles nothing."""
    world.broker.script.append(Unknown("timeout"))
    world.broker.findings.extend([*[CannotTell("no connection")] * 40, *[Absent()] * 5])
    world.broker.otherwise = CannotTell("no connection")
    world.send(order_id="A1")

    work(world, world.desk(), 60)

    assert state_of(world, "A1") is State.UNKNOWN


@dataclass
class TakenOverInMidAttempt(MemoryBroker):
    """Its desk's run was called over by mistake: a successor ends lease and terminal while an order is being sent."""

    world: World | None = None
    reached_the_broker: bool = False
    shown_by_successor: list[OrderRecord] = field(default_factory=list)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        assert self.world is not None
        self.submitted.append(order)
        self.world.ledger.release_lease(held(self.world))  # as the op does for a run that is over
        evidence = Evidence(state=State.FILLED, execution=Execution(ticket=9), found_in="deals")
        self.world.broker = MemoryBroker(self.clock, otherwise=evidence if self.reached_the_broker else Absent())
        ends = self.clock.now() + timedelta(seconds=60)
        self.shown_by_successor += self.world.desk("successor").run(lambda: self.clock.now() >= ends)
        return Unknown("the process died in mid-call") if self.reached_the_broker else NotSent("taken over")


@pytest.mark.parametrize(("reached", "state"), [(True, State.FILLED), (False, State.REJECTED)])
def test_lease_that_is_ended_while_its_holder_sends(world: World, reached: bool, state: State) -> None:
    """A desk that lives although its run was called over has lost, and what it was sending is settled by evidence."""
    world.broker = broker = TakenOverInMidAttempt(world.clock, world=world, reached_the_broker=reached)
    old = world.desk("old")
    world.send(order_id="A1")

    with pytest.raises(LeaseLost):
        list(old.run(never))

    assert [(one.order.order_id, one.state) for one in broker.shown_by_successor] == [("A1", state)]
    assert state_of(world, "A1") is state
    assert (len(broker.submitted), world.broker.submitted) == (1, [])
