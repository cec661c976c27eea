"""`axia doctor` on a local AWS server: what is broken there by hand is seen there, and looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_cli.doctor import permissions, stores
from axia_cli.doctor.stores import Compared
from axia_core.domain import names
from axia_core.settings import Settings
from tests.conftest import LocalAws

ACCOUNT = "000000000000"

pytestmark = pytest.mark.usefixtures("expiry")


@pytest.fixture
def settings(aws: LocalAws) -> Settings:
    """Settings that name this server."""
    return Settings(aws_endpoint_url=aws.endpoint_url)


def look(aws: LocalAws, settings: Settings, logical_id: str) -> Compared:
    """One resource of the server against the template."""
    return stores.compare(stores.template_of(settings, ACCOUNT), logical_id, aws.clients)


@pytest.mark.parametrize("logical_id", stores.VITAL)
def test_deployed_resource_is_well(aws: LocalAws, settings: Settings, logical_id: str) -> None:
    """What was deployed from the template is what the template says."""
    found = look(aws, settings, logical_id)

    assert (found.differing, found.unread) == ({}, "")
    assert found.properties == len(stores.VITAL[logical_id]) + len(stores.PROTECTING[logical_id])


@contextmanager
def _versioning(aws: LocalAws) -> Iterator[None]:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=names.BUCKET, VersioningConfiguration={"Status": "Suspended"})
    yield
    s3.put_bucket_versioning(Bucket=names.BUCKET, VersioningConfiguration={"Status": "Enabled"})


@contextmanager
def _recovery(aws: LocalAws) -> Iterator[None]:
    dynamodb = aws.client("dynamodb")

    def turn(on: bool) -> None:
        wanted = {"PointInTimeRecoveryEnabled": on}
        dynamodb.update_continuous_backups(TableName=names.TABLE, PointInTimeRecoverySpecification=wanted)

    turn(False)
    yield
    turn(True)


def _queue(name: str, attribute: str, broken: str) -> Callable[[LocalAws], Any]:
    @contextmanager
    def change(aws: LocalAws) -> Iterator[None]:
        sqs = aws.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: broken})
        yield
        sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: before})

    return change


@pytest.mark.parametrize(
    ("logical_id", "broken", "change"),
    [
        ("RawData", "VersioningConfiguration", _versioning),
        ("OrderState", "PointInTimeRecoverySpecification", _recovery),
        ("OrderRequests", "VisibilityTimeout", _queue(names.ORDER_QUEUE, "VisibilityTimeout", "5")),
        ("DeadLetters", "MessageRetentionPeriod", _queue(names.DEAD_LETTER_QUEUE, "MessageRetentionPeriod", "60")),
    ],
)
def test_change_by_hand_is_seen(
    aws: LocalAws, settings: Settings, logical_id: str, broken: str, change: Callable[[LocalAws], Any]
) -> None:
    """Somebody turned a protection off: that property is named, and no other."""
    with change(aws):
        found = look(aws, settings, logical_id)

    assert list(found.differing) == [broken]


def test_absent_bucket_is_a_failure(aws: LocalAws) -> None:
    """A name in the settings that no bucket has is told as such."""
    elsewhere = Settings(aws_endpoint_url=aws.endpoint_url, bucket="no-such-bucket")

    (finding,) = stores.judge_resource(look(aws, elsewhere, "RawData"), "RawData")

    assert "no-such-bucket is not there" in finding.said


def test_identity_and_clock_come_with_one_call(aws: LocalAws) -> None:
    """The server is on this machine, so its clock is ours; one that lies behind by a minute is measured."""
    sts = aws.client("sts")
    here = stores.read_identity(sts, aws.region, lambda: datetime.now(UTC))
    ahead = stores.read_identity(sts, aws.region, lambda: datetime.now(UTC) + timedelta(minutes=1))

    assert here.account == ACCOUNT
    assert here.skew == timedelta()
    assert ahead.skew is not None
    assert timedelta(seconds=55) < ahead.skew <= timedelta(minutes=1)


def test_every_call_is_permitted_and_changes_nothing(aws: LocalAws, settings: Settings) -> None:
    """Where nobody is refused anything, no attempt is, and bucket, table and queues are as before."""
    before = _state(aws)
    tried = permissions.attempts(settings, aws.clients)

    refused = permissions.denied(tried)

    assert refused == {}
    assert len(tried) == 19
    assert _state(aws) == before


def _state(aws: LocalAws) -> tuple[Any, ...]:
    objects = aws.client("s3").list_object_versions(Bucket=names.BUCKET)
    items = aws.client("dynamodb").scan(TableName=names.TABLE)["Items"]
    queues = [_depth(aws, name) for name in (names.ORDER_QUEUE, names.DEAD_LETTER_QUEUE)]
    return len(objects.get("Versions", [])), len(objects.get("DeleteMarkers", [])), items, queues


def _depth(aws: LocalAws, name: str) -> Any:
    sqs = aws.client("sqs")
    url, counts = sqs.get_queue_url(QueueName=name)["QueueUrl"], ["ApproximateNumberOfMessages"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
