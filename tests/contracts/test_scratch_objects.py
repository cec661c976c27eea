"""What ScratchObjects, ScratchQueues, DrillReports and RegionAudit promise, over memory and a local AWS server."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.memory_recovery import (
    MemoryDrillReports,
    MemoryRegionAudit,
    MemoryScratch,
    MemoryScratchQueues,
)
from axia_core.adapters.s3.versions import S3DrillReports, S3RegionAudit, S3Scratch
from axia_core.adapters.scratch_queues import SqsScratchQueues
from axia_core.domain.drill import Drill
from axia_core.domain.drill_names import owner, scratch_name, scratch_prefix
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.names import BUCKET, ORDER_QUEUE
from axia_core.errors import ArchivedObject, InvalidInput
from axia_core.ports.recovery import DrillReports, RegionAudit, ScratchObjects, ScratchQueues
from tests.domain.test_drill import report

ID = owner("test", 1, datetime.now(UTC)).drill_id
PREFIX = scratch_prefix(ID)
KEY = f"{PREFIX}a"


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Any:
    return lambda service: request.getfixturevalue("aws").client(service)


@pytest.fixture(params=["memory", "aws"])
def objects(request: pytest.FixtureRequest, real: Any) -> ScratchObjects:
    """An empty prefix of a drill."""
    made: ScratchObjects
    made = MemoryScratch(SystemClock()) if request.param == "memory" else S3Scratch(real("s3"), BUCKET)
    made.discard(PREFIX)
    return made


@pytest.fixture(params=["memory", "aws"])
def queues(request: pytest.FixtureRequest, real: Any) -> ScratchQueues:
    return MemoryScratchQueues() if request.param == "memory" else SqsScratchQueues(real("sqs"))


@pytest.fixture(params=["memory", "aws"])
def reports(request: pytest.FixtureRequest, real: Any) -> DrillReports:
    return MemoryDrillReports() if request.param == "memory" else S3DrillReports(real("s3"), BUCKET)


@pytest.fixture(params=["memory", "aws"])
def audit(request: pytest.FixtureRequest, real: Any) -> RegionAudit:
    return MemoryRegionAudit() if request.param == "memory" else S3RegionAudit(real("s3"), BUCKET)


def test_every_version_can_be_read(objects: ScratchObjects) -> None:
    """Overwritten and deleted, an object still has what it had."""
    objects.put(KEY, b"one")
    objects.put(KEY, b"two")
    objects.delete(KEY)

    deleted, two, one = objects.versions(KEY)

    assert (deleted.is_deletion, deleted.is_current, two.is_current) == (True, True, False)
    assert (objects.read(KEY), objects.read(KEY, two.id), objects.read(KEY, one.id)) == (None, b"two", b"one")
    assert objects.versions(f"{PREFIX}other") == ()


def test_archived_object_must_be_asked_for(objects: ScratchObjects) -> None:
    """It refuses to be read until its restore, which takes a while, has been asked for; twice is harmless."""
    objects.put(KEY, b"old", archived=True)
    with pytest.raises(ArchivedObject):
        objects.read(KEY)

    objects.ask_restore(KEY)
    objects.ask_restore(KEY)

    assert awaited(objects) == b"old"


def awaited(objects: ScratchObjects) -> bytes | None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return objects.read(KEY)
        except ArchivedObject:
            time.sleep(0.1)
    pytest.fail("it was never restored")


def test_discarding_leaves_no_version(objects: ScratchObjects) -> None:
    """Marks of deletion go as well; what is left of a drill is found also where it was deleted."""
    objects.put(KEY, b"one")
    objects.delete(KEY)
    found = objects.scratch()

    assert PREFIX in found
    assert objects.discard(PREFIX) == 2
    assert PREFIX not in objects.scratch()
    assert objects.discard(PREFIX) == 0


@pytest.mark.parametrize("key", ["USDJPY/H1/2026/07/03/data.parquet", "_dr/reports/orders/x.json", "_dr/", ""])
def test_other_objects_are_out_of_reach(objects: ScratchObjects, key: str) -> None:
    """Nothing outside of a drill's own prefix can be written, deleted or discarded."""
    for harm in (lambda: objects.put(key, b""), lambda: objects.delete(key), lambda: objects.discard(key)):
        with pytest.raises(InvalidInput):
            harm()


def test_queue_comes_and_goes(queues: ScratchQueues) -> None:
    """A drill's queue is listed while it is there; deleting it twice is harmless."""
    name = scratch_name(ID, "queue")
    queues.make(name)

    assert queues.scratch() == (name,)
    queues.discard(name)
    queues.discard(name)
    assert queues.scratch() == ()


def test_production_s_queue_is_out_of_reach(queues: ScratchQueues) -> None:
    """It can be neither made nor deleted by a drill."""
    for harm in (queues.make, queues.discard):
        with pytest.raises(InvalidInput, match="dr-drill-"):
            harm(ORDER_QUEUE)


def test_reports_come_back_oldest_first(reports: DrillReports) -> None:
    """The last ones of a drill, without those of others."""
    made = [
        report(drill_id=owner("test", 1, datetime(2026, 7, day, tzinfo=UTC)).drill_id, drill=Drill.HOST)
        for day in (3, 1, 2)
    ]
    for one in (*made, report(drill=Drill.CACHE)):
        reports.write(one)

    assert reports.newest(Drill.HOST, 2) == (made[2], made[0])
    assert reports.newest(Drill.SIX_STEPS, 2) == ()


def test_same_report_again(reports: DrillReports) -> None:
    """It takes the place of the first."""
    reports.write(report(drill=Drill.OBJECTS))
    reports.write(report(drill=Drill.OBJECTS))

    assert len(reports.newest(Drill.OBJECTS, 5)) == 1


def test_audit_of_a_region(audit: RegionAudit) -> None:
    """Lines come back in the order of their times."""
    line = AuditLine(at=datetime(2026, 7, 1, tzinfo=UTC), who="ada", what="recover region", outcome="begun")
    later = replace(line, at=line.at + timedelta(seconds=1), outcome="done")

    audit.note(line)
    audit.note(later)

    assert list(audit.lines()) == [line, later]
