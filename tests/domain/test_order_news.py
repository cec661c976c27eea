"""What people are told of an order: severity, one sentence, attributes; and what closed a position."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from axia_core.domain.order_news import News, order_news
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Action, Kind, Order

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
BUY = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.3"))
CLOSE = replace(BUY, order_id="C1", action=Action.CLOSE, mt5_ticket=7)


def news(state: State, order: Order = BUY, was: State | None = None, **changes: object) -> News:
    record = OrderRecord(order=order, state=state, version=3, sent_at=NOW, received_at=NOW, updated_at=NOW)
    found = order_news(replace(record, **changes), was)  # type: ignore[arg-type]  # a dictionary of several types
    assert found is not None
    return found


@pytest.mark.parametrize("state", sorted(set(State) - {State.RECEIVED, State.SUBMITTING}))
def test_every_outcome_is_told(state: State) -> None:
    """Whatever an order has come to is told, with its state, symbol, action and lots."""
    details = news(state).details

    assert (details["state"], details["symbol"], details["action"], details["lots"]) == (state, "USDJPY", "BUY", "0.3")


def test_a_fill_says_price_lots_and_ticket() -> None:
    """A partial fill says how much of it was filled, at which price and under which ticket."""
    said = Execution(ticket=7, price=Decimal("155.899"), lots=Decimal("0.1"))

    told = news(State.PARTIALLY_FILLED, execution=said)

    assert told.text == "order A1 is PARTIALLY_FILLED, BUY USDJPY 0.1 lots at 155.899 ticket 7"
    assert (told.details["lots"], told.details["price"], told.details["ticket"]) == ("0.1", "155.899", "7")


@pytest.mark.parametrize(
    ("state", "order", "severity"),
    [
        (State.FILLED, BUY, "info"),
        (State.PLACED, BUY, "info"),
        (State.PARTIALLY_FILLED, BUY, "warning"),
        (State.REFUSED, BUY, "warning"),
        (State.EXPIRED, BUY, "warning"),
        (State.EXPIRED_AT_BROKER, BUY, "warning"),
        (State.UNKNOWN, BUY, "critical"),
        (State.EXPIRED, CLOSE, "critical"),
        (State.REJECTED, CLOSE, "critical"),
    ],
)
def test_severity(state: State, order: Order, severity: str) -> None:
    """Done is information, not done is a warning, not known is critical, and so is an exit that did not happen."""
    assert news(state, order).severity == severity


def test_the_end_of_an_unknown_order_is_told_as_such() -> None:
    """Whoever was alarmed by an UNKNOWN order hears how it ended, and that it is that one."""
    told = news(State.FILLED, was=State.UNKNOWN)

    assert (told.severity, told.details["was"]) == ("recovered", "UNKNOWN")
    assert "it was UNKNOWN" in told.text


def test_the_same_news_has_the_same_id() -> None:
    """Told once more, an event can be known again; the next move has another id."""
    assert news(State.FILLED).details["event_id"] == news(State.FILLED).details["event_id"] == "A1#3"
    assert news(State.FILLED, version=4).details["event_id"] == "A1#4"
