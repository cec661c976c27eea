"""The trading side's snapshot in the ledger's table: one small item beside the orders, which never read it.

It is compressed: a kilobyte is one write unit, and it is written every other second.
"""

from __future__ import annotations

import zlib
from typing import Any

from axia_core.adapters.dynamodb import items
from axia_core.adapters.dynamodb.writing import Table
from axia_core.aws import client
from axia_core.domain.snapshot import Snapshot, from_json, to_json
from axia_core.errors import CorruptObject
from axia_core.ports import Snapshots
from axia_core.settings import Settings

SK = "SNAPSHOT#BOOK"
MOST_BYTES = 1024 * 1024


class DynamoSnapshots(Snapshots):
    """One item; the last writer wins, and only the desk that holds the lease writes."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = Table(dynamodb, table)

    def publish(self, snapshot: Snapshot) -> None:
        document = zlib.compress(to_json(snapshot).encode())
        item = {"pk": items.GLOBAL, "sk": SK, "at": items.stamp(snapshot.at), "document": document}
        self._table.write("publishing a snapshot", item)

    def read(self) -> Snapshot | None:
        item = self._table.get(items.GLOBAL, SK)
        return None if item is None else from_json(_text(item.get("document")))


def _text(document: Any) -> str:
    try:
        packed = bytes(document.value)  # boto3's Binary
        return zlib.decompressobj().decompress(packed, MOST_BYTES).decode()
    except (AttributeError, TypeError, zlib.error, UnicodeDecodeError) as error:
        raise CorruptObject(f"the snapshot of the trading side cannot be unpacked: {error!r}") from error


def connect(settings: Settings) -> DynamoSnapshots:
    """The place that the settings name; nothing is called yet."""
    return DynamoSnapshots(client(settings, "dynamodb", read_timeout_s=3.0), settings.table)
