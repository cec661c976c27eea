"""How much of a series the cache holds, and for how long. What a cached series looks like is the adapter's business."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from axia_core.domain.sessions import last_closed_trading_days, next_close
from axia_core.domain.timeframes import Timeframe

# A year: every session of a series is one object to read, so a D1 series of 8,000 bars would cost 8,000 reads.
MOST_SESSIONS = 260
# The latest session is not collected yet: look again soon instead of serving yesterday until tomorrow.
INCOMPLETE_LIFE = timedelta(seconds=60)


def series_length(timeframe: Timeframe, max_bars: int) -> int:
    """Bars kept of a series: *max_bars*, and fewer where those would span more than a year (H1, H4 and D1)."""
    return min(max_bars, MOST_SESSIONS * timeframe.bars_per_session)


def expires_at(newest: date, now: datetime, holidays: frozenset[date] = frozenset()) -> datetime:
    """When a cached series whose newest trading date is *newest* ends: the next New York close, or soon."""
    (latest,) = last_closed_trading_days(now, 1, holidays)
    # The next close of any weekday: should the broker trade on a holiday, readers see it no later than usual.
    return next_close(now) if newest >= latest else now + INCOMPLETE_LIFE
