"""A new version's desk takes over from an open one in mid-burst: told to end, out of its lease, or killed.

Both work on one ledger, queue and broker; the moment of the handover is every call of every port of the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from axia_core.domain.order_states import State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.errors import AxiaError, NotRunning
from tests.crashing import ANSWERS, LEASE_IS_OVER, BookBroker, CrashWorld, Killed

BURST = 5
WORKS_FOR_S = 8


@dataclass
class Gateway(BookBroker):
    """Sends nothing after its deadline, as the gateway to MT5 does: MT5 itself honours no lease."""

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        if self.clock.now() > send_by:
            return NotSent("its time is over")
        return super().submit(order, send_by)


@dataclass
class Handover(CrashWorld):
    """A world in which something happens once, at the first desk's boundary number *at*."""

    at: int = -1
    what: Callable[[Handover], None] = lambda _: None
    is_over: bool = False
    stopped: bool = False
    first_passed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.broker = Gateway(self.clock, halted=self.broker.halted)

    def _pass(self, boundary: str) -> None:
        super()._pass(boundary)
        self.first_passed += 1
        if self.first_passed == self.at and not self.is_over:
            self.is_over = True
            self.what(self)

    def run_first(self) -> None:
        ends = self.clock.now() + timedelta(seconds=WORKS_FOR_S)
        try:
            for _ in self._desk("old version").run(lambda: self.stopped or self.clock.now() >= ends):
                pass
        except (AxiaError, Killed):
            return  # it is over with it, and its run fails

    def run_second(self, seconds: float = WORKS_FOR_S) -> None:
        ends = self.clock.now() + timedelta(seconds=seconds)
        try:
            for _ in self._desk("new version").run(lambda: self.clock.now() >= ends):
                pass
        except NotRunning:
            self.clock.sleep(1)


def told_to_end(world: Handover) -> None:
    """The run is cancelled: it ends by itself, with its round."""
    world.stopped = True


def stalls_beyond_its_lease(world: Handover) -> None:
    """Its process stands still; the new desk works meanwhile; then the old one goes on as if nothing had been."""
    world.clock.step(LEASE_IS_OVER)
    world.run_second()


def stalls_and_meets_its_successor(world: Handover) -> None:
    """As before, and the new desk is still open when the old one goes on."""
    world.clock.step(LEASE_IS_OVER)
    world.ledger.acquire_lease("new version", 5, world.clock.now())


def killed(world: Handover) -> None:
    """kill -9 of the old one; the new one comes when the lease is over."""
    raise Killed


HANDOVERS = (told_to_end, stalls_beyond_its_lease, stalls_and_meets_its_successor, killed)


def burst(what: Callable[[Handover], None], at: int = -1) -> Handover:
    world = Handover(at=at, what=what)
    for number in range(BURST):
        world.send(f"entry-{number}")
    world.send("close", order_action="CLOSE", mt5_ticket=5)
    by_name = {answer.name: answer for answer in ANSWERS}
    world.broker.answers[:] = [by_name[name] for name in ("done", "unknown, done", "new price", "done", "placed")]
    return world


def moments() -> range:
    """Every boundary that the first desk passes with the burst, found by passing them."""
    world = burst(told_to_end)
    world.run_first()
    return range(1, world.first_passed + 1)


@pytest.mark.parametrize("what", HANDOVERS)
def test_no_order_is_lost_or_doubled(what: Callable[[Handover], None]) -> None:
    """Whenever and however it is handed over: each order takes effect at most once, and ends as the broker did it."""
    every = moments()

    for at in every:
        world = burst(what, at)
        world.run_first()
        world.leave_alone()

        assert world.is_over
        assert list(world.violations()) == [], f"{what.__name__} at boundary {at}"

    assert len(every) > 100


def test_what_the_old_one_left_is_finished_by_the_new_one() -> None:
    """Told to end after the first orders, the old desk sends no more than its round; the new one sends the rest."""
    world = burst(told_to_end, at=20)
    world.run_first()
    sent_by_the_old = len(world.broker.submitted)

    world.run_second()

    states = {order_id: record.state for order_id in world.sent if (record := world.ledger.order(order_id))}
    assert sent_by_the_old <= len(world.broker.submitted)
    assert set(states) == world.sent
    assert State.RECEIVED not in states.values()


def test_lease_is_handed_on_at_once_by_one_that_is_told_to_end() -> None:
    """It gives the lease up, so that the new version does not wait for it to run out."""
    world = burst(told_to_end, at=20)
    world.run_first()

    assert world.ledger.lease_holder(world.clock.now()) is None
