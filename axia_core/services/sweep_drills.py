"""Remove what drills that died have left behind: their tables, queues and objects, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from axia_core.domain.drill_names import Owner, is_leftover
from axia_core.drill_ports import ScratchObjects, ScratchQueues, TableBackups
from axia_core.errors import AxiaError


def sweep_drills(
    me: Owner,
    living: frozenset[int],
    now: datetime,
    *,
    backups: TableBackups,
    objects: ScratchObjects,
    queues: ScratchQueues,
) -> tuple[str, ...]:
    """What was removed; *living* are this host's processes, and *now* is by the wall clock. Raises StoreUnavailable."""
    removed: list[str] = []
    for found, discard in (
        (backups.scratch(), backups.discard),
        (queues.scratch(), queues.discard),
        (objects.scratch(), objects.discard),
    ):
        left = [name for name in found if is_leftover(name, me, living, now)]
        removed += _discarded(left, discard)
    return tuple(removed)


def _discarded(names: Iterable[str], discard: Callable[[str], object]) -> list[str]:
    """One that cannot be deleted yet, being restored, is left to the next sweep."""
    removed = []
    for name in names:
        try:
            discard(name)
        except AxiaError:
            continue
        removed.append(name)
    return removed
