"""Under REDUCE_ONLY a MODIFY that reduces risk passes and no other; the count of entries outlives a desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.domain.broker import Position
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import Move, OrderRecord, State
from axia_core.errors import SourceUnavailable
from axia_core.services.execute import execute
from tests.services.conftest import World
from tests.services.test_flatten import position
from tests.services.test_guard import work

HELD = replace(position(7), long=True, stop_loss=Decimal(148), take_profit=None)
MODIFY: dict[str, Any] = {"order_action": "MODIFY", "mt5_ticket": 7, "lot_size": None, "tp_price": None}


def throw(world: World, mode: Mode) -> None:
    version = world.ledger.kill_switch().version
    world.ledger.set_kill_switch(KillSwitch(active=True, mode=mode, reason="test"), version, world.clock.now())


def executed(world: World, **changes: Any) -> OrderRecord:
    record = world.received(**changes)
    return execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)


@pytest.fixture(autouse=True)
def _held(world: World) -> None:
    world.broker.open_positions = [HELD]


@pytest.mark.parametrize(("stop", "sent"), [(149.0, True), (147.0, False)])
def test_modify_under_reduce_only(world: World, stop: float, sent: bool) -> None:
    """A stop loss that comes nearer is sent; one that moves away is refused by the switch, with what passes."""
    throw(world, Mode.REDUCE_ONLY)

    record = executed(world, **MODIFY, sl_price=stop)

    assert len(world.broker.submitted) == sent
    assert record.state is (State.FILLED if sent else State.REFUSED)
    assert sent or "brings a position's stops nearer" in record.reason


def test_modify_by_order_id(world: World) -> None:
    """The position is found by the ticket of the order that is named."""
    target = executed(world, order_id="A1")
    world.broker.open_positions = [replace(HELD, ticket=target.execution.ticket or 0)]
    throw(world, Mode.REDUCE_ONLY)

    executed(world, **(MODIFY | {"mt5_ticket": None, "target_order_id": "A1", "sl_price": 149.0}))

    assert len(world.broker.submitted) == 2


def test_modify_under_halt(world: World) -> None:
    """HALT stops it, whatever it would reduce."""
    throw(world, Mode.HALT)

    assert executed(world, **MODIFY, sl_price=149.0).state is State.REFUSED
    assert world.broker.submitted == []


@pytest.mark.parametrize(("mode", "state"), [(Mode.REDUCE_ONLY, State.RECEIVED), (Mode.HALT, State.REFUSED)])
def test_modify_whose_position_cannot_be_read(world: World, mode: Mode, state: State) -> None:
    """It waits for the terminal, unless the switch forbids it in any case."""
    throw(world, mode)
    world.broker = AwayBook(world.clock)

    assert executed(world, **MODIFY, sl_price=149.0).state is state
    assert world.broker.submitted == []


def test_halt_between_look_and_attempt_wins(world: World) -> None:
    """A reducing MODIFY that was found to pass does not pass a switch thrown a moment later."""
    world.ledger = HaltsAtTheLast(KillSwitch(active=True, mode=Mode.REDUCE_ONLY, version=1))

    assert executed(world, **MODIFY, sl_price=149.0).state is State.REFUSED
    assert world.broker.submitted == []


def test_count_of_entries_outlives_a_desk(world: World) -> None:
    """A new desk knows what the one before sent in this minute."""
    world.rules = replace(world.rules, limits=replace(world.rules.limits, orders_per_minute=2))
    for number in (1, 2):
        world.send(order_id=f"A{number}")
    work(world, 2)
    world.send(order_id="A3")

    work(world, 2, "desk-2")

    found = world.ledger.order("A3")
    assert found is not None
    assert (found.state, found.reason.split(":")[0]) == (State.REFUSED, "RATE")


class AwayBook(MemoryBroker):
    """A terminal that does not tell its positions."""

    def positions(self) -> tuple[Position, ...]:
        raise SourceUnavailable("away")


class HaltsAtTheLast(MemoryOrderLedger):
    """A person throws HALT just before the attempt's transaction."""

    def begin_attempt(
        self,
        record: OrderRecord,
        lease: Lease,
        now: datetime,
        reduces_risk: bool = False,
        along: Move | None = None,
    ) -> OrderRecord | None:
        self.set_kill_switch(KillSwitch(active=True, mode=Mode.HALT), self.kill_switch().version, now)
        return super().begin_attempt(record, lease, now, reduces_risk, along)
