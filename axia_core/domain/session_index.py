"""Trading dates and session opens of many instants at once, for arrays of bars; the calendar itself is `sessions`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.sessions import NEW_YORK

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
_ROLL_US = 7 * HOUR_US  # from the New York close to New York midnight
_EPOCH_DAY = date(1970, 1, 1)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SessionIndex:
    """For each instant: the ordinal of its trading date (days since 1970-01-01) and when that session opened, in UTC.

    A weekend's instants belong to the Saturday or Sunday that a session would have; `is_closed` marks them.
    """

    day: Ints
    open_us: Ints

    @classmethod
    def of(cls, time_us: Ints) -> SessionIndex:
        """The index of UTC microseconds."""
        offset_us = offsets_us(time_us, NEW_YORK)
        day = (time_us + offset_us + _ROLL_US) // DAY_US
        return cls(day, day * DAY_US - _ROLL_US - offset_us)

    @property
    def weekday(self) -> Ints:
        """0 for Monday."""
        return (self.day + 3) % 7

    @property
    def is_closed(self) -> NDArray[np.bool_]:
        """Whether the market is closed for the weekend."""
        return self.weekday >= 5

    @property
    def week(self) -> Ints:
        """A number per trading week; the weekend's first half belongs to the week before it, the second to the next."""
        return (self.day + 4) // 7


def offsets_us(time_us: Ints, zone: ZoneInfo) -> Ints:
    """How far the zone's clock is ahead of UTC at each instant.

    Asked once for each UTC day, at its noon: the zones used here switch on Sundays long before the market opens.
    """
    days, inverse = np.unique(time_us // DAY_US, return_inverse=True)
    found = [_noon_offset_us(int(day), zone) for day in days]
    result: Ints = np.array(found, dtype=np.int64)[inverse]
    return result


def trading_date(ordinal: int) -> date:
    """The date of an ordinal of `SessionIndex.day`."""
    return _EPOCH_DAY + timedelta(days=int(ordinal))


def ordinal_of(day: date) -> int:
    """The inverse of `trading_date`."""
    return (day - _EPOCH_DAY).days


def _noon_offset_us(day: int, zone: ZoneInfo) -> int:
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    return int((noon.astimezone(zone).utcoffset() or timedelta()) / timedelta(microseconds=1))
