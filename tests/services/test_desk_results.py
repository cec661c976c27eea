"""A burst's results: each is written with the beginning of the next attempt, and none is late, lost or believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.desk_results import OneBehind
from axia_core.domain.broker import CannotTell, Position
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.messages import Lease, Message
from axia_core.domain.order_states import Move, OrderRecord, State
from axia_core.errors import StoreUnavailable
from tests.services.conftest import World, make_world


class Watched(MemoryOrderLedger):
    """Writes down what it is told to write."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def write(self, move: Move) -> None:
        self.said.append(f"{move.after.order.order_id} is {move.after.state}")
        super().write(move)

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        self.said.append(f"{record.order.order_id} begins" + (" and" if along else ""))
        return super().begin_attempt(record, lease, now, reduces_risk, along)


@dataclass
class Asked(MemoryBroker):
    """Something happens before it tells its positions for the n-th time."""

    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    asked: int = 0

    def positions(self) -> tuple[Position, ...]:
        self.asked += 1
        self.before.get(self.asked, bool)()
        return super().positions()


@pytest.fixture
def watched() -> World:
    world = make_world()
    ledger = Watched()
    ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.ledger, world.broker = ledger, Asked(world.clock)
    return world


def said(world: World) -> list[str]:
    assert isinstance(world.ledger, Watched)
    return world.ledger.said


def work(world: World, count: int) -> list[OrderRecord]:
    return list(islice(world.desk().run(lambda: False), count))


def states(world: World) -> dict[str, State]:
    return {one.order.order_id: one.state for one in world.ledger.recent_orders(100)}


def test_results_of_a_burst_are_written_with_the_next_attempt(watched: World) -> None:
    """But the last one by itself, at once: nothing is left to wait for."""
    for order_id in ("A1", "A2", "A3"):
        watched.send(order_id=order_id)

    work(watched, 3)

    assert said(watched) == [
        "A1 begins",
        "A2 begins and",
        "A1 is FILLED",
        "A3 begins and",
        "A2 is FILLED",
        "A3 is FILLED",
    ]


def test_lone_order_has_its_result_at_once(watched: World) -> None:
    """No attempt follows."""
    watched.send(order_id="A1")

    work(watched, 1)

    assert said(watched) == ["A1 begins", "A1 is FILLED"]


def test_result_does_not_wait_for_an_order_that_is_not_sent(watched: World) -> None:
    """The second is refused: the first is written before anything else begins."""
    watched.send(order_id="A1")
    watched.send(order_id="A2", lot_size=5)
    watched.send(order_id="A3")

    work(watched, 3)

    assert said(watched)[:4] == ["A1 begins", "A2 is REFUSED", "A1 is FILLED", "A3 begins"]


def test_result_of_an_exit_is_written_at_once(watched: World) -> None:
    """Others may name it."""
    watched.send(order_id="A1", order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0)
    watched.send(order_id="A2")

    work(watched, 2)

    assert said(watched)[:2] == ["A1 begins", "A1 is FILLED"]


def test_result_that_somebody_has_overtaken_is_not_believed(watched: World) -> None:
    """Somebody calls the first order UNKNOWN before its fill is written: the broker is asked what became of it."""

    def call_unknown() -> None:
        first = watched.ledger.order("A1")
        assert first is not None
        assert first.state is State.SUBMITTING
        watched.ledger.move(first, State.UNKNOWN, watched.clock.now(), reason="somebody says so")

    assert isinstance(watched.broker, Asked)
    watched.broker.before[2] = call_unknown
    for order_id in ("A1", "A2"):
        watched.send(order_id=order_id)

    shown = work(watched, 2)

    assert states(watched) == {one.order.order_id: one.state for one in shown}
    assert State.UNKNOWN in [event.state for event in watched.ledger.events("A1")]
    assert [order.order_id for order in watched.broker.submitted] == ["A1", "A2"]


class DeafQueueError(StoreUnavailable):
    """The queue does not take the acknowledgement."""


def test_result_is_written_by_a_desk_that_ends(watched: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends it comes between an order's fill and the next attempt."""

    def deaf(messages: Sequence[Message]) -> None:
        raise DeafQueueError("the queue is away")

    monkeypatch.setattr(watched.queue, "delete_all", deaf)
    for order_id in ("A1", "A2"):
        watched.send(order_id=order_id)

    with pytest.raises(DeafQueueError):
        work(watched, 2)

    assert states(watched) == {"A1": State.FILLED, "A2": State.RECEIVED}


def test_order_whose_result_is_held_is_not_under_way(watched: World) -> None:
    """Its position is in the book: it must not count a second time against the next one's limits."""
    limits = replace(watched.rules.limits, max_open_positions=1)
    watched.rules = replace(watched.rules, limits=limits)
    for order_id in ("A1", "A2"):
        watched.send(order_id=order_id)

    work(watched, 2)

    assert states(watched) == {"A1": State.FILLED, "A2": State.FILLED}  # this book stays empty


def test_result_is_written_although_the_switch_stops_the_next(watched: World) -> None:
    """HALT is thrown while the second is looked at: the first is filled, the second refused."""

    def halt() -> None:
        version = watched.ledger.kill_switch().version
        watched.ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.HALT), version, watched.clock.now())

    assert isinstance(watched.broker, Asked)
    watched.broker.before[2] = halt
    for order_id in ("A1", "A2"):
        watched.send(order_id=order_id)

    work(watched, 2)

    assert states(watched) == {"A1": State.FILLED, "A2": State.REFUSED}


class Trips(Watched):
    """Raises *fault* when the fill of A1 is to be written along with an attempt, and *alone* when by itself."""

    fault: Exception | None = None
    alone: Exception | None = None

    def write(self, move: Move) -> None:
        if move.after.order.order_id == "A1" and move.after.state is State.FILLED and self.alone is not None:
            raise self.alone
        super().write(move)

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        if along is not None and self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return super().begin_attempt(record, lease, now, reduces_risk, along)


def tripping(world: World, fault: Exception, alone: Exception | None = None) -> World:
    ledger = Trips()
    ledger.fault, ledger.alone = fault, alone
    ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.ledger = ledger
    for order_id, symbol in (("A1", "USDJPY"), ("A2", "EURUSD"), ("A3", "GBPUSD")):
        world.send(order_id=order_id, symbol=symbol)
    return world


def test_fault_of_a_result_stays_with_its_order(watched: World) -> None:
    """It cannot be written at all: it is UNKNOWN, the others are executed, and the desk stays open."""
    world = tripping(watched, RuntimeError("no"), alone=RuntimeError("not alone either"))
    world.broker.otherwise = CannotTell("history comes late")

    work(world, 2)

    assert states(world) == {"A1": State.UNKNOWN, "A2": State.FILLED, "A3": State.FILLED}
    assert [order.order_id for order in world.broker.submitted] == ["A1", "A3", "A2"]


def test_result_is_written_when_the_store_goes_away_between(watched: World) -> None:
    """The desk ends, and the next one finds the first filled and the second waiting."""
    world = tripping(watched, StoreUnavailable("away"))

    with pytest.raises(StoreUnavailable):
        work(world, 3)

    assert states(world) == {"A1": State.FILLED, "A2": State.RECEIVED, "A3": State.RECEIVED}
    assert {one.state for one in work(world, 3)} == {State.FILLED}


def test_result_that_was_written_with_a_lost_attempt_is_told_once(watched: World) -> None:
    """Somebody cancels the second before it begins: the first is written, and people hear of it once."""

    def cancel() -> None:
        second = watched.ledger.order("A2")
        assert second is not None
        watched.ledger.move(second, State.CANCELLED, watched.clock.now())

    assert isinstance(watched.broker, Asked)
    watched.broker.before[2] = cancel
    for order_id in ("A1", "A2"):
        watched.send(order_id=order_id)

    shown = work(watched, 2)

    assert [(one.order.order_id, one.state) for one in shown] == [("A1", State.FILLED), ("A2", State.CANCELLED)]
    assert len([text for _, _, text in watched.events.published if "A1" in text]) == 1


def test_nothing_is_held_while_exits_are_let_by(watched: World) -> None:
    """After ten orders the desk receives: what has come to something is in the ledger then."""
    for number in range(5):
        watched.send(order_id=f"exit-{number}", order_action="CLOSE", mt5_ticket=7 + number, tp_price=0, sl_price=0)
    for number in range(7):
        watched.send(order_id=f"A{number}")

    work(watched, 12)

    tenth = said(watched).index("A4 is FILLED")
    assert said(watched)[tenth - 1 : tenth + 2] == ["A3 is FILLED", "A4 is FILLED", "A5 begins"]


def test_what_is_held_counts_from_its_fill(watched: World) -> None:
    """A repeat is measured against the fill, not against the attempt before it."""
    behind, now = OneBehind(watched.ledger), watched.clock.now()
    begun = watched.ledger.begin_attempt(watched.received(order_id="A1"), watched.lease(), now)
    assert begun is not None
    behind.holds = True

    filled = behind.move(begun, State.FILLED, now + timedelta(seconds=4))

    assert (behind.alike(begun.order), behind.order("A1")) == (filled, filled)
    assert watched.ledger.order("A1") == begun
