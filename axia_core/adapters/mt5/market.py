"""The MarketData port over one MT5 terminal: asks for history until it stands still, on a verified server clock.

Which bars are sound and complete is for others to judge; what an order needs is in `broker`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.mt5 import parsing
from axia_core.adapters.mt5.constants import TIMEFRAMES
from axia_core.adapters.mt5.server_clock import ServerClock, is_proved, mismatch
from axia_core.adapters.mt5.symbols import Reader, resolve
from axia_core.domain.bars import Bars
from axia_core.domain.sessions import DAY, Session, is_open, session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryNotReady, SourceUnavailable
from axia_core.ports import Clock, MarketData
from axia_core.settings import Settings

Rates = NDArray[Any]

# The terminal answers with what it has while it downloads the rest, and says more next time (facts, B3).
POLL_S = 0.5
HISTORY_PATIENCE = timedelta(seconds=20)
UNCHANGED_POLLS = 2
# last_error of a request whose history is not there yet; any other code is a fault of its own.
NOT_READY = frozenset({1, -1, -4})
# How long a moving tick is looked for when the newest one is old although the market is open.
WATCH_POLLS = 4
# Without a fresh tick the server's clock is taken to be behind ours by this much.
CAUTION = timedelta(seconds=60)


class Mt5MarketData(MarketData):
    """Bars of one terminal, by our names of the pairs; opens nothing until it is asked."""

    name = "mt5"
    provisional = False

    def __init__(self, terminal: Reader, clock: Clock, settings: Settings) -> None:
        self._terminal = terminal
        self._clock = clock
        self._settings = settings
        self._server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
        self._names: dict[str, str] = {}

    def now(self) -> datetime:
        """UTC by a clock that a fresh tick has proved; without one, our clock less a minute of caution."""
        now = self._clock.now()
        return now if self.is_clock_proved() else now - CAUTION

    def is_clock_proved(self) -> bool:
        """Whether a fresh tick shows the server clock of the settings; False when there is none to tell by.

        Raises ServerClockMismatch. An old tick in an open market is watched: when it moves, the clock is wrong.
        """
        tick_s = self._tick_s()
        if tick_s is None or is_proved(self._server_clock, tick_s, self._clock.now()):
            return tick_s is not None
        for _ in range(WATCH_POLLS if is_open(self._clock.now()) else 0):
            self._clock.sleep(POLL_S)
            moved = self._tick_s() or tick_s
            if is_proved(self._server_clock, moved, self._clock.now()):
                return True
            if moved != tick_s:
                raise mismatch(self._server_clock, self._server_clock.to_utc(moved), self._clock.now())
        return False

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        self._require_connection()
        name = self._name(symbol.name)
        if timeframe in (Timeframe.H4, Timeframe.D1) and not self._cut_at_the_close(start, end):
            return parsing.built(self._native(name, symbol, Timeframe.H1, start, end), timeframe)
        return self._native(name, symbol, timeframe, start, end)

    def _native(self, name: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        first, last = self._server_clock.to_server(start), self._server_clock.to_server(end) - 1  # both inclusive

        def ask() -> Rates | None:
            return self._rates(name, timeframe, first, last)

        rates = self._settled(ask, _expected(timeframe, start, end), f"{name} {timeframe}")
        return parsing.bars(rates, symbol, timeframe, self._server_clock).between(start, end)

    def _rates(self, name: str, timeframe: Timeframe, first_s: int, last_s: int) -> Rates | None:
        answer, (code, text) = self._terminal.call("copy_rates_range", name, TIMEFRAMES[timeframe], first_s, last_s)
        if answer is None and code not in NOT_READY:
            raise SourceUnavailable(f"the terminal refused {name} {timeframe}: {text} ({code})")
        return None if answer is None else np.asarray(answer)

    def _settled(self, ask: Callable[[], Rates | None], enough: int, what: str) -> Rates:
        """The answer that is whole or has stopped changing; an empty one only after all patience."""
        deadline = self._clock.now() + HISTORY_PATIENCE
        before, unchanged = None, 0
        while True:
            rates = ask()
            extent = _extent(rates)
            unchanged = unchanged + 1 if extent and extent == before else 0
            if rates is not None and (len(rates) >= enough or unchanged >= UNCHANGED_POLLS):
                return rates
            if self._clock.now() >= deadline:
                if rates is not None and not len(rates):
                    return rates
                raise HistoryNotReady(f"the terminal is still downloading {what}. Try again in a minute.")
            before = extent
            self._clock.sleep(POLL_S)

    def _tick_s(self) -> float | None:
        """Server seconds of the newest tick of the most liquid pair that the settings have.

        A symbol just selected has none for a second, and on a weekend for longer: None then.
        """
        symbols = self._settings.symbols
        name = self._name("EURUSD" if "EURUSD" in symbols else symbols[0])
        for _ in range(WATCH_POLLS):
            tick, (code, text) = self._terminal.call("symbol_info_tick", name)
            if tick and tick["time_msc"]:
                return float(tick["time_msc"]) / 1000
            self._clock.sleep(POLL_S)
        if is_open(self._clock.now()):
            raise SourceUnavailable(f"the terminal has no tick of {name} although the market is open: {text} ({code})")
        return None

    def _require_connection(self) -> None:
        """Without its server the terminal answers from what it has stored, which would pass for the whole."""
        info, (code, text) = self._terminal.call("terminal_info")
        if not info:
            raise SourceUnavailable(f"terminal_info was not answered: {text} ({code})")
        if not info["connected"]:
            raise SourceUnavailable("the terminal has no connection to the trade server: its history may be old")

    def _cut_at_the_close(self, start: datetime, end: datetime) -> bool:
        return all(self._server_clock.midnight_is_roll(day.open) for day in _sessions(start, end))

    def _name(self, symbol: str) -> str:
        if symbol not in self._names:
            self._names[symbol] = resolve(self._terminal, symbol, self._settings.mt5_symbol_names)
        return self._names[symbol]


def _extent(rates: Rates | None) -> tuple[int, int, int] | None:
    if rates is None or not len(rates):
        return None
    return len(rates), int(rates["time"][0]), int(rates["time"][-1])


def _sessions(start: datetime, end: datetime) -> list[Session]:
    """Sessions that overlap `[start, end)`."""
    days = (session(day) for day in trading_days(start.date() - DAY, end.date() + DAY))
    return [day for day in days if day.open < end and day.close > start]


def _expected(timeframe: Timeframe, start: datetime, end: datetime) -> int:
    """Bars that `[start, end)` holds when none is missing."""
    times = (min(end, day.close) - max(start, day.open) for day in _sessions(start, end))
    return sum((time // timeframe.duration for time in times), 0)
