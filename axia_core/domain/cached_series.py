"""How much of a series the cache holds, for how long, and what it did for readers.

What a cached series looks like is the adapter's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from axia_core.domain.sessions import last_closed_trading_days, next_close
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

# A year, whatever the day: 366 days touch so many sessions. Every session of a series is one object to read, so a D1
# series of 8,000 bars would cost 8,000 reads.
MOST_SESSIONS = 262
# The latest session is not collected yet: look again soon instead of serving yesterday until tomorrow.
INCOMPLETE_LIFE = timedelta(seconds=60)


class CacheUse(StrEnum):
    """What the cache did for a load."""

    HIT = "hit"
    MISS = "miss"
    TOO_SHORT = "too short"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSeries:
    """One series as it lies in the cache; *written_at* is None where the cache has forgotten it."""

    symbol: Symbol
    timeframe: Timeframe
    rows: int
    size_bytes: int
    last_open: datetime | None
    written_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatus:
    """What the cache holds, and how often it had what a load wanted since *counted_since*."""

    series: tuple[CachedSeries, ...]
    loads: Mapping[CacheUse, int] = field(default_factory=dict)
    counted_since: datetime | None = None
    used_bytes: int = 0  # of the whole server, others' keys included
    max_bytes: int = 0  # 0: no limit
    evicted_keys: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.series)

    @property
    def hit_rate(self) -> float | None:
        """Hits among the loads that the cache could answer; None before the first."""
        total = sum(self.loads.values())
        return self.loads.get(CacheUse.HIT, 0) / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheServer:
    """The server that the cache lies in; what it does not tell of itself is None."""

    version: str
    policy: str | None  # what goes when the memory is full
    answered_s: float
    used_bytes: int
    max_bytes: int


def series_length(timeframe: Timeframe, max_bars: int) -> int:
    """Bars kept of a series: *max_bars*, and fewer where those would span more than a year (H1, H4 and D1)."""
    return min(max_bars, MOST_SESSIONS * timeframe.bars_per_session)


def expires_at(newest: date, now: datetime, holidays: frozenset[date] = frozenset()) -> datetime:
    """When a cached series whose newest trading date is *newest* ends: the next New York close, or soon."""
    (latest,) = last_closed_trading_days(now, 1, holidays)
    # The next close of any weekday: should the broker trade on a holiday, readers see it no later than usual.
    return next_close(now) if newest >= latest else now + INCOMPLETE_LIFE
