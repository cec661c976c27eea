"""What surveys rest on: notes and magic numbers of every ledger, and the deals of a paper terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.broker import DealBy
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order, magic_of
from axia_core.ports import OrderLedger
from axia_core.settings import Settings
from tests.contracts.test_order_ledger import NOW, begin, empty, record


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[OrderLedger]:
    if request.param == "memory":
        yield MemoryOrderLedger()
        return
    dynamodb = request.getfixturevalue("aws").client("dynamodb")
    empty(dynamodb)
    yield DynamoOrderLedger(dynamodb, TABLE)


def test_note_is_a_line_and_no_move(ledger: OrderLedger) -> None:
    """A note stands behind the move it follows, and the record is as it was."""
    before = record(ledger)

    ledger.note(before, "closed by its stop loss", NOW + timedelta(hours=1))

    assert ledger.order("A1") == before
    assert [(event.version, event.text) for event in ledger.events("A1")] == [(1, ""), (1, "closed by its stop loss")]


def test_same_note_is_one_line(ledger: OrderLedger) -> None:
    """The same line again changes nothing, another line of the same moment is another line."""
    found = record(ledger)
    for text in ("one", "one", "two"):
        ledger.note(found, text, NOW)

    assert len(ledger.events("A1")) == 3


def test_note_hinders_no_move(ledger: OrderLedger) -> None:
    """An order with a note moves on from the version that it had."""
    found = record(ledger)
    ledger.note(found, "one", NOW)

    moved = ledger.move(found, State.CANCELLED, NOW, reason="test")

    assert [event.version for event in ledger.events("A1")] == [1, 1, 2]
    assert moved.version == 2


def test_order_of_a_magic_number_is_known_once_it_is_sent(ledger: OrderLedger) -> None:
    """Before its first attempt nothing can carry an order's number; from then on the number names it."""
    found = record(ledger)
    before = ledger.order_id_of(magic_of("A1"))

    begin(ledger, found)

    assert (before, ledger.order_id_of(magic_of("A1"))) == (None, "A1")


def test_deals_of_a_position_closed_in_parts(tmp_path: Path) -> None:
    """An entry and two closings are three deals in order, with lots, direction, numbers, cause and time in UTC."""
    now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    create_terminal(tmp_path, TerminalProfile.model_validate({"clock": {"fixed": now.isoformat()}}))
    with beside.connect(Settings(mt5_path=tmp_path), SteppedClock(now)) as broker:
        send_by = now + timedelta(seconds=5)
        entry = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.3"))
        broker.submit(entry, send_by)
        ticket = broker.positions()[0].ticket
        for order_id, lots in (("C1", Decimal("0.1")), ("C2", None)):
            closing = Order(
                order_id=order_id,
                symbol="USDJPY",
                action=Action.CLOSE,
                kind=Kind.MARKET,
                lots=lots,
                mt5_ticket=ticket,
            )
            broker.submit(closing, send_by)

        found = broker.deals(now - timedelta(hours=1), now + timedelta(hours=1))

        assert [(deal.opens, deal.closes, deal.buying) for deal in found] == [
            (True, False, True),
            (False, True, False),
            (False, True, False),
        ]
        assert [deal.lots for deal in found] == [Decimal("0.3"), Decimal("0.1"), Decimal("0.2")]
        assert [deal.magic for deal in found] == [magic_of(name) for name in ("A1", "C1", "C2")]
        assert {(deal.by, deal.position) for deal in found} == {(DealBy.PROGRAM, ticket)}
        assert all(abs(deal.at - now) < timedelta(minutes=1) for deal in found)
        assert broker.deals_of(ticket) == found
        assert broker.deals(now - timedelta(hours=2), now - timedelta(hours=1)) == ()
