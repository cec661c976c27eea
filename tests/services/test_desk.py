"""The desk's loop: from the queue to an end of every order, under one lease, across deaths of desks before it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import pytest

from axia_core.adapters.memory import MemoryBroker
from axia_core.desk import desk_is_needed
from axia_core.domain.broker import Absent, Account, CannotTell, Evidence
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import Outcome, Unknown
from axia_core.errors import LeaseLost, NotRunning
from tests.services.conftest import World


def first(found: Iterator[OrderRecord], count: int = 1) -> list[OrderRecord]:
    return list(islice(found, count))


def never() -> bool:
    return False


def test_message_becomes_a_fill(world: World) -> None:
    """A message in the queue is accepted, executed and shown."""
    world.send(order_id="A1")

    records = first(world.desk().run(never))

    assert [(record.order.order_id, record.state) for record in records] == [("A1", State.FILLED)]


def test_repeat_of_what_has_ended_leaves_the_queue(world: World) -> None:
    """A round in which nothing is executed acknowledges what it received as well."""
    record = world.received(order_id="A1")
    world.ledger.move(record, State.EXPIRED, world.clock.now())
    world.send(order_id="A1")
    ends = world.clock.now() + timedelta(seconds=2)

    list(world.desk().run(lambda: world.clock.now() >= ends))

    assert world.queue.depth().waiting + world.queue.depth().in_flight == 0


def test_exits_overtake_entries(world: World) -> None:
    """Of what waits, a CLOSE is executed before the entries that came earlier."""
    world.send(order_id="entry")
    world.send(order_id="close", order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0)

    first(world.desk().run(never), 2)

    assert [order.order_id for order in world.broker.submitted] == ["close", "entry"]


def test_second_desk_is_refused(world: World) -> None:
    """While one desk holds the lease, another cannot begin."""
    world.ledger.acquire_lease("first", 10, world.clock.now())

    with pytest.raises(NotRunning):
        first(world.desk("second").run(never))


def test_ends_at_the_daily_close(world: World) -> None:
    """The desk ends at the New York close and gives its lease up."""
    assert list(world.desk().run(never)) == []
    assert world.clock.now().hour == 21
    assert world.ledger.lease_holder(world.clock.now()) is None


def test_ends_when_told(world: World) -> None:
    """The desk ends at the next round once it is told to."""
    before = world.clock.now()

    assert list(world.desk().run(lambda: True)) == []
    assert before == world.clock.now()


def test_lost_lease_ends_the_desk(world: World) -> None:
    """A desk that slept through its lease notices before it touches anything."""
    desk = world.desk()
    world.send(order_id="A1")
    running = desk.run(never)
    next(running)
    world.clock.sleep(60)
    world.ledger.acquire_lease("successor", 10, world.clock.now())
    world.send(order_id="A2")

    with pytest.raises(LeaseLost):
        list(running)
    assert [order.order_id for order in world.broker.submitted] == ["A1"]


def test_death_in_mid_attempt_is_unknown_then_resolved_by_evidence(world: World) -> None:
    """What a dead desk left SUBMITTING becomes UNKNOWN and is closed by what the broker holds, never sent again."""
    record = world.received(order_id="A1")
    world.ledger.begin_attempt(record, world.lease(), world.clock.now())
    world.clock.sleep(11)
    evidence = Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals")
    world.broker.findings.append(evidence)

    records = first(world.desk("successor").run(never))

    assert (records[0].state, records[0].execution.ticket) == (State.FILLED, 5)
    assert world.broker.submitted == []
    states = [event.state for event in world.ledger.events("A1")]
    assert states == [State.RECEIVED, State.SUBMITTING, State.UNKNOWN, State.FILLED]


def test_lasting_absence_rejects_an_unknown_order(world: World) -> None:
    """An UNKNOWN order of which the broker shows no trace for long enough ends REJECTED, and is not sent again."""
    world.send(order_id="A1")
    world.broker.script.append(Unknown("timeout"))
    world.broker.findings.extend([Absent()] * 3)

    records = first(world.desk().run(never))

    assert (records[0].state, "no trace" in records[0].reason) == (State.REJECTED, True)
    assert len(world.broker.submitted) == 1


def told(world: World) -> list[tuple[str, str]]:
    """Id and state of every order event, oldest first."""
    return [(one["event_id"], one["state"]) for one in world.events.details if "state" in one]


def test_fill_is_told_with_its_figures(world: World) -> None:
    """A fill is an event with order, symbol, lots, price and ticket, and showing it tells nothing more."""
    world.send(order_id="A1")

    first(world.desk().run(never), 2)

    (details,) = world.events.details
    assert (details["state"], details["symbol"], details["lots"], details["price"], details["ticket"]) == (
        "FILLED",
        "USDJPY",
        "0.1",
        "150",
        "1",
    )


def test_what_a_dead_desk_did_not_tell_is_told(world: World) -> None:
    """A desk that died between the ledger's write and the event leaves it to the next one, which tells it once."""
    record = world.received(order_id="A1")
    world.ledger.move(record, State.REFUSED, world.clock.now(), reason="the kill switch is on")

    first(world.desk().run(never), 2)
    first(world.desk("next").run(never), 2)

    assert told(world) == [("A1#2", "REFUSED")]


def test_end_of_an_unknown_order_is_told(world: World) -> None:
    """Whoever was alarmed hears what became of it, and that it is that one."""
    world.send(order_id="A1")
    world.broker.script.append(Unknown("timeout"))
    world.broker.findings.append(Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals"))

    first(world.desk().run(never))

    assert [state for _, state in told(world)] == ["UNKNOWN", "FILLED"]
    assert world.events.details[-1]["was"] == "UNKNOWN"


def test_unknown_pages_somebody(world: World) -> None:
    """An UNKNOWN outcome is told as critical."""
    world.send()
    world.broker.script.append(Unknown("timeout"))

    first(world.desk().run(never))

    assert ("order_state", "critical") in [(kind, severity) for kind, severity, _ in world.events.published]


def test_unshown_orders_are_shown_by_the_next_desk(world: World) -> None:
    """What a desk finished but did not live to show is shown by its successor, once."""
    world.send(order_id="A1")
    running = world.desk("first").run(never)
    next(running)
    running.close()

    shown = first(world.desk("second").run(never))
    world.clock.sleep(1)

    assert [record.order.order_id for record in shown] == ["A1"]


def test_shown_orders_are_not_shown_again(world: World) -> None:
    """An order that has been shown is not shown by a later desk."""
    world.send(order_id="A1")
    list(world.desk("first").run(never))
    world.clock.step(timedelta(minutes=1))
    world.send(order_id="A2")

    assert [record.order.order_id for record in first(world.desk("second").run(never))] == ["A2"]


def test_waiting_order_expires_while_an_unknown_blocks_it(world: World) -> None:
    """An entry that waits for an unknown on its symbol is EXPIRED when its age limit passes, never sent late."""
    world.send(order_id="unknown")
    world.send(order_id="waits")
    world.broker.script.append(Unknown("timeout"))
    world.broker.otherwise = CannotTell("no connection")

    records = first(world.desk().run(never))

    assert [(record.order.order_id, record.state) for record in records] == [("waits", State.EXPIRED)]


def test_one_order_can_be_executed_by_id(world: World) -> None:
    """An operator's run executes one order of the ledger by the same path."""
    world.received(order_id="A1")

    assert State.FILLED is world.desk("operator").execute_one("A1").state


class TestDeskIsNeeded:
    """When the sensor should open a desk."""

    def test_in_an_open_market(self, world: World) -> None:
        """An open market is reason enough."""
        assert "market" in (desk_is_needed(world.queue, world.ledger, world.clock) or "")

    def test_not_on_an_idle_weekend(self, world: World) -> None:
        """A closed market with nothing to do needs none."""
        world.clock.step(timedelta(days=3))

        assert desk_is_needed(world.queue, world.ledger, world.clock) is None

    def test_for_messages_on_a_weekend(self, world: World) -> None:
        """A message that waits is looked at even on a weekend, so that it is refused and not left to grow old."""
        world.clock.step(timedelta(days=3))
        world.send()

        assert "queue" in (desk_is_needed(world.queue, world.ledger, world.clock) or "")

    def test_weekend_desk_ends_when_idle(self, world: World) -> None:
        """A desk opened on a weekend ends once the queue is empty."""
        world.clock.step(timedelta(days=3))
        world.send(order_id="A1")

        records = list(world.desk().run(never))

        assert [record.state for record in records] == [State.REFUSED]


class ThrowsTheSwitch(MemoryBroker):
    """Throws the kill switch once it has been given two orders."""

    world: World

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        outcome = super().submit(order, send_by)
        if len(self.submitted) == 2:
            thrown = KillSwitch(active=True, reason="stop")
            self.world.ledger.set_kill_switch(thrown, 1, self.world.clock.now())
        return outcome


def test_kill_switch_stops_a_burst(world: World) -> None:
    """After the switch is thrown no further order of a burst is sent."""
    world.broker = broker = ThrowsTheSwitch(world.clock)
    broker.world = world
    for number in range(5):
        world.send(order_id=f"A{number}")

    records = first(world.desk().run(never), 5)

    assert len(world.broker.submitted) == 2
    assert sum(record.state is State.REFUSED for record in records) == 3


class SlowToOpen(MemoryBroker):
    """Takes longer to open than a lease lasts, on the ledger's clock and on the real one."""

    is_open = False

    def account(self) -> Account:
        for _ in range(0 if self.is_open else 8):
            self.clock.sleep(0.2)
            time.sleep(0.25)
        self.is_open = True
        return super().account()


def test_lease_is_kept_while_the_terminal_opens(world: World) -> None:
    """A terminal that takes longer to open than a lease lasts does not cost the desk its lease."""
    world.rules = replace(world.rules, lease_s=0.6)
    world.broker = SlowToOpen(world.clock)
    world.send(order_id="A1")

    assert [record.state for record in first(world.desk().run(never))] == [State.FILLED]
