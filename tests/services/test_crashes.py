"""The crash matrix in memory: death at every boundary x every answer of the broker x every way of delivery.

The same with SIGKILL, DynamoDB, SQS and the paper terminal is `benchmarks/crash_matrix.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from axia_core.domain.order_states import State
from tests.crashing import ANSWERS, Answer, CrashWorld

FIRST_DESK_S = 8.0


def once(world: CrashWorld) -> None:
    world.send("A")


def twice(world: CrashWorld) -> None:
    world.send("A")
    world.send("A")


def late(world: CrashWorld) -> None:
    world.send("A")
    world.clock.sleep(110)  # ten seconds before its age limit


def two_orders(world: CrashWorld) -> None:
    world.send("B", order_action="SELL", symbol="EURUSD")
    world.send("A")


def pending(world: CrashWorld) -> None:
    world.send("A", order_type="LIMIT", entry_price=149.0)


def an_exit_behind_an_entry(world: CrashWorld) -> None:
    world.send("A")
    world.send("C", order_action="CLOSE", mt5_ticket=7)


DELIVERIES = (once, twice, late, two_orders, pending, an_exit_behind_an_entry)


def world_of(deliver: Callable[[CrashWorld], None], answer: Answer) -> CrashWorld:
    world = CrashWorld()
    world.broker.answers.append(answer)
    deliver(world)
    return world


def boundaries(deliver: Callable[[CrashWorld], None], answer: Answer) -> int:
    """How many boundaries the first desk passes when nothing kills it."""
    world = world_of(deliver, answer)
    world.run_desk(FIRST_DESK_S)
    return len(world.passed)


def cases(deliver: Callable[[CrashWorld], None], answer: Answer) -> Iterator[int]:
    yield from range(boundaries(deliver, answer))


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
@pytest.mark.parametrize("deliver", DELIVERIES, ids=lambda deliver: deliver.__name__)
def test_no_death_loses_doubles_or_misreports(deliver: Callable[[CrashWorld], None], answer: Answer) -> None:
    """Wherever the desk dies, each order takes effect at most once and the ledger says what the broker did."""
    for kill_at in cases(deliver, answer):
        world = world_of(deliver, answer)

        killed = world.run_desk(FIRST_DESK_S, kill_at)
        world.leave_alone()

        assert killed
        assert list(world.violations()) == [], f"killed at {world.passed[-1:]}, boundary {kill_at}"


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_a_second_death_on_the_way_back(answer: Answer) -> None:
    """A successor that dies as well, anywhere in its first steps, changes nothing."""
    for kill_at in list(cases(once, answer))[::3]:
        for again in range(0, 30, 3):
            world = world_of(once, answer)

            world.run_desk(FIRST_DESK_S, kill_at)
            world.run_desk(FIRST_DESK_S, again)
            world.leave_alone()

            assert list(world.violations()) == []


def test_boundaries_are_found_and_many() -> None:
    """The matrix sees the ports' calls by itself: queue, ledger and broker are among them, before and after."""
    world = world_of(once, ANSWERS[0])
    world.run_desk(FIRST_DESK_S)

    seen = set(world.passed)
    called = {"before broker.submit", "after broker.submit", "after ledger.begin_attempt", "before queue.delete_all"}
    assert called <= seen
    assert len(seen) > 20


def test_first_order_does_not_wait_for_the_acknowledgement() -> None:
    """Two orders of one receive are in the ledger in one step; the first is sent, then their messages are deleted."""
    world = world_of(two_orders, ANSWERS[0])
    world.run_desk(FIRST_DESK_S)

    told = ("queue.", "ledger.record", "broker.submit")
    calls = [call for when, call in map(str.split, world.passed) if when == "before" and call.startswith(told)]
    first = ["queue.receive", "ledger.record_together", "broker.submit", "queue.delete_all"]
    assert calls[:6] == [*first, "broker.submit", "queue.receive"]


def test_the_matrix_can_fail() -> None:
    """A world in which an order took effect twice is a violation: the matrix is able to see one."""
    world = world_of(once, ANSWERS[0])
    world.run_desk(FIRST_DESK_S)
    (order,) = world.broker.submitted
    world.broker.effects[order.magic].append(State.FILLED)

    assert list(world.violations()) == ["A took effect 2 times"]
