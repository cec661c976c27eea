"""Publishing an order: the id is made before the first try, and what cannot be an order is never sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import InvalidOrder
from axia_core.services.send import completed, send
from tests.services.conftest import SEVEN_FIELDS, World


def publish(world: World, **changes: Any) -> str:
    order, _ = send({**SEVEN_FIELDS, **changes}, queue=world.queue, clock=world.clock, symbols=DEFAULT_SYMBOLS)
    (message,) = world.queue.receive(1, 0, 10)
    assert json.loads(message.body)["order_id"] == order.order_id
    return order.order_id


def test_id_is_made_where_it_is_missing_or_null(world: World) -> None:
    """A message without an id, or with a null one, goes out under a new id, which its sender is told."""
    assert publish(world).startswith("axia-")
    assert publish(world, order_id=None).startswith("axia-")


def test_given_id_is_kept(world: World) -> None:
    """An id, or its alias, goes out as it is."""
    assert publish(world, order_id="A1") == "A1"
    assert publish(world, ticket_id="T1") == "T1"


def test_completed_message_is_sent_again_as_the_same_order(world: World) -> None:
    """Whoever keeps the completed message over a lost answer orders once."""
    message = completed(SEVEN_FIELDS, world.clock.now())

    first, second = publish(world, **message), publish(world, **message)

    assert first == second


def test_invalid_order_is_not_sent(world: World) -> None:
    """What the desk would refuse unread is refused before it is published."""
    with pytest.raises(InvalidOrder):
        publish(world, lot_size=-1)
    assert world.queue.depth().waiting == 0
