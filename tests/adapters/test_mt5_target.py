"""Orders that name their target, over a real terminal process: the ticket in the ledger is the one the broker knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.broker import Evidence
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.messages import Message
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import Settled
from axia_core.services.target import AddressedBroker
from axia_core.settings import Settings

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SEND_BY = NOW + timedelta(seconds=5)


class World:
    """A ledger in memory and a paper terminal; `sent` puts an entry through both."""

    def __init__(self, broker: Mt5Broker) -> None:
        self.ledger = MemoryOrderLedger(KillSwitch(active=False, version=1))
        self.broker = AddressedBroker(broker, self.ledger)
        self._lease = self.ledger.acquire_lease("test", 60, NOW)

    def sent(self, order: Order) -> None:
        message = Message(message_id="m", body="", sent_at=NOW, receive_count=1, sender="", receipt="")
        self.ledger.record(order, message, NOW)
        record = self.ledger.order(order.order_id)
        assert record is not None
        assert self._lease is not None
        begun = self.ledger.begin_attempt(record, self._lease, NOW)
        outcome = self.broker.submit(order, SEND_BY)
        assert begun is not None
        assert isinstance(outcome, Settled)
        self.ledger.move(begun, outcome.state, NOW, execution=outcome.execution)

    def ends_done(self, order: Order) -> bool:
        """Whether the broker says DONE, and shows the evidence of it afterwards."""
        outcome, found = self.broker.submit(order, SEND_BY), self.broker.find(order, NOW)
        said = isinstance(outcome, Settled) and outcome.state is State.DONE
        return said and isinstance(found, Evidence) and found.state is State.DONE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    profile = TerminalProfile.model_validate({"clock": {"fixed": NOW.isoformat()}})
    create_terminal(tmp_path / "paper", profile)
    settings = Settings(mt5_path=tmp_path / "paper")
    with open_terminal(settings) as terminal:
        yield World(Mt5Broker(terminal, ServerClock(), SteppedClock(NOW), settings))


def entry(kind: Kind = Kind.MARKET, price: Decimal | None = None) -> Order:
    return Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=kind, lots=Decimal("0.1"), entry_price=price)


def exit_order(action: Action, lots: str | None = None, stop_loss: Decimal | None = None) -> Order:
    return Order(
        order_id=f"X-{lots}",
        symbol="USDJPY",
        action=action,
        kind=Kind.MARKET,
        lots=Decimal(lots) if lots else None,
        stop_loss=stop_loss,
        target_order_id="A1",
    )


def test_close_in_part_and_whole(world: World) -> None:
    """A CLOSE by order id takes a part of the position, another the rest."""
    world.sent(entry())

    assert world.ends_done(exit_order(Action.CLOSE, "0.04"))
    assert [position.lots for position in world.broker.positions()] == [Decimal("0.06")]
    assert world.ends_done(exit_order(Action.CLOSE))
    assert world.broker.positions() == ()


def test_modify(world: World) -> None:
    """A MODIFY by order id moves the position's stop."""
    world.sent(entry())
    stop = world.broker.quote("USDJPY").bid - 1

    assert world.ends_done(exit_order(Action.MODIFY, stop_loss=stop))
    assert [position.stop_loss for position in world.broker.positions()] == [stop]


def test_cancel(world: World) -> None:
    """A CANCEL by order id removes the pending order."""
    world.sent(entry(Kind.LIMIT, world.broker.quote("USDJPY").bid - 1))

    assert world.ends_done(exit_order(Action.CANCEL))
    found = world.broker.find(entry(), NOW)
    assert isinstance(found, Evidence)
    assert found.state is State.CANCELLED
