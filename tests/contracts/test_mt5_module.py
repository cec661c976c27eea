"""One contract for the paper terminal's module and the real MetaTrader5: what is seen without a terminal.

The tests are made from `mt5_api.json`, read out of a real wheel, so another wheel's JSON shows every drift by name.
The real module is skipped where it cannot be imported (it exists for Windows only); what only a terminal can show is
in docs/operations.md, "The real module against a demo account". Trading is tested in tests/adapters/paper.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axia_core.adapters.paper import surface

API: dict[str, Any] = json.loads(Path(surface.__file__).with_name("mt5_api.json").read_text(encoding="utf-8"))

PAPER, REAL = "axia_core.adapters.paper.metatrader5", "MetaTrader5"
HAS_REAL = importlib.util.find_spec(REAL) is not None

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
SILENT = {"market_book_add", "market_book_release"}
# Seen at the real module: it takes the build that it does not know for one that is too old.
TOO_OLD = (-5, "Terminal: Incompatible versions, please install the latest version of Terminal and Python module")
OTHER_ERRORS = {name: (1, "Success") for name in SILENT} | {name: TOO_OLD for name in ("symbols_get", "symbols_total")}
FALSE_ON_FAILURE = {"login", "symbol_select", "market_book_add", "market_book_release"}


@pytest.fixture(params=[PAPER, REAL] if HAS_REAL else [PAPER])
def mt5(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each of the two modules, without a connection."""
    module = importlib.import_module(request.param)
    module.shutdown()
    yield module
    module.shutdown()


@pytest.fixture
def paper() -> Iterator[Any]:
    """The paper module alone, for what would start a terminal or needs one."""
    module = importlib.import_module(PAPER)
    module.shutdown()
    yield module
    module.shutdown()


@pytest.mark.skipif(not HAS_REAL, reason="MetaTrader5 cannot be imported: it exists for Windows only")
def test_real_module_is_tested() -> None:
    """Where the real module can be imported, every test of this file runs against it as well."""
    assert importlib.import_module(REAL).__version__


@pytest.mark.parametrize("name", sorted(API["constants"]))
def test_constant(mt5: Any, name: str) -> None:
    """Every constant of the wheel is there with its value."""
    assert getattr(mt5, name) == API["constants"][name]


@pytest.mark.parametrize("name", sorted(API["structs"]))
def test_struct_fields(mt5: Any, name: str) -> None:
    """Every struct has the wheel's fields in the wheel's order and is a tuple, not a namedtuple."""
    fields, kind = API["structs"][name], getattr(mt5, name)

    value = kind(range(len(fields)))

    assert isinstance(value, tuple)
    assert value._asdict() == dict(zip(fields, range(len(fields)), strict=True))
    assert (kind.__match_args__, kind.n_fields) == (tuple(fields), len(fields))
    assert getattr(value, fields[-1]) == value[-1] == len(fields) - 1
    assert not any(hasattr(value, absent) for absent in ("_fields", "_replace", "_make"))


def test_struct_is_strict(mt5: Any) -> None:
    """A struct refuses another length and any assignment."""
    with pytest.raises(TypeError, match=r"Tick\(\) takes a 8-sequence \(2-sequence given\)"):
        mt5.Tick((1, 2))
    with pytest.raises(AttributeError):
        mt5.Tick(range(8)).bid = 1.0


def test_struct_stays_in_its_process(mt5: Any) -> None:
    """A struct copies but does not pickle: its type's name carries no module. Send `_asdict()` instead."""
    tick = mt5.Tick(range(8))

    assert copy.copy(tick) == tick
    assert (type(tick).__module__, type(tick).__name__) == ("builtins", "Tick")
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(tick)


def test_struct_shows_itself(mt5: Any) -> None:
    """The text form names the type and each field."""
    assert repr(mt5.BookInfo((1, 2.5, 3, 4.0))) == "BookInfo(type=1, price=2.5, volume=3, volume_dbl=4.0)"


@pytest.mark.parametrize("name", sorted(API["functions"]))
def test_function_exists(mt5: Any, name: str) -> None:
    """Every function of the wheel is there."""
    assert callable(getattr(mt5, name))


@pytest.mark.parametrize("name", sorted(n for n, f in API["functions"].items() if f["flags"] == "no-args"))
def test_no_arguments(mt5: Any, name: str) -> None:
    """A function without arguments raises TypeError when given one."""
    with pytest.raises(TypeError):
        getattr(mt5, name)(1)


@pytest.mark.parametrize("name", sorted(n for n, f in API["functions"].items() if f["flags"] == "positional-only"))
def test_positional_only(mt5: Any, name: str) -> None:
    """A positional-only function raises TypeError when given a keyword."""
    with pytest.raises(TypeError):
        getattr(mt5, name)(symbol="USDJPY")


@pytest.mark.parametrize("name", WITHOUT_CONNECTION)
def test_no_connection(mt5: Any, name: str) -> None:
    """Before initialize, a call gives None or False (version gives zeros) and mostly says: no connection."""
    answer = getattr(mt5, name)(*GOOD_CALLS.get(name, ()))

    assert answer == ((0, 0, "") if name == "version" else False if name in FALSE_ON_FAILURE else None)
    assert mt5.last_error() == OTHER_ERRORS.get(name, (-10004, "No IPC connection"))


def test_shutdown_without_connection(mt5: Any) -> None:
    """shutdown is True whether or not there was a connection."""
    assert mt5.shutdown() is True


def test_initialize_needs_a_path(paper: Any, tmp_path: Path) -> None:
    """Without a terminal at the path, initialize is False with -10003."""
    for arguments in ((), (str(tmp_path),)):
        assert paper.initialize(*arguments) is False
        assert paper.last_error()[0] == -10003


def test_initialize_counts_arguments(mt5: Any) -> None:
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
        ("deviation", 10.0),
        ("expiration", datetime(2026, 7, 3, tzinfo=UTC)),
        ("position", None),
        ("comment", "x" * 30),
        ("comment", b"x"),
        ("symbol", "X" * 30),
    ],
)
def test_request_field_refused(mt5: Any, field: str, value: object) -> None:
    """A request field of a wrong type or length ends the call with None and the field's name."""
    assert mt5.order_send({"action": 1, "symbol": "USDJPY", field: value}) is None
    assert mt5.last_error() == (-2, f'Invalid "{field}" argument')


@pytest.mark.parametrize(
    ("field", "value"),
    [("volume", np.float64(0.1)), ("magic", True), ("magic", (1 << 64) - 1), ("comment", "x" * 29), ("unknown", None)],
)
def test_request_field_accepted(mt5: Any, field: str, value: object) -> None:
    """What the real module lets pass reaches the terminal, which is not there."""
    assert mt5.order_send({"action": 1, "symbol": "USDJPY", field: value}) is None
    assert mt5.last_error()[0] == -10004


def test_request_shapes(mt5: Any) -> None:
    """A request is one dict or keywords, never both."""
    assert mt5.order_send({"action": 1}, symbol="USDJPY") is None
    assert mt5.last_error() == (-2, "Unnamed arguments not allowed")
    assert mt5.order_send(action=1, symbol="USDJPY") is None
    assert mt5.last_error()[0] == -10004


@pytest.mark.parametrize(
    "date", ["2026-07-03", datetime(2026, 7, 3, tzinfo=UTC).date(), np.datetime64("2026-07-03"), None]
)
def test_date_refused(mt5: Any, date: object) -> None:
    """A date is a number or a datetime, nothing else."""
    assert mt5.copy_rates_range("USDJPY", 5, date, 1_700_000_000) is None
    assert mt5.last_error() == (-2, "Invalid arguments")


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("copy_rates_from_pos", ("USDJPY", "M5", 0, 1), {}),
        ("copy_rates_from_pos", ("USDJPY", 5.0, 0, 1), {}),
        ("copy_rates_from_pos", ("USDJPY", 5, 0, 1 << 31), {}),
        ("order_calc_margin", (0, "USDJPY", "0.1", 150.0), {}),
        ("positions_get", (), {"ticket": -1}),
        ("orders_get", (), {"ticket": 1 << 64}),
        ("order_send", (), {"magic": -1}),
        ("order_send", (), {"magic": 1 << 64}),
        ("order_check", (), {"type": 1 << 32}),
    ],
)
def test_python_s_own_refusals_surface(
    mt5: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """What Python's own conversion refuses ends as SystemError with -2: the module never clears the exception."""
    with pytest.raises(SystemError, match=f"{name}> returned a result with an exception set"):
        getattr(mt5, name)(*arguments, **options)
    assert mt5.last_error()[0] == -2


@pytest.mark.parametrize(
    ("name", "arguments", "options", "answer", "text"),
    [
        ("symbols_get", (1,), {}, False, "Invalid 1st unnamed argument"),
        ("symbols_get", ("a", "b"), {}, False, "Invalid number of arguments"),
        ("symbols_get", (), {"group": None}, False, 'Invalid "group" argument'),
        ("positions_get", (), {"symbol": None}, None, 'Invalid "symbol" argument'),
        ("positions_get", (), {"ticket": np.int64(5)}, None, 'Invalid "ticket" argument'),
        ("orders_get", (), {"group": b"*"}, None, 'Invalid "group" argument'),
        ("login", ("1",), {}, False, "Invalid 1st unnamed argument"),
        ("login", (1, 2), {}, False, "Invalid 2nd unnamed argument"),
        ("login", (1, "a", 3), {}, False, "Invalid 3rd unnamed argument"),
        ("login", (1, "a", "b", "c"), {}, False, "Invalid number of arguments"),
        ("login", (1,), {"password": None}, False, 'Invalid "password" argument'),
        ("initialize", (5,), {}, False, "Invalid 1st unnamed argument"),
        ("initialize", (), {"login": "5"}, False, 'Invalid "login" argument'),
        ("initialize", (), {"timeout": 1.5}, False, 'Invalid "timeout" argument'),
        ("initialize", (), {"server": 5}, False, 'Invalid "server" argument'),
        ("symbol_info", (5,), {}, None, "Invalid arguments"),
        ("symbol_info", ("X" * 30,), {}, None, "Invalid arguments"),
        ("symbol_select", (5,), {}, False, "Invalid arguments"),
        ("history_deals_total", (1,), {}, None, "Invalid arguments"),
        ("history_deals_get", (), {}, None, "Invalid arguments"),
        ("history_deals_get", (1,), {}, None, "Invalid arguments"),
        ("history_orders_get", (1,), {"ticket": 5}, None, "Unnamed arguments not allowed"),
        ("history_orders_get", (1, 2, 3), {"position": 5}, None, "Unnamed arguments not allowed"),
        ("history_deals_get", (), {"position": "5"}, None, 'Invalid "position" argument'),
        ("history_deals_get", ("1", 2), {}, None, "Invalid arguments"),
        ("history_deals_get", (1, 2), {"group": 5}, None, 'Invalid "group" argument'),
        ("market_book_add", (5,), {}, None, "Invalid arguments"),
        ("market_book_release", (), {}, None, "Invalid arguments"),
    ],
)
def test_refused_arguments(
    mt5: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any], answer: object, text: str
) -> None:
    """A wrong argument is refused with the function's own answer and text; a keyword given as None is wrong too."""
    assert getattr(mt5, name)(*arguments, **options) is answer
    assert mt5.last_error() == (-2, text)


def test_filters_that_do_not_count_are_not_looked_at(mt5: Any) -> None:
    """Only the filter that counts is checked: with a ticket not the symbol, with dates not the ticket."""
    assert mt5.positions_get(ticket=1, symbol=5) is None
    assert mt5.last_error()[0] == -10004
    assert mt5.history_deals_get(1, 2, ticket="x") is None
    assert mt5.last_error()[0] == -10004


def test_unknown_keywords_are_ignored(mt5: Any) -> None:
    """A keyword that a function does not know is not looked at."""
    assert mt5.symbols_get(nonsense=1) is None
    assert mt5.positions_get(magic=7) is None
    assert mt5.last_error()[0] == -10004


def test_numpy_integers_pass_where_c_reads_them(mt5: Any) -> None:
    """A timeframe or a count may be a NumPy integer, a ticket or magic may not."""
    assert mt5.copy_rates_from_pos("USDJPY", np.int32(5), np.int64(0), np.int64(1)) is None
    assert mt5.last_error()[0] == -10004


def test_filters_are_keywords(mt5: Any) -> None:
    """positions_get and orders_get refuse positional arguments."""
    for function in (mt5.positions_get, mt5.orders_get):
        assert function("USDJPY") is None
        assert mt5.last_error() == (-2, "Unnamed arguments not allowed")


def test_helpers_have_the_wheel_s_signatures(mt5: Any) -> None:
    """Buy, Sell and Close take what the wheel's take; without a connection they fail as those do."""
    shapes = {name: inspect.signature(getattr(mt5, name)).parameters for name in ("Buy", "Sell", "Close")}

    order = {"symbol": 1, "volume": 1, "price": 1, "comment": 3, "ticket": 3}
    assert [{name: int(p.kind) for name, p in shape.items()} for shape in shapes.values()] == [
        order,
        order,
        {"symbol": 1, "comment": 3, "ticket": 3},
    ]
    assert mt5.Buy("USDJPY", 0.1, 150.0) is None
    with pytest.raises(TypeError, match="not iterable"):
        mt5.Close("USDJPY")
    with pytest.raises(AttributeError, match="bid"):
        mt5.Sell("USDJPY", 0.1)
