"""One contract for both modules with a terminal behind them: the paper terminal, and a real demo account on Windows.

The real one takes part where the settings name it (AXIA_MT5_MODULE=MetaTrader5, AXIA_ACCOUNT=demo) and it can be
imported; docs/operations.md says how. It trades the smallest lot of one pair, and closes what it opened.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axia_core.adapters.mt5.building import deal_filling
from axia_core.adapters.mt5.symbols import resolve
from axia_core.adapters.paper import surface
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.adapters.secrets import with_credentials
from axia_core.settings import Settings, load_settings

PAPER, REAL = "axia_core.adapters.paper.metatrader5", "MetaTrader5"
SETTINGS = load_settings()
WITH_REAL = SETTINGS.mt5_module == REAL and SETTINGS.account == "demo" and importlib.util.find_spec(REAL) is not None
MAGIC = 4_711_000_001
DAY_S = 86_400


class Reader:
    """The module as the gateway's symbol resolution reads it."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, tuple[int, str]]:
        answer = getattr(self._module, name)(*args, **kwargs)
        # A struct is a tuple itself.
        if name == "symbols_get":
            answer = tuple(one._asdict() for one in answer)
        return answer, self._module.last_error()


@pytest.fixture(params=[PAPER, REAL] if WITH_REAL else [PAPER])
def mt5(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each module, connected to a demo account."""
    module = importlib.import_module(request.param)
    settings = _paper_settings(tmp_path) if request.param == PAPER else with_credentials(SETTINGS)
    password = settings.mt5_password.get_secret_value()
    account = {"login": settings.mt5_login, "password": password, "server": settings.mt5_server}
    assert module.initialize(path=str(settings.terminal_path), **account), module.last_error()
    assert module.account_info().trade_mode == module.ACCOUNT_TRADE_MODE_DEMO, "nothing but a demo account is tested"
    yield module
    module.shutdown()


def _paper_settings(folder: Path) -> Settings:
    create_terminal(folder, TerminalProfile.model_validate({"clock": {"fixed": "2026-07-01T12:00:00Z"}}))
    return Settings(mt5_path=folder)


@pytest.fixture
def pair(mt5: Any) -> str:
    """The broker's name of USDJPY, shown in Market Watch."""
    return resolve(Reader(mt5), "USDJPY", SETTINGS.mt5_symbol_names)


@pytest.fixture
def now_s(mt5: Any, pair: str) -> int:
    """Server time by the newest tick."""
    return int(mt5.symbol_info_tick(pair).time)


def test_arrays_are_packed_and_read_only(mt5: Any, pair: str, now_s: int) -> None:
    """Rates and ticks have the dtypes of mt5_api.json, 60 bytes a row, and cannot be written to."""
    rates = mt5.copy_rates_from_pos(pair, mt5.TIMEFRAME_M5, 0, 10)
    ticks = mt5.copy_ticks_from(pair, now_s - 600, 10, mt5.COPY_TICKS_ALL)

    for rows, name in ((rates, "rates_dtype"), (ticks, "ticks_dtype")):
        found = [[field, rows.dtype.fields[field][0].str, rows.dtype.fields[field][1]] for field in rows.dtype.names]
        assert found == surface.API[name]
        assert (rows.dtype.itemsize, rows.flags.writeable) == (60, False)


def test_position_zero_is_the_forming_bar(mt5: Any, pair: str, now_s: int) -> None:
    """The newest bar holds the newest tick: both are written in server time."""
    newest = mt5.copy_rates_from_pos(pair, mt5.TIMEFRAME_M5, 0, 2)[-1]

    assert newest["time"] <= now_s < newest["time"] + 300


def test_range_includes_both_ends(mt5: Any, pair: str) -> None:
    """A range from one bar's open to another's holds both."""
    three = mt5.copy_rates_from_pos(pair, mt5.TIMEFRAME_H1, 1, 3)

    ranged = mt5.copy_rates_range(pair, mt5.TIMEFRAME_H1, int(three["time"][0]), int(three["time"][-1]))

    assert np.array_equal(ranged["time"], three["time"])


def test_nothing_in_a_range_is_an_empty_array(mt5: Any, pair: str, now_s: int) -> None:
    """A valid range without bars is an empty array with success, not None."""
    rates = mt5.copy_rates_range(pair, mt5.TIMEFRAME_H1, now_s + 30 * DAY_S, now_s + 31 * DAY_S)

    assert rates is not None
    assert (len(rates), mt5.last_error()) == (0, (1, "Success"))


def test_no_rows_are_an_empty_tuple(mt5: Any) -> None:
    """An unknown ticket is (), with success."""
    for name in ("positions_get", "orders_get", "history_orders_get", "history_deals_get"):
        assert getattr(mt5, name)(ticket=1) == ()
        assert mt5.last_error() == (1, "Success")


def test_unknown_symbol(mt5: Any) -> None:
    """A symbol that the broker lacks is None, and cannot be selected."""
    assert mt5.symbol_info("NOSUCHPAIR") is None
    assert mt5.symbol_info_tick("NOSUCHPAIR") is None
    assert mt5.symbol_select("NOSUCHPAIR", True) is False


def test_types_of_the_structs(mt5: Any, pair: str) -> None:
    """Symbol, account and terminal have the fields of mt5_api.json, whole numbers as int and prices as float."""
    info, account = mt5.symbol_info(pair), mt5.account_info()

    assert list(info._asdict()) == surface.API["structs"]["SymbolInfo"]
    assert list(account._asdict()) == surface.API["structs"]["AccountInfo"]
    assert list(mt5.terminal_info()._asdict()) == surface.API["structs"]["TerminalInfo"]
    assert [type(value) for value in (info.digits, info.point, info.select, info.volume_min)] == [
        int,
        float,
        bool,
        float,
    ]
    assert [type(value) for value in (account.login, account.balance, account.trade_allowed)] == [int, float, bool]


def test_check_refuses_what_cannot_be(mt5: Any, pair: str) -> None:
    """order_check names a volume under the minimum and stops on the wrong side, and sends nothing."""
    before = mt5.positions_total()
    request = _entry(mt5, pair)

    too_small = mt5.order_check(request | {"volume": mt5.symbol_info(pair).volume_min / 2})
    wrong_side = mt5.order_check(request | {"sl": request["price"] * 2})

    assert (too_small.retcode, wrong_side.retcode) == (10014, 10016)
    assert mt5.positions_total() == before


def test_smallest_lot_goes_in_and_out(mt5: Any, pair: str) -> None:
    """A market order fills with magic and comment, its stops can be set, it closes, and its deals link to it."""
    _skip_when_closed(mt5, pair)
    request = _entry(mt5, pair)
    assert mt5.order_check(request).retcode == 0

    opened = mt5.order_send(request)
    assert opened.retcode == mt5.TRADE_RETCODE_DONE, opened
    position = next(one for one in mt5.positions_get(symbol=pair) if one.magic == MAGIC)
    closed = mt5.order_send(_exit(mt5, position, request["type_filling"]))

    assert closed.retcode == mt5.TRADE_RETCODE_DONE, closed
    assert (position.volume, position.comment) == (request["volume"], "axia-contract")
    deals = mt5.history_deals_get(position=position.identifier)
    assert [deal.entry for deal in deals] == [mt5.DEAL_ENTRY_IN, mt5.DEAL_ENTRY_OUT]


def test_pending_order_is_placed_and_removed(mt5: Any, pair: str) -> None:
    """A far LIMIT is placed, found by its ticket, removed, and found cancelled in the history."""
    _skip_when_closed(mt5, pair)
    info = mt5.symbol_info(pair)
    price = round(info.bid * 0.9, info.digits)
    request = {"action": mt5.TRADE_ACTION_PENDING, "symbol": pair, "volume": info.volume_min, "price": price}
    request |= {"type": mt5.ORDER_TYPE_BUY_LIMIT, "type_filling": mt5.ORDER_FILLING_RETURN, "magic": MAGIC}

    placed = mt5.order_send(request)
    assert placed.retcode in (mt5.TRADE_RETCODE_PLACED, mt5.TRADE_RETCODE_DONE), placed
    (order,) = mt5.orders_get(ticket=placed.order)
    removed = mt5.order_send(action=mt5.TRADE_ACTION_REMOVE, order=placed.order)

    assert removed.retcode == mt5.TRADE_RETCODE_DONE, removed
    assert (order.magic, order.price_open, order.state) == (MAGIC, price, mt5.ORDER_STATE_PLACED)
    assert mt5.history_orders_get(ticket=placed.order)[0].state == mt5.ORDER_STATE_CANCELED


def _entry(mt5: Any, pair: str) -> dict[str, Any]:
    info = mt5.symbol_info(pair)
    request = {"action": mt5.TRADE_ACTION_DEAL, "symbol": pair, "type": mt5.ORDER_TYPE_BUY, "magic": MAGIC}
    request |= {"volume": info.volume_min, "price": info.ask, "deviation": 50, "comment": "axia-contract"}
    return request | {"type_filling": deal_filling(info.filling_mode, info.trade_exemode)}


def _exit(mt5: Any, position: Any, filling: int) -> dict[str, Any]:
    request = {"action": mt5.TRADE_ACTION_DEAL, "symbol": position.symbol, "type": mt5.ORDER_TYPE_SELL}
    request |= {"volume": position.volume, "price": mt5.symbol_info_tick(position.symbol).bid, "deviation": 50}
    return request | {"position": position.ticket, "type_filling": filling, "magic": MAGIC}


def _skip_when_closed(mt5: Any, pair: str) -> None:
    first = mt5.symbol_info_tick(pair)
    if mt5.__name__ == REAL and (datetime.now(UTC).timestamp() - first.time) % 3_600 > 120:
        # Server clocks differ from UTC by whole hours: a tick that is minutes off is one of a closed market.
        pytest.skip("the market is closed: its newest tick is old")
