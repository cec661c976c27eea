"""What trading costs on the paper terminal: commission, swap over nights, wide spreads at the roll, moved prices."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.clock import SESSION_CLOCK
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.spreads import Spread
from axia_core.adapters.paper.store import STATE_FILE, Store

from .conftest import NOON, PAIR, PaperTerminal, request, send, tick

FAR = 2**31 - 1
TUESDAY = datetime(2026, 6, 16, 12, 0, tzinfo=UTC)
ROLL = datetime(2026, 6, 17, 21, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_nothing_is_charged_by_default(terminal: PaperTerminal) -> None:
    """Without charges in the profile a position costs nothing over a week, and its symbol says that swaps are off."""
    ticket = send().order

    terminal.move(timedelta(days=7))

    assert mt5.positions_get()[0].swap == 0
    assert [(deal.commission, deal.swap) for deal in mt5.history_deals_get(position=ticket)] == [(0, 0)]
    assert mt5.symbol_info(PAIR).swap_mode == 0


def test_commission_is_booked_per_side(terminal: PaperTerminal) -> None:
    """Each deal carries its commission by the lots, and the balance pays it at once."""
    terminal.rules(commission_per_lot=3.5)

    ticket = send(volume=0.2).order
    assert mt5.account_info().balance == pytest.approx(100_000 - 0.7)
    send(type=1, volume=0.1, position=ticket)

    deals = mt5.history_deals_get(position=ticket)
    assert [deal.commission for deal in deals] == [-0.7, -0.35]
    assert mt5.account_info().balance == pytest.approx(100_000 - 1.05 + sum(deal.profit for deal in deals))


@pytest.mark.parametrize(("nights", "counted"), [(1, 1), (2, 4), (4, 6), (5, 6), (6, 6), (7, 7)])
def test_swap_of_nights(terminal: PaperTerminal, nights: int, counted: int) -> None:
    """From a Tuesday on, Wednesday's night counts for three, Saturday's and Sunday's for none: seven a week."""
    terminal.rules(swap_long=-2.0, swap_short=1.0)
    terminal.move(TUESDAY - terminal.now)
    send(symbol="EURUSD", volume=1.0)
    send(symbol="EURUSD", volume=0.5, type=1)

    terminal.move(nights * DAY)

    assert [row.swap for row in mt5.positions_get()] == pytest.approx([-2.0 * counted, 0.5 * counted])
    info = mt5.symbol_info("EURUSD")
    assert (info.swap_mode, info.swap_long, info.swap_short, info.swap_rollover3days) == (1, -2.0, 1.0, 3)


def test_swap_is_in_equity_and_then_in_the_deal(terminal: PaperTerminal) -> None:
    """The swap of an open position is part of the equity; closing a part books that part of it, the rest the rest."""
    terminal.rules(swap_long=-10.0)
    terminal.move(TUESDAY - terminal.now)
    ticket = send(symbol="EURUSD", volume=0.3).order
    terminal.move(DAY)
    (position,) = mt5.positions_get()
    account = mt5.account_info()
    assert position.swap == -3.0
    assert account.equity == pytest.approx(account.balance + position.profit - 3.0)

    send(symbol="EURUSD", type=1, volume=0.1, position=ticket)
    send(symbol="EURUSD", type=1, volume=0.2, position=ticket)

    deals = mt5.history_deals_get(position=ticket)
    assert [deal.swap for deal in deals] == [0, -1.0, -2.0]
    assert mt5.account_info().balance == pytest.approx(100_000 + sum(deal.profit + deal.swap for deal in deals))


def test_netting_reversal_books_the_swap(new_terminal: Callable[..., PaperTerminal]) -> None:
    """A reversal takes the whole swap of what it ends; the new position begins with none."""
    terminal = new_terminal(account={"margin_mode": "netting"})
    terminal.rules(swap_long=-10.0)
    terminal.move(TUESDAY - terminal.now)
    send(symbol="EURUSD", volume=0.1)
    terminal.move(DAY)

    send(symbol="EURUSD", type=1, volume=0.3)

    assert mt5.positions_get()[0].swap == 0
    assert mt5.history_deals_get(0, FAR)[-1].swap == -1.0


def test_a_night_is_charged_once(terminal: PaperTerminal) -> None:
    """However often the books are looked at around midnight, a night counts once, and opening at midnight is none."""
    terminal.rules(swap_long=-10.0)
    terminal.move(ROLL - DAY - timedelta(seconds=2) - terminal.now)
    send(symbol="EURUSD", volume=0.1)

    for _ in range(5):
        terminal.move(timedelta(seconds=1))
        mt5.positions_get()
    send(symbol="EURUSD", volume=0.1)
    terminal.move(timedelta(hours=1))

    assert [row.swap for row in mt5.positions_get()] == [-1.0, 0.0]


def test_older_state_gets_the_swap_column(terminal: PaperTerminal) -> None:
    """A state written before swaps existed opens, and its positions have none."""
    send()
    mt5.shutdown()
    with sqlite3.connect(terminal.folder / STATE_FILE) as db:
        db.execute("ALTER TABLE positions DROP COLUMN swap")

    store = Store.open(terminal.folder, 0.0, 2)

    assert [row["swap"] for row in store.rows("positions")] == [0.0]
    store.close()


def test_spread_widens_around_the_roll(terminal: PaperTerminal) -> None:
    """Within the window around 17:00 New York quotes, ticks and bars have the wide spread, outside the narrow one."""
    terminal.rules(roll_spread_points=90, roll_window_s=600)

    found = []
    for minutes in (-11, -9, 9, 11):
        terminal.move(ROLL + timedelta(minutes=minutes) - terminal.now)
        quote = tick()
        found.append(round((quote.ask - quote.bid) / 0.001))
    roll_s = SESSION_CLOCK.to_server_s(int(ROLL.timestamp()))
    ticks = mt5.copy_ticks_range(PAIR, roll_s - 1_200, roll_s + 600, mt5.COPY_TICKS_ALL)
    bars = mt5.copy_rates_range(PAIR, mt5.TIMEFRAME_M5, roll_s - 900, roll_s - 1)

    assert found == [12, 90, 90, 12]
    assert set(np.round((ticks["ask"] - ticks["bid"]) * 1_000).astype(int)) == {12, 90}
    assert bars["spread"].tolist() == [12, 90, 90]


def test_stop_of_a_sell_fires_on_the_wide_ask(terminal: PaperTerminal) -> None:
    """A SELL is stopped by the ask alone when the spread widens at the roll, although the bid stays below its stop."""
    terminal.rules(roll_spread_points=3_000, roll_window_s=600)
    ticket = send(type=1, sl=round(tick().ask + 2.0, 3)).order

    terminal.move(ROLL - NOON + timedelta(minutes=30))

    deal = mt5.history_deals_get(position=ticket)[-1]
    assert (deal.reason, deal.entry) == (4, 1)
    assert abs(deal.time - SESSION_CLOCK.to_server_s(int(ROLL.timestamp()))) <= 600
    assert tick().bid < deal.price


def test_moved_price_is_requoted_or_slips(terminal: PaperTerminal) -> None:
    """A price that moves under way is a requote with the new price where the deviation counts, else slippage."""
    ask = tick().ask
    terminal.rules(execution="instant")
    write_plan(terminal.folder, Fault(function="order_send", calls=(1,), moved_points=25))

    requoted = send(price=ask, deviation=20)
    filled = send(price=ask, deviation=20)
    terminal.rules(execution="market")
    write_plan(terminal.folder, Fault(function="order_send", every=1, moved_points=-25))
    slipped = send()

    assert (requoted.retcode, requoted.ask) == (10004, round(ask + 0.025, 3))
    assert (filled.retcode, filled.price) == (10009, ask)
    assert slipped.price == round(ask - 0.025, 3)


def test_price_change_on_demand(terminal: PaperTerminal) -> None:
    """A broker that answers 10020 is a fault of the plan; nothing is done."""
    write_plan(terminal.folder, Fault(function="order_send", calls=(1,), retcode=10020))

    assert send().comment == "Price changed"
    assert mt5.positions_total() == 0
    assert mt5.order_check(request()).retcode == 0


@pytest.mark.parametrize("roll_points", [3, 40])
def test_spread_over_agrees_with_at(roll_points: int) -> None:
    """The spreads of an array of instants are those of each, and lie between the narrowest and the widest."""
    spread = Spread(12, roll_points, 300)
    times = np.arange(int(ROLL.timestamp()) - 86_400, int(ROLL.timestamp()) + 1_000, 50, dtype=np.int64)

    over = spread.over(times)

    assert over.tolist() == [spread.at(int(time)) for time in times]
    assert {spread.least, spread.most} == set(over.tolist())
