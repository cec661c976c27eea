"""Executing an order: what is sent, what is refused, and what each answer of the broker becomes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker
from axia_core.domain.absence import Absences
from axia_core.domain.broker import Absent, CannotTell, Evidence, Position, Quote
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled, TryNewPrice, Unknown
from axia_core.errors import AxiaError, LeaseLost, ServerClockMismatch, SourceUnavailable, WrongAccount
from axia_core.services.execute import MAX_ATTEMPTS, execute
from tests.services.conftest import World


def run(world: World, record: OrderRecord, **room: Any) -> OrderRecord:
    return execute(record, world.room(**room), ledger=world.ledger, broker=world.broker, clock=world.clock)


def test_market_order_is_filled(world: World) -> None:
    """A valid market order ends FILLED with the broker's ticket, price and lots."""
    record = run(world, world.received())

    assert State.FILLED is record.state
    assert (1, Decimal(150), Decimal("0.1")) == (
        record.execution.ticket,
        record.execution.price,
        record.execution.lots,
    )


def test_every_move_leaves_an_event(world: World) -> None:
    """The timeline tells RECEIVED, SUBMITTING, FILLED."""
    record = run(world, world.received())

    events = world.ledger.events(record.order.order_id)

    assert [event.state for event in events] == [State.RECEIVED, State.SUBMITTING, State.FILLED]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Settled(state=State.PARTIALLY_FILLED), State.PARTIALLY_FILLED),
        (Settled(state=State.REJECTED, reason="no money"), State.REJECTED),
        (Unknown("no answer"), State.UNKNOWN),
        (NotSent("the terminal is away"), State.RECEIVED),
        (NotSent("bad volume", can_wait=False), State.REFUSED),
        (MarketClosed(10018, "closed"), State.REJECTED),
    ],
)
def test_outcomes_become_states(world: World, outcome: Outcome, state: State) -> None:
    """Each class of answer puts a market order where the design says, and it was submitted once."""
    world.broker.script.append(outcome)

    record = run(world, world.received())

    assert state is record.state
    assert len(world.broker.submitted) == 1


def test_pending_order_waits_for_an_open_market(world: World) -> None:
    """A pending order that meets a closed market goes back to RECEIVED, since nothing was done."""
    world.broker.script.append(MarketClosed(10018, "closed"))

    record = run(world, world.received(order_type="LIMIT", entry_price=149.5))

    assert State.RECEIVED is record.state


def test_new_price_is_tried_a_bounded_number_of_times(world: World) -> None:
    """Requotes are tried again with a new price, each by its own permission, and end REJECTED."""
    world.broker.script.extend([TryNewPrice(10004, "requote")] * MAX_ATTEMPTS)

    record = run(world, world.received())

    assert State.REJECTED is record.state
    assert MAX_ATTEMPTS == len(world.broker.submitted) == record.attempts


def test_kill_switch_refuses_and_stays_refused(world: World) -> None:
    """What the switch forbade when it came is REFUSED, also after the switch is released."""
    world.ledger.set_kill_switch(KillSwitch(active=True, reason="drill"), 1, world.clock.now())
    record = run(world, world.received())
    world.ledger.set_kill_switch(KillSwitch(active=False), 2, world.clock.now())

    again = run(world, record)

    assert State.REFUSED is again.state
    assert "KILL_SWITCH" in again.reason
    assert world.broker.submitted == []


@dataclass
class Unanswering(MemoryBroker):
    """A terminal that cannot be asked, or must not be."""

    error: AxiaError = field(default_factory=lambda: SourceUnavailable("no answer"))

    def quote(self, symbol: str) -> Quote:
        raise self.error


@pytest.mark.parametrize("error", [SourceUnavailable("no"), WrongAccount("other"), ServerClockMismatch("an hour")])
def test_switch_goes_before_a_terminal_that_cannot_be_asked(world: World, error: AxiaError) -> None:
    """What the switch forbade when it came is REFUSED for good, also where its limits could not be looked at."""
    world.broker = Unanswering(world.clock, error=error)
    world.ledger.set_kill_switch(KillSwitch(active=True, reason="drill"), 1, world.clock.now())

    record = run(world, world.received())

    assert State.REFUSED is record.state
    assert "KILL_SWITCH" in record.reason


@pytest.mark.parametrize("error", [WrongAccount("other"), ServerClockMismatch("an hour")])
def test_terminal_that_must_not_be_used_ends_the_desk(world: World, error: AxiaError) -> None:
    """Where the switch permits the order, a wrong terminal is the desk's fault, and the order is still RECEIVED."""
    world.broker = Unanswering(world.clock, error=error)
    record = world.received()

    with pytest.raises(type(error)):
        run(world, record)

    assert world.ledger.order(record.order.order_id) == record


def test_reduce_only_lets_a_close_pass(world: World) -> None:
    """REDUCE_ONLY lets CLOSE through and refuses an entry."""
    world.ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.REDUCE_ONLY), 1, world.clock.now())

    close = run(world, world.received(order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0))
    entry = run(world, world.received())

    assert (close.state, entry.state) == (State.FILLED, State.REFUSED)


class ThrowsWhenAskedForAQuote(MemoryBroker):
    """Throws the kill switch when a quote is read: after the early look, before the attempt."""

    world: World

    def quote(self, symbol: str) -> Quote:
        self.world.ledger.set_kill_switch(KillSwitch(active=True), 1, self.world.clock.now())
        return super().quote(symbol)


def test_switch_thrown_between_look_and_attempt_wins(world: World) -> None:
    """A switch thrown after the early look is seen by the transaction, and nothing is sent."""
    world.broker = broker = ThrowsWhenAskedForAQuote(world.clock)
    broker.world = world

    record = run(world, world.received())

    assert State.REFUSED is record.state
    assert world.broker.submitted == []


def test_old_market_order_expires(world: World) -> None:
    """A market order older than its limit is EXPIRED, never sent."""
    record = world.received()
    world.clock.sleep(121)

    assert State.EXPIRED is run(world, record).state
    assert world.broker.submitted == []


def test_cancel_never_expires(world: World) -> None:
    """A CANCEL is sent however old it is."""
    record = world.received(order_action="CANCEL", mt5_ticket=7, tp_price=0, sl_price=0)
    world.clock.sleep(100_000)

    run(world, record)

    assert len(world.broker.submitted) == 1


def test_age_counts_from_the_earlier_time(world: World) -> None:
    """An order whose created_at is older than its message is judged by created_at."""
    created = (world.clock.now() - timedelta(minutes=10)).isoformat()

    assert State.EXPIRED is run(world, world.received(created_at=created)).state


def test_order_from_the_future_is_refused(world: World) -> None:
    """A created_at that lies ahead cannot make an order younger."""
    created = (world.clock.now() + timedelta(minutes=10)).isoformat()

    record = run(world, world.received(created_at=created))

    assert (record.state, "CREATED_IN_FUTURE" in record.reason) == (State.REFUSED, True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lot_size": 1.01}, "MAX_LOTS"),
        ({"sl_price": 150.5}, "STOPS"),
        ({"tp_price": 149.5, "sl_price": 149.0}, "STOPS"),
    ],
)
def test_limits_refuse_an_entry(world: World, changes: dict[str, Any], code: str) -> None:
    """An entry beyond a limit is REFUSED with the limit's code, and nothing is sent."""
    record = run(world, world.received(**changes))

    assert (record.state, record.reason.startswith(code)) == (State.REFUSED, True)
    assert world.broker.submitted == []


def test_wide_spread_refuses(world: World) -> None:
    """No entry while the spread is wider than the limit."""
    world.broker.prices = lambda _: (Decimal("149.8"), Decimal("150.2"))

    assert "SPREAD" in run(world, world.received()).reason


def test_positions_count_against_the_limit(world: World) -> None:
    """Open positions and orders under way together reach the limit."""
    position = Position(
        ticket=1,
        symbol="EURUSD",
        long=True,
        lots=Decimal(1),
        price_open=Decimal("1.1"),
        stop_loss=None,
        take_profit=None,
        profit=Decimal(0),
        magic=0,
        comment="",
    )
    world.broker.open_positions = [position] * 20

    assert "MAX_POSITIONS" in run(world, world.received()).reason


def test_closed_market_refuses_a_market_order(world: World) -> None:
    """On a Saturday a market order is refused by the session calendar."""
    world.clock.step(timedelta(days=3))

    assert "MARKET_CLOSED" in run(world, world.received()).reason


def test_entry_waits_for_an_unknown_on_its_symbol(world: World) -> None:
    """While the outcome of another order on the symbol is unknown, an entry waits and an exit does not."""
    other = world.received()
    unknown = replace(other, state=State.UNKNOWN)

    entry = run(world, world.received(), under_way=(unknown,))
    close = run(
        world,
        world.received(order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0),
        under_way=(unknown,),
    )

    assert (entry.state, close.state) == (State.RECEIVED, State.FILLED)


def test_entry_does_not_wait_for_an_unknown_cancel(world: World) -> None:
    """A CANCEL whose outcome is not known adds no exposure, so an entry on its symbol goes on."""
    cancel = world.received(order_action="CANCEL", mt5_ticket=7, tp_price=0, sl_price=0)

    entry = run(world, world.received(), under_way=(replace(cancel, state=State.UNKNOWN),))

    assert entry.state is State.FILLED


@pytest.mark.parametrize("first_by_ticket", [True, False])
def test_close_waits_for_one_that_names_the_position_otherwise(world: World, first_by_ticket: bool) -> None:
    """A CLOSE by ticket and one by order id may mean one position: on a netting account both would reverse it."""
    entry = run(world, world.received(order_id="A1"))
    names: list[dict[str, Any]] = [{"mt5_ticket": entry.execution.ticket}, {"target_order_id": "A1"}]
    rest = {"order_action": "CLOSE", "tp_price": 0, "sl_price": 0}
    first, second = (world.received(**name, **rest) for name in (names if first_by_ticket else names[::-1]))

    assert run(world, second, under_way=(replace(first, state=State.UNKNOWN),)).state is State.RECEIVED


def test_without_the_lease_nothing_is_sent(world: World) -> None:
    """A desk whose lease ran out cannot begin an attempt."""
    record, room = world.received(), world.room()
    world.clock.sleep(11)

    with pytest.raises(LeaseLost):
        execute(record, room, ledger=world.ledger, broker=world.broker, clock=world.clock)
    assert world.broker.submitted == []


class TestAfterARewind:
    """The ledger was rewound or restored after the order was sent: the broker is asked before the first send."""

    def test_found_order_is_adopted_and_not_sent(self, world: World) -> None:
        """An order that the broker has already executed is taken over with its evidence."""
        record = world.received()
        world.ledger.begin_epoch("boot-2", world.clock.now() + timedelta(seconds=1))
        world.broker.findings.append(Evidence(state=State.FILLED, execution=Execution(ticket=9), found_in="deals"))

        found = run(world, record)

        assert (found.state, found.execution.ticket) == (State.FILLED, 9)
        assert world.broker.submitted == []

    def test_every_entry_is_searched_after_a_restore(self, world: World) -> None:
        """Also one that goes by its message's id: the table that was replaced may have been in use a while longer."""
        world.ledger.begin_epoch("restored", world.clock.now(), world.clock.now() - timedelta(days=5))
        world.broker.findings.append(Evidence(state=State.FILLED, execution=Execution(ticket=9), found_in="deals"))

        found = run(world, world.received())

        assert (found.state, found.execution.ticket, world.broker.submitted) == (State.FILLED, 9, [])

    def test_waits_while_nobody_can_tell(self, world: World) -> None:
        """While the broker cannot be searched fully the order waits, and is not sent."""
        record = world.received()
        world.ledger.begin_epoch("boot-2", world.clock.now() + timedelta(seconds=1))
        world.broker.findings.append(CannotTell("no connection"))

        assert State.RECEIVED is run(world, record).state
        assert world.broker.submitted == []

    def test_one_look_without_a_trace_proves_nothing(self, world: World) -> None:
        """History arrives late, so a first absence makes the order wait."""
        record = world.received()
        world.ledger.begin_epoch("boot-2", world.clock.now() + timedelta(seconds=1))

        assert run(world, record).state is State.RECEIVED

    def test_lasting_absence_lets_it_go(self, world: World) -> None:
        """Once the broker has shown no trace for long enough, look after look, the order is sent."""
        record, absences = world.received(), Absences()
        world.ledger.begin_epoch("boot-2", world.clock.now() + timedelta(seconds=1))
        for _ in range(3):
            assert run(world, record, absences=absences).state is State.RECEIVED
            world.clock.sleep(10)

        assert run(world, record, absences=absences).state is State.FILLED

    def test_a_look_that_cannot_tell_begins_the_absence_anew(self, world: World) -> None:
        """An absence with a gap in it does not count: what arrived meanwhile may have been missed."""
        record, absences = world.received(), Absences()
        world.ledger.begin_epoch("boot-2", world.clock.now() + timedelta(seconds=1))
        world.broker.findings.extend([Absent(), CannotTell("no connection"), Absent()])
        for _ in range(3):
            assert run(world, record, absences=absences).state is State.RECEIVED
            world.clock.sleep(20)

        assert world.broker.submitted == []

    def test_repeat_with_a_new_time_is_found_too(self, world: World) -> None:
        """An order that its client sent again after the rewind, with a new time in it, is still looked for."""
        world.ledger.begin_epoch("boot-2", world.clock.now() - timedelta(minutes=1))
        world.broker.findings.append(Evidence(state=State.FILLED, execution=Execution(ticket=9), found_in="deals"))

        assert run(world, world.received(order_id="own-1")).execution.ticket == 9
        assert world.broker.submitted == []

    def test_the_queues_own_order_needs_no_search(self, world: World) -> None:
        """An order that goes by the id of a message sent since the rewind is nobody's second try."""
        world.ledger.begin_epoch("boot-2", world.clock.now() - timedelta(minutes=1))
        world.broker.findings.append(CannotTell("would make it wait"))

        assert run(world, world.received()).state is State.FILLED

    def test_a_day_later_orders_are_sent_without_a_search(self, world: World) -> None:
        """Once the rewind is a day old, an order needs no search."""
        world.ledger.begin_epoch("boot-2", world.clock.now() - timedelta(days=1, seconds=1))
        world.broker.findings.append(CannotTell("would make it wait"))

        assert run(world, world.received()).state is State.FILLED
