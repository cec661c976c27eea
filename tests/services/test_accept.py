"""Accepting a message: durable before acknowledged, once, and never silently dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.messages import Message
from axia_core.domain.order_states import State
from axia_core.domain.orders import Order
from axia_core.errors import StoreUnavailable
from tests.services.conftest import World


def test_original_format_is_received(world: World) -> None:
    """The seven fields of the original format alone become a RECEIVED order under the message's id."""
    message_id = world.send()

    records = world.accept_all()

    assert [record.state for record in records] == [State.RECEIVED]
    assert message_id == records[0].order.order_id


def test_accepted_message_leaves_the_queue(world: World) -> None:
    """Once the ledger knows the order, the message is acknowledged."""
    world.send()

    world.accept_all()

    assert world.queue.depth().waiting + world.queue.depth().in_flight == 0


def test_repeat_does_nothing(world: World) -> None:
    """A second delivery of an order that is still open is acknowledged, and leaves it as it is."""
    first = world.received(order_id="A1")
    world.send(order_id="A1")

    assert world.accept_all() == [first]
    assert len(world.ledger.open_orders()) == 1
    assert world.queue.depth().in_flight == 0


def test_repeat_after_the_end_does_nothing(world: World) -> None:
    """A redelivery of an order that is already final does not wake it."""
    record = world.received(order_id="A1")
    world.ledger.move(record, State.EXPIRED, world.clock.now())
    world.send(order_id="A1")

    assert world.accept_all() == []
    assert world.ledger.open_orders() == ()


def test_conflict_is_refused_and_alarmed(world: World) -> None:
    """A known id with other content stays in the queue for the dead-letter queue, with its reason."""
    world.received(order_id="A1")
    message_id = world.send(order_id="A1", lot_size=0.9)

    assert world.accept_all() == []
    assert "other content" in world.ledger.unreadable[message_id]
    assert world.events.published[-1][0] == "order_conflict"
    assert world.queue.depth().in_flight == 1


def test_malformed_message_is_left_to_the_dead_letter_queue(world: World) -> None:
    """What cannot be parsed is recorded with its reason and ends in the dead-letter queue after three receives."""
    message_id = world.send(lot_size=-1)

    for _ in range(4):
        world.accept_all()
        world.clock.sleep(11)

    assert [message_id] == [message.message_id for message in world.queue.dead_letters]
    assert "lot_size" in world.ledger.unreadable[message_id]
    assert len(world.events.published) == 1


def test_poison_does_not_block_the_good(world: World) -> None:
    """A malformed message does not keep the next one from being accepted."""
    world.send(symbol="NOPE")
    world.send(order_id="good")

    assert [record.order.order_id for record in world.accept_all()] == ["good"]


def test_neighbours_of_a_known_order_are_accepted(world: World) -> None:
    """What cannot be recorded together is recorded one by one: a repeat among new orders changes nothing for them."""
    first = world.received(order_id="A1")
    for order_id in ("A1", "A2", "A3"):
        world.send(order_id=order_id)

    records = world.accept_all()

    assert records[0] == first
    assert [record.order.order_id for record in records] == ["A1", "A2", "A3"]
    assert world.queue.depth().waiting + world.queue.depth().in_flight == 0


@pytest.mark.parametrize("is_written", [False, True])
def test_several_that_the_store_does_not_take_go_one_by_one(world: World, is_written: bool) -> None:
    """Whatever the store says to several at once, and whether it has written them, each is accepted by itself."""
    world.ledger = TakesOneAtATime(KillSwitch(active=False, version=1))
    world.ledger.is_written = is_written
    for order_id in ("A1", "A2"):
        world.send(order_id=order_id)

    records = world.accept_all()

    assert [(record.order.order_id, record.state) for record in records] == [
        ("A1", State.RECEIVED),
        ("A2", State.RECEIVED),
    ]
    assert list(world.ledger.open_orders()) == records
    assert world.queue.depth().in_flight == 0


class TakesOneAtATime(MemoryOrderLedger):
    """A store whose answer to a large step is lost, with the step or after it."""

    is_written = False

    def record_together(self, orders: Sequence[tuple[Order, Message]], now: datetime) -> bool:
        if self.is_written:
            super().record_together(orders, now)
        raise StoreUnavailable("too large, or no answer")
