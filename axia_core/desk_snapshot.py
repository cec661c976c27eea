"""A desk's publishing of what it sees, for pages that may not call the broker: now and then, and never in a hurry.

What goes wrong here is met by the desk's own work as well, and a snapshot that grows old says so by its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from axia_core.domain.broker import Instrument
from axia_core.errors import AxiaError
from axia_core.ports import Broker, Clock, Snapshots
from axia_core.services.take_snapshot import take_instruments, take_snapshot

INSTRUMENTS_EVERY = timedelta(minutes=5)
LONGEST_POLL_S = 20


@dataclass
class SnapshotRounds:
    """Publishes again and again between orders; without a place to publish to, nothing is ever due."""

    snapshots: Snapshots | None
    every: timedelta
    symbols: tuple[str, ...]
    broker: Broker
    clock: Clock
    _last: datetime | None = None
    _instruments: Mapping[str, Instrument] = field(default_factory=dict)
    _asked_at: datetime | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody is to be told at all."""
        return self.snapshots is not None and self.every > timedelta()

    @property
    def longest_wait_s(self) -> int:
        """How long a poll may take so that the next one is published in time."""
        return max(1, int(self.every.total_seconds())) if self.wanted else LONGEST_POLL_S

    def is_due(self) -> bool:
        """Whether it is time."""
        return self.wanted and (self._last is None or self.clock.now() - self._last >= self.every)

    def hurry(self) -> None:
        """The book has changed: the next idle moment publishes."""
        self._last = None

    def publish(self) -> None:
        """One snapshot; never raises an error of ours."""
        self._last = self.clock.now()
        try:
            self._publish()
        except AxiaError:
            return  # it is tried again in the next round, and the desk meets the fault in its own work

    def _publish(self) -> None:
        if self._asked_at is None or self.clock.now() - self._asked_at >= INSTRUMENTS_EVERY:
            self._instruments = take_instruments(self.symbols, broker=self.broker)
            self._asked_at = self.clock.now()
        taken = take_snapshot(self._instruments, self.symbols, broker=self.broker, clock=self.clock)
        if self.snapshots is not None:
            self.snapshots.publish(taken)
