"""For researchers: `load` gives bars of any range by one call, from wherever the settings say they are.

    from axia_core.reading import load

    loaded = load("USDJPY", "H1", datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
    frame = loaded.to_pandas()

Composition only: what is read from where is `services.load`.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from axia_core.adapters.clock import SystemClock
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.loaded import Loaded
from axia_core.ports import BarCache, BarStore, Clock, MarketData
from axia_core.services import load as service
from axia_core.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Reader:
    """What `load` reads from; its connections are kept for the next call, and threads may share it."""

    settings: Settings
    cache: BarCache
    store: BarStore
    clock: Clock

    def load(
        self,
        symbol: str | Symbol,
        timeframe: str | Timeframe,
        start: datetime,
        end: datetime,
        *,
        sources: bool = True,
        require_complete: bool = False,
        unfit_too: bool = False,
    ) -> Loaded:
        """As the function `load`."""
        settings = self.settings
        series = Symbol(str(symbol)), Timeframe.parse(str(timeframe))
        with ExitStack() as opened:

            def of_series() -> Sequence[MarketData]:
                from axia_core.market_sources import market_sources

                return opened.enter_context(market_sources(settings)).of(*series)

            return service.load(
                self.cache,
                self.store,
                self.clock,
                *series,
                start,
                end,
                max_bars=settings.cache_bars,
                holidays=settings.universe.holidays,
                sources=of_series if sources else None,
                require_complete=require_complete,
                unfit_too=unfit_too,
            )


def reader(settings: Settings | None = None) -> Reader:
    """A reader of what *settings* name, by default those of this process (environment, settings file)."""
    from axia_core.adapters import redis, s3

    chosen = settings or load_settings()
    clock = SystemClock(chosen.clock_shift)
    return Reader(chosen, redis.connect(chosen, clock), s3.connect(chosen), clock)


def load(
    symbol: str | Symbol,
    timeframe: str | Timeframe,
    start: datetime,
    end: datetime,
    *,
    sources: bool = True,
    require_complete: bool = False,
    unfit_too: bool = False,
) -> Loaded:
    """Bars that open in `[start, end)`, both with a time zone, and what is missing of them.

    The cache is asked first, then S3, then for closed days that neither has the series' sources, by the policy of the
    settings; what those gave is listed in `from_sources` and is stored nowhere. Without *sources* only what is stored
    is read. Stored days that are certainly wrong are left out and named, unless *unfit_too*. A pair that has left the
    settings is read like any other.

    Raises InvalidInput, StoreUnavailable, CorruptObject, and IncompleteHistory where it *require_complete*.
    """
    asked = _reader()
    return asked.load(
        symbol, timeframe, start, end, sources=sources, require_complete=require_complete, unfit_too=unfit_too
    )


@lru_cache(maxsize=1)
def _reader() -> Reader:
    # Settings are read once in a process; another environment has a `reader` of its own.
    return reader()
