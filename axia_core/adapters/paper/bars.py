"""Bars as columns: the value that price sources give, cut, and join into higher timeframes. No source, no clock.

Times are bar opens in seconds; whether of UTC or of the server is the caller's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIRST_SUNDAY_S = 3 * 86_400
_WEEK_S = 7 * 86_400
WEEK_TIMEFRAME = 32_769
MONTH_TIMEFRAME = 49_153


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one series, oldest first."""

    time_s: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Ints

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, rows: slice) -> Bars:
        time_s, first, high, low, last, volume = self.columns()
        return Bars(time_s[rows], first[rows], high[rows], low[rows], last[rows], volume[rows])

    def columns(self) -> tuple[Ints, Floats, Floats, Floats, Floats, Ints]:
        """The six columns in their order."""
        return self.time_s, self.open, self.high, self.low, self.close, self.volume

    def at(self, time_s: Ints) -> Bars:
        """The same bars with other open times."""
        return Bars(time_s, *self.columns()[1:])

    def between(self, first_s: int, end_s: int) -> Bars:
        """Those that open in `[first_s, end_s)`."""
        return self[slice(int(np.searchsorted(self.time_s, first_s)), int(np.searchsorted(self.time_s, end_s)))]


def empty() -> Bars:
    """No bar."""
    whole, price = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    return Bars(whole, price, price, price, price, whole)


def concat(parts: list[Bars]) -> Bars:
    """All of *parts* as one, in the order given."""
    parts = [part for part in parts if len(part)]
    if len(parts) <= 1:
        return parts[0] if parts else empty()
    return Bars(*(np.concatenate(columns) for columns in zip(*(part.columns() for part in parts), strict=True)))


def seconds_of(timeframe: int) -> int | None:
    """Length of an MT5 timeframe; None for what is none of the 21. Months count 30 days here."""
    if timeframe == WEEK_TIMEFRAME:
        return _WEEK_S
    if timeframe == MONTH_TIMEFRAME:
        return 30 * 86_400
    if timeframe in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30):
        return timeframe * 60
    return (timeframe - 16_384) * 3_600 if timeframe - 16_384 in (1, 2, 3, 4, 6, 8, 12, 24) else None


def anchor(time_s: Ints, timeframe: int) -> Ints:
    """The open, on the server clock, of the bar of *timeframe* that holds each server time."""
    if timeframe == MONTH_TIMEFRAME:
        return time_s.astype("datetime64[s]").astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    length_s = seconds_of(timeframe) or 1
    origin_s = _FIRST_SUNDAY_S if timeframe == WEEK_TIMEFRAME else 0
    return (time_s - origin_s) // length_s * length_s + origin_s


def aggregate(bars: Bars, timeframe: int) -> Bars:
    """Join bars with server times into *timeframe*; a bar without rows does not exist."""
    if not len(bars):
        return bars
    opens = anchor(bars.time_s, timeframe)
    starts = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    ends = np.concatenate((starts[1:], [len(bars)])) - 1
    high, low = np.maximum.reduceat(bars.high, starts), np.minimum.reduceat(bars.low, starts)
    return Bars(opens[starts], bars.open[starts], high, low, bars.close[ends], np.add.reduceat(bars.volume, starts))
