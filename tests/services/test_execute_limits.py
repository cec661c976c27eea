"""Limits whose facts are gathered when an order is executed: positions, likeness, the day's equity."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from axia_core.domain.broker import Position
from axia_core.domain.order_states import OrderRecord, State
from axia_core.services.execute import execute
from axia_core.settings import Settings
from tests.services.conftest import World

LIMITS = Settings().limits


def run(world: World, record: OrderRecord, **room: Any) -> OrderRecord:
    in_room = world.room(limits=LIMITS, **room)
    return execute(record, in_room, ledger=world.ledger, broker=world.broker, clock=world.clock)


def position(lots: Decimal) -> Position:
    return Position(
        ticket=1,
        symbol="USDJPY",
        long=True,
        lots=lots,
        price_open=Decimal(150),
        stop_loss=None,
        take_profit=None,
        profit=Decimal(0),
        magic=0,
        comment="",
    )


def test_repeat_of_the_content_is_refused_within_its_window(world: World) -> None:
    """The same content under another id is refused for a few seconds, and sent after them."""
    first = run(world, world.received())
    repeat = run(world, world.received())
    world.clock.sleep(5)
    later = run(world, world.received())

    assert [first.state, repeat.state, later.state] == [State.FILLED, State.REFUSED, State.FILLED]
    assert repeat.reason.startswith("DUPLICATE")


def test_net_lots_count_positions_and_orders(world: World) -> None:
    """A position and a placed order of the same direction count together."""
    world.broker.open_positions = [position(lots=Decimal("4.0"))]
    placed = replace(world.received(lot_size=0.95), state=State.PLACED)

    refused = run(world, world.received(), under_way=(placed,))

    assert refused.reason.startswith("MAX_NET_LOTS: 5.05 lots")


def test_daily_loss_counts_from_the_first_look_at_the_day(world: World) -> None:
    """Once equity has fallen by the limit since the day was first seen, entries are refused and exits are not."""
    run(world, world.received())
    world.broker.equity = Decimal(9_500)

    entry = run(world, world.received(lot_size=0.2))
    close = run(world, world.received(order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0))

    assert entry.reason.startswith("DAILY_LOSS")
    assert close.state is State.FILLED


def test_loss_day_turns_at_the_close(world: World) -> None:
    """After the New York close the loss counts anew."""
    run(world, world.received())
    world.broker.equity = Decimal(9_500)
    world.clock.step(timedelta(hours=9, seconds=1))

    assert run(world, world.received()).state is State.FILLED
