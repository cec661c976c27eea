"""What the terminal says of itself and of history: versions, limits of history, dates, depth of market, rare orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.clock import SESSION_CLOCK
from axia_core.adapters.paper.faults import Fault, write_plan

from .conftest import NOON, PAIR, PaperTerminal, send, tick

SERVER_NOON = SESSION_CLOCK.to_server_s(int(NOON.timestamp()))


def test_terminal_says_what_it_is(terminal: PaperTerminal) -> None:
    """Version, terminal and account have the types of the real ones; no field is left out."""
    version, info, account = mt5.version(), mt5.terminal_info(), mt5.account_info()

    assert (version[0], type(version[1]), type(version[2])) == (500, int, str)
    assert (info.connected, info.trade_allowed, info.path) == (True, True, str(terminal.folder))
    assert (account.trade_mode, account.margin_mode, account.currency) == (0, 2, "USD")
    assert mt5.symbols_total() == len(mt5.symbols_get()) == len(terminal.profile.symbols)


def test_history_is_bounded_by_maxbars(terminal: PaperTerminal) -> None:
    """No call gives more bars than the terminal keeps, the newest ones."""
    terminal.set(maxbars=50)

    by_position = mt5.copy_rates_from_pos(PAIR, mt5.TIMEFRAME_M5, 0, 500)
    by_range = mt5.copy_rates_range(PAIR, mt5.TIMEFRAME_M5, SERVER_NOON - 86_400, SERVER_NOON)

    assert (len(by_position), len(by_range)) == (50, 50)
    assert (by_position == by_range).all()
    assert mt5.terminal_info().maxbars == 50


def test_missing_history(terminal: PaperTerminal) -> None:
    """History that is not there is an empty array with success, or None with an error: a caller meets both."""
    plan = [Fault(function="copy_rates_range", calls=(1,), rows=0)]
    plan.append(Fault(function="copy_rates_range", calls=(2,), error=(-4, "Terminal: Not found")))
    write_plan(terminal.folder, *plan)

    answers = []
    for _ in range(3):
        bars = mt5.copy_rates_range(PAIR, mt5.TIMEFRAME_H1, SERVER_NOON - 7_200, SERVER_NOON)
        answers.append((None if bars is None else len(bars), mt5.last_error()[0]))

    assert answers == [(0, 1), (None, -4), (2, 1)]


def test_aware_dates_are_taken_for_server_time(terminal: PaperTerminal) -> None:
    """A date that says UTC noon is read as the server's noon, hours before: the classic mistake gives old bars."""
    last = mt5.copy_rates_from(PAIR, mt5.TIMEFRAME_M5, NOON, 1)[0]

    assert last["time"] == int(NOON.timestamp()) // 300 * 300


def test_naive_dates_are_local_time(terminal: PaperTerminal) -> None:
    """A date without a zone is read on this machine's clock, as datetime.timestamp() reads it."""
    naive = datetime.fromtimestamp(SERVER_NOON, UTC).astimezone().replace(tzinfo=None)

    assert mt5.copy_rates_from(PAIR, mt5.TIMEFRAME_M5, naive, 1)[0]["time"] == SERVER_NOON // 300 * 300


def test_there_is_no_depth_of_market(terminal: PaperTerminal) -> None:
    """As with most FX brokers the book cannot be subscribed to, without a word why, and is None."""
    assert (mt5.market_book_add(PAIR), mt5.last_error()) == (False, (1, "Success"))
    assert (mt5.market_book_get(PAIR), mt5.last_error()) == (None, (-1, "Terminal: Call failed"))
    assert (mt5.market_book_release(PAIR), mt5.last_error()) == (False, (1, "Success"))


@pytest.mark.parametrize(("flags", "found"), [("ALL", True), ("INFO", True), ("TRADE", False)])
def test_ticks_are_quotes(terminal: PaperTerminal, flags: str, found: bool) -> None:
    """FX has quotes and no exchange trades; another number is no flag."""
    ticks = mt5.copy_ticks_range(PAIR, SERVER_NOON - 60, SERVER_NOON, getattr(mt5, f"COPY_TICKS_{flags}"))

    assert bool(len(ticks)) is found
    assert mt5.copy_ticks_range(PAIR, SERVER_NOON - 60, SERVER_NOON, 0) is None


def test_ticks_from_are_the_next_ones(terminal: PaperTerminal) -> None:
    """`count` ticks from a date on, oldest first, none before it."""
    ticks = mt5.copy_ticks_from(PAIR, SERVER_NOON - 600, 5, mt5.COPY_TICKS_ALL)

    assert len(ticks) == 5
    assert ticks["time"][0] >= SERVER_NOON - 600
    assert (ticks["ask"] > ticks["bid"]).all()


def test_stop_limit_becomes_a_limit(terminal: PaperTerminal) -> None:
    """A BUY_STOP_LIMIT whose stop is reached waits as a BUY_LIMIT at its limit price."""
    terminal.move(timedelta(hours=12))
    high = float(mt5.copy_rates_from_pos(PAIR, mt5.TIMEFRAME_M5, 0, 140)["high"].max())
    terminal.move(timedelta(hours=-12))
    stop = round(tick().ask + max(0.005, (high - tick().ask) / 2), 3)
    ticket = send(action=5, type=6, price=stop, stoplimit=round(stop - 30, 3)).order

    terminal.move(timedelta(hours=12))

    (order,) = mt5.orders_get(ticket=ticket)
    assert (order.type, order.price_open, order.price_stoplimit) == (mt5.ORDER_TYPE_BUY_LIMIT, round(stop - 30, 3), 0)


def test_day_order_ends_with_the_server_s_day(terminal: PaperTerminal) -> None:
    """A pending order for the day is EXPIRED at the server's midnight."""
    ticket = send(action=5, type=2, price=100.0, type_time=mt5.ORDER_TIME_DAY).order

    terminal.move(timedelta(hours=24))

    (order,) = mt5.history_orders_get(ticket=ticket)
    assert (order.state, order.time_done % 86_400) == (mt5.ORDER_STATE_EXPIRED, 0)


@pytest.mark.parametrize(
    ("changes", "fields", "retcode"),
    [
        ({"account": {"limit_orders": 1}}, {"action": 5, "type": 2, "price": 100.0}, 10033),
        ({"rules": {"trade_mode": "longonly"}}, {"type": 1}, 10042),
    ],
)
def test_rarer_refusals(
    new_terminal: Callable[..., PaperTerminal], changes: dict[str, Any], fields: dict[str, Any], retcode: int
) -> None:
    """Too many pending orders, and a SELL where only long positions are allowed."""
    new_terminal(**changes)
    send(action=5, type=2, price=101.0)

    assert send(**fields).retcode == retcode


def test_check_says_what_the_account_would_be(terminal: PaperTerminal) -> None:
    """order_check answers 0 and "Done" with the margin an entry would need, and changes nothing."""
    checked = mt5.order_check({"action": 1, "symbol": PAIR, "volume": 0.5, "type": 0, "type_filling": 1})

    assert (checked.retcode, checked.comment, checked.balance) == (0, "Done", 100_000.0)
    assert checked.margin == mt5.order_calc_margin(0, PAIR, 0.5, tick().ask)
    assert checked.margin_free == pytest.approx(checked.equity - checked.margin)
    assert checked.request.volume == 0.5
    assert mt5.positions_total() == 0
