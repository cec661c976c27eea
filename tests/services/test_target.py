"""CLOSE, CANCEL and MODIFY by the id of the order they act on, in whatever order the messages come."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.domain.broker import Absent, CannotTell
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.outcomes import NotSent, Settled
from axia_core.errors import StoreUnavailable
from axia_core.services.execute import execute
from axia_core.services.target import AddressedBroker, settle_by_target
from tests.services.conftest import World


def exit_order(world: World, action: str, target: str = "A1", order_id: str = "X1", **changes: Any) -> OrderRecord:
    stop = 148.5 if action == "MODIFY" else 0
    fields = {"order_action": action, "target_order_id": target, "order_id": order_id, "tp_price": 0, "sl_price": stop}
    return world.received(**fields, **changes)


def entry(world: World, state: State = State.RECEIVED, ticket: int | None = 77, **changes: Any) -> OrderRecord:
    """An order A1 in the given state."""
    record = world.received(**{"order_id": "A1", **changes})
    if state in (State.RECEIVED, State.EXPIRED, State.REFUSED):
        return record if state is State.RECEIVED else world.ledger.move(record, state, world.clock.now())
    world.room()
    lease = world.ledger.lease_holder(world.clock.now())
    assert lease is not None
    begun = world.ledger.begin_attempt(record, lease, world.clock.now())
    assert begun is not None
    path = [State.PLACED, state] if state in (State.CANCELLED, State.EXPIRED_AT_BROKER) else [state]
    for to in path if state is not State.SUBMITTING else []:
        begun = world.ledger.move(begun, to, world.clock.now(), execution=Execution(ticket=ticket))
    return begun


def step(world: World, record: OrderRecord) -> OrderRecord:
    """What the desk does with a received order."""
    settled = settle_by_target(record, world.rules.limits, ledger=world.ledger, clock=world.clock)
    if settled is not None:
        return settled
    broker = AddressedBroker(world.broker, world.ledger)
    return execute(record, world.room(), ledger=world.ledger, broker=broker, clock=world.clock)


def known(world: World, order_id: str) -> OrderRecord:
    record = world.ledger.order(order_id)
    assert record is not None
    return record


def come_late(world: World) -> OrderRecord:
    """The target A1, as the ledger has it after its message was accepted."""
    world.send(order_id="A1")
    world.accept_all()
    return known(world, "A1")


@pytest.mark.parametrize("action", ["CLOSE", "MODIFY"])
@pytest.mark.parametrize("state", [State.FILLED, State.PARTIALLY_FILLED, State.PLACED])
def test_ticket_of_the_target_is_sent(world: World, action: str, state: State) -> None:
    """The broker gets the target's ticket, and the order in the ledger keeps the content that was sent."""
    entry(world, state)
    record = exit_order(world, action)
    world.broker.script.append(Settled(state=State.DONE))

    moved = step(world, record)

    assert moved.state is State.DONE
    assert [order.mt5_ticket for order in world.broker.submitted] == [77]
    assert moved.order.content_hash() == record.order.content_hash()


def test_placed_target_is_cancelled_at_the_broker(world: World) -> None:
    """A CANCEL of a placed order goes to the broker with its ticket."""
    entry(world, State.PLACED)
    world.broker.script.append(Settled(state=State.DONE))

    assert step(world, exit_order(world, "CANCEL")).state is State.DONE
    assert [order.mt5_ticket for order in world.broker.submitted] == [77]


def test_unsent_target_is_cancelled_in_the_ledger(world: World) -> None:
    """A CANCEL of an order that is still RECEIVED ends both without the broker, also under HALT."""
    entry(world)
    world.ledger.set_kill_switch(KillSwitch(active=True), 1, world.clock.now())

    cancel = step(world, exit_order(world, "CANCEL"))

    assert (cancel.state, known(world, "A1").state) == (State.DONE, State.CANCELLED)
    assert world.broker.submitted == []


@pytest.mark.parametrize("action", ["CLOSE", "MODIFY"])
def test_exit_waits_for_an_unsent_target_until_it_is_too_old(world: World, action: str) -> None:
    """A CLOSE or MODIFY of an order that is not sent yet waits, and expires at its age limit."""
    entry(world)
    record = exit_order(world, action)
    waiting = step(world, record)
    world.clock.sleep(121)

    assert waiting == record
    assert step(world, record).state is State.EXPIRED


@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN])
@pytest.mark.parametrize("action", ["CLOSE", "CANCEL", "MODIFY"])
def test_exit_waits_while_the_target_is_under_way(world: World, action: str, state: State) -> None:
    """What acts on an order whose outcome is not known waits."""
    entry(world, state)
    record = exit_order(world, action)

    assert step(world, record) == record
    assert world.broker.submitted == []


@pytest.mark.parametrize(
    ("action", "target", "ends"),
    [
        ("CANCEL", State.FILLED, State.REFUSED),
        ("CANCEL", State.CANCELLED, State.DONE),
        ("CANCEL", State.EXPIRED, State.DONE),
        ("CLOSE", State.REJECTED, State.REFUSED),
        ("CLOSE", State.CANCELLED, State.REFUSED),
        ("MODIFY", State.EXPIRED, State.REFUSED),
    ],
)
def test_ended_target_decides(world: World, action: str, target: State, ends: State) -> None:
    """An order that acts on something that has ended says what it found, and the broker is not asked."""
    entry(world, target)

    moved = step(world, exit_order(world, action))

    assert (moved.state, target in moved.reason) == (ends, True)
    assert world.broker.submitted == []


def test_other_symbol_is_refused(world: World) -> None:
    """An order that names another symbol than its target's is refused by name."""
    entry(world, State.FILLED)

    moved = step(world, exit_order(world, "CLOSE", symbol="EURUSD"))

    assert (moved.state, "TARGET" in moved.reason, "EURUSD" in moved.reason) == (State.REFUSED, True, True)


def test_acting_on_an_exit_is_refused(world: World) -> None:
    """A CLOSE that names a CLOSE is refused: there is no position behind it."""
    entry(world, State.FILLED)
    first = exit_order(world, "CLOSE", order_id="C1")
    world.broker.script.append(Settled(state=State.DONE))
    step(world, first)

    assert step(world, exit_order(world, "CLOSE", target="C1", order_id="C2")).state is State.REFUSED


class TestOvertaking:
    """A CANCEL that comes before its target."""

    def test_target_that_comes_later_is_born_cancelled(self, world: World) -> None:
        """The target finds the tombstone, ends CANCELLED, and the waiting CANCEL ends DONE."""
        cancel = exit_order(world, "CANCEL")
        waiting = step(world, cancel)

        target = come_late(world)
        ended = step(world, waiting)

        assert (waiting.state, target.state, ended.state) == (State.RECEIVED, State.CANCELLED, State.DONE)
        assert "X1" in target.reason
        assert world.broker.submitted == []

    def test_target_that_never_comes(self, world: World) -> None:
        """After a market order's age the CANCEL is refused in plain words, and the tombstone stays."""
        cancel = exit_order(world, "CANCEL")
        step(world, cancel)
        world.clock.sleep(121)

        ended = step(world, cancel)

        assert (ended.state, "no order A1" in ended.reason) == (State.REFUSED, True)
        assert come_late(world).state is State.CANCELLED

    def test_close_that_overtakes_is_executed_once_its_target_is(self, world: World) -> None:
        """A CLOSE that comes before its target waits for it, and then closes it."""
        close = exit_order(world, "CLOSE")
        waiting = step(world, close)
        filled = step(world, world.received(order_id="A1"))
        world.broker.script.append(Settled(state=State.DONE))

        ended = step(world, waiting)

        assert (waiting.state, ended.state) == (State.RECEIVED, State.DONE)
        assert world.broker.submitted[-1].mt5_ticket == filled.execution.ticket

    def test_repeated_tombstone_keeps_its_author(self, world: World) -> None:
        """Two CANCELs of an order that has not come leave one tombstone, in the first one's name."""
        step(world, exit_order(world, "CANCEL"))
        step(world, exit_order(world, "CANCEL", order_id="X2"))

        assert "X1" in come_late(world).reason


class Away(MemoryOrderLedger):
    """A ledger that does not answer."""

    def order(self, order_id: str) -> OrderRecord | None:
        raise StoreUnavailable("no answer")


class TestAddressedBroker:
    """The broker that looks tickets up."""

    def test_cancel_whose_target_has_ended_is_still_searched(self, world: World) -> None:
        """What became of an UNKNOWN CANCEL is found by its target's ticket, also when the target has ended."""
        entry(world, State.CANCELLED)
        record = exit_order(world, "CANCEL")

        assert AddressedBroker(world.broker, world.ledger).find(record.order, world.clock.now()) == Absent()

    def test_without_a_ticket_nobody_can_tell(self, world: World) -> None:
        """Without the target's ticket nothing is sent and nothing is proven."""
        record = exit_order(world, "CLOSE", target="nobody")
        broker = AddressedBroker(world.broker, world.ledger)

        assert isinstance(broker.find(record.order, world.clock.now()), CannotTell)
        assert isinstance(broker.submit(record.order, world.clock.now()), NotSent)
        assert world.broker.submitted == []

    def test_ledger_away_is_not_sent(self, world: World) -> None:
        """When the target cannot be looked up, nothing is sent and the order may wait."""
        entry(world, State.FILLED)
        record = exit_order(world, "CLOSE")

        assert isinstance(AddressedBroker(world.broker, Away()).submit(record.order, world.clock.now()), NotSent)


class TestDesk:
    """The desk's loop over orders that name their target."""

    def ends(self, world: World, *messages: dict[str, Any]) -> dict[str, State]:
        """The states of what the desk shows, until each message's order has ended."""
        for message in messages:
            world.send(**message)
        shown = islice(world.desk().run(lambda: False), len(messages))
        return {record.order.order_id: record.state for record in shown}

    def test_close_and_its_entry_in_one_batch(self, world: World) -> None:
        """A CLOSE that lies in the queue with its entry waits for it, though exits go first, and closes it."""
        world.broker.script.extend(
            [Settled(state=State.FILLED, execution=Execution(ticket=77)), Settled(state=State.DONE)]
        )

        ended = self.ends(
            world,
            {"order_action": "CLOSE", "target_order_id": "A1", "order_id": "X1", "tp_price": 0, "sl_price": 0},
            {"order_id": "A1"},
        )

        assert ended == {"A1": State.FILLED, "X1": State.DONE}
        assert [order.mt5_ticket for order in world.broker.submitted] == [None, 77]

    def test_cancel_and_its_entry_in_one_batch(self, world: World) -> None:
        """A CANCEL that lies in the queue with its entry ends both before anything is sent."""
        world.send(order_action="CANCEL", target_order_id="A1", order_id="X1", tp_price=0, sl_price=0)

        ended = self.ends(world, {"order_id": "A1"})

        assert ended == {"X1": State.DONE}
        assert known(world, "A1").state is State.CANCELLED
        assert world.broker.submitted == []
