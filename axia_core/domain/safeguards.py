"""What stands between AXIA and a disaster, as it was found: tables, buckets, snapshots, secrets, alarms. Values.

Nothing here judges: what must be true of them is `verification_rules`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGuard:
    """How the order table of a region is protected; `latest_restorable` is None while there is nothing to restore."""

    recovery: bool
    latest_restorable: datetime | None
    ttl_attribute: str | None  # None: items are never removed
    deletion_protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """One rule of a bucket: what it moves after how many days, and whether it deletes what is current."""

    id: str
    enabled: bool
    prefix: str = ""
    transitions: tuple[tuple[int, str], ...] = ()
    abort_upload_days: int | None = None
    deletes_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketGuard:
    """How the bars' bucket of a region is protected, and where whole-bucket rules replicate it to."""

    versioned: bool
    smallest_moved: str  # S3's name of the size below which nothing moves
    lifecycle: tuple[LifecycleRule, ...] = ()
    replicates_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as S3 tells of it; `replication` is COMPLETED, PENDING, FAILED, REPLICA or empty."""

    key: str
    etag: str
    size_bytes: int
    written_at: datetime
    replication: str = ""


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The key of an item of the order table."""

    pk: str
    sk: str

    def __str__(self) -> str:
        return f"{self.pk}/{self.sk}"


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One item of the order table: a digest of all of it, when it ends, and when it says that it changed."""

    key: ItemKey
    digest: str
    expires_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DiskSnapshot:
    """One snapshot of the host's disk."""

    id: str
    started_at: datetime
    completed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretGuard:
    """One secret without its value; one that is being deleted counts as lost."""

    name: str
    changed_at: datetime
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueGuard:
    """Where a queue's unreadable messages go, and after how many receives."""

    name: str
    redrives_to: str = ""  # the other queue's name
    max_receives: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who hears of the topic's events: the last part of an ARN, or an address."""

    protocol: str
    endpoint: str
    confirmed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmGuard:
    """One alarm: whether it would tell anybody, and since when it is in its state."""

    name: str
    namespace: str
    tells: bool
    state: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A property of a deployed resource that is not what its stack's template says."""

    stack: str
    resource: str
    kind: str  # the resource's type
    property: str
    missing: bool = False  # there is no such resource any more

    def __str__(self) -> str:
        return f"{self.resource} {self.property}"


@dataclass(frozen=True, slots=True)
class Series:
    """One series, and its newest trading day whose collection is over."""

    symbol: Symbol
    timeframe: Timeframe
    newest_due: date
    start: date

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe}"


@dataclass(frozen=True, slots=True)
class Pair:
    """What two regions have under one name, by digest or ETag; while it is `on_its_way` a difference says nothing."""

    name: str
    here: str | None
    there: str | None
    on_its_way: bool = False

    @property
    def differs(self) -> bool:
        """Whether the copy is wrong."""
        return self.here != self.there and not self.on_its_way

    @property
    def says_nothing(self) -> bool:
        """Whether it differs, and may."""
        return self.here != self.there and self.on_its_way


def pairs_of(
    here: Mapping[str, str], there: Mapping[str, str], on_its_way: frozenset[str] = frozenset()
) -> tuple[Pair, ...]:
    """Everything that either region has, side by side, in the order of the names."""
    return tuple(
        Pair(name, here.get(name), there.get(name), name in on_its_way) for name in sorted(here.keys() | there.keys())
    )
