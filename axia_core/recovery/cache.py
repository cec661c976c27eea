"""Every cached series filled again from a store: the composition that recovery and its drills share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from axia_core.domain.bars import Bars
from axia_core.domain.cached_series import series_length
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarCache, BarStore, Clock
from axia_core.services.publish import publish
from axia_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many bars the cache holds of each series now, by `USDJPY H1`; series without a stored day are left out."""

    held: dict[str, int]

    @property
    def bars(self) -> int:
        return sum(self.held.values())


def rebuild_cache(
    settings: Settings, *, store: BarStore, cache: BarCache, clock: Clock, say: Callable[[str], None] = lambda _: None
) -> Rebuilt:
    """Loads the newest bars of every series from *store*; safe to repeat. Raises StoreUnavailable, CacheUnavailable."""
    held: dict[str, int] = {}
    universe = settings.universe
    for name in settings.symbols:
        for timeframe in universe.plans[name].timeframes:
            done = publish(store, cache, clock, Symbol(name), timeframe, settings.cache_bars, universe.holidays)
            if done.held:
                held[f"{name} {timeframe}"] = done.held
        say(f"{name}: {sum(count for key, count in held.items() if key.startswith(name))} bars")
    return Rebuilt(held)


def differs(symbol: Symbol, timeframe: Timeframe, settings: Settings, *, store: BarStore, cache: BarCache) -> bool:
    """Whether the cache holds other bars of a series than the newest of the store, read back bar by bar."""
    length = series_length(timeframe, settings.cache_bars)
    days = fit_for_cache([partition.bars for partition in store.newest(symbol, timeframe, length)]).days
    cached = cache.read(symbol, timeframe)
    if not days:
        return cached is not None
    stored = Bars.join(days).take(slice(-length, None))
    return cached is None or cached.digest() != stored.digest()
