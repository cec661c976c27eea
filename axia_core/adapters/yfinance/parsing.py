"""The library's frames into bars: London time becomes UTC, rows that are no bars are left out. Pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from axia_core.domain.bars import Bars
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

_COLUMNS = ("Open", "High", "Low", "Close")


def bars(frame: Any, symbol: Symbol, timeframe: Timeframe) -> Bars:
    """Bars of what `Ticker.history` returned.

    The last row may be the live price under the time of its tick: it is off the grid, and no bar.
    """
    if frame is None or not len(frame):
        return Bars.empty(symbol, timeframe)
    # pandas keeps microseconds here today and kept nanoseconds before: the unit is said, not assumed.
    time_us = frame.index.tz_convert("UTC").as_unit("us").asi8
    _, first = np.unique(time_us, return_index=True)
    chosen = first[time_us[first] % (timeframe.minutes * 60_000_000) == 0]
    prices = (frame[name].to_numpy(dtype=np.float64)[chosen] for name in _COLUMNS)
    columns = [time_us[chosen], *prices, np.zeros(len(chosen))]  # no volume is known, and no spread
    return Bars.build(symbol, timeframe, *columns)
