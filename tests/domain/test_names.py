"""Names of stored things, symbols and timeframes: round trips, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain import names
from axia_core.domain.sessions import session, trading_date_at
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol, parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, UnknownSymbol, UnknownTimeframe
from tests.bar_examples import FRIDAY, USDJPY, symbols, timeframes, trading_dates


@given(symbols, timeframes, trading_dates)
def test_object_key_round_trip(symbol: Symbol, timeframe: Timeframe, day: date) -> None:
    """A key names its series and day, and those name the key; the day gives the window and the window the day."""
    key = names.object_key(symbol, timeframe, day)

    assert names.parse_object_key(key) == (symbol, timeframe, day)
    assert names.is_object_key(key)
    assert key.startswith(names.series_prefix(symbol, timeframe))
    assert trading_date_at(session(day).open) == day


@given(symbols, timeframes)
def test_cache_key_round_trip(symbol: Symbol, timeframe: Timeframe) -> None:
    """A cache key names its series and the series the key."""
    assert names.parse_cache_key(names.cache_key(symbol, timeframe)) == (symbol, timeframe)


@given(st.lists(trading_dates, min_size=2, unique=True))
def test_keys_sort_like_dates(days: list[date]) -> None:
    """The keys of a series sort as their dates do, so that a listing is oldest first."""
    keys = [names.object_key(USDJPY, Timeframe.H1, day) for day in days]

    assert sorted(keys) == [names.object_key(USDJPY, Timeframe.H1, day) for day in sorted(days)]


def test_original_layout() -> None:
    """Keys are those of the original design, to the letter."""
    assert names.object_key(USDJPY, Timeframe.H1, FRIDAY) == "USDJPY/H1/2026/07/03/data.parquet"
    assert names.cache_key(USDJPY, Timeframe.H1) == "ohlcv:USDJPY:H1"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "USDJPY/H1/2026/07/03/data.csv",
        "USDJPY/H2/2026/07/03/data.parquet",
        "USDJPY/H1/2026/7/3/data.parquet",
        "USDJPY/H1/2026/02/30/data.parquet",
        "x/USDJPY/H1/2026/07/03/data.parquet",
        "USDJPY/H1/2026/07/03/data.parquet\n",
    ],
)
def test_other_object_keys_are_refused(key: str) -> None:
    """What is no partition's key is refused with the form of one."""
    with pytest.raises(InvalidInput, match=r"data\.parquet"):
        names.parse_object_key(key)


@pytest.mark.parametrize("key", ["", "ohlcv:USDJPY", "ohlcv:USDJPY:M1", "bars:USDJPY:H1", "ohlcv:usdjpy:H1"])
def test_other_cache_keys_are_refused(key: str) -> None:
    """What is no series' key is refused with the form of one."""
    with pytest.raises(InvalidInput, match="ohlcv"):
        names.parse_cache_key(key)


@pytest.mark.parametrize(
    ("name", "digits", "point", "pip"),
    [("USDJPY", 3, "0.001", "0.01"), ("EURUSD", 5, "0.00001", "0.0001"), ("USDCHF", 5, "0.00001", "0.0001")],
)
def test_price_steps(name: str, digits: int, point: str, pip: str) -> None:
    """A pair quoted in yen has three digits, others five, and a pip is ten points."""
    symbol = Symbol(name)

    assert (symbol.digits, symbol.point, symbol.pip) == (digits, Decimal(point), Decimal(pip))


def test_base_and_quote() -> None:
    """The first three letters are bought, the last three paid."""
    assert (USDJPY.base, USDJPY.quote, str(USDJPY)) == ("USD", "JPY", "USDJPY")


@pytest.mark.parametrize("name", ["", "usdjpy", "USDJP", "USDJPYm", "USD/JPY", "USDJP1"])
def test_malformed_symbol_is_refused(name: str) -> None:
    """A symbol is six capital letters."""
    with pytest.raises(UnknownSymbol, match="six capital letters"):
        Symbol(name)


def test_unlisted_symbol_is_refused() -> None:
    """A pair that the settings do not list is refused with the list."""
    assert parse_symbol("EURUSD") == Symbol("EURUSD")
    with pytest.raises(UnknownSymbol, match=r"NZDUSD.*AUDUSD"):
        parse_symbol("NZDUSD", DEFAULT_SYMBOLS)


@given(timeframes)
def test_timeframe_round_trip(timeframe: Timeframe) -> None:
    """A timeframe is known by its text in any case, and divides the day evenly."""
    assert Timeframe.parse(timeframe.lower()) is timeframe
    assert timeframe.minutes * timeframe.bars_per_session == 24 * 60


@pytest.mark.parametrize("text", ["", "M1", "H2", "W1", "5M", "hourly"])
def test_unknown_timeframe_is_refused(text: str) -> None:
    """Any other timeframe is refused with the five that are known."""
    with pytest.raises(UnknownTimeframe, match="M5, M15, H1, H4, D1"):
        Timeframe.parse(text)
