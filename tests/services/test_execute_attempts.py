"""Further attempts of one order: each is spaced, bounded in time, and looks at everything again before it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.memory import MemoryBroker
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import Outcome, TryNewPrice
from axia_core.errors import ServerClockMismatch, SourceUnavailable, WrongAccount
from axia_core.services.execute import BACK_OFF_S, LONG_BACK_OFF_S, MAX_ATTEMPTS, execute
from tests.services.conftest import World, make_world

REQUOTE, TOO_MANY = TryNewPrice(10004, "requote"), TryNewPrice(10024, "too many requests")
CLOSE: dict[str, Any] = {"order_action": "CLOSE", "mt5_ticket": 7, "tp_price": 0, "sl_price": 0}


@dataclass
class Watched(MemoryBroker):
    """Notes when it was asked to send and until when, and then does what the test wants."""

    at: list[datetime] = field(default_factory=list)
    until: list[datetime] = field(default_factory=list)
    then: Any = None

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self.at.append(self.clock.now())
        self.until.append(send_by)
        outcome = super().submit(order, send_by)
        if self.then is not None:
            self.then()
        return outcome


@pytest.fixture
def broker(world: World) -> Watched:
    world.broker = watched = Watched(world.clock)
    return watched


def run(world: World, record: OrderRecord) -> OrderRecord:
    return execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)


@pytest.mark.parametrize(("answer", "pause_s"), [(REQUOTE, BACK_OFF_S), (TOO_MANY, LONG_BACK_OFF_S)])
def test_attempts_are_spaced(world: World, broker: Watched, answer: TryNewPrice, pause_s: float) -> None:
    """Between two attempts there is a pause, and a longer one where the broker has been asked too often."""
    broker.script.extend([answer] * MAX_ATTEMPTS)

    run(world, world.received(**CLOSE))

    gaps = [later - earlier for earlier, later in zip(broker.at, broker.at[1:], strict=False)]
    assert gaps == [timedelta(seconds=pause_s)] * (MAX_ATTEMPTS - 1)


def test_limits_are_looked_at_between_attempts(world: World, broker: Watched) -> None:
    """A spread that has widened since the first attempt refuses the second."""
    broker.script.append(REQUOTE)

    def widens() -> None:
        broker.prices = lambda _: (Decimal(140), Decimal(160))

    broker.then = widens

    record = run(world, world.received())

    assert (record.state, record.reason.startswith("SPREAD"), len(broker.submitted)) == (State.REFUSED, True, 1)


def test_switch_is_looked_at_between_attempts(world: World, broker: Watched) -> None:
    """A switch thrown after the first attempt stops the second."""
    broker.script.append(REQUOTE)
    broker.then = lambda: world.ledger.set_kill_switch(KillSwitch(active=True, reason="stop"), 1, world.clock.now())

    record = run(world, world.received())

    assert (record.state, record.reason.startswith("KILL_SWITCH"), len(broker.submitted)) == (State.REFUSED, True, 1)


def test_age_is_looked_at_between_attempts(world: World, broker: Watched) -> None:
    """An order that grew too old during its first attempt expires before the second."""
    expires = world.clock.now() + timedelta(seconds=2)
    broker.script.append(REQUOTE)
    broker.then = lambda: world.clock.step(timedelta(seconds=2))

    record = run(world, world.received(expires_at=expires.isoformat()))

    assert (record.state, len(broker.submitted)) == (State.EXPIRED, 1)


def test_facts_that_cannot_be_read_make_the_order_wait_again(world: World, broker: Watched) -> None:
    """Where the limits cannot be looked at any more, nothing was done and the order is RECEIVED as before."""
    broker.script.append(REQUOTE)

    def is_away(symbol: str) -> tuple[Decimal, Decimal]:
        raise SourceUnavailable(f"{symbol} was not answered")

    def goes_away() -> None:
        broker.prices = is_away

    broker.then = goes_away

    assert (run(world, world.received()).state, len(broker.submitted)) == (State.RECEIVED, 1)


@given(
    lives_s=st.floats(0.001, 1_000),
    kind=st.sampled_from([{}, {"order_type": "LIMIT", "entry_price": 149.5}, CLOSE]),
)
def test_nothing_is_sent_after_its_expiry(lives_s: float, kind: dict[str, Any]) -> None:
    """Whatever lives shorter, lease or order, bounds the sending."""
    world = make_world()
    world.broker = broker = Watched(world.clock)
    expires = world.clock.now() + timedelta(seconds=lives_s)

    run(world, world.received(expires_at=expires.isoformat(), **kind))

    lease = world.ledger.lease_holder(world.clock.now())
    assert lease is not None
    assert [min(expires, lease.expires_at - world.rules.send_margin)] == broker.until


@pytest.mark.parametrize("error", [WrongAccount("at 4711"), ServerClockMismatch("an hour off")])
def test_terminal_that_must_not_be_used_gives_the_order_back(world: World, broker: Watched, error: Exception) -> None:
    """Where nothing was sent because the terminal is the wrong one, the order waits and whoever asked is told."""

    def refuses() -> None:
        raise error

    broker.then = refuses
    record = world.received()

    with pytest.raises(type(error)):
        run(world, record)

    left = world.ledger.order(record.order.order_id)
    assert left is not None
    assert (left.state, left.attempts) == (State.RECEIVED, 1)
