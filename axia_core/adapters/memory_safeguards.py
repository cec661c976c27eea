"""A region's protection in memory, every part of which can be changed; heartbeats and the last verification likewise.

Beside the real ones, under the same contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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
from axia_core.ports.verification import Compared, Heartbeats, Safeguards, Templates, Verifications


class MemorySafeguards(Safeguards):
    """What it was given."""

    def __init__(self, table: TableGuard | None = None, bucket: BucketGuard | None = None) -> None:
        self.table_guard = table
        self.bucket_guard = bucket
        self.stored: dict[str, StoredObject] = {}
        self.table_items: dict[ItemKey, StoredItem] = {}
        self.disk_snapshots: list[DiskSnapshot] = []
        self.kept_secrets: dict[str, SecretGuard] = {}
        self.queues: dict[str, QueueGuard] = {}
        self.hearing: list[Subscription] = []
        self.kept_alarms: dict[str, AlarmGuard] = {}

    def table(self) -> TableGuard | None:
        return self.table_guard

    def bucket(self) -> BucketGuard | None:
        return self.bucket_guard

    def keys_after(self, prefix: str, after: str, limit: int) -> tuple[str, ...]:
        return tuple(key for key in sorted(self.stored) if key.startswith(prefix) and key > after)[:limit]

    def objects(self, keys: Sequence[str]) -> tuple[StoredObject, ...]:
        return tuple(self.stored[key] for key in keys if key in self.stored)

    def sample_items(self, seed: int, limit: int) -> tuple[StoredItem, ...]:
        found = sorted(self.table_items.values(), key=lambda one: str(one.key))
        begin = seed % max(-(-len(found) // limit), 1) * limit
        return tuple(found[begin : begin + limit])

    def items(self, keys: Sequence[ItemKey]) -> tuple[StoredItem, ...]:
        return tuple(self.table_items[key] for key in keys if key in self.table_items)

    def snapshots(self) -> tuple[DiskSnapshot, ...]:
        return tuple(self.disk_snapshots)

    def secrets(self, names: Sequence[str]) -> tuple[SecretGuard, ...]:
        return tuple(self.kept_secrets[name] for name in names if name in self.kept_secrets)

    def queue(self, name: str) -> QueueGuard | None:
        return self.queues.get(name)

    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(self.hearing)

    def alarms(self) -> tuple[AlarmGuard, ...]:
        return tuple(self.kept_alarms.values())


class MemoryHeartbeats(Heartbeats):
    """The last mark; *copied_to* gets each one as well, as if it were replicated."""

    def __init__(self, copied_to: MemoryHeartbeats | None = None) -> None:
        self.beat: Beat | None = None
        self.copied_to = copied_to

    def write(self, at: datetime) -> Beat:
        self.beat = Beat(at, self.beat.at if self.beat else None)
        if self.copied_to is not None:
            self.copied_to.beat = self.beat
        return self.beat

    def read(self) -> Beat | None:
        return self.beat


class MemoryTemplates(Templates):
    """What it was given."""

    def __init__(self, properties: int = 100) -> None:
        self.properties = properties
        self.drifts: list[Drift] = []

    def compared(self) -> Compared:
        return Compared(self.properties, tuple(self.drifts))


class MemoryVerifications(Verifications):
    """The last one."""

    def __init__(self) -> None:
        self.kept: Verification | None = None

    def keep(self, verification: Verification) -> None:
        self.kept = verification

    def last(self) -> Verification | None:
        return self.kept
