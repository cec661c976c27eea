"""Put back what a table has lost: items of a restored copy that are missing in it. What differs is left to a person.

The copy is older than the table, so an item that both have may rightly say more in the table: it is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from axia_core.ports.recovery import Item, TableBackups


@dataclass(frozen=True, slots=True)
class PutBack:
    """Keys of what was put back, and how many items were there already."""

    put: tuple[str, ...]
    there: int


def put_back(table: str, copied: Iterable[Item], *, backups: TableBackups) -> PutBack:
    """Puts every item that is missing into *table*, except those whose time to live is over; safe to repeat."""
    now = backups.now()
    lived = [item for item in copied if not _is_over(item, now)]
    put = tuple(_put(table, lived, backups))
    return PutBack(put, len(lived) - len(put))


def _put(table: str, copied: Iterable[Item], backups: TableBackups) -> Iterator[str]:
    for item in copied:
        if backups.put_missing(table, item):
            yield f"{item['pk']}/{item['sk']}"


def _is_over(item: Item, now: datetime) -> bool:
    return "ttl" in item and int(item["ttl"]) <= now.timestamp()
