"""What a ticket makes of what was typed: numbers exact, pips from the entry, faults by their field."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_console.ticket import Ticket, cancel_message, close_message, message_of, modify_message
from axia_core.domain.orders import Action, Kind
from axia_core.errors import InvalidOrder
from tests.snapshot_examples import quote

D = Decimal


def ticket(**changes: object) -> Ticket:
    values: dict[str, object] = {"order_id": "T1", "symbol": "USDJPY", "action": Action.BUY, "lots": "0.10"}
    return Ticket(**(values | changes))  # type: ignore[arg-type]  # a test's own shorthand


def test_market_order() -> None:
    """A side, a size and nothing else are a market order."""
    made = message_of(ticket(comment=" hello "), quote("USDJPY"))

    assert made == {
        "order_id": "T1",
        "symbol": "USDJPY",
        "order_action": "BUY",
        "order_type": "MARKET",
        "lot_size": D("0.10"),
        "comment": "hello",
    }


@pytest.mark.parametrize(
    ("action", "stop_loss", "take_profit"),
    [(Action.BUY, "149.710", "150.610"), (Action.SELL, "150.300", "149.400")],
)
def test_pips_count_from_the_market(action: Action, stop_loss: str, take_profit: str) -> None:
    """A BUY's stops are counted from the ask, a SELL's from the bid, each to its side."""
    made = message_of(ticket(action=action, stop_loss="30", take_profit="60", in_pips=True), quote("USDJPY"))

    assert (made["sl_price"], made["tp_price"]) == (D(stop_loss), D(take_profit))


def test_pips_count_from_the_entry_price() -> None:
    """A pending order's stops are counted from its own price."""
    pending = ticket(kind=Kind.LIMIT, entry_price="149", stop_loss="10", in_pips=True)

    assert message_of(pending, quote("USDJPY"))["sl_price"] == D("148.900")


def test_pips_need_a_price() -> None:
    """Without a quote, pips have nothing to start from, and are not guessed."""
    with pytest.raises(InvalidOrder, match=r"sl_price.*there is none"):
        message_of(ticket(stop_loss="30", in_pips=True), None)


def test_market_order_takes_no_entry_price() -> None:
    """What was typed for another kind of order is not sent with a market order."""
    assert "entry_price" not in message_of(ticket(entry_price="149"), quote("USDJPY"))


@pytest.mark.parametrize("text", ["abc", "0,1", "1e", "NaN", "Infinity", "--1", "1 000"])
def test_no_number(text: str) -> None:
    """What is no plain number is refused by the field's name; a comma is not guessed."""
    with pytest.raises(InvalidOrder, match="lot_size"):
        message_of(ticket(lots=text), quote("USDJPY"))


@pytest.mark.parametrize("text", ["0", "-5"])
def test_no_distance(text: str) -> None:
    """Zero or negative pips would put the stop on the other side."""
    with pytest.raises(InvalidOrder, match="tp_price"):
        message_of(ticket(take_profit=text, in_pips=True), quote("USDJPY"))


@given(number=st.decimals("0.01", "99.99", places=2))
def test_lots_are_exact(number: Decimal) -> None:
    """Whatever decimal is typed is the decimal in the message."""
    assert message_of(ticket(lots=str(number)), None)["lot_size"] == number


def test_exits() -> None:
    """Close, cancel and modify name their ticket, and only what was typed."""
    assert close_message("T", "USDJPY", 7, "") == {
        "order_id": "T",
        "symbol": "USDJPY",
        "order_action": "CLOSE",
        "mt5_ticket": 7,
    }
    assert close_message("T", "USDJPY", 7, "0.1")["lot_size"] == D("0.1")
    assert cancel_message("T", "USDJPY", 7)["order_action"] == "CANCEL"
    moved = modify_message("T", "USDJPY", 7, stop_loss="149", take_profit="")
    assert (moved["sl_price"], moved.keys() & {"tp_price", "entry_price"}) == (D(149), set())
    pending = modify_message("T", "USDJPY", 7, stop_loss="", take_profit="", entry_price="148.5")
    assert (pending["entry_price"], pending.keys() & {"tp_price", "sl_price"}) == (D("148.5"), set())
