"""What every Safeguards, Heartbeats and Verifications promises, over memory and over a local AWS server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.aws_safeguards.heartbeats import ItemHeartbeats, ObjectHeartbeats
from axia_core.adapters.aws_safeguards.region import AwsSafeguards, Names
from axia_core.adapters.aws_safeguards.verifications import S3Verifications
from axia_core.adapters.memory_safeguards import MemoryHeartbeats, MemorySafeguards, MemoryVerifications
from axia_core.aws import acting_as
from axia_core.domain import beats, names
from axia_core.domain.beats import Beat
from axia_core.domain.safeguards import (
    DiskSnapshot,
    ItemKey,
    QueueGuard,
    SecretGuard,
    StoredItem,
    StoredObject,
    Subscription,
)
from axia_core.domain.verification import Finding, Metric, Status, Verification
from axia_core.errors import AxiaError, CorruptObject
from axia_core.ports.verification import Heartbeats, Safeguards, Verifications
from axia_core.recovery.checks import ALARMS, SECRETS, SUBSCRIPTIONS
from axia_core.settings import Settings
from tests.conftest import REGION, LocalAws
from tests.verification_examples import alarm, bucket_guard, table_guard

NOW = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
KEYS = ("USDJPY/H1/2026/06/29/data.parquet", "USDJPY/H1/2026/06/30/data.parquet", "USDJPY/H1/2026/07/01/data.parquet")
ITEMS = tuple(ItemKey(f"ORDER#{number}", "METADATA") for number in range(3))


@dataclass
class Place:
    """A region with the core stack's protection, three objects, three items and a snapshot."""

    see: Safeguards
    kind: str


@pytest.fixture(params=["memory", "aws"])
def place(request: pytest.FixtureRequest) -> Place:
    """A protected region of the kind under test."""
    filled: Callable[[], Safeguards] = _memory if request.param == "memory" else lambda: _aws(request)
    return Place(filled(), request.param)


def _memory() -> Safeguards:
    see = MemorySafeguards(table_guard(), bucket_guard(()))
    see.stored = {key: StoredObject(key=key, etag=key, size_bytes=4, written_at=NOW) for key in KEYS}
    see.table_items = {key: StoredItem(key, str(key)) for key in ITEMS}
    see.disk_snapshots = [DiskSnapshot("snap-1", NOW, True)]
    see.kept_secrets = {name: SecretGuard(name=name, changed_at=NOW) for name in SECRETS}
    see.queues = {
        names.ORDER_QUEUE: QueueGuard(name=names.ORDER_QUEUE, redrives_to=names.DEAD_LETTER_QUEUE, max_receives=3),
        names.DEAD_LETTER_QUEUE: QueueGuard(name=names.DEAD_LETTER_QUEUE),
    }
    see.hearing = [Subscription(*one) for one in SUBSCRIPTIONS]
    see.kept_alarms = {name: alarm(name) for name in ALARMS}
    return see


def _aws(request: pytest.FixtureRequest) -> AwsSafeguards:
    aws: LocalAws = request.getfixturevalue("aws")
    for key in KEYS:
        aws.client("s3").put_object(Bucket=names.BUCKET, Key=key, Body=b"bars")
    for item in ITEMS:
        put_item(aws, item)
    _snapshot(aws)
    return _region(aws)


def _region(aws: LocalAws, **changed: str) -> AwsSafeguards:
    stores = {"table": names.TABLE, "bucket": names.BUCKET, "topic": names.TOPIC, **changed}
    return AwsSafeguards(lambda service, _: aws.client(service), REGION, Names(**stores))


def put_item(aws: LocalAws, key: ItemKey, **more: Any) -> None:
    """An item with these attributes in the order table."""
    aws.client("dynamodb").put_item(TableName=names.TABLE, Item={"pk": {"S": key.pk}, "sk": {"S": key.sk}, **more})


def _snapshot(aws: LocalAws) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
    tags = [{"Key": "snapshots", "Value": "axia-daily"}]
    ec2.create_snapshot(VolumeId=volume, TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}])
    ec2.create_snapshot(VolumeId=volume)  # somebody's own, which is no daily one


@pytest.mark.usefixtures("expiry")
def test_the_table_is_protected(place: Place) -> None:
    """Recovery, TTL and deletion protection as the template sets them."""
    table = place.see.table()

    assert table is not None
    assert (table.recovery, table.ttl_attribute, table.deletion_protected) == (True, "ttl", True)
    assert table.latest_restorable is not None


def test_the_bucket_is_protected(place: Place) -> None:
    """Versions and the designed lifecycle; without a second region nothing is replicated."""
    bucket = place.see.bucket()

    assert bucket == bucket_guard(())


def test_keys_come_in_their_order(place: Place) -> None:
    """After a key, which is left out itself; no more than asked for."""
    assert place.see.keys_after("USDJPY/H1/", "", 2) == KEYS[:2]
    assert place.see.keys_after("USDJPY/H1/", KEYS[0], 10) == KEYS[1:]
    assert place.see.keys_after("EURUSD/H1/", "", 10) == ()


def test_objects_that_are_there(place: Place) -> None:
    """In the order asked for, those that are missing left out."""
    found = place.see.objects([KEYS[2], "USDJPY/H1/2020/01/01/data.parquet", KEYS[0]])

    assert [(one.key, one.size_bytes, one.replication) for one in found] == [(KEYS[2], 4, ""), (KEYS[0], 4, "")]


def test_a_small_table_is_sampled_whole(place: Place) -> None:
    """Whatever the seed is."""
    assert {item.key for item in place.see.sample_items(12345, 100)} >= set(ITEMS)


def test_items_that_are_there(place: Place) -> None:
    """Those that are missing are left out; another item has another digest."""
    found = place.see.items([*ITEMS, ItemKey("ORDER#none", "METADATA")])

    assert {item.key for item in found} == set(ITEMS)
    assert len({item.digest for item in found}) == len(ITEMS)


def test_nothing_asked_nothing_answered(place: Place) -> None:
    """No keys are no call."""
    assert (place.see.items([]), place.see.objects([])) == ((), ())


def test_daily_snapshots(place: Place) -> None:
    """By their tag; others are somebody's own."""
    found = place.see.snapshots()

    assert {snapshot.completed for snapshot in found} == {True}
    assert all(snapshot.started_at.tzinfo for snapshot in found)


def test_secrets_that_are_there(place: Place) -> None:
    """Without their values, those that are missing left out."""
    found = place.see.secrets([*SECRETS, "TSS/none"])

    assert [(one.name, one.deleted) for one in found] == [(name, False) for name in SECRETS]


def test_queues(place: Place) -> None:
    """Where unreadable messages go; None for a queue that is not there."""
    orders = place.see.queue(names.ORDER_QUEUE)

    assert orders is not None
    assert (orders.redrives_to, orders.max_receives) == (names.DEAD_LETTER_QUEUE, 3)
    assert place.see.queue("none") is None


def test_who_hears(place: Place) -> None:
    """Protocol and name of each."""
    hearing = {(one.protocol, one.endpoint) for one in place.see.subscriptions() if one.confirmed}

    assert hearing >= set(SUBSCRIPTIONS)


def test_alarms_tell(place: Place) -> None:
    """Every alarm of the stack, each with somebody to tell."""
    found = place.see.alarms()

    assert {one.name for one in found} >= set(ALARMS)
    assert all(one.tells for one in found)


def test_what_does_not_exist_is_none(aws: LocalAws) -> None:
    """A table, a bucket and a topic that are not there raise nothing."""
    see = _region(aws, table="none", bucket="none-such-bucket", topic="none")

    assert (see.table(), see.bucket(), see.subscriptions()) == (None, None, ())


def test_a_digest_is_of_the_whole_item(aws: LocalAws) -> None:
    """Sets have no order, and every attribute counts."""
    see, key = _region(aws), ItemKey("ORDER#set", "METADATA")

    def digest(**more: Any) -> str:
        put_item(aws, key, **more)
        (item,) = see.items([key])
        return item.digest

    one = digest(tags={"SS": ["a", "b"]}, blob={"B": b"\x00\xff"})
    assert digest(tags={"SS": ["b", "a"]}, blob={"B": b"\x00\xff"}) == one
    assert digest(tags={"SS": ["a", "b"]}, blob={"B": b"\x00\xfe"}) != one


def test_an_item_tells_when_it_changed(aws: LocalAws) -> None:
    """By what the ledger writes; one that tells no time, or something else under that name, has none."""
    see, key = _region(aws), ItemKey("ORDER#timed", "METADATA")

    def told(**more: Any) -> tuple[datetime | None, datetime | None]:
        put_item(aws, key, **more)
        (item,) = see.items([key])
        return item.changed_at, item.expires_at

    assert told(updated_at={"S": NOW.isoformat()}, ttl={"N": "1783166400"}) == (NOW, NOW)
    assert told(at={"S": NOW.isoformat()}) == (NOW, None)
    assert told(at={"S": "2026-07-04T12:00:00"}) == told(at={"N": "1"}) == told() == (None, None)


def test_an_answer_in_another_shape_is_an_error(aws: LocalAws) -> None:
    """What this version cannot read is said, and never taken for well."""

    class Odd:
        def describe_table(self, **_: Any) -> dict[str, Any]:
            return {"Table": {}}

        def describe_continuous_backups(self, **_: Any) -> dict[str, Any]:
            return {"ContinuousBackupsDescription": {}}

        def describe_time_to_live(self, **_: Any) -> dict[str, Any]:
            return {"TimeToLiveDescription": {}}

    see = AwsSafeguards(lambda *_: Odd(), REGION, Names(table="t", bucket="b", topic="t"))

    with pytest.raises(CorruptObject, match="shape"):
        see.table()


def test_axias_clock_counts(aws: LocalAws) -> None:
    """Where AXIA's clock is shifted, AWS's times are shifted with it."""
    stores = Names(table=names.TABLE, bucket=names.BUCKET, topic=names.TOPIC)
    shifted = AwsSafeguards(lambda service, _: aws.client(service), REGION, stores, timedelta(days=3)).table()

    assert shifted is not None
    assert shifted.latest_restorable is not None
    assert shifted.latest_restorable > datetime.now(UTC) + timedelta(days=2)


def test_a_role_that_cannot_be_taken_on_is_said(aws: LocalAws) -> None:
    """By name, at each call, asking AWS once."""
    connect = acting_as(Settings(aws_endpoint_url=aws.endpoint_url), "no:role", "test")

    for _ in range(2):
        with pytest.raises(AxiaError, match="no:role"):
            connect("s3")


@pytest.fixture(params=["memory", "object", "item"])
def heart(request: pytest.FixtureRequest) -> Iterator[Heartbeats]:
    """A place of heartbeats without any."""
    if request.param == "memory":
        yield MemoryHeartbeats()
        return
    aws: LocalAws = request.getfixturevalue("aws")
    if request.param == "object":
        aws.client("s3").delete_object(Bucket=names.BUCKET, Key=beats.OBJECT_KEY)
        yield ObjectHeartbeats(aws.client("s3"), names.BUCKET)
    else:
        key = {"pk": {"S": beats.ITEM_PK}, "sk": {"S": beats.ITEM_SK}}
        aws.client("dynamodb").delete_item(TableName=names.TABLE, Key=key)
        yield ItemHeartbeats(aws.client("dynamodb"), names.TABLE)


def test_a_heartbeat_names_the_one_before(heart: Heartbeats) -> None:
    """The first has none; each replaces the last."""
    assert heart.read() is None

    first, second = heart.write(NOW), heart.write(NOW + timedelta(hours=1))

    assert (first, second) == (Beat(NOW), Beat(NOW + timedelta(hours=1), NOW))
    assert heart.read() == second


def test_a_damaged_heartbeat_is_replaced(aws: LocalAws) -> None:
    """It is told when it is read, and the next one takes its place."""
    aws.client("s3").put_object(Bucket=names.BUCKET, Key=beats.OBJECT_KEY, Body=b"\xff")
    heart = ObjectHeartbeats(aws.client("s3"), names.BUCKET)

    with pytest.raises(CorruptObject):
        heart.read()

    assert heart.write(NOW) == heart.read() == Beat(NOW)


@pytest.fixture(params=["memory", "s3"])
def kept(request: pytest.FixtureRequest) -> Verifications:
    """A place of verifications without any."""
    if request.param == "memory":
        return MemoryVerifications()
    s3 = request.getfixturevalue("aws").client("s3")
    bucket = f"verifications-{abs(hash(request.node.name)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Verifications(s3, bucket)


def test_the_last_verification(kept: Verifications) -> None:
    """None at first, then what was kept last."""
    assert kept.last() is None
    for status in (Status.CRITICAL, Status.OK):
        kept.keep(Verification(NOW, (Finding("queues", status, "text", Metric(3.5, "s"), "axia do"),)))

    assert kept.last() == Verification(NOW, (Finding("queues", Status.OK, "text", Metric(3.5, "s"), "axia do"),))


def test_a_damaged_verification_is_told(aws: LocalAws) -> None:
    """It is no verification without findings."""
    place = S3Verifications(aws.client("s3"), names.BUCKET)
    aws.client("s3").put_object(Bucket=names.BUCKET, Key="_dr/verification.json", Body=b"{")

    with pytest.raises(CorruptObject):
        place.last()
