"""Reconciling in a desk's place: under its lease, by evidence, sending nothing; and a person's word beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from axia_core.domain.broker import Absent, CannotTell, Evidence, Finding
from axia_core.domain.kill_switch import Mode
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import magic_of
from axia_core.errors import InvalidInput, NotRunning, StoreUnavailable
from axia_core.reconciliation import Reconciliation, evidence
from axia_core.services.resolve import Word
from tests.crashing import ANSWERS, LEASE_IS_OVER, CrashWorld, Killed
from tests.services.conftest import World
from tests.services.test_flatten import position

FOUND = Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals")
TICKET = Execution(ticket=5)
REJECTED = Word(state=State.REJECTED, reason="the portal shows none", who="ada")


def reconciliation(world: World) -> Reconciliation:
    ports = {"ledger": world.ledger, "broker": world.broker, "events": world.events, "clock": world.clock}
    return Reconciliation(**ports, rules=world.rules, owner="test")  # type: ignore[arg-type]  # one of each


def submitting(world: World, order_id: str = "A1", **changes: object) -> OrderRecord:
    """An order whose sender died in mid-attempt, with its lease run out."""
    record = world.received(order_id=order_id, **changes)
    begun = world.ledger.begin_attempt(record, world.lease(), world.clock.now())
    assert begun is not None
    world.clock.step(LEASE_IS_OVER)
    return begun


def unknown(world: World, execution: Execution = TICKET, **changes: object) -> OrderRecord:
    """An order that has been UNKNOWN for long enough, with the broker's ticket."""
    begun = submitting(world, **changes)
    found = world.ledger.move(begun, State.UNKNOWN, world.clock.now(), reason="10008", execution=execution)
    world.clock.step(timedelta(minutes=10))
    return found


def state_of(world: World, order_id: str = "A1") -> State:
    found = world.ledger.order(order_id)
    assert found is not None
    return found.state


class TestReconciling:
    """What a desk would settle, without one."""

    @pytest.mark.parametrize(("finding", "state"), [(FOUND, State.FILLED), (Absent(), State.REJECTED)])
    def test_stuck_submitting_is_settled(self, world: World, finding: Finding, state: State) -> None:
        """By what the broker shows, or by its lasting silence; nothing is sent, and the lease is given up."""
        submitting(world)
        world.broker.otherwise = finding

        found = reconciliation(world).run()

        assert [record.state for record in found.settled] == [state]
        assert (state_of(world), found.open) == (state, ())
        assert world.broker.submitted == []
        assert world.ledger.lease_holder(world.clock.now()) is None

    def test_nothing_to_do_takes_a_moment(self, world: World) -> None:
        """Where no order is UNKNOWN it does not wait."""
        world.received(order_id="A1")
        started = world.clock.now()

        found = reconciliation(world).run()

        assert world.clock.now() == started
        assert [record.state for record in found.open] == [State.RECEIVED]

    def test_what_cannot_be_told_stays_open(self, world: World) -> None:
        """It ends after the absence and some slack, and says what is still UNKNOWN."""
        submitting(world)
        world.broker.otherwise = CannotTell("history is late")

        found = reconciliation(world).run()

        assert [record.state for record in found.open] == [State.UNKNOWN]

    def test_open_desk_is_left_alone(self, world: World) -> None:
        """While a desk holds the lease nothing is touched."""
        record = world.received(order_id="A1")
        lease = world.lease()
        world.ledger.begin_attempt(record, lease, world.clock.now())

        with pytest.raises(NotRunning):
            reconciliation(world).run()

        assert state_of(world) is State.SUBMITTING
        assert world.ledger.lease_holder(world.clock.now()) == lease

    def test_stray_of_ours_halts(self, world: World) -> None:
        """What a survey finds here counts as what a desk's finds."""
        world.broker.open_positions = [replace(position(7), magic=magic_of("never"))]

        found = reconciliation(world).run()

        assert [stray.ticket for stray in found.strays] == [7]
        assert (world.ledger.kill_switch().active, world.ledger.kill_switch().mode) == (True, Mode.HALT)

    def test_acknowledged_order_without_a_trace_halts(self, world: World) -> None:
        """It stays UNKNOWN for a person, and nothing more is sent."""
        unknown(world)

        found = reconciliation(world).run()

        assert [record.state for record in found.open] == [State.UNKNOWN]
        assert world.ledger.kill_switch().reason.startswith("NO_TRACE")


class TestWord:
    """A person's word about an UNKNOWN order."""

    @pytest.mark.parametrize("state", [State.REJECTED, State.FILLED])
    def test_closes_what_shows_no_trace(self, world: World, state: State) -> None:
        """The order ends as said; timeline and audit say who said it and why, before and after."""
        unknown(world)

        record = reconciliation(world).resolve("A1", replace(REJECTED, state=state))

        assert (record.state, record.reason) == (state, "ada resolved it by hand: the portal shows none")
        assert record.execution.lots == (record.order.lots if state is State.FILLED else None)
        assert [line.who for line in world.ledger.audit()] == ["ada", "ada"]
        assert "about to be written" in world.ledger.audit()[0].outcome

    @pytest.mark.parametrize(
        "finding",
        [FOUND, CannotTell("no connection"), replace(FOUND, state=State.PLACED)],
        ids=["fill", "blind", "placed"],
    )
    def test_broker_s_word_goes_first(self, world: World, finding: Finding) -> None:
        """Refused, with the order as it was, where the broker shows otherwise or cannot be asked."""
        unknown(world)
        world.broker.otherwise = finding

        with pytest.raises(InvalidInput, match="A1"):
            reconciliation(world).resolve("A1", REJECTED)

        assert (state_of(world), world.ledger.audit()) == (State.UNKNOWN, ())

    def test_what_the_broker_says_too(self, world: World) -> None:
        """Said and seen alike: the broker's own figures are kept."""
        unknown(world)
        world.broker.otherwise = FOUND

        assert reconciliation(world).resolve("A1", replace(REJECTED, state=State.FILLED)).execution == FOUND.execution

    @pytest.mark.parametrize(
        ("word", "complaint"),
        [
            (replace(REJECTED, reason=" "), "reason"),
            (replace(REJECTED, state=State.DONE), "REJECTED or FILLED"),
            (replace(REJECTED, state=State.EXPIRED), "REJECTED or FILLED"),
        ],
    )
    def test_word_that_cannot_be_given(self, world: World, word: Word, complaint: str) -> None:
        """It needs a reason, and an end that such an order can have."""
        unknown(world)

        with pytest.raises(InvalidInput, match=complaint):
            reconciliation(world).resolve("A1", word)

        assert state_of(world) is State.UNKNOWN

    def test_only_of_unknown_orders(self, world: World) -> None:
        """What is not UNKNOWN needs no word, and what nobody knows has none."""
        world.received(order_id="A1")

        for order_id in ("A1", "A2"):
            with pytest.raises(InvalidInput):
                reconciliation(world).resolve(order_id, REJECTED)

    def test_too_early(self, world: World) -> None:
        """An order of a moment ago is the desk's: history arrives late."""
        world.ledger.move(submitting(world), State.UNKNOWN, world.clock.now(), execution=TICKET)

        with pytest.raises(InvalidInput, match="less than 30 s"):
            reconciliation(world).resolve("A1", REJECTED)

    def test_cancel_whose_target_is_gone(self, world: World) -> None:
        """The broker can never tell of it: there a person may say DONE."""
        unknown(world, order_action="CANCEL", mt5_ticket=9, lot_size=None, tp_price=None, sl_price=None)
        world.broker.otherwise = CannotTell("9 is neither pending nor in the history")

        assert reconciliation(world).resolve("A1", replace(REJECTED, state=State.DONE)).state is State.DONE

    def test_not_while_a_desk_is_open(self, world: World) -> None:
        """It is written under the lease, or not at all."""
        unknown(world)
        world.lease()

        with pytest.raises(NotRunning):
            reconciliation(world).resolve("A1", REJECTED)

    def test_evidence_is_shown_without_the_lease(self, world: World) -> None:
        """A person can look beside an open desk."""
        unknown(world)
        world.lease()

        record, finding = evidence("A1", REJECTED, ledger=world.ledger, broker=world.broker)

        assert (record.state, finding) == (State.UNKNOWN, Absent())

    def test_death_before_the_write_leaves_the_intent(self, world: World) -> None:
        """The audit says what was about to be written; the order is as it was, and it can be said again."""
        unknown(world)
        keeps_moving = world.ledger.move
        world.ledger.move = cannot_move  # type: ignore[method-assign,assignment]

        with pytest.raises(StoreUnavailable):
            reconciliation(world).resolve("A1", REJECTED)

        assert (state_of(world), len(world.ledger.audit())) == (State.UNKNOWN, 1)
        world.ledger.move = keeps_moving  # type: ignore[method-assign]
        assert reconciliation(world).resolve("A1", REJECTED).state is State.REJECTED


def cannot_move(*_: object, **__: object) -> OrderRecord:
    raise StoreUnavailable("throttled")


class TestDeath:
    """Killed at any call, and then left to desks."""

    @pytest.mark.parametrize("answer", ["unknown, done", "unknown, not done"])
    def test_reconciling_can_die_anywhere(self, answer: str) -> None:
        """Whatever it had done, the next desk ends with ledger and broker agreeing, and nothing sent twice."""
        killed = True
        kill_at = 0
        while killed:
            world = CrashWorld()
            world.broker.answers.extend(one for one in ANSWERS if one.name == answer)
            world.send("A1")
            world.run_desk(2)
            world.clock.step(LEASE_IS_OVER)
            killed = dies_reconciling(world, kill_at)
            world.leave_alone()

            assert list(world.violations()) == [], kill_at
            kill_at += 1
        assert kill_at > 10


def dies_reconciling(world: CrashWorld, kill_at: int) -> bool:
    """Reconciles until its boundary number *kill_at*; whether it came so far."""
    world.passed.clear()
    world.kill_at = kill_at
    desk = world._desk("x")
    one = Reconciliation(
        ledger=desk.ledger, broker=desk.broker, events=desk.events, clock=desk.clock, rules=desk.rules, owner="x"
    )
    try:
        one.run()
    except Killed:
        return True
    return False
