"""Random sequences of valid and invalid calls: the books stay consistent and nothing is raised."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.profile import AccountProfile, TerminalProfile

from .conftest import PaperTerminal, request, tick

FAR = 2**31 - 1

offsets = st.sampled_from([0.0, 0.02, 0.1, 0.5, 30.0])
orders = st.fixed_dictionaries(
    {
        "action": st.sampled_from([1, 1, 1, 5, 5, 6, 7, 8, 10, 2]),
        "symbol": st.sampled_from(["USDJPY", "EURJPY", "XAUUSD"]),
        "volume": st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.015, 70.0]),
        "type": st.integers(0, 8),
        "type_filling": st.integers(0, 4),
        "type_time": st.integers(0, 3),
        "below": offsets,
        "above": offsets,
        "pick": st.integers(0, 3),
    }
)
steps = st.lists(st.one_of(orders, st.timedeltas(timedelta(seconds=1), timedelta(hours=30))), max_size=12)


def _request(drawn: dict[str, Any]) -> dict[str, Any]:
    """A request whose prices and tickets come from what is there."""
    bid = tick(drawn["symbol"]).bid if drawn["symbol"] != "XAUUSD" else 1.0
    positions, pending = mt5.positions_get(), mt5.orders_get()
    tickets = [row.ticket for row in (*positions, *pending)] or [1]
    ticket = tickets[drawn["pick"] % len(tickets)]
    fields = {name: drawn[name] for name in ("action", "symbol", "volume", "type", "type_filling", "type_time")}
    fields |= {"sl": round(bid - drawn["below"], 3), "tp": round(bid + drawn["above"], 3)}
    fields |= {"price": round(bid - drawn["below"] if drawn["pick"] % 2 else bid + drawn["above"], 3)}
    by = tickets[(drawn["pick"] + 1) % len(tickets)]
    return request(**fields, order=ticket, position=ticket if drawn["pick"] else 0, position_by=by)


def _check() -> None:
    account, positions = mt5.account_info(), mt5.positions_get()
    deals = mt5.history_deals_get(0, FAR)
    assert account.balance == pytest.approx(sum(deal.profit for deal in deals), abs=1e-6)
    assert account.equity == pytest.approx(account.balance + sum(row.profit for row in positions), abs=1e-6)
    assert account.margin_free == pytest.approx(account.equity - account.margin, abs=1e-6)
    assert all(row.volume > 0 for row in positions)
    assert mt5.positions_total() == len(positions)
    for symbol in {deal.symbol for deal in deals if deal.symbol}:
        signed = sum(deal.volume * (1 if deal.type == 0 else -1) for deal in deals if deal.symbol == symbol)
        held = sum(row.volume * (1 if row.type == 0 else -1) for row in positions if row.symbol == symbol)
        assert signed == pytest.approx(held, abs=1e-6)


@given(steps, st.sampled_from(["hedging", "netting"]))
@settings(max_examples=60, deadline=None)
def test_books_stay_consistent(sequence: list[Any], margin_mode: Any) -> None:
    """Balance is the sum of the deals, equity adds the open profit, deals make the positions, and check agrees."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        account = AccountProfile(margin_mode=margin_mode)
        terminal = PaperTerminal(Path(folder), TerminalProfile(selected=True, account=account))
        terminal.move(timedelta())
        assert mt5.initialize(folder)
        try:
            for step in sequence:
                _play(terminal, step)
                _check()
        finally:
            mt5.shutdown()


def _play(terminal: PaperTerminal, step: Any) -> None:
    if isinstance(step, timedelta):
        terminal.move(step)
        return
    wanted = _request(step)
    checked, sent = mt5.order_check(wanted), mt5.order_send(wanted)
    done = sent.retcode in (mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_PLACED, mt5.TRADE_RETCODE_DONE_PARTIAL)
    assert done if checked.retcode == 0 else sent.retcode == checked.retcode
