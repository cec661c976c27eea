"""The dead-letter queue for a person: what a redrive could do is told before, and is what then happens."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from axia_core.adapters.memory import MemoryDeadLetterQueue, MemoryOrderLedger
from axia_core.domain.order_states import OrderRecord, State
from axia_core.errors import InvalidInput, NewerItem
from axia_core.services.execute import execute
from axia_core.services.redrive import DeadLetter, Prospect, Surroundings, chosen, look, purge, redrive
from tests.services.conftest import World


def dead_letters(world: World) -> MemoryDeadLetterQueue:
    return MemoryDeadLetterQueue(world.queue)


def seen(world: World) -> tuple[DeadLetter, ...]:
    around = Surroundings(
        ledger=world.ledger, clock=world.clock, symbols=world.rules.symbols, limits=world.rules.limits
    )
    return look(dead_letters(world), around)


def send_again(world: World, message_id: str) -> None:
    redrive(dead_letters(world), frozenset({message_id}))


def lose(world: World) -> None:
    """Receives what waits until it lies in the dead-letter queue, and accepts nothing of it."""
    for _ in range(4):
        world.queue.receive(10, 0, 0)


def test_malformed_message_returns_with_its_reason(world: World) -> None:
    """A message that is no order is shown with the recorded reason, and its redrive comes back."""
    message_id = world.send(lot_size=-1)
    for _ in range(4):
        world.accept_all()
        world.clock.sleep(11)

    (letter,) = seen(world)

    assert letter.prospect is Prospect.RETURNS
    assert "lot_size" in (letter.recorded_reason or "")
    send_again(world, message_id)
    assert world.accept_all() == []


def test_executed_order_is_not_executed_again(world: World) -> None:
    """A letter whose order the ledger knows does nothing a second time, and leaves both queues."""
    message_id = world.send()
    (message,) = world.queue.receive(1, 0, 0)
    (record,) = world.accept(message)
    execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)
    world.queue.put_back(message)  # its acknowledgement never arrived
    lose(world)

    (letter,) = seen(world)
    send_again(world, message_id)
    again = world.accept_all()

    assert (letter.prospect, "FILLED" in letter.prospect_text) == (Prospect.KNOWN, True)
    assert again == []
    assert len(world.broker.submitted) == 1
    assert (world.queue.depth().in_flight, seen(world)) == (0, ())


def test_known_id_with_other_content_returns(world: World) -> None:
    """A letter whose id is taken by another order says so."""
    world.received(order_id="A1")
    world.send(order_id="A1", lot_size=0.9)
    lose(world)

    (letter,) = seen(world)

    assert (letter.prospect, "other content" in letter.prospect_text) == (Prospect.RETURNS, True)


def test_market_order_of_yesterday_expires(world: World) -> None:
    """A market order that is redriven a day later ends EXPIRED, as was said before."""
    message_id = world.send()
    lose(world)
    world.clock.step(timedelta(days=1))

    (letter,) = seen(world)
    send_again(world, message_id)
    (record,) = world.accept_all()
    ended = execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)

    assert letter.prospect is Prospect.EXPIRES
    assert (ended.state, world.broker.submitted) == (State.EXPIRED, [])


@pytest.mark.parametrize("fields", [{}, {"order_action": "CANCEL", "mt5_ticket": 7, "tp_price": 0, "sl_price": 0}])
def test_what_would_be_sent_is_said_to_be(world: World, fields: dict[str, object]) -> None:
    """A young order, and a CANCEL of any age, would still be executed."""
    world.send(**fields)
    lose(world)
    if fields:
        world.clock.step(timedelta(days=3))

    assert [letter.prospect for letter in seen(world)] == [Prospect.EXECUTES]


def test_oldest_comes_first(world: World) -> None:
    """Letters are listed by the time of their first sending."""
    first = world.send(comment="first")
    world.clock.sleep(1)
    second = world.send(comment="second")
    lose(world)

    assert [letter.message.message_id for letter in seen(world)] == [first, second]


def test_purge_removes_only_what_was_named(world: World) -> None:
    """Purging takes the named message and leaves the others."""
    gone, kept = world.send(order_id="A"), world.send(order_id="B")
    lose(world)

    removed = purge(dead_letters(world), frozenset({gone}))

    assert [message.message_id for message in removed] == [gone]
    assert [letter.message.message_id for letter in seen(world)] == [kept]


def test_hostile_bodies_are_judged(world: World) -> None:
    """Bodies that are no JSON at all, or deeply nested, are letters like others."""
    for body in ("", "[" * 5_000, json.dumps({"symbol": "\ud800"})):
        world.queue.send(body)
    lose(world)

    assert {letter.prospect for letter in seen(world)} == {Prospect.RETURNS}


class HoldsANewerItem(MemoryOrderLedger):
    """A newer version wrote order A1."""

    def order(self, order_id: str) -> OrderRecord | None:
        if order_id == "A1":
            raise NewerItem("the ledger item ORDER#A1 has schema 2, this version knows 1")
        return super().order(order_id)


def test_order_that_cannot_be_read_hides_no_other(world: World) -> None:
    """A letter whose order a newer version wrote comes back, and the others are judged all the same."""
    world.ledger = HoldsANewerItem(world.ledger.kill_switch())
    for order_id in ("A1", "A2"):
        world.send(order_id=order_id)
    lose(world)

    first, second = seen(world)

    assert (first.prospect, second.prospect) == (Prospect.RETURNS, Prospect.EXECUTES)
    assert "schema 2" in first.prospect_text


def test_unknown_id_is_refused_by_name(world: World) -> None:
    """An id that does not lie there is refused with the remedy."""
    with pytest.raises(InvalidInput, match="axia dlq list"):
        chosen(seen(world), "nobody")
