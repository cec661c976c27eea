"""What metrics look at, as attributes; beside the real one, under the same contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from axia_core.domain.cached_series import CacheUse
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError
from axia_core.ports import Gauges


class MemoryGauges(Gauges):
    """State is set through its attributes; `fault` is raised by whatever goes over a network."""

    def __init__(self) -> None:
        self.loads: dict[CacheUse, int] = {}
        self.stored: set[tuple[Symbol, Timeframe, date]] = set()
        self.looked_for: list[tuple[Symbol, Timeframe, date]] = []
        self.memory_percent = 40.0
        self.disk_percent = 30.0
        self.fault: AxiaError | None = None

    def cache_loads(self) -> Mapping[CacheUse, int]:
        self._answer()
        return dict(self.loads)

    def is_stored(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> bool:
        self._answer()
        self.looked_for.append((symbol, timeframe, trading_date))
        return (symbol, timeframe, trading_date) in self.stored

    def memory_used_percent(self) -> float:
        return self.memory_percent

    def disk_used_percent(self) -> float:
        return self.disk_percent

    def _answer(self) -> None:
        if self.fault is not None:
            raise self.fault
