"""Clocks: the system's, with AXIA's shift, and one that tests step by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from axia_core.ports import Clock


class SystemClock(Clock):
    """The machine's clock in UTC plus a fixed shift."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self._shift = shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SteppedClock(Clock):
    """Stands still until it is stepped; sleeping steps it."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.step(timedelta(seconds=seconds))

    def step(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self._now += by
