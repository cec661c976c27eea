"""Restore the order table beside itself: protected again, compared item by item, and how old what it holds is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from axia_core.domain.drill import Heartbeat
from axia_core.domain.drill_items import Comparison, compare, newest_heartbeat
from axia_core.ports import Clock
from axia_core.ports.recovery import Item, Protection, TableBackups


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The copy and what was found in it."""

    copy: str
    restored_to: datetime
    protection: Protection
    comparison: Comparison
    heartbeat: Heartbeat | None
    items: Sequence[Item]


def restore_beside(
    table: str,
    copy: str,
    *,
    backups: TableBackups,
    clock: Clock,
    to: datetime | None = None,
    backup: str | None = None,
) -> Beside:
    """The table's copy of a moment, by default of the newest that can be had; *table* itself is only read.

    Safe to repeat: a copy that is there is taken as it is. Raises InvalidInput, NotRunning, StoreUnavailable.
    """
    restored_to = backups.restore(table, copy, to, backup)
    protection = backups.protect(copy)
    found = list(backups.items(copy))
    comparison = compare(backups.items(table), found, restored_to, backups.now())
    return Beside(
        copy=copy,
        restored_to=restored_to,
        protection=protection,
        comparison=comparison,
        heartbeat=newest_heartbeat(found, clock.now()),
        items=found,
    )
