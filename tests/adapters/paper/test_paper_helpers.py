"""Buy, Sell and Close: the three functions that the wheel writes in Python over its own order_send."""

from __future__ import annotations

import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.faults import Fault, write_plan

from .conftest import PAIR, PaperTerminal, request, send, tick


def test_buy_and_sell_take_the_market(terminal: PaperTerminal) -> None:
    """Without a price they take ask and bid, with the comment, without a magic."""
    quote = tick()

    bought, sold = mt5.Buy(PAIR, 0.1, comment="mine"), mt5.Sell(PAIR, 0.2)

    assert (bought.price, sold.price) == (quote.ask, quote.bid)
    assert [(row.type, row.volume, row.comment, row.magic) for row in mt5.positions_get()] == [
        (0, 0.1, "mine", 0),
        (1, 0.2, "", 0),
    ]
    assert (bought.request.deviation, bought.request.type_filling) == (10, 0)


def test_price_is_sent_once(terminal: PaperTerminal) -> None:
    """With a price there is one try, and a requote is handed back."""
    terminal.rules(execution="instant")

    assert mt5.Buy(PAIR, 0.1, round(tick().ask - 0.1, 3)).retcode == 10004
    assert mt5.positions_total() == 0


def test_requotes_are_tried_ten_times(terminal: PaperTerminal) -> None:
    """Without a price a requote or a missing price is tried again, ten times in all."""
    write_plan(terminal.folder, Fault(function="order_send", calls=(1, 2, 3), retcode=10004))
    assert mt5.Buy(PAIR, 0.1).retcode == 10009

    write_plan(terminal.folder, Fault(function="order_send", calls=tuple(range(5, 17)), retcode=10021))
    assert mt5.Sell(PAIR, 0.1).retcode == 10021
    assert [mt5.order_send(request()).retcode for _ in range(3)] == [10021, 10021, 10009]


def test_filling_is_left_out(terminal: PaperTerminal) -> None:
    """On an IOC-only broker they are refused with 10030, as the wheel's are: they name no filling mode."""
    terminal.rules(filling_mask=2)

    assert mt5.Buy(PAIR, 0.1).retcode == 10030


def test_ticket_closes(terminal: PaperTerminal) -> None:
    """With a ticket a deal closes that position."""
    ticket = send().order

    assert mt5.Sell(PAIR, 0.1, ticket=ticket).retcode == 10009
    assert mt5.positions_total() == 0


def test_close(terminal: PaperTerminal) -> None:
    """Close says True for all, "Partially" for some and False for none, and takes a ticket."""
    assert mt5.Close(PAIR) is False

    first, second = send().order, send(type=1).order
    send(symbol="EURUSD")
    assert mt5.Close(PAIR, ticket=first) is True
    assert [row.ticket for row in mt5.positions_get(symbol=PAIR)] == [second]

    send()
    write_plan(terminal.folder, Fault(function="order_send", calls=(1,), retcode=10006))
    assert mt5.Close(PAIR) == "Partially"
    assert mt5.Close(PAIR, comment="end") is True
    assert [row.symbol for row in mt5.positions_get()] == ["EURUSD"]


def test_failed_calls(terminal: PaperTerminal) -> None:
    """A failed order_send is None; without a tick Close is None and Buy raises, as in the wheel."""
    write_plan(terminal.folder, Fault(function="order_send", every=1, error=(-10001, "IPC send failed")))
    send_nothing = mt5.Buy(PAIR, 0.1)
    write_plan(terminal.folder)
    send()
    write_plan(terminal.folder, Fault(function="symbol_info_tick", every=1, error=(-1, "Terminal: Call failed")))

    assert send_nothing is None
    assert mt5.Close(PAIR) is None
    with pytest.raises(AttributeError, match="ask"):
        mt5.Buy(PAIR, 0.1)
