"""Flattening: what is tried, what is written down before and after, and what is called left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.domain.broker import Account, PendingOrder, Position
from axia_core.domain.kill_switch import AuditLine, KillSwitch, Mode
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import Outcome, Settled, Unknown
from axia_core.errors import AttemptInFlight, InvalidInput, SourceUnavailable, StoreUnavailable
from axia_core.services.flatten import Flattened, flatten
from tests.services.conftest import World

BOTH = (Action.CANCEL, Action.CLOSE)


def position(ticket: int, symbol: str = "USDJPY") -> Position:
    return Position(
        ticket=ticket,
        symbol=symbol,
        long=True,
        lots=Decimal("0.1"),
        price_open=Decimal(150),
        stop_loss=None,
        take_profit=None,
        profit=Decimal(0),
        magic=0,
        comment="by hand",
    )


def pending(ticket: int) -> PendingOrder:
    return PendingOrder(
        ticket=ticket, symbol="USDJPY", lots=Decimal("0.1"), price=Decimal(149), magic=0, comment="by hand"
    )


def halt(world: World, mode: Mode = Mode.HALT) -> None:
    wanted = KillSwitch(active=True, mode=mode, reason="test", who="op")
    world.ledger.set_kill_switch(wanted, world.ledger.kill_switch().version, world.clock.now())


def run(world: World, *actions: Action) -> Flattened:
    return flatten(actions or BOTH, "op", ledger=world.ledger, broker=world.broker, clock=world.clock)


def full_book(world: World) -> None:
    world.broker.open_positions = [position(1), position(2, "EURUSD")]
    world.broker.pending_orders = [pending(3)]


def test_everything_goes_pending_orders_first(world: World) -> None:
    """Under HALT every pending order and then every position goes, once each, and nothing is left."""
    full_book(world)
    halt(world)

    found = run(world)

    assert found.is_complete
    sent = [(order.action, order.mt5_ticket) for order in world.broker.submitted]
    assert sent == [(Action.CANCEL, 3), (Action.CLOSE, 1), (Action.CLOSE, 2)]


def test_each_step_is_written_down_before_and_after(world: World) -> None:
    """The audit says who did what to which ticket, before it is sent and with what came of it."""
    world.broker.open_positions = [position(1)]
    halt(world)

    run(world)

    switch, before, after = world.ledger.audit()
    assert switch.what.startswith("kill switch ON HALT")
    assert (before.who, before.outcome, after.outcome) == ("op", "about to be sent", "DONE")
    assert before.what == after.what == "CLOSE USDJPY 0.1 lots, ticket 1"


def test_unknown_answer_is_not_repeated_and_the_book_decides(world: World) -> None:
    """A lost answer is tried once; the position that the book still shows is listed as left."""
    world.broker.open_positions = [position(1)]
    world.broker.script = [Unknown("no answer")]
    halt(world)

    found = run(world)

    assert [step.outcome for step in found.steps] == ["UNKNOWN: no answer"]
    assert [one.ticket for one in found.positions] == [1]
    assert not found.is_complete


def test_answer_of_success_is_not_believed(world: World) -> None:
    """A ticket that the broker calls done and the book still shows is left."""
    world.broker.pending_orders = [pending(3)]
    world.broker.script = [Settled(state=State.DONE)]

    found = run(world, Action.CANCEL)

    assert [one.ticket for one in found.pending] == [3]


def test_closing_needs_halt(world: World) -> None:
    """Under REDUCE_ONLY and with the switch off nothing is closed; cancelling is allowed."""
    full_book(world)
    for thrown in (False, True):
        if thrown:
            halt(world, Mode.REDUCE_ONLY)
        with pytest.raises(InvalidInput, match="HALT"):
            run(world, Action.CLOSE)
    cancelled = run(world, Action.CANCEL)

    assert cancelled.is_complete
    assert [order.action for order in world.broker.submitted] == [Action.CANCEL]


def test_waits_while_an_order_is_being_sent(world: World) -> None:
    """While the desk holds its lease and sends, nothing is touched; once the lease is over, it is."""
    full_book(world)
    record = world.received()
    lease = world.ledger.acquire_lease("desk", 60, world.clock.now())
    assert lease is not None
    world.ledger.begin_attempt(record, lease, world.clock.now())
    halt(world)

    with pytest.raises(AttemptInFlight):
        run(world)
    untouched = list(world.broker.submitted)
    world.clock.step(timedelta(seconds=60))

    assert run(world).is_complete
    assert untouched == []


def test_what_is_unknown_is_named(world: World) -> None:
    """An order whose fate is not known may still turn up in the book, and is named."""
    record = world.received(order_id="A1")
    begun = world.ledger.begin_attempt(record, world.lease(), world.clock.now())
    assert begun is not None
    world.ledger.move(begun, State.UNKNOWN, world.clock.now())
    halt(world)

    assert run(world).unknown_orders == ("A1",)


def test_book_that_cannot_be_read_is_not_empty(world: World) -> None:
    """Where the terminal is away nothing is called done."""
    halt(world)
    world.broker = Away(world.clock)

    found = run(world)

    assert (found.pending, found.positions, found.is_complete) == ((), (), False)
    assert "away" in found.unverified


def test_what_fills_meanwhile_is_closed(world: World) -> None:
    """A position that appears while others are being closed is closed as well."""
    halt(world)
    world.broker = FillsMeanwhile(world.clock, open_positions=[position(1)])

    found = run(world)

    assert found.is_complete
    assert [order.mt5_ticket for order in world.broker.submitted] == [1, 9]


def test_without_an_audit_nothing_is_sent(world: World) -> None:
    """Where what is about to be sent cannot be written down, it is not sent, and is left."""
    full_book(world)
    world.ledger = Unwritable(KillSwitch(active=True))

    found = run(world)

    assert world.broker.submitted == []
    assert len(found.positions) == 2
    assert "throttled" in found.steps[0].outcome


def test_waits_for_what_a_dead_desk_may_still_be_sending(world: World) -> None:
    """A lease that was ended early proves nothing: the attempt under it must be old enough to have ended."""
    full_book(world)
    halt_later = world.clock.now()
    lease = world.lease()
    assert world.ledger.begin_attempt(world.received(order_id="A1"), lease, world.clock.now()) is not None
    world.ledger.release_lease(lease)
    halt(world)

    found = run(world)

    assert found.is_complete
    assert world.clock.now() - halt_later >= timedelta(seconds=15)


def test_release_in_between_stops_the_closing(world: World) -> None:
    """A switch that is released while positions are being closed leaves the rest open."""
    halt(world)
    world.broker = ReleasesTheSwitch(world.clock, ledger=world.ledger, open_positions=[position(1), position(2)])

    found = run(world)

    assert [one.ticket for one in found.positions] == [2]
    assert "released" in found.steps[-1].outcome


class Away(MemoryBroker):
    """A broker whose terminal does not answer."""

    def account(self) -> Account:
        raise SourceUnavailable("the terminal is away")


class FillsMeanwhile(MemoryBroker):
    """A broker at which a position appears with the first closing."""

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        outcome = super().submit(order, send_by)
        if order.mt5_ticket == 1:
            self.open_positions = [position(9)]
        return outcome


@dataclass
class ReleasesTheSwitch(MemoryBroker):
    """A broker during whose first closing somebody releases the switch."""

    ledger: MemoryOrderLedger = field(default_factory=MemoryOrderLedger)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        off = KillSwitch(active=False, reason="too early", who="other")
        self.ledger.set_kill_switch(off, self.ledger.kill_switch().version, self.clock.now())
        return super().submit(order, send_by)


class Unwritable(MemoryOrderLedger):
    """A ledger that takes no audit line."""

    def note_audit(self, line: AuditLine) -> None:
        raise StoreUnavailable("throttled")
