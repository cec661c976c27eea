"""A thousand messages at once: worked off in order of arrival, exits first, and nothing kept of what is finished."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.desk import MOST_AHEAD, RECEIVE_LIMIT, Desk
from axia_core.desk_rules import DeskRules
from axia_core.desk_unshown import MOST_HELD
from axia_core.domain.broker import CannotTell
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import Outcome, Unknown
from axia_core.settings import Settings
from tests.services.conftest import World, make_world

BURST = 1_000
A_SENDING_TAKES = timedelta(milliseconds=100)
CLOSE = {"order_action": "CLOSE", "mt5_ticket": 7, "tp_price": 0, "sl_price": 0}


@dataclass
class TakesItsTime(MemoryBroker):
    """Time passes with every sending, as at a real broker, and something may happen after so many."""

    after: dict[int, Callable[[], object]] = field(default_factory=dict)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self.clock.sleep(A_SENDING_TAKES.total_seconds())
        outcome = super().submit(order, send_by)
        self.after.get(len(self.submitted), bool)()
        return outcome


@pytest.fixture
def busy() -> World:
    """A world whose limits no burst meets."""
    world = make_world()
    world.broker = TakesItsTime(world.clock)
    world.rules = DeskRules.of(
        Settings(
            orders_per_minute=100_000,
            max_open_positions=100_000,
            max_net_lots=Decimal(100_000),
            duplicate_window_s=0.0,
            order_max_age_s=3_600,
        )
    )
    return world


def send(world: World, count: int, first: int = 0) -> list[str]:
    ids = [f"order-{number:04d}" for number in range(first, first + count)]
    for order_id in ids:
        world.send(order_id=order_id)
        world.clock.step(timedelta(milliseconds=1))
    return ids


def never() -> bool:
    return False


def work(world: World, count: int) -> list[OrderRecord]:
    return list(islice(world.desk().run(never), count))


def submitted(world: World) -> list[str]:
    return [order.order_id for order in world.broker.submitted]


def test_burst_is_worked_off_in_order_of_arrival(busy: World) -> None:
    """Each of a thousand orders is sent once, in the order in which they were sent to the queue."""
    ids = send(busy, BURST)

    records = work(busy, BURST)

    assert submitted(busy) == ids
    assert sorted(record.order.order_id for record in records) == ids


@pytest.mark.parametrize("action", ["CLOSE", "CANCEL"])
def test_exit_behind_five_hundred_entries_overtakes_most(busy: World, action: str) -> None:
    """An exit is sent as soon as it is received, which is long before the entries that came ahead of it are sent."""
    send(busy, 500)
    busy.send(order_id="exit", **CLOSE | {"order_action": action})
    send(busy, 499, first=500)

    work(busy, BURST)

    assert submitted(busy).index("exit") <= 500 / 4


def test_cancel_overtakes_the_entry_it_names(busy: World) -> None:
    """A CANCEL that names an entry of the burst is there before it: the entry is never sent."""
    send(busy, 300)
    busy.send(
        order_id="cancel", order_action="CANCEL", target_order_id="order-0299", tp_price=0, sl_price=0, lot_size=None
    )

    work(busy, 301)

    target = busy.ledger.order("order-0299")
    assert target is not None
    assert target.state is State.CANCELLED
    assert "order-0299" not in submitted(busy)


def test_exit_that_comes_in_mid_burst_waits_for_a_handful(busy: World) -> None:
    """While entries wait in the ledger the desk receives again after a few of them, so a new exit is not far behind."""
    assert isinstance(busy.broker, TakesItsTime)
    busy.broker.after[100] = lambda: busy.send(order_id="exit", **CLOSE)
    send(busy, 120)

    work(busy, 121)

    assert submitted(busy).index("exit") - 100 <= RECEIVE_LIMIT


class SlowToRead(MemoryOrderLedger):
    """Looking at the kill switch takes its time, and something happens at one of the looks."""

    world: World
    looks = 0
    at_look = 0
    happen: Callable[[], object]

    def kill_switch(self) -> KillSwitch:
        self.looks += 1
        self.world.clock.sleep(0.02)
        if self.looks == self.at_look:
            self.happen()
        return super().kill_switch()


def test_exit_does_not_wait_for_a_round_of_entries_that_are_held_up(busy: World) -> None:
    """Looking again at hundreds of entries that wait takes seconds; an exit that comes meanwhile goes first."""
    busy.ledger = ledger = SlowToRead(KillSwitch(active=False, version=1))
    ledger.world, ledger.at_look = busy, 1_000
    sent: list[datetime] = []

    def an_exit_comes() -> None:
        sent.append(busy.clock.now())
        busy.send(order_id="exit", **CLOSE)

    ledger.happen = an_exit_comes
    busy.broker.script.append(Unknown("no answer"))
    busy.broker.otherwise = CannotTell("the terminal is busy")
    send(busy, 400)

    list(busy.desk().run(lambda: "exit" in submitted(busy)))

    begun = next(event for event in ledger.events("exit") if event.state is State.SUBMITTING)
    assert begun.at - sent[0] <= timedelta(seconds=1)


def test_exits_come_in_while_entries_are_held_up(busy: World) -> None:
    """Where all entries wait for one that is UNKNOWN the desk still receives, however many they are."""
    busy.broker.script.append(Unknown("no answer"))
    busy.broker.otherwise = CannotTell("the terminal is busy")
    send(busy, MOST_AHEAD + 200)
    busy.send(order_id="exit", **CLOSE)
    ends = busy.clock.now() + timedelta(seconds=20)

    list(busy.desk().run(lambda: busy.clock.now() >= ends))

    assert "exit" in submitted(busy)


def test_a_desk_does_not_grow_with_what_it_has_finished(busy: World) -> None:
    """What a desk holds after two thousand orders is what it held after one: the last minute, and what is open."""
    desk = busy.desk()
    running = desk.run(never)
    send(busy, BURST)
    list(islice(running, BURST))
    few = objects_held_by(desk)
    send(busy, BURST, first=BURST)

    list(islice(running, BURST))

    assert objects_held_by(desk) <= few + 20


def test_what_is_not_shown_yet_stays_short(busy: World) -> None:
    """While the queue is never empty nothing is shown; what ends meanwhile is left to the ledger, and shown later."""
    count = MOST_HELD + 300
    desk = busy.desk()
    ids = send(busy, count)
    running = desk.run(never)

    first = next(running)
    held = len(desk._finished)
    shown = [first.order.order_id, *(record.order.order_id for record in islice(running, count - 1))]

    assert held <= MOST_HELD
    assert sorted(shown) == ids
    running.close()
    assert len(busy.ledger.unreported_orders()) <= 1


def objects_held_by(desk: Desk) -> int:
    """How many objects hang on a desk and not on its ports."""
    ports = {id(port) for port in (desk.queue, desk.ledger, desk.broker, desk.events, desk.clock)}
    return sum(1 for _ in _reachable(list(vars(desk).values()), ports))


def _reachable(found: list[Any], seen: set[int]) -> Iterator[Any]:
    while found:
        one = found.pop()
        if id(one) in seen or isinstance(one, type | ModuleType) or callable(one):
            continue
        seen.add(id(one))
        yield one
        found.extend(gc.get_referents(one))
