"""One region of AWS as the recovery checks see it: reads, and nothing else. What the answers mean is `parsing`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from axia_core.adapters.aws_safeguards import parsing
from axia_core.aws import Connect, error_code, translated
from axia_core.domain.safeguards import (
    AlarmGuard,
    BucketGuard,
    DiskSnapshot,
    ItemKey,
    QueueGuard,
    SecretGuard,
    StoredItem,
    StoredObject,
    Subscription,
    TableGuard,
)
from axia_core.errors import CorruptObject
from axia_core.ports.verification import Safeguards

READERS = 8
BATCH = 100  # BatchGetItem's limit
SNAPSHOT_TAG = ("snapshots", "axia-daily")
NO_TABLE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
NO_BUCKET = frozenset({"NoSuchBucket", "404"})
NO_KEY = frozenset({"NoSuchKey", "NotFound", "404"})
NO_LIFECYCLE = frozenset({"NoSuchLifecycleConfiguration"})
NO_REPLICATION = frozenset({"ReplicationConfigurationNotFoundError"})
NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
NO_SECRET = frozenset({"ResourceNotFoundException"})
NO_TOPIC = frozenset({"NotFound", "NotFoundException"})

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the stores of a region are called."""

    table: str
    bucket: str
    topic: str


class AwsSafeguards(Safeguards):
    """A region, by clients of the recovery checks' role; *shift* is AXIA's clock ahead of AWS's."""

    def __init__(self, connect: Connect, region: str, names: Names, shift: timedelta = timedelta()) -> None:
        self._connect = connect
        self._region = region
        self._names = names
        self._shift = shift

    def table(self) -> TableGuard | None:
        api, name = self._client("dynamodb"), {"TableName": self._names.table}
        with _reading(f"the protection of {self._names.table}"):
            table = _absent(NO_TABLE, lambda: api.describe_table(**name)["Table"])
            if table is None:
                return None
            backups = api.describe_continuous_backups(**name)["ContinuousBackupsDescription"]
            ttl = api.describe_time_to_live(**name)["TimeToLiveDescription"]
            return parsing.table_guard(table, backups, ttl, self._shift)

    def bucket(self) -> BucketGuard | None:
        api, name = self._client("s3"), {"Bucket": self._names.bucket}
        with _reading(f"the protection of {self._names.bucket}"):
            versioning = _absent(NO_BUCKET, lambda: api.get_bucket_versioning(**name))
            if versioning is None:
                return None
            lifecycle = _absent(NO_LIFECYCLE, lambda: api.get_bucket_lifecycle_configuration(**name))
            replication = _absent(NO_REPLICATION, lambda: api.get_bucket_replication(**name))
            rules = replication["ReplicationConfiguration"] if replication else {}
            return parsing.bucket_guard(versioning, lifecycle or {}, rules)

    def keys_after(self, prefix: str, after: str, limit: int) -> tuple[str, ...]:
        begin = {"StartAfter": after} if after else {}
        with _reading(f"the keys under {prefix}"):
            answer = self._client("s3").list_objects_v2(
                Bucket=self._names.bucket, Prefix=prefix, MaxKeys=limit, **begin
            )
            return tuple(found["Key"] for found in answer.get("Contents", []))

    def objects(self, keys: Sequence[str]) -> tuple[StoredObject, ...]:
        with ThreadPoolExecutor(READERS) as pool:
            return parsing.in_order(keys, list(pool.map(self._object, keys)))

    def _object(self, key: str) -> StoredObject | None:
        api = self._client("s3")
        with _reading(f"s3://{self._names.bucket}/{key}"):
            head = _absent(NO_KEY, lambda: api.head_object(Bucket=self._names.bucket, Key=key))
            return None if head is None else parsing.stored_object(key, head, self._shift)

    def sample_items(self, seed: int, limit: int) -> tuple[StoredItem, ...]:
        api, name = self._client("dynamodb"), self._names.table
        with _reading(f"a sample of {name}"):
            count = api.describe_table(TableName=name)["Table"]["ItemCount"]
            segment, segments = parsing.stretch_of(seed, count, limit)
            found = api.scan(TableName=name, Limit=limit, Segment=segment, TotalSegments=segments)
            return tuple(parsing.stored_item(item) for item in found["Items"])

    def items(self, keys: Sequence[ItemKey]) -> tuple[StoredItem, ...]:
        with _reading(f"items of {self._names.table}"):
            parts = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
            return tuple(parsing.stored_item(item) for part in parts for item in self._batch(part))

    def _batch(self, keys: Sequence[ItemKey]) -> Iterator[Any]:
        wanted = [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in keys]
        while wanted:
            asked = {self._names.table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._client("dynamodb").batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(self._names.table, ())
            wanted = answer.get("UnprocessedKeys", {}).get(self._names.table, {}).get("Keys", [])

    def snapshots(self) -> tuple[DiskSnapshot, ...]:
        name, value = SNAPSHOT_TAG
        pages = self._client("ec2").get_paginator("describe_snapshots")
        chosen = [{"Name": f"tag:{name}", "Values": [value]}]
        with _reading("the snapshots of the host's disk"):
            found = [one for page in pages.paginate(OwnerIds=["self"], Filters=chosen) for one in page["Snapshots"]]
            return tuple(parsing.disk_snapshot(one, self._shift) for one in found)

    def secrets(self, names: Sequence[str]) -> tuple[SecretGuard, ...]:
        found = (self._secret(name) for name in names)
        return tuple(one for one in found if one)

    def _secret(self, name: str) -> SecretGuard | None:
        api = self._client("secretsmanager")
        with _reading(f"the secret {name}"):
            secret = _absent(NO_SECRET, lambda: api.describe_secret(SecretId=name))
            return None if secret is None else parsing.secret_guard(secret, self._shift)

    def queue(self, name: str) -> QueueGuard | None:
        api = self._client("sqs")
        with _reading(f"the queue {name}"):
            url = _absent(NO_QUEUE, lambda: api.get_queue_url(QueueName=name)["QueueUrl"])
            if url is None:
                return None
            answer = api.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
            return parsing.queue_guard(name, answer.get("Attributes", {}))

    def subscriptions(self) -> tuple[Subscription, ...]:
        pages = self._client("sns").get_paginator("list_subscriptions_by_topic")
        with _reading(f"who hears of {self._names.topic}"):
            arn = self._topic_arn()
            found = _absent(NO_TOPIC, lambda: [p["Subscriptions"] for p in pages.paginate(TopicArn=arn)])
            return tuple(parsing.subscription(one) for page in found or () for one in page)

    def _topic_arn(self) -> str:
        if self._names.topic.startswith("arn:"):
            return self._names.topic
        account = self._client("sts").get_caller_identity()["Account"]
        return f"arn:aws:sns:{self._region}:{account}:{self._names.topic}"

    def alarms(self) -> tuple[AlarmGuard, ...]:
        pages = self._client("cloudwatch").get_paginator("describe_alarms")
        with _reading("the alarms"):
            found = [one for page in pages.paginate() for one in page.get("MetricAlarms", [])]
            return tuple(parsing.alarm_guard(one, self._shift) for one in found)

    def _client(self, service: str) -> Any:
        return self._connect(service, self._region)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Botocore's errors as ours, and an answer in another shape than AWS documents as CorruptObject."""
    try:
        with translated(f"reading {what}"):
            yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptObject(f"{what} was answered in a shape that this version does not know: {error!r}") from error


def _absent(codes: frozenset[str], ask: Callable[[], Answer]) -> Answer | None:
    """What is answered, or None where AWS says with one of *codes* that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError as error:
        if error_code(error) not in codes:
            raise
        return None
