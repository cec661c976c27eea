"""One contract for every broker: in memory, and MT5 over the paper terminal in its own process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.broker import Absent, CannotTell, Evidence
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled, Unknown
from axia_core.errors import ServerClockMismatch, SourceUnavailable, WrongAccount
from axia_core.ports import Broker
from axia_core.settings import Settings

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)


def profile(now: datetime = NOW, **changes: Any) -> TerminalProfile:
    return TerminalProfile.model_validate({"clock": {"fixed": now.isoformat()}, **changes})


class PaperWorld:
    """MT5 over a paper terminal whose time stands still."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SteppedClock(NOW)
        self.settings = Settings(mt5_path=folder, mt5_deadline_s=2.0)
        create_terminal(folder, profile())
        self.terminal = open_terminal(self.settings)
        self.broker = Mt5Broker(self.terminal, ServerClock(), self.clock, self.settings)

    def set(self, **changes: Any) -> None:
        create_terminal(self.folder, profile(self.clock.now(), **changes))

    def move_to(self, now: datetime) -> None:
        self.clock.step(now - self.clock.now())
        self.set()


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[PaperWorld]:
    world = PaperWorld(tmp_path / "paper")
    yield world
    world.terminal.close()


@pytest.fixture(params=["memory", "mt5"])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "memory":
        return MemoryBroker(SteppedClock(NOW))
    world: PaperWorld = request.getfixturevalue("paper")
    return world.broker


def order(order_id: str = "A1", **changes: Any) -> Order:
    values = {"symbol": "USDJPY", "action": Action.BUY, "kind": Kind.MARKET, "lots": Decimal("0.1")}
    return Order(order_id=order_id, **(values | changes))


def send_by() -> datetime:
    return NOW + timedelta(seconds=5)


def test_quote_is_ordered_and_of_now(broker: Broker) -> None:
    """Bid lies below ask, and the quote's time is UTC of now."""
    quote = broker.quote("USDJPY")

    assert Decimal(0) < quote.bid < quote.ask
    assert abs(NOW - quote.at) < timedelta(minutes=1)


def test_account_says_demo(broker: Broker) -> None:
    """The account is known, and known to be a demo."""
    assert broker.account().demo


def test_standing_is_what_its_parts_say(broker: Broker) -> None:
    """Account, positions and quote read together are those that are read one by one."""
    broker.submit(order(), send_by())

    standing = broker.standing("USDJPY")

    assert standing.account == broker.account()
    assert standing.positions == broker.positions()
    assert standing.quote == broker.quote("USDJPY")


def test_market_order_fills_with_exact_lots(broker: Broker) -> None:
    """A market order is FILLED, with ticket, price and the lots that were asked."""
    outcome = broker.submit(order(), send_by())

    assert isinstance(outcome, Settled)
    assert (outcome.state, outcome.execution.lots) == (State.FILLED, Decimal("0.1"))
    assert outcome.execution.ticket
    assert outcome.execution.price


def test_no_trace_of_what_was_never_sent(broker: Broker) -> None:
    """An order that was never sent is absent."""
    assert broker.find(order("never"), NOW) == Absent()


class TestMt5:
    """What only the terminal can show."""

    def test_balance_is_the_sum_of_its_history(self, paper: PaperWorld) -> None:
        """From the beginning, deals and bookings sum to the balance; the first deposit is a booking and no deal."""
        paper.set(rules={"commission_per_lot": 3.0})
        paper.broker.submit(order(), send_by())
        ever = datetime(1969, 12, 1, tzinfo=UTC), NOW + timedelta(days=1)

        deals, bookings = paper.broker.deals(*ever), paper.broker.bookings(*ever)

        assert [(one.what, one.amount) for one in bookings] == [("deposit or withdrawal", Decimal(100_000))]
        assert [one.net for one in deals] == [Decimal("-0.3")]
        assert paper.broker.account().balance == Decimal("99999.7")
        assert paper.broker.bookings(NOW, ever[1]) == ()

    def test_fill_is_found_by_its_magic(self, paper: PaperWorld) -> None:
        """The evidence of a fill carries the deal's ticket, price and lots."""
        outcome = paper.broker.submit(order(), send_by())

        found = paper.broker.find(order(), NOW)

        assert isinstance(outcome, Settled)
        assert isinstance(found, Evidence)
        assert found.state is State.FILLED
        assert found.execution.ticket == outcome.execution.ticket
        assert (found.execution.price, found.execution.lots) == (outcome.execution.price, Decimal("0.1"))

    def test_stops_reach_the_position(self, paper: PaperWorld) -> None:
        """Stop loss and take profit of the order stand on the position, which carries magic and token."""
        bid = paper.broker.quote("USDJPY").bid
        wanted = order(stop_loss=bid - 1, take_profit=bid + 1)

        paper.broker.submit(wanted, send_by())

        (position,) = paper.broker.positions()
        assert (position.stop_loss, position.take_profit) == (bid - 1, bid + 1)
        assert (position.magic, position.comment) == (wanted.magic, wanted.token)

    def test_pending_order_is_placed_found_and_cancelled(self, paper: PaperWorld) -> None:
        """A LIMIT is PLACED and found pending; its CANCEL is DONE, and then it is found CANCELLED."""
        bid = paper.broker.quote("USDJPY").bid
        limit = order(kind=Kind.LIMIT, entry_price=bid - 1)
        placed = paper.broker.submit(limit, send_by())
        assert isinstance(placed, Settled)
        pending = paper.broker.find(limit, NOW)
        cancel = order("C1", action=Action.CANCEL, lots=None, mt5_ticket=placed.execution.ticket)

        cancelled = paper.broker.submit(cancel, send_by())

        assert placed.state is State.PLACED
        assert isinstance(pending, Evidence)
        assert pending.state is State.PLACED
        assert isinstance(cancelled, Settled)
        assert cancelled.state is State.DONE
        after, proof = paper.broker.find(limit, NOW), paper.broker.find(cancel, NOW)
        assert isinstance(after, Evidence)
        assert isinstance(proof, Evidence)
        assert (after.state, proof.state) == (State.CANCELLED, State.DONE)

    def test_close_in_part_and_whole(self, paper: PaperWorld) -> None:
        """A CLOSE takes part of a position, a second one the rest, and both are DONE."""
        opened = paper.broker.submit(order(), send_by())
        assert isinstance(opened, Settled)
        ticket = opened.execution.ticket

        part = paper.broker.submit(order("C1", action=Action.CLOSE, lots=Decimal("0.04"), mt5_ticket=ticket), send_by())
        remaining = paper.broker.positions()[0].lots
        rest = paper.broker.submit(order("C2", action=Action.CLOSE, lots=None, mt5_ticket=ticket), send_by())

        assert isinstance(part, Settled)
        assert isinstance(rest, Settled)
        assert (part.state, rest.state, remaining) == (State.DONE, State.DONE, Decimal("0.06"))
        assert paper.broker.positions() == ()

    def test_modify_moves_the_stops(self, paper: PaperWorld) -> None:
        """A MODIFY sets the stop loss, keeps the rest, and is proved by the position."""
        bid = paper.broker.quote("USDJPY").bid
        opened = paper.broker.submit(order(take_profit=bid + 1), send_by())
        assert isinstance(opened, Settled)
        modify = order("M1", action=Action.MODIFY, lots=None, stop_loss=bid - 2, mt5_ticket=opened.execution.ticket)

        changed = paper.broker.submit(modify, send_by())

        (position,) = paper.broker.positions()
        assert isinstance(changed, Settled)
        assert changed.state is State.DONE
        assert (position.stop_loss, position.take_profit) == (bid - 2, bid + 1)
        assert isinstance(paper.broker.find(modify, NOW), Evidence)

    def test_closing_nothing_is_not_sent(self, paper: PaperWorld) -> None:
        """A CLOSE of a ticket that has no position is refused before anything is sent."""
        outcome = paper.broker.submit(order(action=Action.CLOSE, mt5_ticket=4711), send_by())

        assert isinstance(outcome, NotSent)
        assert not outcome.can_wait

    def test_no_money_is_rejected_by_the_check(self, paper: PaperWorld) -> None:
        """An order that the account cannot carry is REJECTED by the terminal's own check."""
        paper.set(account={"leverage": 10})

        outcome = paper.broker.submit(order(lots=Decimal(100)), send_by())

        assert isinstance(outcome, Settled)
        assert outcome.state is State.REJECTED
        assert outcome.execution.retcode == 10019

    def test_closed_market(self, paper: PaperWorld) -> None:
        """On a Saturday the broker says that the market is closed."""
        paper.broker.quote("USDJPY")
        paper.move_to(SATURDAY)

        outcome = paper.broker.submit(order(), SATURDAY + timedelta(seconds=5))

        assert isinstance(outcome, MarketClosed)

    def test_after_its_time_nothing_is_sent(self, paper: PaperWorld) -> None:
        """A send_by in the past is not sent, and the order may wait."""
        outcome = paper.broker.submit(order(), NOW - timedelta(seconds=1))

        assert isinstance(outcome, NotSent)
        assert paper.broker.positions() == ()

    @pytest.mark.parametrize("after", [False, True])
    def test_death_in_mid_send_is_unknown_and_evidence_decides(self, paper: PaperWorld, after: bool) -> None:
        """When the process dies in mid-send the outcome is Unknown; the search then finds it, or its absence."""
        paper.broker.quote("USDJPY")
        write_plan(paper.folder, Fault(function="order_send", every=1, die=True, after=after))

        outcome = paper.broker.submit(order(), send_by())

        assert isinstance(outcome, Unknown)
        assert isinstance(paper.broker.find(order(), NOW), Evidence if after else Absent)

    @pytest.mark.parametrize("retcode", [10011, 10012, 10031])
    def test_doubtful_retcode_with_effect_is_unknown(self, paper: PaperWorld, retcode: int) -> None:
        """A doubtful answer to an order that took effect is Unknown, and evidence finds the fill."""
        write_plan(paper.folder, Fault(function="order_send", every=1, retcode=retcode, after=True))

        outcome = paper.broker.submit(order(), send_by())

        assert isinstance(outcome, Unknown)
        found = paper.broker.find(order(), NOW)
        assert isinstance(found, Evidence)
        assert found.state is State.FILLED

    def test_without_connection_nobody_can_tell(self, paper: PaperWorld) -> None:
        """While the terminal has lost its broker, absence proves nothing."""
        write_plan(paper.folder, Fault(function="*", every=1, disconnected=True))

        assert isinstance(paper.broker.find(order(), NOW), CannotTell)

    def test_stale_ticks_prove_nothing(self, paper: PaperWorld) -> None:
        """With an old tick absence proves nothing."""
        write_plan(paper.folder, Fault(function="symbol_info_tick", every=1, stale_s=600.0))

        assert isinstance(paper.broker.find(order(), NOW), CannotTell)

    def test_live_account_is_refused(self, paper: PaperWorld) -> None:
        """A live account is refused while the settings say demo."""
        paper.set(account={"trade_mode": "real"})

        with pytest.raises(WrongAccount, match="live"):
            paper.broker.account()

    def test_wrong_server_clock_is_refused(self, paper: PaperWorld) -> None:
        """A server that is an hour ahead of the configured clock is refused before anything is sent."""
        paper.set(server={"zone": "America/New_York", "shift_h": 8})

        with pytest.raises(ServerClockMismatch, match="mt5_server_shift_h"):
            paper.broker.account()

    def test_broker_suffix_is_resolved(self, paper: PaperWorld) -> None:
        """A broker that calls the pair USDJPYm is traded under our name."""
        paper.set(symbol_suffix="m")

        outcome = paper.broker.submit(order(), send_by())

        assert isinstance(outcome, Settled)
        assert paper.broker.positions()[0].symbol == "USDJPYm"

    def test_position_is_evidence_while_history_is_late(self, paper: PaperWorld) -> None:
        """A fill whose answer was lost is found by its position, long before the history shows it."""
        lost = Fault(function="order_send", calls=(1,), error=(-10005, "IPC timeout"), after=True)
        late = [Fault(function=f"history_{what}_get", every=1, late_s=20) for what in ("deals", "orders")]
        write_plan(paper.folder, lost, *late)

        outcome, found = paper.broker.submit(order(), send_by()), paper.broker.find(order(), NOW)

        assert isinstance(outcome, Unknown)
        assert isinstance(found, Evidence)
        assert (found.state, found.execution.lots, found.found_in) == (State.FILLED, Decimal("0.1"), "positions")

    def test_partial_fill_is_found_as_partial(self, paper: PaperWorld) -> None:
        """The evidence of an order that was filled in part says so, and how much."""
        paper.set(rules={"fills_at_most": 0.04, "filling_mask": 2})

        outcome, found = paper.broker.submit(order(), send_by()), paper.broker.find(order(), NOW)

        assert isinstance(outcome, Settled)
        assert isinstance(found, Evidence)
        assert outcome.state is found.state is State.PARTIALLY_FILLED
        assert outcome.execution.lots == found.execution.lots == Decimal("0.04")

    def test_switched_account_sends_nothing(self, paper: PaperWorld) -> None:
        """A terminal that somebody switched to another account in mid-life sends nothing, whatever is asked."""
        opened = ticket_of(paper.broker.submit(order(), send_by()))
        paper.set(account={"login": 4711})

        for wanted in (order("A2"), order("C1", action=Action.CLOSE, mt5_ticket=opened)):
            with pytest.raises(WrongAccount, match="4711"):
                paper.broker.submit(wanted, send_by())
        assert [position.lots for position in paper.broker.positions()] == [Decimal("0.1")]

    def test_account_switched_after_the_limits_sends_nothing(self, paper: PaperWorld) -> None:
        """The look at the account that the limits had serves the order too; the worker looks as it sends."""
        paper.broker.standing("USDJPY")
        paper.set(account={"login": 4711})

        outcome = paper.broker.submit(order(), send_by())

        assert isinstance(outcome, NotSent)
        assert "4711" in outcome.reason
        assert paper.broker.positions() == ()

    @pytest.mark.parametrize("seconds", [0.0, 0.5])
    def test_look_at_the_account_serves_one_entry_and_a_moment(self, paper: PaperWorld, seconds: float) -> None:
        """The entry after the next looks itself, and so does one that comes later than its limits would allow."""
        paper.broker.standing("USDJPY")
        if not seconds:
            paper.broker.submit(order(), send_by())
        paper.clock.step(timedelta(seconds=seconds))
        paper.set(account={"login": 4711})

        with pytest.raises(WrongAccount, match="4711"):
            paper.broker.submit(order("A2"), send_by() + timedelta(seconds=seconds))

    def test_exit_looks_at_the_account_itself(self, paper: PaperWorld) -> None:
        """In another account its position is not there: it would be refused for good."""
        opened = ticket_of(paper.broker.submit(order(), send_by()))
        paper.broker.standing("USDJPY")
        paper.set(account={"login": 4711})

        with pytest.raises(WrongAccount, match="4711"):
            paper.broker.submit(order("C1", action=Action.CLOSE, mt5_ticket=opened), send_by())

    def test_standing_in_another_account_is_none(self, paper: PaperWorld) -> None:
        """Another account's positions are nobody's limits."""
        paper.broker.quote("USDJPY")
        paper.set(account={"login": 4711})

        with pytest.raises(WrongAccount, match="4711"):
            paper.broker.standing("USDJPY")

    @pytest.mark.parametrize("part", ["account_info", "positions_get", "symbol_info_tick"])
    def test_standing_without_one_part_is_unknown(self, paper: PaperWorld, part: str) -> None:
        """An answer that fails among those that come together is told by its name."""
        paper.broker.quote("USDJPY")
        write_plan(paper.folder, Fault(function=part, every=1, error=(-1, "no memory")))

        with pytest.raises(SourceUnavailable, match=f"{part} was not answered: no memory"):
            paper.broker.standing("USDJPY")

    def test_absence_in_another_account_is_no_absence(self, paper: PaperWorld) -> None:
        """A search in a terminal at another account is no search."""
        paper.broker.quote("USDJPY")
        paper.set(account={"login": 4711})

        with pytest.raises(WrongAccount):
            paper.broker.find(order(), NOW)

    def test_cancel_of_what_is_not_pending_is_not_sent(self, paper: PaperWorld) -> None:
        """A second CANCEL, and one of a position's ticket, are refused before anything is sent."""
        limit = order(kind=Kind.LIMIT, entry_price=paper.broker.quote("USDJPY").bid - 1)
        pending, opened = (ticket_of(paper.broker.submit(one, send_by())) for one in (limit, order("A2")))
        cancel = order("C1", action=Action.CANCEL, lots=None, mt5_ticket=pending)
        paper.broker.submit(cancel, send_by())

        for ticket in (pending, opened, 4711):
            again = order("C2", action=Action.CANCEL, lots=None, mt5_ticket=ticket)
            assert_refused_for_good(paper.broker.submit(again, send_by()), "no pending USDJPY order")

    @pytest.mark.parametrize("kind", [Kind.MARKET, Kind.LIMIT])
    @pytest.mark.parametrize("action", [Action.CLOSE, Action.CANCEL, Action.MODIFY])
    def test_ticket_of_another_symbol_is_refused(self, paper: PaperWorld, kind: Kind, action: Action) -> None:
        """What acts on a ticket acts on its symbol: prices of one must never reach another."""
        price = paper.broker.quote("EURUSD").bid - Decimal("0.01") if kind is Kind.LIMIT else None
        other = order(symbol="EURUSD", kind=kind, entry_price=price)
        ticket = ticket_of(paper.broker.submit(other, send_by()))
        stop_loss = Decimal(149) if action is Action.MODIFY else None

        wrong = order("M1", action=action, lots=None, mt5_ticket=ticket, stop_loss=stop_loss)

        assert_refused_for_good(paper.broker.submit(wrong, send_by()), "USDJPY")

    def test_entry_price_of_a_position_is_refused(self, paper: PaperWorld) -> None:
        """A pending order that has become a position has no price to move any more."""
        ticket = ticket_of(paper.broker.submit(order(), send_by()))
        modify = order("M1", action=Action.MODIFY, lots=None, mt5_ticket=ticket, entry_price=Decimal(149))

        assert_refused_for_good(paper.broker.submit(modify, send_by()), "is a position")

    @pytest.mark.parametrize("action", [Action.BUY, Action.CLOSE, Action.MODIFY])
    def test_symbol_without_a_market_is_refused(self, paper: PaperWorld, action: Action) -> None:
        """A symbol that this broker does not have refuses the order, and does not end the desk."""
        paper.set(symbols=("EURUSD",))
        ticket = None if action is Action.BUY else 9

        outcome = paper.broker.submit(order(action=action, mt5_ticket=ticket, stop_loss=Decimal(149)), send_by())

        assert_refused_for_good(outcome, "USDJPY")
        assert isinstance(paper.broker.find(order(action=Action.MODIFY, mt5_ticket=9), NOW), CannotTell)


def ticket_of(outcome: Outcome) -> int:
    """The ticket of what must have been executed or placed."""
    assert isinstance(outcome, Settled)
    assert outcome.execution.ticket is not None
    return outcome.execution.ticket


def assert_refused_for_good(outcome: Outcome, why: str) -> None:
    assert isinstance(outcome, NotSent)
    assert not outcome.can_wait
    assert why in outcome.reason
