"""What a drill's scratch resources are called, and which of them a drill that died has left behind.

Every name carries the drill's id: when it began, on which host and by which process. The role of the drills may touch
nothing but these names (infra/core.yaml).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PREFIX = "dr-drill-"
OBJECT_PREFIX = "_dr/"  # of everything that drills keep in the bucket: never a symbol
SCRATCH_OBJECTS = OBJECT_PREFIX + PREFIX
REPORTS = OBJECT_PREFIX + "reports/"
TOO_OLD = timedelta(hours=12)  # an archived object's restore is the longest drill

_ID = re.compile(r"(?:_dr/)?dr-drill-(\d{8}T\d{6}Z)-([0-9a-f]{6})-(\d+)(?:-[a-z0-9-]+|/.*)?")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a scratch resource is: a process on a host, since a moment of the wall clock."""

    host: str  # six hexadecimal digits
    pid: int
    since: datetime

    @property
    def drill_id(self) -> str:
        """`20261124T221500Z-1f0a3c-4711`."""
        return f"{self.since.astimezone(UTC):{_STAMP}}-{self.host}-{self.pid}"


def owner(host_name: str, pid: int, since: datetime) -> Owner:
    """The owner that a process on the named host is, from *since* on."""
    return Owner(hashlib.sha256(host_name.encode()).hexdigest()[:6], pid, since.replace(microsecond=0))


def scratch_name(drill_id: str, what: str) -> str:
    """`dr-drill-20261124T221500Z-1f0a3c-4711-orders`: a table, queue or stack; 80 characters is SQS's limit."""
    return f"{PREFIX}{drill_id}-{what}"


def scratch_prefix(drill_id: str) -> str:
    """`_dr/dr-drill-20261124T221500Z-1f0a3c-4711/`: what all scratch objects of a drill begin with."""
    return f"{SCRATCH_OBJECTS}{drill_id}/"


def is_scratch(name: str) -> bool:
    """Whether a table, queue, stack or object key is a drill's: nothing else may ever be deleted by one."""
    return owner_of(name) is not None


def owner_of(name: str) -> Owner | None:
    """Whose scratch resource the name is, or None for what is no drill's."""
    match = _ID.fullmatch(name)
    if match is None:
        return None
    try:
        since = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Owner(match[2], int(match[3]), since)


def is_leftover(name: str, me: Owner, living: frozenset[int], now: datetime) -> bool:
    """Whether whoever made it is gone: a process of this host that does not live, or anybody's after half a day.

    *living* are the process ids of this host. Another host's process may be at work, so only its age tells.
    """
    found = owner_of(name)
    if found is None or found == me:
        return False
    if found.host == me.host and found.pid not in living:
        return True
    return now - found.since > TOO_OLD


def report_key(drill: str, drill_id: str) -> str:
    """`_dr/reports/orders/20261124T221500Z-1f0a3c-4711.json`: keys of a drill sort by when it began."""
    return f"{REPORTS}{drill}/{drill_id}.json"
