"""What throws the kill switch by itself, to which mode, when it does not, and what a release means to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.domain.broker import Absent, Account, CannotTell
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import magic_of
from axia_core.domain.outcomes import MarketClosed, Settled, Unknown
from axia_core.domain.triggers import UnknownRule, disagreement
from axia_core.errors import SourceUnavailable, StoreUnavailable, VersionConflict
from axia_core.services.guard import Guard
from tests.services.conftest import World
from tests.services.test_flatten import pending, position
from tests.services.test_reconciliation import reconciliation

SECOND = timedelta(seconds=1)
STRAY = disagreement(7, "position 7 is of nobody")


def work(world: World, seconds: float, owner: str = "desk") -> None:
    """A desk works for a while, and its lease ends."""
    ends = world.clock.now() + timedelta(seconds=seconds)
    list(world.desk(owner).run(lambda: world.clock.now() >= ends))


def guard(world: World) -> Guard:
    rules = world.rules
    return Guard("desk", rules.limits, rules.unknowns, world.ledger, world.broker, world.clock, world.events)


def change(world: World, wanted: KillSwitch) -> None:
    world.clock.step(SECOND)
    world.ledger.set_kill_switch(wanted, world.ledger.kill_switch().version, world.clock.now())
    world.clock.step(SECOND)


def release(world: World) -> None:
    change(world, KillSwitch(active=False, reason="looked at", who="a person"))


def criticals(world: World) -> list[str]:
    return [text for kind, severity, text in world.events.published if (kind, severity) == ("kill_switch", "critical")]


def switch(world: World) -> tuple[bool, Mode, str]:
    found = world.ledger.kill_switch()
    return found.active, found.mode, found.reason.split(":")[0]


class TestEquity:
    """A falling account leaves the way out open."""

    @pytest.mark.parametrize(("equity", "code"), [(9_400, "DAILY_LOSS"), (7_900, "DAILY_LOSS")])
    def test_falling_account_stops_without_an_order(self, world: World, equity: int, code: str) -> None:
        """The switch is thrown to REDUCE_ONLY in the desk's rounds, while nothing is sent."""
        started = world.clock.now()

        def falls() -> bool:
            if world.clock.now() - started > 3 * SECOND:
                world.broker.equity = Decimal(equity)
            return world.clock.now() - started > 20 * SECOND

        list(world.desk().run(falls))

        assert switch(world) == (True, Mode.REDUCE_ONLY, code)
        assert world.ledger.kill_switch().who == "desk"
        assert f"{equity}" in criticals(world)[0]
        assert [line.outcome.split(":")[0] for line in world.ledger.audit()][:1] == [code]

    def test_drawdown_is_counted_over_days_and_desks(self, world: World) -> None:
        """What is lost slowly, a little each day, stops trading all the same."""
        for equity in (10_000, 9_600, 9_200, 8_800, 8_400):
            world.broker.equity = Decimal(equity)
            work(world, 2)
            assert not world.ledger.kill_switch().active
            world.clock.step(timedelta(days=1) if world.clock.now().weekday() != 4 else timedelta(days=3))
        world.broker.equity = Decimal(8_000)

        work(world, 2)

        assert switch(world) == (True, Mode.REDUCE_ONLY, "DRAWDOWN")

    def test_release_begins_the_drawdown_anew(self, world: World) -> None:
        """After a person released it the same fall does not throw it again, and a further one does."""
        watch = guard(world)
        watch.look()
        world.broker.equity = Decimal(7_900)
        watch.look()
        release(world)

        guard(world).look()
        assert not world.ledger.kill_switch().active
        world.broker.equity = Decimal(6_300)
        guard(world).look()

        assert switch(world) == (True, Mode.REDUCE_ONLY, "DRAWDOWN")

    def test_released_daily_loss_refuses_entries_and_does_not_throw_again(self, world: World) -> None:
        """The rest of that day entries are refused by the limit; the switch stays as the person left it."""
        work(world, 1)
        world.broker.equity = Decimal(9_400)
        work(world, 1)
        assert switch(world)[2] == "DAILY_LOSS"
        release(world)
        world.send(order_id="A1")

        work(world, 10)

        found = world.ledger.order("A1")
        assert found is not None
        assert (found.state, found.reason.split(":")[0]) == (State.REFUSED, "DAILY_LOSS")
        assert not world.ledger.kill_switch().active

    def test_terminal_that_is_away_throws_nothing(self, world: World) -> None:
        """An account that cannot be read is no evidence."""
        watch = replace(guard(world), broker=AwayBroker(world.clock))

        watch.look()

        assert (world.ledger.kill_switch().active, watch.peak) == (False, None)


class AwayBroker(MemoryBroker):
    """A terminal that does not answer."""

    def account(self) -> Account:
        raise SourceUnavailable("away")


class TestUnknowns:
    """Repeated unknown outcomes stop everything: nobody knows what is in the book."""

    def unknown(self, world: World, *order_ids: str) -> None:
        world.broker.otherwise = CannotTell("away")
        for order_id, symbol in zip(order_ids, ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD"), strict=False):
            world.broker.script.append(Unknown("no answer"))
            world.send(order_id=order_id, symbol=symbol)

    def test_counted_over_desks(self, world: World) -> None:
        """Two before a restart and one after it are three."""
        self.unknown(world, "A1", "A2")
        work(world, 3)
        assert not world.ledger.kill_switch().active
        world.broker.script.append(Unknown("no answer"))
        world.send(order_id="A3", symbol="USDJPY")

        work(world, 3, "desk-2")

        assert switch(world) == (True, Mode.HALT, "UNKNOWNS")

    def test_window(self, world: World) -> None:
        """What lies further apart than the window does not add up."""
        world.rules = replace(world.rules, unknowns=UnknownRule(count=2, window=timedelta(seconds=60)))
        self.unknown(world, "A1")
        work(world, 2)
        world.clock.step(timedelta(seconds=61))
        world.broker.script.append(Unknown("no answer"))
        world.send(order_id="A2", symbol="USDJPY")

        work(world, 2)

        assert not world.ledger.kill_switch().active

    def test_those_before_the_release_do_not_count(self, world: World) -> None:
        """After a release it takes as many again: one more does not throw it."""
        self.unknown(world, "A1", "A2", "A3")
        work(world, 3)
        assert switch(world) == (True, Mode.HALT, "UNKNOWNS")
        release(world)
        world.broker.script.append(Unknown("no answer"))
        world.send(order_id="A4", symbol="AUDUSD")

        work(world, 10)

        assert [order.order_id for order in world.broker.submitted][-1] == "A4"

        assert not world.ledger.kill_switch().active


class TestDisagreement:
    """Where ledger and broker do not agree nothing more is sent."""

    def test_position_of_ours_that_nobody_ordered(self, world: World) -> None:
        """A survey finds it, and the switch goes to HALT."""
        world.broker.open_positions = [replace(position(7), magic=magic_of("never"))]

        work(world, 70)

        assert switch(world) == (True, Mode.HALT, "STRAY")

    def test_position_of_others_stops_nothing(self, world: World) -> None:
        """Somebody else's trade on the account is not ours to judge."""
        world.broker.open_positions = [replace(position(7), magic=12)]

        work(world, 70)

        assert not world.ledger.kill_switch().active

    def test_released_stray_does_not_throw_again(self, world: World) -> None:
        """The next desk sees the same position anew, and knows that it was there before the release."""
        world.broker.open_positions = [replace(position(7), magic=magic_of("never"))]
        work(world, 70)
        release(world)

        work(world, 70, "desk-2")

        assert not world.ledger.kill_switch().active

    @pytest.mark.parametrize("first", [State.PLACED, State.UNKNOWN])
    def test_acknowledged_order_without_a_trace(self, world: World, first: State) -> None:
        """The broker had accepted it, and for the whole of the absence shows nothing of it."""
        acknowledged = Execution(ticket=5)
        placed = Settled(state=State.PLACED, execution=acknowledged)
        world.broker.script.append(placed if first is State.PLACED else Unknown("10008", acknowledged))
        world.broker.otherwise = Absent()
        world.send(order_id="A1", order_type="LIMIT", entry_price=149.5, sl_price=149.0)

        work(world, 150)

        assert switch(world) == (True, Mode.HALT, "NO_TRACE")

    def test_order_that_was_never_acknowledged_is_no_disagreement(self, world: World) -> None:
        """It was not executed, and that is all."""
        world.broker.script.append(Unknown("no answer"))
        world.send(order_id="A1")

        work(world, 60)

        assert not world.ledger.kill_switch().active


class TestThrowing:
    """The one place that writes: it only makes stricter, and loses to whoever is newer."""

    def test_stricter_than_reduce_only(self, world: World) -> None:
        """REDUCE_ONLY becomes HALT where what is in the book is not known."""
        change(world, KillSwitch(active=True, mode=Mode.REDUCE_ONLY, who="a person"))

        assert guard(world).throw(STRAY)
        assert switch(world) == (True, Mode.HALT, "STRAY")

    def test_further_reason_is_told_once(self, world: World) -> None:
        """Under HALT it is left as it is; who releases it finds the further reason in the audit."""
        change(world, KillSwitch(active=True, reason="lunch", who="a person"))
        watch = guard(world)

        assert not watch.throw(STRAY)
        assert not watch.throw(STRAY)

        assert switch(world) == (True, Mode.HALT, "lunch")
        assert [line.outcome for line in world.ledger.audit() if "further" in line.what] == [str(STRAY)]
        assert len(criticals(world)) == 1

    def test_release_between_seeing_and_throwing_wins(self, world: World) -> None:
        """Evidence that is older than a person's change throws nothing, also when the write is tried again."""
        world.ledger = ReleasedMeanwhile(KillSwitch(active=False, version=1), world)
        watch = guard(world)

        assert not watch.throw(STRAY)
        assert (world.ledger.kill_switch().active, world.ledger.kill_switch().who) == (False, "a person")

    def test_death_between_seeing_and_throwing(self, world: World) -> None:
        """The next desk throws it: what was seen first is older than nothing that a person did."""
        world.ledger = CannotThrow(KillSwitch(active=False, version=1))
        with pytest.raises(StoreUnavailable):
            guard(world).throw(STRAY)
        world.clock.step(60 * SECOND)
        world.ledger.broken = False

        assert guard(world).throw(STRAY)

    def test_unreadable_switch_is_halt_already(self, world: World) -> None:
        """Nothing is written over a switch that cannot be read."""
        world.ledger = MemoryOrderLedger()

        assert not guard(world).throw(STRAY)
        assert not world.ledger.kill_switch().known


class ReleasedMeanwhile(MemoryOrderLedger):
    """A person throws and releases the switch in the very moment before the first write."""

    def __init__(self, first: KillSwitch, world: World) -> None:
        super().__init__(first)
        self._world, self._done = world, False

    def set_kill_switch(self, wanted: KillSwitch, expected_version: int, now: datetime) -> KillSwitch:
        if not self._done:
            self._done = True
            self._world.clock.step(SECOND)
            at, off = self._world.clock.now(), KillSwitch(active=False, who="a person")
            super().set_kill_switch(off, expected_version, at)
            raise VersionConflict("moved")
        return super().set_kill_switch(wanted, expected_version, now)


class CannotThrow(MemoryOrderLedger):
    """Writes evidence, and not the switch."""

    broken = True

    def set_kill_switch(self, wanted: KillSwitch, expected_version: int, now: datetime) -> KillSwitch:
        if self.broken:
            raise StoreUnavailable("throttled")
        return super().set_kill_switch(wanted, expected_version, now)


class TestPendingOrders:
    """They would fill under the switch that AXIA has thrown, so they leave the broker."""

    def book(self, world: World) -> None:
        world.broker.pending_orders = [replace(pending(3), magic=magic_of("A1")), pending(4)]

    def left(self, world: World) -> list[int]:
        return [one.ticket for one in world.broker.pending_orders]

    def test_ours_are_cancelled(self, world: World) -> None:
        """Those with a number of ours go at once, audited; somebody else's stay."""
        self.book(world)
        work(world, 1)
        world.broker.equity = Decimal(9_000)

        work(world, 3)

        assert self.left(world) == [4]
        assert [line.what.split(",")[-1] for line in world.ledger.audit()[1:]] == [" ticket 3", " ticket 3"]

    def test_next_desk_does_it_where_the_first_died(self, world: World) -> None:
        """A switch that was thrown, and nothing after it."""
        self.book(world)
        assert guard(world).throw(STRAY)

        work(world, 3, "desk-2")

        assert self.left(world) == [4]

    def test_reconciliation_does_it_too(self, world: World) -> None:
        """Also where no desk is open."""
        self.book(world)
        world.broker.open_positions = [replace(position(7), magic=magic_of("never"))]

        reconciliation(world).run()

        assert self.left(world) == [4]

    def test_person_s_switch_is_left_to_the_person(self, world: World) -> None:
        """Whoever throws it by hand has chosen what happens to pending orders."""
        self.book(world)
        change(world, KillSwitch(active=True, who="a person"))

        work(world, 10)

        assert self.left(world) == [3, 4]

    def test_person_may_leave_them_to_the_desk(self, world: World) -> None:
        """Who calls no broker, as the console, says so with the switch, and ours are cancelled."""
        self.book(world)
        change(world, KillSwitch(active=True, who="a person", cancel_pending=True))

        work(world, 10)

        assert self.left(world) == [4]

    def test_what_cannot_be_cancelled_is_told(self, world: World) -> None:
        """Tried once, named in a critical event, and the desk goes on."""
        self.book(world)
        world.broker.script.append(MarketClosed(10018, "closed"))
        guard(world).throw(STRAY)

        work(world, 30)

        assert self.left(world) == [3, 4]
        assert "left: 3" in criticals(world)[-1]
        assert [order.mt5_ticket for order in world.broker.submitted] == [3]
