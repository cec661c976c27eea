"""What recovering and rehearsing it need of the outside world: backups, versions of objects, scratch queues.

Each has a real adapter and an in-memory one, and one contract suite runs over both. Whatever makes or
deletes something takes only the names of `domain.drill_names`, so that no drill can touch production.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axia_core.domain.drill import Drill, DrillReport
    from axia_core.domain.kill_switch import AuditLine

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Protection:
    """What a table is protected by; AWS restores a table without any of it."""

    ttl: bool
    point_in_time: bool


class TableBackups(ABC):
    """The order table's backups, and the tables restored from them. Raises StoreUnavailable, InvalidInput."""

    @abstractmethod
    def now(self) -> datetime:
        """The store's own time, by which items end: it knows nothing of a shift of AXIA's clock."""

    @abstractmethod
    def exists(self, table: str) -> bool:
        """Whether there is such a table, restored completely or not."""

    @abstractmethod
    def await_ready(self, table: str) -> None:
        """Waits for a table that is being restored; raises NotRunning when it takes too long."""

    @abstractmethod
    def newest_point(self, table: str) -> datetime | None:
        """Up to when the table can be restored now, on AXIA's clock; None where it is not protected."""

    @abstractmethod
    def restore(self, table: str, copy: str, to: datetime | None = None, backup: str | None = None) -> datetime:
        """Restores *table* into the new table *copy*; returns the moment whose state that shows, on AXIA's clock.

        To the newest point, to a moment, or from a backup of one's own. A copy that is there already is waited for and
        taken as it is. Raises NotRunning when it takes too long; asking again goes on waiting.
        """

    @abstractmethod
    def protect(self, copy: str, *, for_good: bool = False) -> Protection:
        """Turns on TTL and point-in-time recovery, which no restore brings back; harmless when they are on.

        Where it is *for_good*, the table cannot be deleted by one call either.
        """

    @abstractmethod
    def protection(self, table: str) -> Protection:
        """What the table is protected by now."""

    @abstractmethod
    def items(self, table: str) -> Iterator[Item]:
        """Every item as it is stored now; read consistently."""

    @abstractmethod
    def put_missing(self, table: str, item: Item) -> bool:
        """Puts an item back where none is; False where one is there, whatever it says."""

    @abstractmethod
    def reset_switch(self, table: str) -> str | None:
        """Replaces a kill switch that cannot be read by the emergency one, which means HALT; returns what it said.

        None where there is nothing to replace: it reads well, or there is none. Raises NewerItem for one that a newer
        version wrote, which this one must not touch.
        """

    @abstractmethod
    def make_scratch(self, name: str) -> None:
        """An empty table like the order table."""

    @abstractmethod
    def discard(self, name: str) -> None:
        """Deletes a drill's table; harmless when it is gone. Raises InvalidInput for any other table."""

    @abstractmethod
    def scratch(self) -> tuple[str, ...]:
        """The tables that drills have made and that are still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of an object, or the mark of its deletion."""

    id: str
    written_at: datetime
    is_current: bool
    is_deletion: bool


class ScratchObjects(ABC):
    """Objects under the drills' own prefix of the versioned bucket. Raises StoreUnavailable; InvalidInput elsewhere."""

    @abstractmethod
    def put(self, key: str, body: bytes, *, archived: bool = False) -> None:
        """Writes a new version, into an archive class if asked."""

    @abstractmethod
    def read(self, key: str, version: str | None = None) -> bytes | None:
        """What is stored, or None; raises ArchivedObject where it must be restored first."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Marks it as deleted: earlier versions stay."""

    @abstractmethod
    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        """Every version, newest first."""

    @abstractmethod
    def ask_restore(self, key: str) -> None:
        """Asks for a readable copy of an archived object, as fast as it can be had; harmless when asked before."""

    @abstractmethod
    def discard(self, prefix: str) -> int:
        """Removes every version of every object of a drill, for good; returns how many those were."""

    @abstractmethod
    def scratch(self) -> tuple[str, ...]:
        """The prefixes under which drills have left something."""


class ScratchQueues(ABC):
    """Queues of drills, beside the one that production reads. Raises StoreUnavailable, InvalidInput."""

    @abstractmethod
    def make(self, name: str) -> None:
        """An empty queue."""

    @abstractmethod
    def discard(self, name: str) -> None:
        """Deletes a drill's queue; harmless when it is gone. Raises InvalidInput for any other queue."""

    @abstractmethod
    def scratch(self) -> tuple[str, ...]:
        """The queues that drills have made and that are still there."""


class DrillReports(ABC):
    """Reports of drills, kept for good; writing the same again changes nothing. Raises StoreUnavailable."""

    @abstractmethod
    def write(self, report: DrillReport) -> str:
        """Keeps a report; returns where."""

    @abstractmethod
    def newest(self, drill: Drill, limit: int) -> tuple[DrillReport, ...]:
        """The last reports of a drill, oldest first; one that cannot be read is left out."""


class RegionAudit(ABC):
    """What was done in recovering another region, beside a ledger that may be gone. Raises StoreUnavailable."""

    @abstractmethod
    def note(self, line: AuditLine) -> str:
        """Keeps the line for good; returns where."""

    @abstractmethod
    def lines(self) -> Sequence[AuditLine]:
        """What was noted, oldest first."""


class Hosts(ABC):
    """The trading hosts of a region. Raises StoreUnavailable, InvalidInput where it cannot be asked."""

    @abstractmethod
    def alive(self) -> tuple[str, ...]:
        """In words each instance that runs, and each group that would start one again."""
