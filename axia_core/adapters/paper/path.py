"""How the bid walks inside one base bar: open, both extremes, close. Quotes, ticks and forming bars all come from it.

A rising bar goes O-L-H-C, a falling one O-H-L-C. The ticks are evenly spaced and hit all four prices exactly, so that
the ticks of a bar aggregate to the bar itself. Which bar and what time it is belong to `market`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axia_core.adapters.paper.bars import Bars, Floats, Ints

FEWEST_TICKS = 4


@dataclass(frozen=True, slots=True)
class BarPath:
    """The ticks of one base bar: UTC milliseconds and bid prices."""

    time_ms: Ints
    bid: Floats
    length_s: int

    def count_until(self, at_ms: int) -> int:
        """How many ticks have happened at *at_ms*."""
        return int(np.searchsorted(self.time_ms, at_ms, side="right"))


def path_of(bar: Bars, length_s: int, digits: int) -> BarPath:
    """The path of the single bar in *bar*, whose times are UTC."""
    first, high, low, last = (float(column[0]) for column in (bar.open, bar.high, bar.low, bar.close))
    nodes = np.array((first, low, high, last) if last >= first else (first, high, low, last))
    count = max(FEWEST_TICKS, int(bar.volume[0]))
    ranks = np.arange(count)
    bid = np.round(np.interp(ranks * (3 / (count - 1)), (0, 1, 2, 3), nodes), digits)
    bid[[0, round((count - 1) / 3), round(2 * (count - 1) / 3), count - 1]] = nodes
    time_ms = int(bar.time_s[0]) * 1000 + ranks * (length_s * 1000) // count
    return BarPath(time_ms, bid, length_s)


def partial(bar: Bars, path: BarPath, at_ms: int) -> Bars:
    """The forming bar: what the ticks up to *at_ms* make of it."""
    count = path.count_until(at_ms)
    seen = path.bid[:count]
    high, low = np.array([seen.max()]), np.array([seen.min()])
    return Bars(bar.time_s, seen[:1], high, low, seen[-1:], np.minimum(bar.volume, count))


def minute_bars(path: BarPath, at_ms: int) -> Bars:
    """The M1 bars of a base bar, aggregated from its ticks up to *at_ms*."""
    path = BarPath(path.time_ms[path.time_ms <= at_ms], path.bid[path.time_ms <= at_ms], path.length_s)
    minutes = path.time_ms // 60_000 * 60
    starts = np.flatnonzero(np.concatenate(([True], minutes[1:] != minutes[:-1])))
    ends = np.concatenate((starts[1:], [len(minutes)])) - 1
    high, low = np.maximum.reduceat(path.bid, starts), np.minimum.reduceat(path.bid, starts)
    return Bars(minutes[starts], path.bid[starts], high, low, path.bid[ends], ends - starts + 1)
