"""The clock, and how people and alarms learn what happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Annotations only: the desk must not load numpy for the bars it never touches.
    from axia_core.domain.cached_series import CacheUse
    from axia_core.domain.metrics import Reading
    from axia_core.domain.symbols import Symbol
    from axia_core.domain.timeframes import Timeframe


class Clock(ABC):
    """What time it is, and how to wait."""

    @abstractmethod
    def now(self) -> datetime:
        """The present, UTC-aware, with the configured shift applied."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Waits."""


class Events(ABC):
    """Tells people: what happened, how bad it is, where. Never raises and never delays an order."""

    @abstractmethod
    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        """One event of an `EventType` and a `Severity`; RECOVERED ends what a worse one began.

        Known among *details*: `order_id`, `run_id`, `since` (when it began, ISO), `remedy` (the command to run).
        """


class Metrics(ABC):
    """Where figures go that alarms watch. Never raises and never delays an order."""

    @abstractmethod
    def publish(self, readings: Sequence[Reading]) -> None:
        """Readings of now; what is not known is not among them."""


class Gauges(ABC):
    """What metrics look at and no other port tells without loading bars. Cheap enough for every minute."""

    @abstractmethod
    def cache_loads(self) -> Mapping[CacheUse, int]:
        """How often the cache did what for a load since its counts began. Raises CacheUnavailable."""

    @abstractmethod
    def is_stored(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> bool:
        """Whether there is a partition of that day, in whatever state. Raises StoreUnavailable."""

    @abstractmethod
    def memory_used_percent(self) -> float:
        """How much of this host's memory is in use."""

    @abstractmethod
    def disk_used_percent(self) -> float:
        """How full the disk is that AXIA writes to."""
