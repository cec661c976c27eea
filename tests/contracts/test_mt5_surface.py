"""The paper terminal's module against `mt5_api.json`, read out of a real wheel: what is seen without a terminal.

The tests are made from the JSON, so another wheel's JSON shows every drift by name. Trading is tested elsewhere.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper import surface

API: dict[str, Any] = json.loads(Path(surface.__file__).with_name("mt5_api.json").read_text(encoding="utf-8"))

# A call of every function that is good apart from the missing connection.
GOOD_CALLS: dict[str, tuple[Any, ...]] = {
    "symbol_info": ("USDJPY",),
    "symbol_info_tick": ("USDJPY",),
    "symbol_select": ("USDJPY", True),
    "market_book_add": ("USDJPY",),
    "market_book_release": ("USDJPY",),
    "market_book_get": ("USDJPY",),
    "copy_rates_from": ("USDJPY", 5, 1_700_000_000, 10),
    "copy_rates_from_pos": ("USDJPY", 5, 0, 10),
    "copy_rates_range": ("USDJPY", 5, 1_700_000_000, 1_700_003_600),
    "copy_ticks_from": ("USDJPY", 1_700_000_000, 10, -1),
    "copy_ticks_range": ("USDJPY", 1_700_000_000, 1_700_003_600, -1),
    "history_orders_total": (1_700_000_000, 1_700_003_600),
    "history_orders_get": (1_700_000_000, 1_700_003_600),
    "history_deals_total": (1_700_000_000, 1_700_003_600),
    "history_deals_get": (1_700_000_000, 1_700_003_600),
    "order_calc_margin": (0, "USDJPY", 0.1, 150.0),
    "order_calc_profit": (0, "USDJPY", 0.1, 150.0, 151.0),
    "order_check": ({"symbol": "USDJPY"},),
    "order_send": ({"symbol": "USDJPY"},),
    "login": (1,),
}
WITHOUT_CONNECTION = sorted(set(API["functions"]) - {"initialize", "shutdown", "last_error"})
FALSE_ON_FAILURE = {"login", "symbol_select", "market_book_add", "market_book_release", "symbols_get"}


@pytest.fixture(autouse=True)
def disconnected() -> Iterator[None]:
    mt5.shutdown()
    yield
    mt5.shutdown()


@pytest.mark.parametrize("name", sorted(API["constants"]))
def test_constant(name: str) -> None:
    """Every constant of the wheel is there with its value."""
    assert getattr(mt5, name) == API["constants"][name]


@pytest.mark.parametrize("name", sorted(API["structs"]))
def test_struct_fields(name: str) -> None:
    """Every struct has the wheel's fields in the wheel's order and is a tuple, not a namedtuple."""
    fields, kind = API["structs"][name], getattr(mt5, name)

    value = kind(range(len(fields)))

    assert isinstance(value, tuple)
    assert value._asdict() == dict(zip(fields, range(len(fields)), strict=True))
    assert (kind.__match_args__, kind.n_fields) == (tuple(fields), len(fields))
    assert getattr(value, fields[-1]) == value[-1] == len(fields) - 1
    assert not any(hasattr(value, absent) for absent in ("_fields", "_replace", "_make"))


def test_struct_is_strict() -> None:
    """A struct refuses another length and any assignment."""
    with pytest.raises(TypeError, match="8-sequence"):
        mt5.Tick((1, 2))
    with pytest.raises(AttributeError):
        mt5.Tick(range(8)).bid = 1.0


def test_struct_pickles() -> None:
    """A struct crosses a process boundary unchanged."""
    tick = mt5.Tick(range(8))

    assert pickle.loads(pickle.dumps(tick)) == tick


@pytest.mark.parametrize("name", sorted(API["functions"]))
def test_function_exists(name: str) -> None:
    """Every function of the wheel is there."""
    assert callable(getattr(mt5, name))


@pytest.mark.parametrize("name", sorted(n for n, f in API["functions"].items() if f["flags"] == "no-args"))
def test_no_arguments(name: str) -> None:
    """A function without arguments raises TypeError when given one."""
    with pytest.raises(TypeError):
        getattr(mt5, name)(1)


@pytest.mark.parametrize("name", sorted(n for n, f in API["functions"].items() if f["flags"] == "positional-only"))
def test_positional_only(name: str) -> None:
    """A positional-only function raises TypeError when given a keyword."""
    with pytest.raises(TypeError):
        getattr(mt5, name)(symbol="USDJPY")


@pytest.mark.parametrize("name", WITHOUT_CONNECTION)
def test_no_connection(name: str) -> None:
    """Before initialize, a call gives None or False and says that there is no connection."""
    answer = getattr(mt5, name)(*GOOD_CALLS.get(name, ()))

    assert answer is (False if name in FALSE_ON_FAILURE else None)
    assert mt5.last_error() == (-10004, "No IPC connection")


def test_shutdown_without_connection() -> None:
    """shutdown is True whether or not there was a connection."""
    assert mt5.shutdown() is True


def test_initialize_needs_a_path(tmp_path: Path) -> None:
    """Without a terminal at the path, initialize is False with -10003."""
    for arguments in ((), (str(tmp_path),)):
        assert mt5.initialize(*arguments) is False
        assert mt5.last_error()[0] == -10003


def test_initialize_counts_arguments() -> None:
    """initialize takes one positional argument."""
    assert mt5.initialize("a", "b") is False
    assert mt5.last_error() == (-2, "Invalid number of arguments")


@pytest.mark.parametrize("name", ["rates", "ticks"])
def test_dtypes(name: str) -> None:
    """Both dtypes are packed into 60 bytes with the wheel's names, kinds and offsets."""
    dtype = {"rates": surface.RATES_DTYPE, "ticks": surface.TICKS_DTYPE}[name]

    assert dtype.itemsize == API["itemsize"] == 60
    fields = dtype.fields or {}
    assert [[n, fields[n][0].str, fields[n][1]] for n in dtype.names or ()] == API[f"{name}_dtype"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume", 1),
        ("volume", np.float32(0.1)),
        ("price", None),
        ("sl", "1.0"),
        ("magic", np.int64(5)),
        ("magic", -1),
        ("magic", 1 << 64),
        ("deviation", 10.0),
        ("expiration", datetime(2026, 7, 3, tzinfo=UTC)),
        ("position", None),
        ("comment", "x" * 30),
        ("comment", b"x"),
        ("symbol", "X" * 30),
    ],
)
def test_request_field_refused(field: str, value: object) -> None:
    """A request field of a wrong type or length ends the call with None and the field's name."""
    assert mt5.order_send({"action": 1, "symbol": "USDJPY", field: value}) is None
    assert mt5.last_error() == (-2, f'Invalid "{field}" argument')


@pytest.mark.parametrize(
    ("field", "value"),
    [("volume", np.float64(0.1)), ("magic", True), ("magic", (1 << 64) - 1), ("comment", "x" * 29), ("unknown", None)],
)
def test_request_field_accepted(field: str, value: object) -> None:
    """What the real module lets pass reaches the terminal, which is not there."""
    assert mt5.order_send({"action": 1, "symbol": "USDJPY", field: value}) is None
    assert mt5.last_error()[0] == -10004


def test_request_shapes() -> None:
    """A request is one dict or keywords, never both."""
    assert mt5.order_send({"action": 1}, symbol="USDJPY") is None
    assert mt5.last_error() == (-2, "Unnamed arguments not allowed")
    assert mt5.order_send(action=1, symbol="USDJPY") is None
    assert mt5.last_error()[0] == -10004


@pytest.mark.parametrize(
    "date", ["2026-07-03", datetime(2026, 7, 3, tzinfo=UTC).date(), np.datetime64("2026-07-03"), None]
)
def test_date_refused(date: object) -> None:
    """A date is a number or a datetime, nothing else."""
    assert mt5.copy_rates_range("USDJPY", 5, date, 1_700_000_000) is None
    assert mt5.last_error() == (-2, "Invalid arguments")


def test_filters_are_keywords() -> None:
    """positions_get and orders_get refuse positional arguments."""
    for function in (mt5.positions_get, mt5.orders_get):
        assert function("USDJPY") is None
        assert mt5.last_error() == (-2, "Unnamed arguments not allowed")
