"""In-memory backups, versioned objects, queues and reports: they obey the same contracts as the real ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from axia_core.domain.drill import Drill, DrillReport
from axia_core.domain.drill_names import PREFIX, SCRATCH_OBJECTS, is_scratch, report_key
from axia_core.domain.kill_switch import AuditLine
from axia_core.errors import ArchivedObject, InvalidInput, NewerItem
from axia_core.ports import Clock
from axia_core.ports.recovery import (
    DrillReports,
    Item,
    ObjectVersion,
    Protection,
    RegionAudit,
    ScratchObjects,
    ScratchQueues,
    TableBackups,
)

Rows = dict[tuple[str, str], Item]


@dataclass
class MemoryBackups(TableBackups):
    """Tables in dictionaries; *lag* is how far the newest point is behind, and *history* what the past looked like."""

    clock: Clock
    tables: dict[str, Rows] = field(default_factory=dict)
    lag: timedelta = timedelta()
    protected: dict[str, Protection] = field(default_factory=dict)
    history: dict[str, list[tuple[datetime, Rows]]] = field(default_factory=dict)
    _shows: dict[str, datetime] = field(default_factory=dict)

    def remember(self, table: str) -> None:
        """What point-in-time recovery does all the time: the table's present state can be restored later."""
        self.history.setdefault(table, []).append((self.clock.now(), deepcopy(self.tables[table])))

    def now(self) -> datetime:
        return self.clock.now()

    def exists(self, table: str) -> bool:
        return table in self.tables

    def await_ready(self, table: str) -> None:
        """Nothing here takes time."""

    def newest_point(self, table: str) -> datetime | None:
        return self.clock.now() - self.lag if self.protection(table).point_in_time else None

    def restore(self, table: str, copy: str, to: datetime | None = None, backup: str | None = None) -> datetime:
        if copy in self.tables:
            return self._shows[copy]
        newest = self.newest_point(table)
        if newest is None:
            raise InvalidInput("table", table, "it has no point-in-time recovery, so there is nothing to restore from")
        moment = newest if to is None else to
        past = [rows for at, rows in self.history.get(table, []) if at <= moment]
        self.tables[copy] = deepcopy(past[-1] if past else self.tables[table])
        self._shows[copy] = moment
        return moment

    def protect(self, copy: str, *, for_good: bool = False) -> Protection:
        self.protected[copy] = Protection(ttl=True, point_in_time=True)
        return self.protected[copy]

    def protection(self, table: str) -> Protection:
        return self.protected.get(table, Protection(ttl=False, point_in_time=False))

    def items(self, table: str) -> Iterator[Item]:
        yield from list(self.tables[table].values())

    def put_missing(self, table: str, item: Item) -> bool:
        key = (str(item["pk"]), str(item["sk"]))
        if key in self.tables[table]:
            return False
        self.tables[table][key] = item
        return True

    def reset_switch(self, table: str) -> str | None:
        key = ("GLOBALCONFIG", "SETTING#KILL_SWITCH")
        said = self.tables[table].get(key)
        if said is None or isinstance(said.get("active"), bool):
            return None
        if isinstance(said.get("schema"), int) and said["schema"] > 1:
            raise NewerItem("the kill switch was written by a newer version of AXIA; use that one")
        self.tables[table][key] = {"pk": key[0], "sk": key[1], "active": True}
        return str(said)

    def make_scratch(self, name: str) -> None:
        _require_scratch(name)
        self.tables.setdefault(name, {})

    def discard(self, name: str) -> None:
        _require_scratch(name)
        self.tables.pop(name, None)
        self.protected.pop(name, None)

    def scratch(self) -> tuple[str, ...]:
        return tuple(name for name in self.tables if is_scratch(name))


@dataclass
class _Stored:
    version: ObjectVersion
    body: bytes
    archived: bool = False
    asked: bool = False


@dataclass
class MemoryScratch(ScratchObjects):
    """Versions in lists, newest first; what was asked to be restored can be read at the second look."""

    clock: Clock
    _kept: dict[str, list[_Stored]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def put(self, key: str, body: bytes, *, archived: bool = False) -> None:
        self._add(key, body, deleted=False, archived=archived)

    def read(self, key: str, version: str | None = None) -> bytes | None:
        kept = self._kept.get(key, [])
        found = next((one for one in kept if version in (None, one.version.id)), None)
        if found is None or found.version.is_deletion:
            return None
        if found.archived:
            found.archived = not found.asked  # hours later
            raise ArchivedObject(f"{key} lies in an archive class")
        return found.body

    def delete(self, key: str) -> None:
        self._add(key, b"", deleted=True)

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        return tuple(one.version for one in self._kept.get(key, []))

    def ask_restore(self, key: str) -> None:
        self._kept[key][0].asked = True

    def discard(self, prefix: str) -> int:
        _require_scratch_key(prefix)
        gone = [key for key in self._kept if key.startswith(prefix)]
        return sum(len(self._kept.pop(key)) for key in gone)

    def scratch(self) -> tuple[str, ...]:
        return tuple(sorted({"/".join(key.split("/")[:2]) + "/" for key in self._kept}))

    def _add(self, key: str, body: bytes, *, deleted: bool, archived: bool = False) -> None:
        _require_scratch_key(key)
        now = self.clock.now()
        for one in self._kept.setdefault(key, [])[:1]:
            one.version = ObjectVersion(
                id=one.version.id,
                written_at=one.version.written_at,
                is_current=False,
                is_deletion=one.version.is_deletion,
            )
        version = ObjectVersion(id=str(next(self._ids)), written_at=now, is_current=True, is_deletion=deleted)
        self._kept[key].insert(0, _Stored(version, body, archived))


@dataclass
class MemoryScratchQueues(ScratchQueues):
    """Names of queues."""

    names: set[str] = field(default_factory=set)

    def make(self, name: str) -> None:
        _require_scratch(name)
        self.names.add(name)

    def discard(self, name: str) -> None:
        _require_scratch(name)
        self.names.discard(name)

    def scratch(self) -> tuple[str, ...]:
        return tuple(sorted(self.names))


@dataclass
class MemoryDrillReports(DrillReports):
    """Reports by their keys."""

    kept: dict[str, DrillReport] = field(default_factory=dict)

    def write(self, report: DrillReport) -> str:
        key = report_key(report.drill, report.drill_id)
        self.kept[key] = report
        return f"memory:{key}"

    def newest(self, drill: Drill, limit: int) -> tuple[DrillReport, ...]:
        keys = sorted(key for key, report in self.kept.items() if report.drill is drill)
        return tuple(self.kept[key] for key in keys[-limit:])


@dataclass
class MemoryRegionAudit(RegionAudit):
    """Lines in the order in which they were noted."""

    noted: list[AuditLine] = field(default_factory=list)

    def note(self, line: AuditLine) -> str:
        self.noted.append(line)
        return f"memory:{len(self.noted)}"

    def lines(self) -> tuple[AuditLine, ...]:
        return tuple(self.noted)


def rows(*items: Mapping[str, object]) -> Rows:
    """A table's content from its items."""
    return {(str(item["pk"]), str(item["sk"])): item for item in items}


def _require_scratch(name: str) -> None:
    if not is_scratch(name):
        raise InvalidInput("name", name, f"a drill makes and deletes only what is named {PREFIX}...")


def _require_scratch_key(key: str) -> None:
    if not (key.startswith(SCRATCH_OBJECTS) and is_scratch(key)):
        raise InvalidInput("key", key, f"a drill writes and deletes only under {SCRATCH_OBJECTS}...")
