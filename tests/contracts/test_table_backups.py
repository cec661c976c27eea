"""What every TableBackups promises, over memory and over DynamoDB (a local AWS server)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb.backups import DynamoBackups
from axia_core.adapters.memory_recovery import MemoryBackups
from axia_core.domain.drill_names import owner, scratch_name
from axia_core.domain.names import TABLE
from axia_core.errors import InvalidInput, NewerItem
from axia_core.ports.recovery import Protection, TableBackups

SWITCH = {"pk": "GLOBALCONFIG", "sk": "SETTING#KILL_SWITCH"}
ITEM = {"pk": "ORDER#1", "sk": "METADATA", "reason": "x"}
COPY = scratch_name(owner("test", 1, datetime.now(UTC)).drill_id, "orders")


@pytest.fixture(params=["memory", "dynamodb"])
def backups(request: pytest.FixtureRequest) -> Iterator[TableBackups]:
    """An order table with one item, protected; what a test restores is gone after it."""
    if request.param == "memory":
        made: TableBackups = MemoryBackups(SystemClock(), {TABLE: {}}, protected={TABLE: Protection(True, True)})
    else:
        dynamodb = request.getfixturevalue("aws").client("dynamodb")
        for found in dynamodb.scan(TableName=TABLE)["Items"]:
            dynamodb.delete_item(TableName=TABLE, Key={"pk": found["pk"], "sk": found["sk"]})
        made = DynamoBackups(dynamodb, TABLE, poll_s=0.05)
    made.put_missing(TABLE, ITEM)
    yield made
    for name in made.scratch():
        made.discard(name)


def keys(items: Iterator[Any]) -> list[tuple[str, str]]:
    return sorted((item["pk"], item["sk"]) for item in items)


def test_copy_holds_every_item(backups: TableBackups) -> None:
    """The copy is a table of its own, and says which moment it shows."""
    shows = backups.restore(TABLE, COPY)

    assert backups.exists(COPY)
    assert list(backups.items(COPY)) == [ITEM]
    assert abs(datetime.now(UTC) - shows) < timedelta(minutes=10)


def test_restoring_again_goes_on_with_the_same_copy(backups: TableBackups) -> None:
    """A repeat takes what is there: what was changed in it since stays."""
    backups.restore(TABLE, COPY)
    backups.put_missing(COPY, {"pk": "X", "sk": "Y"})

    backups.restore(TABLE, COPY)

    assert keys(backups.items(COPY)) == [("ORDER#1", "METADATA"), ("X", "Y")]


def test_table_that_is_there_need_not_be_waited_for(backups: TableBackups) -> None:
    """One that is restored can be used at once."""
    backups.restore(TABLE, COPY)

    backups.await_ready(COPY)
    assert list(backups.items(COPY)) == [ITEM]


def test_protection_is_not_restored_and_comes_back(backups: TableBackups) -> None:
    """A copy has neither TTL nor point-in-time recovery until they are turned on again; twice is harmless."""
    backups.restore(TABLE, COPY)
    before = backups.protection(COPY)

    assert before == Protection(ttl=False, point_in_time=False)
    assert backups.protect(COPY) == backups.protect(COPY) == Protection(ttl=True, point_in_time=True)
    assert backups.protection(TABLE).point_in_time


def test_what_is_there_is_never_overwritten(backups: TableBackups) -> None:
    """Only what is missing is put back."""
    assert not backups.put_missing(TABLE, ITEM | {"reason": "other"})
    assert backups.put_missing(TABLE, {"pk": "X", "sk": "Y"})
    assert ITEM in list(backups.items(TABLE))


def test_table_without_protection_has_no_point(backups: TableBackups) -> None:
    """Nothing can be restored from what was never kept: said before anything is made."""
    backups.make_scratch(COPY)

    assert backups.newest_point(COPY) is None
    with pytest.raises(InvalidInput, match="point-in-time recovery"):
        backups.restore(COPY, scratch_name(owner("test", 2, datetime.now(UTC)).drill_id, "x"))


def test_production_is_never_discarded(backups: TableBackups) -> None:
    """Only a drill's own table can be made or deleted; deleting one that is gone is harmless."""
    with pytest.raises(InvalidInput, match="dr-drill-"):
        backups.discard(TABLE)
    with pytest.raises(InvalidInput, match="dr-drill-"):
        backups.make_scratch("other")
    backups.make_scratch(COPY)
    backups.make_scratch(COPY)

    assert backups.scratch() == (COPY,)
    backups.discard(COPY)
    backups.discard(COPY)
    assert (backups.scratch(), backups.exists(COPY), backups.exists(TABLE)) == ((), False, True)


def test_damaged_switch_is_replaced_by_the_emergency_one(backups: TableBackups) -> None:
    """What it said is told; a missing one and one that reads well are left alone."""
    missing = backups.reset_switch(TABLE)
    backups.put_missing(TABLE, SWITCH | {"active": "yes", "version": 7})

    said = backups.reset_switch(TABLE)

    assert missing is None
    assert said is not None
    assert "'yes'" in said
    assert SWITCH | {"active": True} in list(backups.items(TABLE))
    assert backups.reset_switch(TABLE) is None


def test_switch_of_a_newer_version_is_not_touched(backups: TableBackups) -> None:
    """Its meaning is not known here."""
    backups.put_missing(TABLE, SWITCH | {"active": "later", "schema": 99})

    with pytest.raises(NewerItem):
        backups.reset_switch(TABLE)
