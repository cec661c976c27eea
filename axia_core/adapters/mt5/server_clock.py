"""The broker's server clock: the only place where server wall-clock seconds and UTC meet. No numpy: orders use it too.

MT5 writes every time, and takes every date, as the server's wall clock put as seconds since 1970 (facts, B2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from axia_core.domain.sessions import DAY, is_open, session, trading_date_at
from axia_core.errors import InvalidInput, ServerClockMismatch

# Server clocks differ from one another by quarters of an hour; a tick younger than half of one proves the clock.
STEP = timedelta(minutes=15)
# No broker quotes this long after the New York close of the week.
LAST_QUOTES = timedelta(minutes=1)


@dataclass(frozen=True)
class ServerClock:
    """The wall clock of an IANA zone plus whole hours, for example New York plus 7: midnight is the New York close."""

    zone: str = "America/New_York"
    shift_h: int = 7

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (OSError, ValueError, LookupError) as error:
            remedy = "Use a name like America/New_York or Europe/Athens."
            raise InvalidInput("mt5_server_zone", self.zone, "it is no IANA time zone", remedy) from error

    @cached_property
    def _rules(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def _shift(self) -> timedelta:
        return timedelta(hours=self.shift_h)

    def to_utc(self, server_s: float) -> datetime:
        """The instant that the server writes as *server_s*; of an hour that happens twice, the first."""
        wall = datetime.fromtimestamp(server_s, UTC) - self._shift
        return wall.replace(tzinfo=self._rules).astimezone(UTC)

    def to_server(self, instant: datetime) -> int:
        """What the server writes at *instant*, in whole seconds."""
        wall = instant.astimezone(self._rules).replace(tzinfo=UTC) + self._shift
        return int(wall.timestamp())

    def midnight_is_roll(self, trading_date_open: datetime) -> bool:
        """Whether the server's day begins at this session's open, so that its own H4 and D1 are cut there."""
        return self.to_server(trading_date_open) % 86_400 == 0

    def __str__(self) -> str:
        return f"{self.zone}{self.shift_h:+d}h"


def is_proved(server_clock: ServerClock, tick_server_s: float, now: datetime) -> bool:
    """Whether a tick proves the clock; False when it is too old to tell. Raises ServerClockMismatch.

    A tick from the future is a mismatch, and so is one later than the close of the week while the market is closed.
    """
    tick = server_clock.to_utc(tick_server_s)
    steps_ahead = round((tick - now) / STEP)
    if steps_ahead > 0 or _is_after_the_week(tick, now):
        raise mismatch(server_clock, tick, now)
    return steps_ahead == 0


def mismatch(server_clock: ServerClock, tick: datetime, now: datetime) -> ServerClockMismatch:
    """The error that says what was measured and what to do."""
    hours = round((tick - now) / STEP) * STEP / timedelta(hours=1)
    return ServerClockMismatch(
        f"mt5_server_zone {server_clock.zone} with mt5_server_shift_h {server_clock.shift_h}: by these the newest tick "
        f"is of {tick:%Y-%m-%d %H:%M:%S} UTC while it is {now:%H:%M:%S}, {hours:+g} h off. Nothing is read or sent. "
        "Correct the two settings to the broker's server clock, or this machine's clock."
    )


def _is_after_the_week(tick: datetime, now: datetime) -> bool:
    """Whether the market is closed and *tick* lies in the closed time: by the right clock there are none."""
    if is_open(now) or is_open(tick) or now - tick > 3 * DAY:
        return False
    before = tick
    while (day := trading_date_at(before)) is None:
        before -= timedelta(hours=1)
    return tick - session(day).close > LAST_QUOTES
