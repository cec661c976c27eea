"""What one order must not do to the others: faults stay with their order, waits end, and the switch is thrown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.desk_rules import DeskRules
from axia_core.domain.broker import CannotTell, Evidence, Finding, Instrument
from axia_core.domain.kill_switch import UNREADABLE, KillSwitch
from axia_core.domain.messages import Message
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import Outcome, Settled, TryNewPrice, Unknown
from axia_core.errors import CorruptObject, IllegalTransition, InvalidInput, UnknownSymbol, WrongAccount
from axia_core.settings import Settings
from tests.services.conftest import World

CLOSE: dict[str, Any] = {"order_action": "CLOSE", "mt5_ticket": 5, "tp_price": 0, "sl_price": 0}
GOOD: dict[str, Any] = {"order_id": "good", "symbol": "EURUSD", "tp_price": 0, "sl_price": 0}


def work(world: World, seconds: float) -> None:
    """A desk works for a while."""
    ends = world.clock.now() + timedelta(seconds=seconds)
    list(world.desk().run(lambda: world.clock.now() >= ends))


def state_of(world: World, order_id: str) -> State:
    record = world.ledger.order(order_id)
    assert record is not None
    return record.state


def faults(world: World) -> list[str]:
    return [text for kind, severity, text in world.events.published if (kind, severity) == ("order_fault", "critical")]


@dataclass
class Poisoned(MemoryBroker):
    """Breaks on whatever has to do with one order or symbol, at one place."""

    place: str = ""
    fault: Exception = field(default_factory=ArithmeticError)

    def instrument(self, symbol: str) -> Instrument:
        self._break("instrument", symbol == "USDJPY")
        return super().instrument(symbol)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        self._break("submit", order.order_id == "bad")
        return super().submit(order, send_by)

    def find(self, order: Order, since: datetime) -> Finding:
        self._break("find", order.order_id == "bad")
        return super().find(order, since)

    def _break(self, place: str, poisoned: bool) -> None:
        if poisoned and place == self.place:
            raise self.fault


@pytest.mark.parametrize(
    ("place", "state"),
    [("instrument", State.REFUSED), ("submit", State.REJECTED), ("find", State.UNKNOWN)],
)
@pytest.mark.parametrize(
    "fault",
    [
        UnknownSymbol("symbol", "USDJPY", "the broker has no tradable symbol", "Name it."),
        ZeroDivisionError("a tick size of 0"),
        OverflowError("date value out of range"),
        IllegalTransition("an order cannot go there"),
        CorruptObject("an item cannot be read"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_poison_order_is_set_aside(world: World, place: str, state: State, fault: Exception) -> None:
    """An order that breaks the desk is refused, or UNKNOWN where it may have been sent; the next one goes on."""
    world.broker = Poisoned(world.clock, place=place, fault=fault)
    if place == "find":
        world.broker.script.append(Unknown("timeout"))
    world.send(order_id="bad")
    world.send(**GOOD)

    work(world, 60)

    assert (state_of(world, "bad"), state_of(world, "good")) == (state, State.FILLED)
    assert any(text.startswith("bad cannot be worked on") and str(fault) in text for text in faults(world))


def test_fault_after_a_send_is_never_a_refusal(world: World) -> None:
    """An order that broke the desk while it was being sent was perhaps sent: it is UNKNOWN, and evidence decides."""
    world.broker = Poisoned(world.clock, place="submit")
    world.broker.otherwise = Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals")
    world.send(order_id="bad")

    work(world, 60)

    events = world.ledger.events("bad")
    assert [event.state for event in events] == [State.RECEIVED, State.SUBMITTING, State.UNKNOWN, State.FILLED]
    assert events[2].text.startswith("FAULT: ArithmeticError")


class RefusesToKeep(MemoryOrderLedger):
    """A store that cannot take one message's reason."""

    def record_unreadable(self, message: Message, reason: str, now: datetime) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")


def test_poison_message_leaves_its_neighbours_alone(world: World) -> None:
    """A message that breaks its accepting goes to the dead-letter queue alone; those received with it are executed."""
    world.ledger = RefusesToKeep()
    world.ledger.initialise_kill_switch(active=False, who="test", now=world.clock.now())
    world.queue.send('{"surprise": 1}')
    world.send(**GOOD)

    work(world, 60)

    assert state_of(world, "good") is State.FILLED
    assert [letter.body for letter in world.queue.dead_letters] == ['{"surprise": 1}']
    assert faults(world)


def test_reject_after_acceptance_ends_the_order(world: World) -> None:
    """A pending order that the broker accepted and then refused ends REJECTED, and no desk dies of it."""
    world.broker.script.append(Settled(state=State.PLACED, execution=Execution(ticket=1)))
    world.broker.otherwise = Evidence(state=State.REJECTED, execution=Execution(ticket=1), found_in="history")
    world.send(order_id="A1", order_type="LIMIT", entry_price=149.5)

    work(world, 40)

    assert state_of(world, "A1") is State.REJECTED
    assert faults(world) == []


@pytest.mark.parametrize("reader", ["submit", "find"])
def test_wrong_account_ends_the_desk_and_not_the_order(world: World, reader: str) -> None:
    """A terminal at another account ends the desk; the order waits, or stays UNKNOWN, for one at the right account."""
    world.broker = Poisoned(world.clock, place=reader, fault=WrongAccount("the terminal is at 4711"))
    if reader == "find":
        world.broker.script.append(Unknown("timeout"))
    world.send(order_id="bad")

    with pytest.raises(WrongAccount):
        work(world, 30)

    assert state_of(world, "bad") is (State.RECEIVED if reader == "submit" else State.UNKNOWN)
    assert faults(world) == []


def test_daily_loss_throws_the_switch(world: World) -> None:
    """The entry that meets the daily loss is refused and throws the kill switch, which people are told."""
    world.send(order_id="A1")
    work(world, 2)
    world.clock.step(timedelta(seconds=11))
    world.broker.equity = Decimal(9_000)
    world.send(order_id="A2")

    work(world, 2)

    switch = world.ledger.kill_switch()
    assert (state_of(world, "A1"), state_of(world, "A2")) == (State.FILLED, State.REFUSED)
    assert (switch.active, switch.who, switch.reason.startswith("DAILY_LOSS")) == (True, "desk", True)
    assert ("kill_switch", "critical") in [(kind, severity) for kind, severity, _ in world.events.published]


class UnreadableAtFirst(MemoryOrderLedger):
    """A switch that cannot be read for a while."""

    readable = False

    def kill_switch(self) -> KillSwitch:
        return super().kill_switch() if self.readable else UNREADABLE


@pytest.mark.parametrize("fields", [CLOSE, {}], ids=["close", "entry"])
def test_unreadable_switch_makes_an_order_wait(world: World, fields: dict[str, Any]) -> None:
    """A switch that could not be read refuses nothing for good: the order waits, and is sent once it is read as off."""
    world.ledger = ledger = UnreadableAtFirst(KillSwitch(active=False, version=1))
    world.send(order_id="A1", **fields)

    work(world, 3)
    waiting = state_of(world, "A1")
    ledger.readable = True
    work(world, 10)

    assert (waiting, state_of(world, "A1")) == (State.RECEIVED, State.FILLED)


def test_second_close_of_a_ticket_waits(world: World) -> None:
    """While it is not known what became of a CLOSE, another of the same ticket waits; of another ticket it does not."""
    world.broker.script.append(Unknown("timeout"))
    world.broker.otherwise = CannotTell("no connection")
    world.send(order_id="C1", **CLOSE)
    world.send(order_id="C2", **CLOSE)
    world.send(order_id="C3", **CLOSE | {"mt5_ticket": 6})

    work(world, 20)

    assert [order.order_id for order in world.broker.submitted] == ["C1", "C3"]
    assert (state_of(world, "C1"), state_of(world, "C2")) == (State.UNKNOWN, State.RECEIVED)


def test_refused_attempts_are_spaced_over_rounds(world: World) -> None:
    """An order that the broker would not take now is not offered to it in every round."""
    world.broker.script.extend([TryNewPrice(10004, "requote")] * 100)
    world.send(order_id="A1", order_type="LIMIT", entry_price=149.5)
    before = world.clock.now()

    shown = list(islice(world.desk().run(lambda: False), 1))

    assert len(world.broker.submitted) == 3
    assert shown[0].updated_at - before >= timedelta(seconds=0.9)


@pytest.mark.parametrize("action", ["CANCEL", "MODIFY"])
def test_exit_without_a_target_ends_after_a_rewind(world: World, action: str) -> None:
    """After a rewind a CANCEL or MODIFY whose target is nowhere is sent all the same, and does not wait for ever."""
    world.ledger.begin_epoch("boot-2", world.clock.now())
    world.broker.otherwise = CannotTell("9 is neither a position nor a pending order any more")
    world.send(order_id="A1", order_action=action, mt5_ticket=9, tp_price=0, sl_price=149 if action == "MODIFY" else 0)

    work(world, 5)

    assert [order.order_id for order in world.broker.submitted] == ["A1"]


def test_daily_loss_counts_from_the_desk_s_first_sight(world: World) -> None:
    """What the account lost before the day's first order counts too."""
    work(world, 1)
    world.clock.step(timedelta(seconds=11))
    world.broker.equity = Decimal(9_000)
    world.send(order_id="A1")

    work(world, 2)

    assert state_of(world, "A1") is State.REFUSED


def test_one_order_is_given_up_after_a_while(world: World) -> None:
    """An operator's run of an order that nobody can settle ends, so that the others do not wait for ever."""
    world.broker.script.append(Unknown("timeout"))
    world.broker.otherwise = CannotTell("no connection")
    world.received(order_id="A1")
    before = world.clock.now()

    record = world.desk("operator").execute_one("A1")

    assert record.state is State.UNKNOWN
    assert timedelta(minutes=1) < world.clock.now() - before < timedelta(minutes=5)
    assert world.ledger.lease_holder(world.clock.now()) is None


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("send_margin_s", Settings(send_margin_s=1.0, mt5_deadline_s=2.0)),
        ("receive_wait_s", Settings(receive_wait_s=20, lease_s=10.0)),
    ],
)
def test_rules_that_cannot_work_together_are_refused(field: str, settings: Settings) -> None:
    """A desk whose poll or whose send could outlive its lease is not opened."""
    with pytest.raises(InvalidInput) as refused:
        DeskRules.of(settings)
    assert refused.value.field == field
