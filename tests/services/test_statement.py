"""The statement of a trading day: what matches, what the broker did by itself, and each way of not matching."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.domain.broker import Deal, DealBy
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import magic_of
from axia_core.domain.statement import Statement
from axia_core.errors import NotATradingDay
from axia_core.services.statement import statement
from tests.services.conftest import WEDNESDAY, World
from tests.services.test_survey import deal

DAY = date(2026, 7, 1)


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


def make(world: World, *deals: Deal) -> Statement:
    world.broker.history = deals
    return statement(DAY, ledger=world.ledger, broker=world.broker)


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

    assert [order_id for order_id, _ in found.missing] == ["A1"]
    assert not found.matches


def test_late_settlement_is_not_missing(world: World) -> None:
    """An order that was settled the day after its deal is missing on neither day, and its deal matches."""
    executed(world)
    before = opening(at=WEDNESDAY - timedelta(days=1))

    today, yesterday = make(world, before), statement(date(2026, 6, 30), ledger=world.ledger, broker=world.broker)

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
        statement(date(2026, 7, 4), ledger=world.ledger, broker=world.broker)
