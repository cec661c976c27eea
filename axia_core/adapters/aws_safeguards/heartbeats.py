"""Heartbeats in the bars' bucket and in the order table: a small object, and an item beside the orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axia_core.aws import error_code, translated
from axia_core.domain import beats
from axia_core.domain.beats import Beat
from axia_core.errors import CorruptObject
from axia_core.ports.verification import Heartbeats

NO_KEY = frozenset({"NoSuchKey", "404"})
ITEM_SCHEMA = 1


class ObjectHeartbeats(Heartbeats):
    """An object of the bucket, replaced by each mark; the bucket keeps the older ones as versions."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, at: datetime) -> Beat:
        beat = _next(self, at)
        with translated(f"writing the heartbeat of {self._bucket}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=beats.OBJECT_KEY,
                Body=beats.to_text(beat).encode(),
                ContentType="application/json",
            )
        return beat

    def read(self) -> Beat | None:
        from botocore.exceptions import ClientError

        with translated(f"reading the heartbeat of {self._bucket}"):
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=beats.OBJECT_KEY)["Body"].read()
            except ClientError as error:
                if error_code(error) not in NO_KEY:
                    raise
                return None
        return beats.from_text(body.decode(errors="replace"))


class ItemHeartbeats(Heartbeats):
    """An item of the order table, which no reader of orders meets."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def write(self, at: datetime) -> Beat:
        beat = _next(self, at)
        item = {
            **_key(),
            "schema": {"N": str(ITEM_SCHEMA)},
            "at": {"S": beat.at.isoformat()},
            "beat": {"S": beats.to_text(beat)},
        }
        with translated(f"writing the heartbeat of {self._table}"):
            self._dynamodb.put_item(TableName=self._table, Item=item)
        return beat

    def read(self) -> Beat | None:
        with translated(f"reading the heartbeat of {self._table}"):
            found = self._dynamodb.get_item(TableName=self._table, Key=_key(), ConsistentRead=True).get("Item")
        if found is None:
            return None
        return beats.from_text(found.get("beat", {}).get("S", ""))


def _key() -> dict[str, Any]:
    return {"pk": {"S": beats.ITEM_PK}, "sk": {"S": beats.ITEM_SK}}


def _next(place: Heartbeats, at: datetime) -> Beat:
    """A mark that cannot be read counts as none: the next one takes its place."""
    try:
        last = place.read()
    except CorruptObject:
        last = None
    return Beat(at, last.at if last else None)
