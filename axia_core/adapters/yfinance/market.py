"""The MarketData port over Yahoo Finance: a substitute while MT5 does not answer, so every bar of it is provisional.

Prices are mids, there is no volume and no spread. Yahoo's own days are London days, and its 4 h bars begin at London
midnight: H4 and D1 are built here from 1 h bars cut at the New York close, and Yahoo's are never asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from axia_core.adapters.yfinance import library, parsing
from axia_core.domain.bars import Bars, aggregate
from axia_core.domain.source_policy import YFINANCE
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryOutOfReach
from axia_core.ports import Clock, MarketData

INTERVALS = {Timeframe.M5: "5m", Timeframe.M15: "15m", Timeframe.H1: "1h"}
BUILT_FROM = {Timeframe.H4: Timeframe.H1, Timeframe.D1: Timeframe.H1}
REACH = {Timeframe.M5: timedelta(days=60), Timeframe.M15: timedelta(days=60), Timeframe.H1: timedelta(days=730)}
# Yahoo counts its reach from the moment the request arrives.
REACH_SLACK = timedelta(minutes=5)
# Yahoo has no clock of its own to verify ours by, and its newest bar moves on for a while after its end.
CAUTION = timedelta(seconds=60)

# ticker, interval, start, end -> the library's frame, or None for no rows
History = Callable[[str, str, datetime, datetime], Any]


class YfinanceMarketData(MarketData):
    """Bars of Yahoo Finance through the library `yfinance`, which is loaded by the first call.

    *folder* takes the library's cookies and caches; it is made private. *history* stands in for the library in tests.
    """

    name = YFINANCE
    provisional = True

    def __init__(self, clock: Clock, folder: Path, history: History | None = None) -> None:
        self._clock = clock
        self._history = history or library.opened(folder)

    def now(self) -> datetime:
        """Our own clock less a minute of caution."""
        return self._clock.now() - CAUTION

    def reaches_back_to(self, timeframe: Timeframe) -> datetime | None:
        """60 days for M5 and M15, 730 for H1 and what is built from it."""
        return self._clock.now() - REACH[BUILT_FROM.get(timeframe, timeframe)] + REACH_SLACK

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        """Raises also SourceRateLimited, and HistoryOutOfReach for a start that is too long ago."""
        self._require_reach(symbol, timeframe, start)
        if timeframe not in BUILT_FROM:
            return self._native(symbol, timeframe, start, end)
        # The hours of the last bar that opens before the end may lie behind it.
        hours = self._native(symbol, BUILT_FROM[timeframe], start, end + timeframe.duration)
        return aggregate(hours, timeframe).between(start, end)

    def _native(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        frame = self._history(f"{symbol}=X", INTERVALS[timeframe], start, end)
        return parsing.bars(frame, symbol, timeframe).between(start, end)

    def _require_reach(self, symbol: Symbol, timeframe: Timeframe, start: datetime) -> None:
        earliest = self.reaches_back_to(timeframe)
        if earliest is not None and start < earliest:
            days = REACH[BUILT_FROM.get(timeframe, timeframe)].days
            raise HistoryOutOfReach(
                f"yfinance has {symbol} {timeframe} of the last {days} days only, not from {start:%Y-%m-%d %H:%M} UTC. "
                "Collect older days from MT5, or import them from a history file."
            )
