"""AWS's descriptions as values of `domain.safeguards`. Pure; *shift* brings AWS's clock to AXIA's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from axia_core.domain.safeguards import (
    AlarmGuard,
    BucketGuard,
    DiskSnapshot,
    ItemKey,
    LifecycleRule,
    QueueGuard,
    SecretGuard,
    StoredItem,
    StoredObject,
    Subscription,
    TableGuard,
)

Described = Mapping[str, Any]
ON = ("ENABLED", "ENABLING")
SETS = frozenset({"SS", "NS", "BS"})
CHANGED = ("updated_at", "at")


def table_guard(table: Described, backups: Described, ttl: Described, shift: timedelta) -> TableGuard:
    recovery = backups["PointInTimeRecoveryDescription"]
    newest = recovery.get("LatestRestorableDateTime")
    return TableGuard(
        recovery=recovery["PointInTimeRecoveryStatus"] == "ENABLED",
        latest_restorable=None if newest is None else newest + shift,
        ttl_attribute=ttl.get("AttributeName") if ttl["TimeToLiveStatus"] in ON else None,
        deletion_protected=bool(table.get("DeletionProtectionEnabled")),
    )


def bucket_guard(versioning: Described, lifecycle: Described, replication: Described) -> BucketGuard:
    return BucketGuard(
        versioned=versioning.get("Status") == "Enabled",
        smallest_moved=lifecycle.get("TransitionDefaultMinimumObjectSize", ""),
        lifecycle=tuple(_lifecycle_rule(rule) for rule in lifecycle.get("Rules", [])),
        replicates_to=tuple(_destination(rule) for rule in replication.get("Rules", []) if _is_of_all(rule)),
    )


def _lifecycle_rule(rule: Described) -> LifecycleRule:
    return LifecycleRule(
        id=rule.get("ID", ""),
        enabled=rule["Status"] == "Enabled",
        prefix=_prefix(rule),
        transitions=tuple((move["Days"], move["StorageClass"]) for move in rule.get("Transitions", [])),
        abort_upload_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        deletes_current=bool({"Days", "Date"} & rule.get("Expiration", {}).keys()),
    )


def _prefix(rule: Described) -> str:
    """Of a rule with tags as well, the tags: it is not one of the whole bucket either way."""
    chosen = rule.get("Filter", {})
    both = chosen.get("And", {})
    tags = chosen.get("Tag") or both.get("Tags")
    return str(tags) if tags else chosen.get("Prefix") or both.get("Prefix") or rule.get("Prefix", "")


def _is_of_all(rule: Described) -> bool:
    return bool(rule["Status"] == "Enabled" and not _prefix(rule))


def _destination(rule: Described) -> str:
    return str(rule["Destination"]["Bucket"]).removeprefix("arn:aws:s3:::")


def stored_object(key: str, head: Described, shift: timedelta) -> StoredObject:
    return StoredObject(
        key=key,
        etag=head["ETag"].strip('"'),
        size_bytes=head["ContentLength"],
        written_at=head["LastModified"] + shift,
        replication=head.get("ReplicationStatus", ""),
    )


def stored_item(item: Described) -> StoredItem:
    ttl = item.get("ttl", {}).get("N")
    return StoredItem(
        ItemKey(item["pk"]["S"], item["sk"]["S"]),
        hashlib.sha256(json.dumps(_plain(item), sort_keys=True).encode()).hexdigest(),
        None if ttl is None else datetime.fromtimestamp(float(ttl), UTC),
        next((at for name in CHANGED if (at := _instant(item.get(name, {}).get("S")))), None),
    )


def _instant(text: str | None) -> datetime | None:
    """A time that an item tells, or None: what is no time, or has no zone, is no fault of the copy."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def _plain(value: Any, kind: str = "") -> Any:
    """A typed value of DynamoDB in one form: its sets have no order, and bytes are no JSON."""
    if isinstance(value, Mapping):
        return {name: _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        plain = [_plain(one) for one in value]
        return sorted(plain) if kind in SETS else plain
    return bytes(value).hex() if isinstance(value, bytes | bytearray) else value


def disk_snapshot(snapshot: Described, shift: timedelta) -> DiskSnapshot:
    return DiskSnapshot(snapshot["SnapshotId"], snapshot["StartTime"] + shift, snapshot["State"] == "completed")


def secret_guard(secret: Described, shift: timedelta) -> SecretGuard:
    changed = secret.get("LastChangedDate") or secret["CreatedDate"]
    return SecretGuard(name=secret["Name"], changed_at=changed + shift, deleted=bool(secret.get("DeletedDate")))


def queue_guard(name: str, attributes: Described) -> QueueGuard:
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    return QueueGuard(
        name=name,
        redrives_to=last_part(redrive.get("deadLetterTargetArn", "")),
        max_receives=int(redrive.get("maxReceiveCount", 0)),
    )


def subscription(found: Described) -> Subscription:
    confirmed = found["SubscriptionArn"] not in ("PendingConfirmation", "Deleted")
    return Subscription(found["Protocol"], last_part(found["Endpoint"]), confirmed)


def alarm_guard(alarm: Described, shift: timedelta) -> AlarmGuard:
    return AlarmGuard(
        name=alarm["AlarmName"],
        namespace=alarm.get("Namespace", ""),
        tells=bool(alarm.get("ActionsEnabled", True) and alarm.get("AlarmActions")),
        state=alarm["StateValue"],
        since=alarm["StateUpdatedTimestamp"] + shift,
    )


def last_part(arn: str) -> str:
    """`SlackNotificationFunction` of a function's ARN; a text that is no ARN as it is."""
    return arn.rpartition(":")[2] if arn.startswith("arn:") else arn


def stretch_of(seed: int, items: int, limit: int) -> tuple[int, int]:
    """Which of how many segments of a scan to look at: of a small table the only one."""
    segments = min(max(-(-items // limit), 1), 1_000)
    return seed % segments, segments


def in_order(keys: Sequence[str], found: Sequence[StoredObject | None]) -> tuple[StoredObject, ...]:
    """Those that were found, in the order of *keys*."""
    there = {one.key: one for one in found if one}
    return tuple(there[key] for key in keys if key in there)
