"""The terminal's two clocks: what time it is (real, shifted or fixed) and how the broker's server writes it.

Inside the paper terminal an instant is UTC: seconds (`_s`) or milliseconds (`_ms`) since 1970. Server time is the
server's wall clock written as if it were UTC, as MetaTrader does. Sessions and prices do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.int64]

HOUR_S = 3_600
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ServerClock:
    """The wall clock of an IANA zone plus whole hours; New York plus 7 has its midnight at the New York close."""

    zone: str = "America/New_York"
    shift_h: int = 7

    def to_server_s(self, utc_s: int) -> int:
        """The server's wall clock at a UTC instant."""
        return utc_s + _offset_s(self.zone, utc_s // HOUR_S) + self.shift_h * HOUR_S

    def to_server_ms(self, utc_ms: int) -> int:
        """The same in milliseconds."""
        return self.to_server_s(utc_ms // 1000) * 1000 + utc_ms % 1000

    def to_utc_s(self, server_s: int) -> int:
        """The UTC instant of a server time; of an hour that happens twice, the first."""
        wall_s = server_s - self.shift_h * HOUR_S
        before_s, after_s = (_offset_s(self.zone, (wall_s + days * DAY_S) // HOUR_S) for days in (-1, 1))
        first_s = wall_s - max(before_s, after_s)
        return first_s if self.to_server_s(first_s) == server_s else wall_s - min(before_s, after_s)

    def array_to_server_s(self, utc_s: Seconds) -> Seconds:
        """`to_server_s` of a sorted array."""
        hours, inverse = np.unique(utc_s // HOUR_S, return_inverse=True)
        offsets = np.array([_offset_s(self.zone, int(hour)) for hour in hours], dtype=np.int64)
        return utc_s + (offsets[inverse] if len(offsets) else 0) + self.shift_h * HOUR_S


# Time in which the FX week is always Monday 00:00 to Saturday 00:00 and a trading date is a calendar day.
SESSION_CLOCK = ServerClock()


@lru_cache(maxsize=100_000)
def _offset_s(zone: str, utc_hour: int) -> int:
    offset = datetime.fromtimestamp(utc_hour * HOUR_S, _zone(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds())


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def real_ms() -> int:
    """The wall clock of this machine."""
    return int(datetime.now(UTC).timestamp() * 1000)


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return round(instant.timestamp() * 1000)


def from_s(utc_s: float) -> datetime:
    """The aware UTC datetime of seconds since 1970."""
    return datetime.fromtimestamp(utc_s, UTC)
