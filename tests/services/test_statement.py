"""The statement of a trading day: what matches, what the broker did by itself, and each way of not matching."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.memory_statements import MemoryStatements
from axia_core.domain.broker import Booking, Deal, DealBy
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import magic_of
from axia_core.domain.statement import Statement, Verdict
from axia_core.domain.statement_document import from_document, to_document
from axia_core.errors import InvalidInput, NotATradingDay
from axia_core.services.statement import keep_statement, statement
from tests.services.conftest import WEDNESDAY, World
from tests.services.test_survey import deal

DAY = date(2026, 7, 1)
TOMORROW = date(2026, 7, 2)
DEPOSIT = Booking(
    ticket=900, what="deposit or withdrawal", amount=Decimal(10_000), comment="", at=WEDNESDAY - timedelta(days=90)
)


def executed(world: World, order_id: str = "A1", state: State = State.FILLED, **changes: Any) -> None:
    record = world.received(order_id=order_id)
    lease = world.ledger.lease_holder(world.clock.now()) or world.lease()
    begun = world.ledger.begin_attempt(record, lease, world.clock.now())
    assert begun is not None
    said = replace(Execution(ticket=7, deal=1, price=Decimal(150), lots=Decimal("0.1")), **changes)
    world.ledger.move(begun, state, world.clock.now(), execution=said)


def opening(**changes: Any) -> Deal:
    values: dict[str, Any] = {"order": 7, "price": Decimal(150), "profit": Decimal("66.2"), "magic": magic_of("A1")}
    return deal(1, closes=False, **(values | changes))


def make(world: World, *deals: Deal, statements: MemoryStatements | None = None, day: date = DAY) -> Statement:
    """The statement as it is an hour later, of an account whose history explains its balance."""
    world.broker.history = deals
    world.broker.balance = sum((one.net for one in deals), Decimal(10_000))
    world.broker.booked = [DEPOSIT]
    return look(world, statements or MemoryStatements(), day)


def look(world: World, statements: MemoryStatements, day: date = DAY) -> Statement:
    world.clock.step(timedelta(hours=1))
    return statement(day, ledger=world.ledger, broker=world.broker, statements=statements, clock=world.clock)


def test_same_on_both_sides_matches(world: World) -> None:
    """An order with the broker's ticket, lots and price matches, and the day's sums are the deals'."""
    executed(world)

    found = make(world, opening())

    assert found.matches
    assert [item.origin for item in found.items] == ["order A1"]
    assert (found.total("commission"), found.net) == (Decimal("-0.3"), Decimal("65.9"))


def test_order_that_was_found_at_the_broker_matches(world: World) -> None:
    """An order that a rewound ledger never sent, and found at the broker, matches like any other."""
    record = world.ledger.move(world.received(order_id="A1"), State.UNKNOWN, world.clock.now())
    said = Execution(ticket=7, deal=1, price=Decimal(150), lots=Decimal("0.1"))
    world.ledger.move(record, State.FILLED, world.clock.now(), execution=said)

    assert make(world, opening()).matches


def test_split_fill_counts_together(world: World) -> None:
    """An order that was filled by two deals matches by their sum and average."""
    executed(world, price=Decimal("150.1"))
    parts = [opening(lots=Decimal("0.05")), replace(opening(lots=Decimal("0.05"), price=Decimal("150.2")), ticket=2)]

    assert make(world, *parts).matches


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"order": 8}, "ticket 7 in the ledger, 8 at the broker"),
        ({"lots": Decimal("0.2")}, "0.1 lots in the ledger, 0.2 at the broker"),
        ({"price": Decimal("150.5")}, "price 150 in the ledger, 150.5 at the broker"),
    ],
)
def test_each_difference_is_named(world: World, changes: dict[str, Any], text: str) -> None:
    """Another ticket, other lots and another price are named with both figures."""
    executed(world)

    found = make(world, opening(**changes))

    assert not found.matches
    assert text in found.items[0].mismatch


def test_deal_of_a_rejected_order_does_not_match(world: World) -> None:
    """A deal of an order that the ledger calls REJECTED is a difference."""
    executed(world, state=State.REJECTED)

    assert "the ledger calls it REJECTED" in make(world, opening()).items[0].mismatch


def test_executed_order_without_a_deal_is_missing(world: World) -> None:
    """An order that the ledger calls FILLED and the broker has no deal of is missing."""
    executed(world)

    found = make(world)

    assert [(one.order_id, one.settled) for one in found.missing] == [("A1", True)]
    assert found.verdict is Verdict.DIFFERS


def test_late_settlement_is_not_missing(world: World) -> None:
    """An order that was settled the day after its deal is missing on neither day, and its deal matches."""
    executed(world)
    before = opening(at=WEDNESDAY - timedelta(days=1))

    today, yesterday = make(world, before), make(world, before, day=date(2026, 6, 30))

    assert (today.items, today.matches) == ((), True)
    assert (len(yesterday.items), yesterday.matches) == (1, True)


@pytest.mark.parametrize("by", [DealBy.STOP_LOSS, DealBy.TAKE_PROFIT, DealBy.STOP_OUT])
def test_what_the_broker_closed_is_explained(world: World, by: DealBy) -> None:
    """A stop that was hit belongs to its order and is no difference, though it is another ticket."""
    executed(world)

    found = make(world, opening(), deal(2, magic=magic_of("A1"), by=by))

    assert found.matches
    assert [item.origin for item in found.items] == ["order A1", by.value]


def test_close_by_hand_is_explained(world: World) -> None:
    """A position of ours that a person closed is no difference, also where it was opened long before."""
    executed(world)
    long_ago = opening(at=WEDNESDAY - timedelta(days=20))

    found = make(world, long_ago, deal(2))

    assert [item.mismatch for item in found.items] == [""]
    assert "a person closed" in found.items[0].origin


def test_close_by_the_kill_switch_is_explained(world: World) -> None:
    """What the kill switch closed names who had it closed."""
    executed(world)
    line = AuditLine(at=WEDNESDAY, who="op", what="CLOSE USDJPY 0.1 lots, ticket 7", outcome="DONE")
    world.ledger.note_audit(line)

    found = make(world, opening(), deal(2, magic=magic_of("kill-switch-x"), by=DealBy.PROGRAM))

    assert found.matches
    assert found.items[1].origin == "the kill switch, by op"


@pytest.mark.parametrize(("magic", "text"), [(0, "nobody here"), (magic_of("lost"), "the ledger knows no order")])
def test_deal_that_nobody_ordered_does_not_match(world: World, magic: int, text: str) -> None:
    """A stranger's deal, and one with our number that the ledger does not know, are differences."""
    assert text in make(world, opening(magic=magic)).items[0].mismatch


def test_day_is_the_session(world: World) -> None:
    """Deals before the New York close of the day before belong to that day; a Saturday has no statement."""
    executed(world)

    assert make(world, opening(at=WEDNESDAY - timedelta(hours=16))).items == ()
    with pytest.raises(NotATradingDay):
        look(world, MemoryStatements(), date(2026, 7, 4))


class TestBalance:
    """The money of the day."""

    def test_history_from_the_beginning_tells_the_opening(self, world: World) -> None:
        """Without an older statement the account's whole history says what the day began with."""
        executed(world)

        money = make(world, opening()).balance

        assert (money.opening, money.closing, money.difference) == (Decimal(10_000), Decimal("10065.9"), 0)
        assert money.opening_from == "the account's history from its beginning"

    def test_history_that_does_not_reach_back_leaves_it_unknown(self, world: World) -> None:
        """A history whose sum is not the balance says nothing about the opening: unknown, not wrong."""
        world.broker.booked = []

        found = look(world, MemoryStatements())

        assert (found.balance.opening, found.verdict) == (None, Verdict.UNSETTLED)
        assert "the opening balance is unknown" in found.problems[0]

    def test_next_day_begins_where_the_last_ended(self, world: World) -> None:
        """A kept statement's closing balance is the next day's opening, also where its own opening was unknown."""
        statements = kept(world)
        world.broker.booked = [deposit(Decimal(500))]
        world.broker.balance = Decimal(10_500)

        found = look(world, statements, TOMORROW)

        assert (found.balance.opening, found.balance.bookings, found.balance.closing) == (10_000, 500, 10_500)
        assert (found.balance.opening_from, found.verdict) == ("the statement of 2026-07-01", Verdict.MATCHES)

    def test_balance_that_moved_without_a_booking_differs(self, world: World) -> None:
        """Money that is gone and that no booking explains is a difference, with all figures."""
        statements = kept(world)
        world.broker.balance = Decimal(9_000)

        found = look(world, statements, TOMORROW)

        assert found.verdict is Verdict.DIFFERS
        assert found.problems == (
            "balance: opened with 10000, booked 0 by trades and 0 beside them, ended with 9000: -1000 unexplained",
        )

    def test_late_history_is_unsettled(self, world: World) -> None:
        """A difference a moment after an execution may be a late deal: unsettled, and no opening of the next day."""
        statements = kept(world)
        executed(world, "A2")
        world.broker.balance = Decimal(9_990)

        found = statement(TOMORROW, ledger=world.ledger, broker=world.broker, statements=statements, clock=world.clock)

        assert (found.verdict, found.balance.proves_closing) == (Verdict.UNSETTLED, False)

    def test_what_came_after_the_day_is_not_its_own(self, world: World) -> None:
        """A statement that is made days later ends with the balance of its own day."""
        statements = kept(world)
        world.broker.booked = [deposit(Decimal(500), WEDNESDAY + timedelta(days=5))]
        world.broker.balance = Decimal(10_500)
        world.clock.step(timedelta(days=6))

        found = look(world, statements, TOMORROW)

        assert (found.balance.closing, found.matches) == (10_000, True)

    def test_another_account_begins_anew(self, world: World) -> None:
        """The statement of another login says nothing about this one."""
        statements = kept(world)
        statements.kept[DAY] = replace(statements.kept[DAY], login=2)

        assert look(world, statements, TOMORROW).balance.opening is None


class TestUnsettled:
    """What is not known yet is not called wrong."""

    def test_fill_of_just_now_without_a_deal(self, world: World) -> None:
        """An order filled a moment ago may lack its deal in the history."""
        executed(world)
        world.broker.booked = [DEPOSIT]

        found = statement(
            DAY, ledger=world.ledger, broker=world.broker, statements=MemoryStatements(), clock=world.clock
        )

        assert ([one.settled for one in found.missing], found.verdict) == ([False], Verdict.UNSETTLED)

    def test_unknown_order(self, world: World) -> None:
        """An order that is UNKNOWN leaves the day unsettled, with and without its deal."""
        world.ledger.move(world.received(order_id="A1"), State.UNKNOWN, world.clock.now())

        without, with_deal = make(world), make(world, opening())

        assert (without.verdict, with_deal.verdict) == (Verdict.UNSETTLED, Verdict.UNSETTLED)


class TestKept:
    """What is kept, and who hears of it."""

    def test_day_that_is_not_over_is_refused(self, world: World) -> None:
        """A day that still runs is not kept; the refusal names the time."""
        with pytest.raises(InvalidInput, match="2026-07-01 21:00 UTC"):
            keep(world, MemoryStatements())

    def test_same_again_changes_nothing(self, world: World) -> None:
        """The same found again is not written again and not told again."""
        statements = kept(world)
        world.broker.balance = Decimal(9_000)

        keep(world, statements, TOMORROW)
        first = statements.kept[TOMORROW]
        keep(world, statements, TOMORROW)

        assert statements.kept[TOMORROW] is first
        assert [event[:2] for event in world.events.published] == [("statement", "critical")]

    def test_what_is_kept_is_read_back(self, world: World) -> None:
        """Every field survives the way into a document and back."""
        executed(world)
        made = make(world, opening(), replace(opening(order=8, magic=0), ticket=2))

        assert from_document(json.loads(json.dumps(to_document(made)))) == made


def deposit(amount: Decimal, at: datetime = WEDNESDAY + timedelta(hours=20)) -> Booking:
    return Booking(ticket=901, what="deposit or withdrawal", amount=amount, comment="", at=at)


def keep(world: World, statements: MemoryStatements, day: date = DAY) -> Statement:
    world.clock.step(timedelta(hours=1))
    ports = {"ledger": world.ledger, "broker": world.broker, "clock": world.clock, "events": world.events}
    return keep_statement(day, statements=statements, **ports)  # type: ignore[arg-type]  # a dictionary of several types


def kept(world: World) -> MemoryStatements:
    """A store that holds the statement of a day without deals, made in the evening of the next one."""
    statements = MemoryStatements()
    world.clock.step(timedelta(hours=36))
    keep(world, statements)
    return statements
