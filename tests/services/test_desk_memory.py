"""A desk that is open all week must not grow with the orders that it has worked off."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from axia_core.desk import Desk
from axia_core.domain.broker import Deal
from axia_core.domain.orders import magic_of
from tests.services.conftest import World, make_world
from tests.services.test_survey import deal

# What lies behind the ports is not the desk's; a record handed out is whose it was handed to.
PORTS = ("queue", "ledger", "broker", "events", "clock", "snapshots")


def held_by(desk: Desk) -> int:
    """How many entries all collections hold that can be reached from the desk and not through a port."""
    outside = {id(getattr(desk, name)) for name in PORTS}
    return sum(_entries(desk, outside))


def _entries(thing: object, seen: set[int]) -> Iterator[int]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, dict | set | frozenset | deque | list | tuple):
        yield len(thing)
        for inner in list(thing.values()) if isinstance(thing, dict) else list(thing):
            yield from _entries(inner, seen)
    elif type(thing).__module__.startswith("axia_core") and hasattr(thing, "__dict__"):
        for inner in list(vars(thing).values()):
            yield from _entries(inner, seen)


def worked_off(orders: int) -> tuple[World, int]:
    """What a desk holds after so many orders, the last of them a while ago."""
    world = make_world()
    desk = world.desk()
    shown = desk.run(lambda: False)
    for number in range(orders):
        world.send(order_id=f"A{number}", lot_size=0.01)
        assert len(list(islice(shown, 1))) == 1
        world.broker.history = [*world.broker.history[-20:], _closing(world, number)]
        world.clock.step(timedelta(seconds=2))
    world.send(order_id="last", lot_size=0.01)
    next(shown)
    return world, held_by(desk)


def _closing(world: World, number: int) -> Deal:
    return deal(1_000 + number, magic=magic_of(f"A{number}"), at=world.clock.now(), profit=Decimal(1))


def test_a_desk_holds_nothing_of_what_it_has_worked_off() -> None:
    """After 1,500 orders a desk holds as much as after 300, but for a few that are under way."""
    _, few = worked_off(300)
    world, many = worked_off(1_500)

    assert world.ledger.order("A1499") is not None
    assert many - few < 50
