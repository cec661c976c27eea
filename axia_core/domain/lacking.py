"""What bars of a range lack of a complete history: whole days, and single bars of the others. Pure; no storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from axia_core.domain.bars import Bars, microseconds, missing_opens
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.sessions import DAY, Session, trading_days


@dataclass(frozen=True, slots=True)
class Lacking:
    """Trading dates without any bar, and open times that the other days lack."""

    days: tuple[date, ...]
    gaps: tuple[datetime, ...]


def lacking(bars: Bars, start: datetime, end: datetime, now: datetime, holidays: Holidays = NONE) -> Lacking:
    """What *bars* lack of `[start, end)`; sessions that have not closed by *now* lack nothing yet.

    A holiday without bars is not missing, and neither is what an early close leaves out.
    """
    sessions = closed_sessions(start, end, now, holidays)
    days: list[date] = []
    gaps: list[datetime] = []
    for day, present in zip(sessions, _counts(bars, sessions, start, end), strict=True):
        if present == bars.timeframe.bars_per_session:
            continue
        expected = [at for at in day.bar_opens(bars.timeframe) if start <= at < end]
        if expected and not present:
            days += [day.trading_date] if holidays.expects(day.trading_date) else []
        elif present < len(expected):
            gaps += [at for at in missing_opens(bars.between(day.open, day.close), day) if start <= at < end]
    return Lacking(tuple(days), tuple(gaps))


def closed_sessions(start: datetime, end: datetime, now: datetime, holidays: Holidays = NONE) -> Sequence[Session]:
    """The sessions that share time with `[start, end)` and have closed by *now*, holidays included."""
    days = trading_days(start.date() - DAY, end.date() + DAY)
    sessions = [holidays.session(day) for day in days]
    return [s for s in sessions if s.close <= now and s.open < end and s.close > start]


def _counts(bars: Bars, sessions: Sequence[Session], start: datetime, end: datetime) -> list[int]:
    """Bars of each session, found at once: a session takes microseconds, its expected bars would take a hundred."""
    opens = [microseconds(max(start, day.open)) for day in sessions]
    closes = [microseconds(min(end, day.close)) for day in sessions]
    counts: list[int] = (np.searchsorted(bars.time_us, closes) - np.searchsorted(bars.time_us, opens)).tolist()
    return counts
