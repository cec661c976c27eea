"""A burst's results: each is written with the beginning of the next attempt, and none is late, lost or believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.domain.broker import Position
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
