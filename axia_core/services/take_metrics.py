"""Take the readings of this minute: of the desk, the book, the cache, the bars and the host.

What cannot be read has no reading, and keeps no other from being taken. Orders are read by the desk that decides them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from axia_core.domain.cached_series import CacheUse
from axia_core.domain.metrics import (
    Metric,
    Reading,
    cache_readings,
    desk_readings,
    lateness_readings,
    position_readings,
)
from axia_core.domain.sessions import last_due_trading_day, previous_trading_day
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.universe import Universe
from axia_core.errors import AxiaError
from axia_core.ports import Clock, Gauges, OrderLedger, Snapshots

# A collection takes a minute, and tries again for some more.
LATE_AFTER = timedelta(minutes=30)
# A day that is missing stays an alarm for a week of collections; older ones are coverage's business.
DAYS_LOOKED_AT = 5
# Each is one request; those of a first minute are worked off over the next few.
LOOKS_AT_ONCE = 60

Partition = tuple[Symbol, Timeframe, date]


@dataclass
class MetricRounds:
    """Takes readings again and again; between two it remembers what it need not ask for again."""

    ledger: OrderLedger
    snapshots: Snapshots
    gauges: Gauges
    clock: Clock
    universe: Universe
    _loads: Mapping[CacheUse, int] | None = None
    _stored: set[Partition] = field(default_factory=set)
    _missing: dict[Partition, None] = field(default_factory=dict)  # looked for, that of the longest ago first

    def take(self) -> tuple[Reading, ...]:
        """The readings of now; never raises an error of ours."""
        now = self.clock.now()
        looks: Sequence[Callable[[], tuple[Reading, ...]]] = (
            lambda: desk_readings(self.ledger.open_orders(), self.ledger.lease_holder(now), now),
            lambda: position_readings(self.snapshots.read(), now),
            self._cache,
            lambda: self._bars(now),
            self._host,
        )
        return tuple(reading for look in looks for reading in _known(look))

    def _cache(self) -> tuple[Reading, ...]:
        before, self._loads = self._loads, None  # where it cannot be read, the next share would be of a longer time
        self._loads = self.gauges.cache_loads()
        return cache_readings(before, self._loads)

    def _host(self) -> tuple[Reading, ...]:
        memory, disk = self.gauges.memory_used_percent(), self.gauges.disk_used_percent()
        return Reading(Metric.MEMORY_USED, memory), Reading(Metric.DISK_USED, disk)

    def _bars(self, now: datetime) -> tuple[Reading, ...]:
        """One request for each partition until it is there; nothing is said before every one was looked for."""
        due = dict.fromkeys(self._due(now))
        self._stored &= due.keys()
        self._missing = {one: None for one in self._missing if one in due}
        never = [one for one in due if one not in self._stored and one not in self._missing]
        for one in [*never, *self._missing][:LOOKS_AT_ONCE]:
            self._look_for(one)
        return lateness_readings(len(self._missing)) if len(never) <= LOOKS_AT_ONCE else ()

    def _look_for(self, one: Partition) -> None:
        is_stored = self.gauges.is_stored(*one)
        self._missing.pop(one, None)
        if is_stored:
            self._stored.add(one)
        else:
            self._missing[one] = None

    def _due(self, now: datetime) -> Iterator[Partition]:
        holidays = self.universe.holidays.dates
        day = last_due_trading_day(now - LATE_AFTER, holidays)
        for _ in range(DAYS_LOOKED_AT):
            for timeframe in Timeframe:
                for symbol in self.universe.symbols_with(timeframe):
                    if self.universe.start_of(symbol) <= day:
                        yield symbol, timeframe, day
            day = previous_trading_day(day, holidays)


def _known(look: Callable[[], tuple[Reading, ...]]) -> tuple[Reading, ...]:
    try:
        return look()
    except AxiaError:
        return ()
