"""MT5's rates arrays into bars: server seconds become UTC, unsigned counts become signed. Pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.domain.bars import PRICES, Bars, aggregate, microseconds, screen
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

QUARTER_S = 900


def bars(rates: NDArray[Any], symbol: Symbol, timeframe: Timeframe, server_clock: ServerClock) -> Bars:
    """Bars of an array that `copy_rates_*` returned, empty ones included."""
    columns = [rates[name] for name in (*PRICES, "tick_volume", "spread")]
    return Bars.build(symbol, timeframe, utc_us(rates["time"], server_clock), *columns)


def utc_us(server_s: NDArray[np.int64], server_clock: ServerClock) -> NDArray[np.int64]:
    """Server seconds as UTC microseconds; the clock is asked once for each quarter of an hour."""
    quarters, inverse = np.unique(server_s // QUARTER_S, return_inverse=True)
    starts = [microseconds(server_clock.to_utc(int(quarter) * QUARTER_S)) for quarter in quarters]
    result: NDArray[np.int64] = np.array(starts, dtype=np.int64)[inverse] + server_s % QUARTER_S * 1_000_000
    return result


def built(hours: Bars, timeframe: Timeframe) -> Bars:
    """H4 or D1 from H1 bars, cut at the New York close.

    A broken hour makes the bar it falls into broken as well (its prices are not numbers), so that the bar is refused
    instead of being repaired by its neighbours.
    """
    sound = np.isin(hours.time_us, screen(hours).bars.time_us)
    prices = [np.where(sound, getattr(hours, name), np.nan) for name in PRICES]
    columns = [hours.time_us, *prices, hours.volume, hours.spread]
    marked = Bars.build(hours.symbol, hours.timeframe, *columns)
    return aggregate(marked, timeframe)
