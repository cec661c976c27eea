"""What the recovery checks need of the outside world: how a region is protected, heartbeats, and what was found before.

Each has a real adapter and an in-memory one, and one contract suite runs over both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axia_core.domain.beats import Beat
    from axia_core.domain.safeguards import (
        AlarmGuard,
        BucketGuard,
        DiskSnapshot,
        Drift,
        ItemKey,
        QueueGuard,
        SecretGuard,
        StoredItem,
        StoredObject,
        Subscription,
        TableGuard,
    )
    from axia_core.domain.verification import Verification


class Safeguards(ABC):
    """How one region is protected, read and never changed; all times on AXIA's clock.

    None stands for what does not exist. Raises StoreUnavailable, InvalidInput (a permission is lacking), CorruptObject.
    """

    @abstractmethod
    def table(self) -> TableGuard | None:
        """The order table's protection."""

    @abstractmethod
    def bucket(self) -> BucketGuard | None:
        """The bars' bucket's protection."""

    @abstractmethod
    def keys_after(self, prefix: str, after: str, limit: int) -> tuple[str, ...]:
        """At most *limit* keys under *prefix* that come after *after*, in their order."""

    @abstractmethod
    def objects(self, keys: Sequence[str]) -> tuple[StoredObject, ...]:
        """Those of *keys* that are stored, in their order, without their content."""

    @abstractmethod
    def sample_items(self, seed: int, limit: int) -> tuple[StoredItem, ...]:
        """At most *limit* items of a stretch of the table that *seed* chooses; of a small table all."""

    @abstractmethod
    def items(self, keys: Sequence[ItemKey]) -> tuple[StoredItem, ...]:
        """Those of *keys* that are stored; read consistently."""

    @abstractmethod
    def snapshots(self) -> tuple[DiskSnapshot, ...]:
        """The daily snapshots of the host's disk."""

    @abstractmethod
    def secrets(self, names: Sequence[str]) -> tuple[SecretGuard, ...]:
        """Those of *names* that exist, without their values."""

    @abstractmethod
    def queue(self, name: str) -> QueueGuard | None:
        """One queue."""

    @abstractmethod
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Who hears of the topic's events; nobody where there is no topic."""

    @abstractmethod
    def alarms(self) -> tuple[AlarmGuard, ...]:
        """Every alarm of the region."""


class Heartbeats(ABC):
    """The place of the heartbeat in one store. Raises StoreUnavailable, InvalidInput, CorruptObject."""

    @abstractmethod
    def write(self, at: datetime) -> Beat:
        """Puts a new mark in the place of the last one, which it names."""

    @abstractmethod
    def read(self) -> Beat | None:
        """The mark that was written last, or None."""


class Templates(ABC):
    """What is deployed, against the templates it was deployed from. Raises StoreUnavailable, InvalidInput."""

    @abstractmethod
    def compared(self) -> Compared:
        """Every deployed stack, property by property."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How many properties were compared, and which of them somebody has changed."""

    properties: int
    drifts: tuple[Drift, ...]


class Verifications(ABC):
    """The last verification, for whoever comes next. Raises StoreUnavailable, CorruptObject."""

    @abstractmethod
    def keep(self, verification: Verification) -> None:
        """Replaces it whole."""

    @abstractmethod
    def last(self) -> Verification | None:
        """The one kept last, or None."""
