"""Remove what drills that died have left behind: their tables, queues and objects, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from axia_core.domain.drill_names import Owner, is_leftover
from axia_core.errors import AxiaError
from axia_core.ports.recovery import ScratchObjects, ScratchQueues, TableBackups


def sweep_drills(
    me: Owner,
    living: frozenset[int],
    now: datetime,
    *,
    backups: TableBackups,
    objects: Sequence[ScratchObjects],
    queues: ScratchQueues,
) -> tuple[str, ...]:
    """What was removed; *living* are this host's processes, *now* is by the wall clock.

    What cannot be listed or deleted now is left to the next sweep: the drill itself will say what is wrong there.
    """
    places = [
        (backups.scratch, backups.discard),
        (queues.scratch, queues.discard),
        *((each.scratch, each.discard) for each in objects),
    ]
    return tuple(
        name
        for scratch, discard in places
        for name in _listed(scratch)
        if is_leftover(name, me, living, now) and _is_gone(name, discard)
    )


def _listed(scratch: Callable[[], Iterable[str]]) -> Iterable[str]:
    try:
        return scratch()
    except AxiaError:
        return ()


def _is_gone(name: str, discard: Callable[[str], object]) -> bool:
    try:
        discard(name)
    except AxiaError:
        return False
    return True
