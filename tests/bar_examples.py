"""Bars and truths that several suites need: plain examples first, Hypothesis strategies below. No fixtures here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from axia_core.domain.bars import (
    NO_SPREAD,
    Bars,
    PartitionTruth,
    RefusedBar,
    microseconds,
    missing_opens,
    screen,
)
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe

USDJPY = Symbol("USDJPY")
FRIDAY = date(2026, 7, 3)


def session_bars(
    timeframe: Timeframe = Timeframe.H1, day: date = FRIDAY, symbol: Symbol = USDJPY, price: float = 150.0
) -> Bars:
    """All bars of a session, gently rising from *price*."""
    opens = session(day).bar_opens(timeframe)
    times = np.array([microseconds(at) for at in opens])
    start = price + np.arange(len(opens)) * 0.01
    return Bars.build(
        symbol,
        timeframe,
        times,
        start,
        start + 0.02,
        start - 0.01,
        start + 0.01,
        np.arange(len(opens)) + 1,
        np.full(len(opens), 12),
    )


def many_sessions(timeframe: Timeframe, first: date, last: date, symbol: Symbol = USDJPY) -> Bars:
    """All bars of every trading day from *first* to *last*."""
    return Bars.join(session_bars(timeframe, day, symbol) for day in trading_days(first, last))


def truth_of(bars: Bars, day: date = FRIDAY, source: str = "example", provisional: bool = False) -> PartitionTruth:
    """What is true of *bars* as the partition of *day*."""
    return PartitionTruth(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        trading_date=day,
        source=source,
        provisional=provisional,
        expected=bars.timeframe.bars_per_session,
        actual=len(bars),
        gaps=missing_opens(bars, session(day)),
        refused=(),
        digest=bars.digest(),
    )


def same(left: Bars, right: Bars) -> bool:
    """Whether two Bars have the same content."""
    return (left.symbol, left.timeframe, left.digest()) == (right.symbol, right.timeframe, right.digest())


def without(bars: Bars, rows: Sequence[int]) -> Bars:
    """*bars* lacking some rows."""
    kept = np.ones(len(bars), dtype=bool)
    kept[list(rows)] = False
    return bars.take(kept)


def broken(bars: Bars, rows: Sequence[int]) -> Bars:
    """*bars* whose highs lie under their closes in some rows."""
    high = bars.high.copy()
    high[list(rows)] = bars.close[list(rows)] - 0.001
    return replace(bars, high=high)


trading_dates = st.dates(date(2015, 1, 1), date(2035, 12, 31)).filter(lambda day: day.weekday() < 5)
symbols = st.sampled_from(DEFAULT_SYMBOLS).map(Symbol)
timeframes = st.sampled_from(list(Timeframe))
_prices = st.floats(0.0001, 1_000_000, allow_nan=False)


@st.composite
def bars_of_day(draw: st.DrawFn, day: date, timeframe: Timeframe, broken_too: bool = False) -> Bars:
    """Some bars of a session with any prices; coherent ones unless *broken_too*."""
    opens = session(day).bar_opens(timeframe)
    chosen = draw(st.lists(st.sampled_from(range(len(opens))), unique=True, max_size=30).map(sorted))
    rows = [draw(st.tuples(_prices, _prices, _prices, _prices)) for _ in chosen]
    prices = np.array(rows, dtype=np.float64).reshape(-1, 4)
    if not broken_too:
        prices = np.stack([prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, 3]], axis=1)
    volumes = draw(st.lists(st.integers(0, 2**62), min_size=len(chosen), max_size=len(chosen)))
    spreads = draw(st.lists(st.integers(NO_SPREAD, 2**31 - 1), min_size=len(chosen), max_size=len(chosen)))
    times = np.array([microseconds(opens[row]) for row in chosen], dtype=np.int64)
    columns = [times, *prices.T, np.array(volumes, dtype=np.int64), np.array(spreads, dtype=np.int64)]
    return Bars.build(draw(symbols), timeframe, *columns)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Bars, PartitionTruth]:
    """Some bars of some day and what is true of them, refused ones included."""
    day, timeframe = draw(trading_dates), draw(timeframes)
    screened = screen(draw(bars_of_day(day, timeframe)))
    truth = truth_of(screened.bars, day, draw(st.sampled_from(["mt5", "yfinance"])), draw(st.booleans()))
    refused = [RefusedBar(at, "high is below open or close") for at in truth.gaps[: draw(st.integers(0, 3))]]
    return screened.bars, replace(truth, refused=tuple(refused))


def one_minute_later(bars: Bars) -> Bars:
    """The same bars, off the grid."""
    return replace(bars, time_us=bars.time_us + timedelta(minutes=1) // timedelta(microseconds=1))
