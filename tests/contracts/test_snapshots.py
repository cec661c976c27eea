"""What every place of a snapshot promises, over memory and over DynamoDB (a local AWS server)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from axia_core.adapters.dynamodb.snapshots import SK, DynamoSnapshots
from axia_core.adapters.memory_snapshots import MemorySnapshots
from axia_core.domain.names import TABLE
from axia_core.errors import CorruptObject
from axia_core.ports import Snapshots
from tests.snapshot_examples import snapshot


@pytest.fixture(params=["memory", "dynamodb"])
def place(request: pytest.FixtureRequest) -> Snapshots:
    """An empty place of the kind under test."""
    return MemorySnapshots() if request.param == "memory" else dynamo(request)


def dynamo(request: pytest.FixtureRequest) -> DynamoSnapshots:
    dynamodb = request.getfixturevalue("aws").client("dynamodb")
    dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": SK}})
    return DynamoSnapshots(dynamodb, TABLE)


def test_nothing_is_there_at_first(place: Snapshots) -> None:
    """Where no desk has published, there is no snapshot."""
    assert place.read() is None


def test_reads_what_was_published(place: Snapshots) -> None:
    """Account, book and quotes come back exactly, decimals and times included."""
    place.publish(snapshot())

    assert place.read() == snapshot()


def test_the_last_one_stays(place: Snapshots) -> None:
    """A snapshot replaces the one before it whole, even where its time is earlier: a clock may be set back."""
    place.publish(snapshot())
    later = replace(snapshot(), at=snapshot().at - timedelta(days=2), positions=())

    place.publish(later)

    assert place.read() == later


@pytest.mark.parametrize("document", [{"B": b"no zlib"}, {"S": "text"}, None], ids=["broken", "text", "missing"])
def test_damage_is_told(request: pytest.FixtureRequest, document: dict[str, object] | None) -> None:
    """An item that is no snapshot raises CorruptObject instead of showing an empty book."""
    place = dynamo(request)
    item = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": SK}} | ({"document": document} if document else {})
    request.getfixturevalue("aws").client("dynamodb").put_item(TableName=TABLE, Item=item)

    with pytest.raises(CorruptObject):
        place.read()
