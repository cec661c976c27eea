"""Prices of the paper terminal: the generator, its bars through the module, quotes and ticks."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.bars import aggregate
from axia_core.adapters.paper.clock import SESSION_CLOCK, ServerClock
from axia_core.adapters.paper.generator import Generator
from axia_core.adapters.paper.market import Market
from axia_core.adapters.paper.spreads import Spread
from axia_core.domain import sessions
from axia_core.domain.symbols import DEFAULT_SYMBOLS

from .conftest import NOON, PAIR, PaperTerminal, tick

FRAMES = {"M15": 3, "H1": 12, "H4": 48, "D1": 288}
COUNTS = {"M1": 1440, "M5": 288, "M15": 96, "H1": 24, "H4": 6, "D1": 1}

trading_days = st.dates(date(2005, 1, 3), date(2035, 12, 31)).filter(sessions.is_trading_day)
pairs = st.sampled_from(DEFAULT_SYMBOLS)


def _bounds(day: date) -> tuple[int, int]:
    session = sessions.session(day)
    return int(session.open.timestamp()), int(session.close.timestamp())


def _market(clock: ServerClock = SESSION_CLOCK) -> Market:
    return Market(Generator(1, DEFAULT_SYMBOLS), clock, dict.fromkeys(DEFAULT_SYMBOLS, Spread(12)), has_minutes=True)


@given(trading_days, pairs)
@settings(max_examples=40, deadline=None)
def test_session_is_complete(day: date, pair: str) -> None:
    """Every session of every year has 288 M5 bars, each with low <= open, close <= high."""
    bars = Generator(1, DEFAULT_SYMBOLS).base_bars(pair, *_bounds(day))

    assert len(bars) == 288
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.volume > 0).all()
    assert (bars.open[1:] == bars.close[:-1]).all()


@given(trading_days, pairs, st.sampled_from(sorted(FRAMES)))
@settings(max_examples=40, deadline=None)
def test_aggregation_is_exact(day: date, pair: str, frame: str) -> None:
    """Each higher timeframe is exactly what the session's M5 bars make."""
    market, (first, end) = _market(), _bounds(day)
    server = SESSION_CLOCK.to_server_s(first)

    low = market.rates(pair, mt5.TIMEFRAME_M5, server, server + 86_399, end * 1000)
    high = market.rates(pair, getattr(mt5, f"TIMEFRAME_{frame}"), server, server + 86_399, end * 1000)

    rows = FRAMES[frame]
    assert len(high) == 288 // rows
    assert (high.time_s == low.time_s[::rows]).all()
    assert (high.open == low.open[::rows]).all()
    assert (high.close == low.close[rows - 1 :: rows]).all()
    assert (high.high == low.high.reshape(-1, rows).max(axis=1)).all()
    assert (high.low == low.low.reshape(-1, rows).min(axis=1)).all()
    assert (high.volume == low.volume.reshape(-1, rows).sum(axis=1)).all()


@given(trading_days, pairs, st.integers(0, 287), st.integers(1, 288))
@settings(max_examples=40, deadline=None)
def test_random_access(day: date, pair: str, start: int, count: int) -> None:
    """Any window of any new generator holds the same bars as the whole day of another."""
    first, end = _bounds(day)
    whole = Generator(7, DEFAULT_SYMBOLS).base_bars(pair, first, end)

    low, high = first + start * 300, min(end, first + (start + count) * 300)
    part = Generator(7, (pair,)).base_bars(pair, low, high)

    for mine, theirs in zip(part.columns(), whole.between(low, high).columns(), strict=True):
        assert (mine == theirs).all()


def test_seed_matters() -> None:
    """Another seed gives other prices."""
    window = _bounds(date(2026, 6, 17))

    assert (
        Generator(1, (PAIR,)).base_bars(PAIR, *window).close != Generator(2, (PAIR,)).base_bars(PAIR, *window).close
    ).any()


def test_weekend_is_closed() -> None:
    """Between Friday's and Sunday's 17:00 New York there is no bar, and the quote is Friday's last."""
    friday, monday = sessions.session(date(2026, 3, 6)), sessions.session(date(2026, 3, 9))
    saturday_ms = int((friday.close + timedelta(hours=20)).timestamp() * 1000)
    market = _market()

    bars = market.source.base_bars(PAIR, int(friday.close.timestamp()), int(monday.open.timestamp()))
    quote = market.quote(PAIR, saturday_ms)

    assert len(bars) == 0
    assert quote is not None
    last = market.source.last_bar(PAIR, saturday_ms // 1000)
    assert (quote.bid, last.time_s[0] + 300) == (last.close[0], friday.close.timestamp())


def test_crosses_agree() -> None:
    """EURJPY is EURUSD times USDJPY to within rounding: one currency has one value."""
    window = _bounds(date(2026, 6, 17))
    source = Generator(1, DEFAULT_SYMBOLS)

    legs = source.base_bars("EURUSD", *window).close * source.base_bars("USDJPY", *window).close

    assert np.allclose(source.base_bars("EURJPY", *window).close, legs, atol=0.002)


@pytest.mark.parametrize(
    "day", [date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 30), date(2026, 10, 26), date(2026, 11, 2)]
)
@pytest.mark.parametrize("frame", sorted(COUNTS))
def test_counts_over_clock_changes(terminal: PaperTerminal, day: date, frame: str) -> None:
    """On both sides of the US and EU clock changes a server day has 1440, 288, 96, 24, 6 and 1 bars."""
    start = SESSION_CLOCK.to_server_s(_bounds(day)[0])
    terminal.move(sessions.session(day).close + timedelta(hours=1) - NOON)

    rates = mt5.copy_rates_range(PAIR, getattr(mt5, f"TIMEFRAME_{frame}"), start, start + 86_399)

    assert len(rates) == COUNTS[frame]
    assert rates["time"][0] == start
    assert start % 86_400 == 0


def test_eu_clock_has_a_sunday_stub() -> None:
    """Where the server follows EU dates, the weeks between the changes have a Sunday D1 bar of one hour."""
    market = _market(ServerClock("Europe/Athens", 0))
    sunday = int(np.datetime64("2026-03-15T00:00:00", "s").astype(np.int64))

    days = market.rates(PAIR, mt5.TIMEFRAME_D1, sunday, sunday + 6 * 86_400, (sunday + 9 * 86_400) * 1000)

    assert days.time_s[0] == sunday
    assert len(days) == 6


def test_forming_bar(terminal: PaperTerminal) -> None:
    """Position 0 is the forming bar: its close is the bid, its volume the ticks so far, and it only widens."""
    before = mt5.copy_rates_from_pos(PAIR, mt5.TIMEFRAME_M5, 0, 1)[0]

    assert before["close"] == tick().bid
    assert before["low"] <= tick().bid <= before["high"]
    assert before["time"] == SESSION_CLOCK.to_server_s(int(NOON.timestamp())) // 300 * 300

    terminal.move(timedelta(minutes=3))
    after = mt5.copy_rates_from_pos(PAIR, mt5.TIMEFRAME_M5, 0, 1)[0]
    assert after["high"] >= before["high"]
    assert after["low"] <= before["low"]
    assert after["tick_volume"] > before["tick_volume"]


def test_nothing_after_now(terminal: PaperTerminal) -> None:
    """A range that ends in the future ends at the forming bar."""
    server = SESSION_CLOCK.to_server_s(int(NOON.timestamp()))

    rates = mt5.copy_rates_range(PAIR, mt5.TIMEFRAME_M5, server - 3_600, server + 86_400)

    assert rates["time"][-1] == server // 300 * 300


@pytest.mark.parametrize("frame", ["M1", "M5", "H4", "D1", "W1", "MN1"])
def test_windows_agree(terminal: PaperTerminal, frame: str) -> None:
    """from, from_pos and range give the same bars for the same window, oldest first."""
    timeframe = getattr(mt5, f"TIMEFRAME_{frame}")

    by_position = mt5.copy_rates_from_pos(PAIR, timeframe, 2, 3)
    by_date = mt5.copy_rates_from(PAIR, timeframe, int(by_position["time"][-1]), 3)
    by_range = mt5.copy_rates_range(PAIR, timeframe, int(by_position["time"][0]), int(by_position["time"][-1]))

    assert len(by_position) == 3
    assert (by_position == by_date).all()
    assert (by_position == by_range).all()


def test_ticks_make_the_bar(terminal: PaperTerminal) -> None:
    """The ticks of a closed M5 bar aggregate to exactly that bar."""
    bar = mt5.copy_rates_from_pos(PAIR, mt5.TIMEFRAME_M5, 1, 1)[0]

    ticks = mt5.copy_ticks_range(PAIR, int(bar["time"]), int(bar["time"]) + 300, mt5.COPY_TICKS_ALL)
    ticks = ticks[ticks["time"] < bar["time"] + 300]

    found = (ticks["bid"][0], ticks["bid"].max(), ticks["bid"].min(), len(ticks))
    assert found == (bar["open"], bar["high"], bar["low"], bar["tick_volume"])
    assert (np.diff(ticks["time_msc"].astype(np.int64)) >= 0).all()


def test_arrays_are_read_only(terminal: PaperTerminal) -> None:
    """Returned arrays cannot be written to, empty ones included."""
    arrays = [mt5.copy_rates_from_pos(PAIR, 5, 0, 3), mt5.copy_ticks_from(PAIR, 1_700_000_000, 3, mt5.COPY_TICKS_TRADE)]

    assert [array.flags.writeable for array in arrays] == [False, False]


NEW_YORK_GOES_BACK_S, ATHENS_GOES_BACK_S = 1_414_908_000, 1_414_285_200


@given(
    st.integers(1_000_000_000, 2_000_000_000),
    st.sampled_from([("America/New_York", 7), ("Europe/Athens", 0), ("UTC", 3)]),
)
@example(NEW_YORK_GOES_BACK_S, ("America/New_York", 7))
@example(NEW_YORK_GOES_BACK_S - 1, ("America/New_York", 7))
@example(ATHENS_GOES_BACK_S, ("Europe/Athens", 0))
@example(ATHENS_GOES_BACK_S - 1, ("Europe/Athens", 0))
def test_server_clock_round_trip(utc_s: int, rule: tuple[str, int]) -> None:
    """Server time leads back to the instant, and of an hour that happens twice to the first."""
    clock = ServerClock(*rule)

    back = clock.to_utc_s(clock.to_server_s(utc_s))

    assert utc_s - back in (0, 3_600)
    assert clock.to_server_s(back) == clock.to_server_s(utc_s)


def test_aggregate_of_nothing() -> None:
    """No rows make no bar."""
    market = _market()

    assert len(aggregate(market.source.base_bars(PAIR, 10, 10), mt5.TIMEFRAME_H1)) == 0
