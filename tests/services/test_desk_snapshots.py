"""What a desk publishes of the trading side: while it is idle, soon after an order, and never before one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from axia_core.adapters.memory import MemoryBroker
from axia_core.adapters.memory_snapshots import MemorySnapshots
from axia_core.desk import Desk
from axia_core.domain.broker import Account, Quote
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import SourceUnavailable, StoreUnavailable
from tests.services.conftest import World, make_world

EVERY = timedelta(seconds=2)


class Noting(MemorySnapshots):
    """Keeps how many orders had been sent whenever something was published; refuses where it is told to."""

    def __init__(self, broker: MemoryBroker, *, refuses: bool = False) -> None:
        super().__init__()
        self.broker = broker
        self.refuses = refuses
        self.sent_before: list[int] = []

    def publish(self, snapshot: Snapshot) -> None:
        if self.refuses:
            raise StoreUnavailable("publishing: nothing answers")
        super().publish(snapshot)
        self.sent_before.append(len(self.broker.submitted))


@pytest.fixture
def world() -> World:
    made = make_world()
    made.rules = replace(made.rules, snapshot_every=EVERY)
    return made


def desk_with(world: World, place: MemorySnapshots) -> Desk:
    desk = world.desk()
    return Desk(desk.queue, desk.ledger, world.broker, desk.events, desk.clock, desk.rules, "desk", place)


def rounds(count: int) -> Callable[[], bool]:
    """Ends a desk after so many rounds."""
    left = iter(range(count))
    return lambda: next(left, None) is None


def test_idle_desk_publishes(world: World) -> None:
    """Account, mode, quotes and instruments of every symbol are there after one idle round."""
    place = Noting(world.broker)

    list(desk_with(world, place).run(rounds(1)))

    assert place.newest is not None
    assert place.newest.account == world.broker.account()
    assert place.newest.account_kind == "demo"
    assert set(place.newest.quotes) == set(place.newest.instruments) == set(world.rules.symbols)


def test_never_before_an_order(world: World) -> None:
    """Orders that wait are all sent before anything is published."""
    place = Noting(world.broker)
    for number in range(3):
        world.send(order_id=f"A{number}")

    list(desk_with(world, place).run(rounds(5)))

    assert place.sent_before[0] == 3


def test_soon_after_an_order(world: World) -> None:
    """An order's end makes the next idle round publish, however short ago the last one was."""
    place = Noting(world.broker)
    desk = desk_with(world, place)

    def stopped() -> bool:
        if place.sent_before == [0] and not world.broker.submitted:
            world.send(order_id="A1")
        return len(place.sent_before) >= 2 or world.clock.now() > begun + timedelta(minutes=1)

    begun = world.clock.now()
    list(desk.run(stopped))

    assert place.sent_before[:2] == [0, 1]
    assert world.clock.now() < begun + 2 * EVERY


@pytest.mark.parametrize("fault", ["store", "account"])
def test_fault_keeps_no_order(world: World, fault: str) -> None:
    """Where it cannot be published, or the terminal does not answer, orders go on and the old one stays."""
    place = Noting(world.broker, refuses=fault == "store")
    desk = desk_with(world, place)
    if fault == "account":
        desk._snapshots.broker = Silent(world.clock)
    world.send(order_id="A1")

    list(desk.run(rounds(4)))

    assert place.newest is None
    assert [order.order_id for order in world.broker.submitted] == ["A1"]


class Silent(MemoryBroker):
    """A terminal that does not answer."""

    def account(self) -> Account:
        raise SourceUnavailable("no answer")


class OneUnknown(MemoryBroker):
    """A broker that does not quote EURUSD."""

    def quote(self, symbol: str) -> Quote:
        if symbol == "EURUSD":
            raise SourceUnavailable("no such symbol")
        return super().quote(symbol)


def test_symbol_without_a_quote_is_left_out(world: World) -> None:
    """The others are published all the same."""
    place = Noting(world.broker)
    desk = desk_with(world, place)
    desk._snapshots.broker = OneUnknown(world.clock)

    list(desk.run(rounds(1)))

    assert place.newest is not None
    assert set(world.rules.symbols) - set(place.newest.quotes) == {"EURUSD"}
