"""The market as the terminal shows it at an instant: quotes, bars and ticks in server time, from any price source.

Nothing after the instant exists: the bar that holds it is forming. No orders, no account, no Market Watch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.paper import path
from axia_core.adapters.paper.bars import (
    MONTH_TIMEFRAME,
    WEEK_TIMEFRAME,
    Bars,
    Floats,
    Ints,
    aggregate,
    anchor,
    concat,
    empty,
    seconds_of,
)
from axia_core.adapters.paper.clock import DAY_S, ServerClock, from_s
from axia_core.adapters.paper.spreads import Spread
from axia_core.adapters.paper.surface import CONSTANTS, RATES_DTYPE, TICKS_DTYPE
from axia_core.domain import sessions
from axia_core.domain.symbols import Symbol

Rows = NDArray[np.void]

_M1_S = 60
_CACHED_PATHS = 64


class PriceSource(Protocol):
    """Base bars of plain pairs with UTC times, history and future alike; `Generator` and `FileHistory` are two."""

    @property
    def pairs(self) -> tuple[str, ...]: ...
    def base_s(self, pair: str) -> int: ...
    def first_s(self, pair: str) -> int: ...
    def base_bars(self, pair: str, first_s: int, end_s: int) -> Bars: ...
    def last_bar(self, pair: str, at_s: int) -> Bars: ...


@dataclass(frozen=True, slots=True)
class Quote:
    """The last tick of a pair; `time_ms` is UTC."""

    time_ms: int
    bid: float
    ask: float

    def moved(self, points: int, symbol: Symbol) -> Quote:
        """The same quote some points higher."""
        step = points * float(symbol.point)
        bid, ask = round(self.bid + step, symbol.digits), round(self.ask + step, symbol.digits)
        return Quote(self.time_ms, bid, ask)


@dataclass(frozen=True, slots=True)
class Market:
    """Prices of every pair of one terminal."""

    source: PriceSource
    clock: ServerClock
    spreads: dict[str, Spread]
    has_minutes: bool
    _paths: dict[tuple[str, int], path.BarPath] = field(default_factory=dict, compare=False)
    _last_bars: dict[tuple[str, int], Bars] = field(default_factory=dict, compare=False)

    def quote(self, pair: str, at_ms: int) -> Quote | None:
        """The last tick at or before an instant; None where history has not begun."""
        bar = self._last_bar(pair, at_ms // 1000)
        if not len(bar):
            return None
        walk = self.path(pair, bar)
        last = max(1, walk.count_until(at_ms)) - 1
        bid, time_ms = float(walk.bid[last]), int(walk.time_ms[last])
        return Quote(time_ms, bid, self.ask(pair, bid, time_ms))

    def _last_bar(self, pair: str, at_s: int) -> Bars:
        key = pair, at_s // self.source.base_s(pair)
        bar = self._last_bars.get(key)
        if bar is None:
            if len(self._last_bars) >= _CACHED_PATHS:
                self._last_bars.clear()
            bar = self._last_bars[key] = self.source.last_bar(pair, at_s)
        return bar

    def ask(self, pair: str, bid: float, at_ms: int) -> float:
        """The ask that goes with a bid at an instant."""
        symbol = Symbol(pair)
        return round(bid + self.spreads[pair].at(at_ms // 1000) * float(symbol.point), symbol.digits)

    def asks(self, pair: str, bids: Floats, time_ms: Ints) -> Floats:
        """The asks that go with the bids of ticks."""
        symbol = Symbol(pair)
        points = self.spreads[pair].over(time_ms // 1000)
        return np.asarray(np.round(bids + points * float(symbol.point), symbol.digits), dtype=np.float64)

    def is_open(self, at_ms: int) -> bool:
        """Whether the FX week is open."""
        return sessions.is_open(from_s(at_ms / 1000))

    def path(self, pair: str, bar: Bars) -> path.BarPath:
        """The ticks of one base bar (kept: a quote is asked for many times in its bar)."""
        key = pair, int(bar.time_s[0])
        walk = self._paths.get(key)
        if walk is None:
            if len(self._paths) >= _CACHED_PATHS:
                self._paths.clear()
            walk = self._paths[key] = path.path_of(bar, self.source.base_s(pair), Symbol(pair).digits)
        return walk

    def base_bars(self, pair: str, first_s: int, end_s: int, at_ms: int) -> Bars:
        """Base bars (UTC) that open in `[first_s, end_s)` and have begun at *at_ms*; the forming one as it stands."""
        bars = self.source.base_bars(pair, first_s, min(end_s, at_ms // 1000 + 1))
        if len(bars) and (int(bars.time_s[-1]) + self.source.base_s(pair)) * 1000 > at_ms:
            last = bars[-1:]
            return concat([bars[:-1], path.partial(last, self.path(pair, last), at_ms)])
        return bars

    def rates(self, pair: str, timeframe: int, first_s: int, last_s: int, at_ms: int) -> Bars:
        """Bars (server time) that open in `[first_s, last_s]`, whole even where the window cuts their rows."""
        length_s, base_s = seconds_of(timeframe) or 0, self.source.base_s(pair)
        if length_s % base_s and not (self.has_minutes and timeframe < 60):
            return empty()
        if last_s < first_s:
            return empty()
        start_s = int(anchor(np.array([first_s], dtype=np.int64), timeframe)[0])
        # Minutes are made from whole base bars, so the window begins with one.
        start_s = min(start_s, first_s // base_s * base_s)
        end_s = last_s + (31 * DAY_S if timeframe == MONTH_TIMEFRAME else length_s)
        bars = self.base_bars(pair, self.clock.to_utc_s(start_s), self.clock.to_utc_s(end_s), at_ms)
        bars = self._to_minutes(pair, bars, at_ms) if length_s % base_s else bars
        joined = aggregate(bars.at(self.clock.array_to_server_s(bars.time_s)), timeframe)
        return joined.between(first_s, last_s + 1)

    def rates_until(self, pair: str, timeframe: int, last_s: int, count: int, at_ms: int) -> Bars:
        """The newest *count* bars (server time) that open at or before *last_s*; fewer where history ends."""
        oldest_s = self.clock.to_server_s(self.source.first_s(pair))
        last_s = min(last_s, self.clock.to_server_ms(at_ms) // 1000)
        span_s = (seconds_of(timeframe) or 0) * (count + 1) * 7 // 5 + 4 * DAY_S
        while True:
            bars = self.rates(pair, timeframe, max(oldest_s, last_s - span_s), last_s, at_ms)
            if len(bars) > count or last_s - span_s <= oldest_s:
                return bars[-count:]
            span_s *= 2

    def ticks(self, pair: str, first_ms: int, last_ms: int, at_ms: int, most: int | None = None) -> tuple[Ints, Floats]:
        """UTC milliseconds and bids of the ticks in `[first_ms, last_ms]`, at most *most*."""
        times, bids, held = [np.empty(0, dtype=np.int64)], [np.empty(0)], 0
        base_s, last_ms = self.source.base_s(pair), min(last_ms, at_ms)
        bars = self.source.base_bars(pair, first_ms // 1000 - base_s, last_ms // 1000 + 1)
        for row in range(len(bars)):
            walk = path.path_of(bars[row : row + 1], base_s, Symbol(pair).digits)
            inside = (walk.time_ms >= first_ms) & (walk.time_ms <= last_ms)
            times.append(walk.time_ms[inside])
            bids.append(walk.bid[inside])
            held += len(times[-1])
            if most is not None and held >= most:
                break
        return np.concatenate(times)[:most], np.concatenate(bids)[:most]

    def _to_minutes(self, pair: str, bars: Bars, at_ms: int) -> Bars:
        whole = self.source.base_bars(pair, int(bars.time_s[0]), int(bars.time_s[-1]) + 1) if len(bars) else bars
        base_s, digits = self.source.base_s(pair), Symbol(pair).digits
        walks = (path.path_of(whole[row : row + 1], base_s, digits) for row in range(len(whole)))
        return concat([path.minute_bars(walk, at_ms) for walk in walks])

    def rate_rows(self, pair: str, timeframe: int, bars: Bars) -> Rows:
        """The read-only array MetaTrader5 returns for *bars*."""
        rows = np.zeros(len(bars), dtype=RATES_DTYPE)
        for name, column in zip(("time", "open", "high", "low", "close", "tick_volume"), bars.columns(), strict=True):
            rows[name] = column
        rows["spread"] = self._least_spreads(pair, bars.time_s, seconds_of(timeframe) or 0)
        rows.setflags(write=False)
        return rows

    def _least_spreads(self, pair: str, opens_s: Ints, length_s: int) -> Ints:
        """The narrowest spread inside each bar: the wide one only where the bar lies wholly in the roll's window."""
        spread = self.spreads[pair]
        if spread.roll_points is None or length_s >= DAY_S:
            return np.full(len(opens_s), spread.least, dtype=np.int64)
        first = np.array([self.clock.to_utc_s(int(open_s)) for open_s in opens_s], dtype=np.int64)
        return np.minimum(spread.over(first), spread.over(first + length_s - 1))

    def tick_rows(self, pair: str, time_ms: Ints, bids: Floats) -> Rows:
        """The read-only array MetaTrader5 returns for ticks."""
        rows = np.zeros(len(bids), dtype=TICKS_DTYPE)
        rows["time"] = self.clock.array_to_server_s(time_ms // 1000)
        rows["time_msc"] = rows["time"] * 1000 + time_ms % 1000
        rows["bid"] = bids
        rows["ask"] = self.asks(pair, bids, time_ms)
        rows["flags"] = CONSTANTS["TICK_FLAG_BID"] | CONSTANTS["TICK_FLAG_ASK"]
        rows.setflags(write=False)
        return rows


def is_timeframe(value: int) -> bool:
    """Whether *value* is one of the 21 TIMEFRAME constants."""
    return value in (WEEK_TIMEFRAME, MONTH_TIMEFRAME) or seconds_of(value) is not None


def empty_rows(kind: Any) -> Rows:
    """A read-only array of no rows."""
    rows: Rows = np.zeros(0, dtype=kind)
    rows.setflags(write=False)
    return rows
