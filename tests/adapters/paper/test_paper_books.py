"""Random sequences of valid and invalid calls: the books stay consistent, and only what the real module raises is."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.profile import AccountProfile, TerminalProfile
from axia_core.adapters.paper.rules import SymbolRules

from .conftest import PaperTerminal, request

FAR = 2**31 - 1

PASSING = [timedelta(seconds=7), timedelta(minutes=20), timedelta(hours=5)]
VOLUMES = [0.1, 0.25, 0.01, 3.0]
CHARGES = SymbolRules(commission_per_lot=3.5, swap_long=-7.3, swap_short=2.1, roll_spread_points=80, fills_at_most=2.0)

# Calls that can do nothing, each as somebody's bot makes it.
INVALID: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("order_send", ({"action": 1, "symbol": "USDJPY", "volume": 1, "type": 0},), {}),
    ("order_send", ({"action": 1, "symbol": "USDJPY", "volume": 0.1, "magic": -1},), {}),
    ("order_send", ({"action": 1, "symbol": "USDJPY", "volume": 0.1, "comment": "x" * 30},), {}),
    ("order_send", ({"action": 1, "symbol": "USDJPY", "volume": float("nan"), "type_filling": 1},), {}),
    ("order_send", ({"action": 1, "symbol": "USDJPY", "volume": float("inf"), "type_filling": 1},), {}),
    ("order_send", ({"action": 5, "symbol": "USDJPY", "volume": 0.1, "price": float("nan"), "type": 2},), {}),
    ("order_send", ({"action": 6, "position": 2**64 - 1},), {}),
    ("order_send", ([1],), {}),
    ("order_send", (), {}),
    ("order_check", ({},), {"action": 1}),
    ("order_calc_margin", (0, "USDJPY", "1", 1.0), {}),
    ("copy_rates_from_pos", ("USDJPY", "M5", 0, 10), {}),
    ("copy_rates_range", ("USDJPY", 5, "2026-01-01", 5), {}),
    ("copy_rates_range", ("USDJPY", 5, 0, 0), {}),
    ("copy_ticks_from", ("USDJPY", 2**40, 10, -1), {}),
    ("positions_get", ("USDJPY",), {}),
    ("positions_get", (), {"ticket": -1}),
    ("orders_get", (), {"symbol": None}),
    ("history_deals_get", (), {}),
    ("history_orders_get", (5,), {}),
    ("symbol_select", ("XAUUSD",), {}),
    ("symbols_get", (5,), {}),
    ("login", ("5",), {}),
    ("market_book_get", ("USDJPY",), {}),
]


def _steps(choose: Random, count: int) -> list[Any]:
    """A sequence of requests and of time that passes; most requests are such as a broker executes.

    Drawn from a seed, because sequences drawn one by one are nearly all short and dull.
    """
    return [_step(choose) for _ in range(count)]


def _step(choose: Random) -> Any:
    chance = choose.random()
    if chance < 0.2:
        return choose.choice(PASSING)
    if chance < 0.35:
        return choose.choice(INVALID)
    return "close" if chance < 0.38 else (_order(choose), _details(choose))


def _order(choose: Random) -> dict[str, Any]:
    symbol = choose.choice(["USDJPY", "EURJPY"])
    kinds: list[dict[str, Any]] = [
        {"action": 1, "symbol": symbol, "type": choose.randint(0, 1)},
        {"action": 1, "symbol": symbol, "type": choose.randint(0, 1)},
        {"action": 5, "symbol": symbol, "type": choose.randint(2, 5)},
        {"action": 1, "close": True},
        {"action": choose.choice([6, 7, 8, 10]), "symbol": symbol},
        {
            "action": choose.choice([1, 5, 6, 7, 8, 10, 2]),
            "symbol": choose.choice(["USDJPY", "XAUUSD"]),
            "type": choose.randint(0, 8),
            "type_filling": choose.randint(0, 4),
            "type_time": choose.randint(0, 3),
            "volume": choose.choice([0.0, 0.015, 70.0, 0.1]),
        },
    ]
    return choose.choice(kinds)


def _details(choose: Random) -> dict[str, Any]:
    stops, pick = choose.random() < 0.4, choose.randint(0, 5)
    return {"volume": choose.choice(VOLUMES), "distance": choose.choice([0.1, 0.02, 0.5]), "stops": stops, "pick": pick}


def _request(order: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    """A request whose prices and tickets come from what is there."""
    positions, pending = mt5.positions_get(), mt5.orders_get()
    picked = positions[details["pick"] % len(positions)] if positions else None
    fields = {"symbol": "USDJPY", "volume": details["volume"]} | order
    if fields.pop("close", False) and picked is not None:
        fields |= {"symbol": picked.symbol, "type": 1 - picked.type, "position": picked.ticket}
        fields["volume"] = picked.volume if details["stops"] else details["volume"]
        return request(**fields)
    fields |= _prices(fields, details, mt5.symbol_info_tick(fields["symbol"]))
    if order["action"] != 1:
        fields |= {"position": picked.ticket if picked else 1, "order": pending[0].ticket if pending else 1}
        fields |= {"position_by": positions[-1].ticket if positions else 1}
    return request(**fields)


def _prices(fields: dict[str, Any], details: dict[str, Any], quote: Any) -> dict[str, float]:
    """An entry price on the right side of the market for its type, and stops on the right side of that."""
    if quote is None:
        return {"price": 1.0}
    kind, distance = fields.get("type", 0), details["distance"]
    price = quote.bid + (distance if kind in (3, 4) else -distance)
    middle, away = (price, 1 if kind % 2 == 0 else -1) if kind > 1 else (quote.bid, 1 if kind == 0 else -1)
    stops = {"sl": round(middle - away * distance, 3), "tp": round(middle + away * 2 * distance, 3)}
    return {"price": round(price, 3)} | (stops if details["stops"] else {})


def _check() -> None:
    account, positions = mt5.account_info(), mt5.positions_get()
    deals = mt5.history_deals_get(0, FAR)
    booked = sum(deal.profit + deal.commission + deal.swap + deal.fee for deal in deals)
    assert account.balance == pytest.approx(booked, abs=1e-6)
    open_profit = sum(row.profit + row.swap for row in positions)
    assert account.equity == pytest.approx(account.balance + open_profit, abs=1e-6)
    assert account.margin_free == pytest.approx(account.equity - account.margin, abs=1e-6)
    assert all(row.volume > 0 for row in positions)
    assert mt5.positions_total() == len(positions)
    for symbol in {deal.symbol for deal in deals if deal.symbol}:
        signed = sum(deal.volume * (1 if deal.type == 0 else -1) for deal in deals if deal.symbol == symbol)
        held = sum(row.volume * (1 if row.type == 0 else -1) for row in positions if row.symbol == symbol)
        assert signed == pytest.approx(held, abs=1e-6)


@given(st.integers(0, 1 << 32), st.sampled_from(["hedging", "netting"]), st.sampled_from([SymbolRules(), CHARGES]))
@settings(max_examples=16, deadline=None)
def test_books_stay_consistent(seed: int, margin_mode: Any, rules: SymbolRules) -> None:
    """Balance is the sum of the deals, equity adds the open profit, deals make the positions, and check agrees."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        account = AccountProfile(margin_mode=margin_mode)
        terminal = PaperTerminal(Path(folder), TerminalProfile(selected=True, account=account, rules=rules))
        terminal.move(timedelta())
        assert mt5.initialize(folder)
        try:
            for step in _steps(Random(seed), 40):
                _play(terminal, step)
                _check()
        finally:
            mt5.shutdown()


def _play(terminal: PaperTerminal, step: Any) -> None:
    if isinstance(step, timedelta):
        terminal.move(step)
        return
    if step == "close":
        assert mt5.Close("USDJPY") in (True, False, "Partially")
        return
    if isinstance(step[0], str):
        _fail(*step)
        return
    wanted = _request(*step)
    checked, sent = mt5.order_check(wanted), mt5.order_send(wanted)
    done = sent.retcode in (mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_PLACED, mt5.TRADE_RETCODE_DONE_PARTIAL)
    assert done if checked.retcode == 0 else sent.retcode == checked.retcode


def _fail(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    """An invalid call changes nothing; it answers, or raises the one error that the real module raises."""
    before = mt5.account_info().balance, mt5.positions_total(), mt5.orders_total(), mt5.history_deals_total(0, FAR)
    try:
        answer = getattr(mt5, name)(*arguments, **options)
    except SystemError:
        answer = None
    code = mt5.last_error()[0]

    assert answer is None or answer is False or code == 1
    assert before == (
        mt5.account_info().balance,
        mt5.positions_total(),
        mt5.orders_total(),
        mt5.history_deals_total(0, FAR),
    )
