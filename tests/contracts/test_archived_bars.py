"""What every store promises of archived partitions, over memory, moto and a local AWS server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.archive import ArchiveState, RestoreSpeed
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, InvalidInput
from axia_core.ports import BarStore
from axia_core.services.restore import restore
from tests.bar_examples import FRIDAY, USDJPY, session_bars, truth_of

H1 = Timeframe.H1
THURSDAY = FRIDAY - timedelta(days=1)
RESTORED_WITHIN_S = 60.0


@dataclass
class Archive:
    """A store, and what a lifecycle and hours do to it."""

    store: BarStore
    archive: Callable[[date], object]
    finish: Callable[[], object]

    def state(self, day: date = FRIDAY) -> ArchiveState | None:
        found = self.store.archived(USDJPY, H1, [day])
        return found[0].state if found else None


@pytest.fixture(params=["memory", "moto", "s3"])
def kept(request: pytest.FixtureRequest) -> Iterator[Archive]:
    """A store of the kind under test with two days of bars."""
    if request.param == "memory":
        store = MemoryBarStore()
        yield _filled(Archive(store, lambda day: store.archive(USDJPY, H1, day), store.finish_restores))
    elif request.param == "s3":
        yield _in_s3(request.getfixturevalue("aws").client("s3"), request.node.name)
    else:
        with mock_aws():
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            yield _in_s3(boto3.client("s3", region_name="ap-northeast-1", **keys), request.node.name)


def _in_s3(s3: Any, test: str) -> Archive:
    bucket = f"archive-{abs(hash(test)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})

    def archive(day: date) -> None:
        key = names.object_key(USDJPY, H1, day)
        seen = s3.get_object(Bucket=bucket, Key=key)
        body, metadata = seen["Body"].read(), seen["Metadata"]
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata, StorageClass="DEEP_ARCHIVE")

    found = Archive(S3BarStore(s3, bucket), archive, lambda: None)
    found.finish = lambda: _wait(found)
    return _filled(found)


def _wait(found: Archive) -> None:
    """The local server restores in two seconds, moto at once."""
    until = time.monotonic() + RESTORED_WITHIN_S
    while found.state() is ArchiveState.RESTORING and time.monotonic() < until:
        time.sleep(0.1)


def _filled(found: Archive) -> Archive:
    for day in (THURSDAY, FRIDAY):
        bars = session_bars(H1, day)
        found.store.write(bars, truth_of(bars, day))
    return found


def test_what_is_not_archived_is_not_named(kept: Archive) -> None:
    """Days in an ordinary class, and days that are not stored, are none of the archived ones."""
    assert kept.store.archived(USDJPY, H1, [THURSDAY, FRIDAY, FRIDAY - timedelta(days=7)]) == ()
    assert kept.store.archived(USDJPY, H1, []) == ()


def test_an_archived_day_cannot_be_read_but_is_known(kept: Archive) -> None:
    """Reading it says ArchivedObject, its truth is there all the same, and other days are read."""
    kept.archive(FRIDAY)

    with pytest.raises(ArchivedObject):
        kept.store.read(USDJPY, H1, FRIDAY)

    assert kept.state() is ArchiveState.ARCHIVED
    assert kept.store.truth(USDJPY, H1, FRIDAY) == truth_of(session_bars())
    assert kept.store.read(USDJPY, H1, THURSDAY) is not None


def test_a_restore_makes_it_readable(kept: Archive) -> None:
    """Asked for, and once its hours are over, the day reads as it was stored and is told as restored."""
    kept.archive(FRIDAY)

    kept.store.restore(USDJPY, H1, FRIDAY, 3, RestoreSpeed.STANDARD)
    kept.finish()

    assert kept.state() is ArchiveState.RESTORED
    partition = kept.store.read(USDJPY, H1, FRIDAY)
    assert partition is not None
    assert partition.truth == truth_of(session_bars())


def test_asking_twice_and_for_nothing_is_harmless(kept: Archive) -> None:
    """A second request, and one for a day that is not archived, change nothing and raise nothing."""
    kept.archive(FRIDAY)

    for day in (FRIDAY, FRIDAY, THURSDAY):
        kept.store.restore(USDJPY, H1, day, 3, RestoreSpeed.BULK)

    assert kept.state() in (ArchiveState.RESTORING, ArchiveState.RESTORED)
    assert kept.state(THURSDAY) is None


def test_the_service_asks_for_what_is_not_on_its_way(kept: Archive) -> None:
    """Of a range every archived day is asked for once; looking asks for none."""
    kept.archive(FRIDAY)

    looked = restore(kept.store, USDJPY, H1, THURSDAY, FRIDAY, ask=False)
    asked = restore(kept.store, USDJPY, H1, THURSDAY, FRIDAY)
    again = restore(kept.store, USDJPY, H1, THURSDAY, FRIDAY)
    kept.finish()
    done = restore(kept.store, USDJPY, H1, THURSDAY, FRIDAY)

    assert (looked.asked, looked.readable) == ((), False)
    assert (asked.asked, again.asked, done.asked) == ((FRIDAY,), (), ())
    assert done.readable


def test_a_reversed_range_is_refused(kept: Archive) -> None:
    """A range whose first day is after its last is refused."""
    with pytest.raises(InvalidInput, match="after the last day"):
        restore(kept.store, USDJPY, H1, FRIDAY, THURSDAY)
