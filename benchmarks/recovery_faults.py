"""The faults that `drill_faults` injects: how each is made, how it is healed, and the check that it must turn.

Neighbours turn different checks: so each of them is news, and so is its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from axia_core.adapters.clock import SteppedClock
from axia_core.domain import beats, names
from axia_core.domain.beats import Beat
from axia_core.recovery.checks import written_heartbeats
from axia_core.services.beat import beat
from benchmarks.recovery_world import HOME, OSAKA, RecoveryWorld, make_snapshot, wait_until

Heal = Callable[[], object]
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Fault:
    """One fault; injecting it gives what heals it."""

    name: str
    turns: str
    inject: Callable[[RecoveryWorld], Heal]


def pitr_off(world: RecoveryWorld, region: str = HOME) -> Heal:
    """As somebody who saves money does it."""
    api = world.client("dynamodb", region)

    def turn(on: bool) -> None:
        wanted = {"PointInTimeRecoveryEnabled": on}
        api.update_continuous_backups(TableName=names.TABLE, PointInTimeRecoverySpecification=wanted)

    turn(False)
    return lambda: turn(True)


def ttl_off(world: RecoveryWorld) -> Heal:
    """The table grows from now on."""
    api = world.client("dynamodb")

    def turn(on: bool) -> None:
        api.update_time_to_live(TableName=names.TABLE, TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": on})

    turn(False)
    return lambda: turn(True)


def deletable(world: RecoveryWorld) -> Heal:
    """What comes before a deletion."""
    api = world.client("dynamodb")
    api.update_table(TableName=names.TABLE, DeletionProtectionEnabled=False)
    return lambda: api.update_table(TableName=names.TABLE, DeletionProtectionEnabled=True)


def versioning_suspended(world: RecoveryWorld, region: str = HOME, bucket: str = names.BUCKET) -> Heal:
    """Overwritten objects are lost from now on."""
    api = world.client("s3", region)

    def turn(status: str) -> None:
        api.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    turn("Suspended")
    return lambda: turn("Enabled")


def replica_versioning_suspended(world: RecoveryWorld) -> Heal:
    """The same in Osaka."""
    return versioning_suspended(world, OSAKA, names.COPY_BUCKET)


def _lifecycle(world: RecoveryWorld) -> tuple[Any, dict[str, Any]]:
    api = world.client("s3")
    found = api.get_bucket_lifecycle_configuration(Bucket=names.BUCKET)
    size = {"TransitionDefaultMinimumObjectSize": found["TransitionDefaultMinimumObjectSize"]}
    return api, {"Bucket": names.BUCKET, "LifecycleConfiguration": {"Rules": found["Rules"]}, **size}


def lifecycle_gone(world: RecoveryWorld) -> Heal:
    """All of its rules."""
    api, before = _lifecycle(world)
    api.delete_bucket_lifecycle(Bucket=names.BUCKET)
    return lambda: api.put_bucket_lifecycle_configuration(**before)


def lifecycle_deletes(world: RecoveryWorld) -> Heal:
    """A rule that deletes every object after a month."""
    api, before = _lifecycle(world)
    rule = {"ID": "clean", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    more = {"Rules": [*before["LifecycleConfiguration"]["Rules"], rule]}
    api.put_bucket_lifecycle_configuration(**{**before, "LifecycleConfiguration": more})
    return lambda: api.put_bucket_lifecycle_configuration(**before)


def replication_stopped(world: RecoveryWorld) -> Heal:
    """The rule removed."""
    api = world.client("s3")
    before = api.get_bucket_replication(Bucket=names.BUCKET)["ReplicationConfiguration"]
    api.delete_bucket_replication(Bucket=names.BUCKET)
    return lambda: api.put_bucket_replication(Bucket=names.BUCKET, ReplicationConfiguration=before)


def replication_behind(world: RecoveryWorld) -> Heal:
    """Osaka's newest heartbeat is of three hours ago, Tokyo has written two since."""
    _old_beats(world)
    old = beats.to_text(Beat(datetime.now(UTC) - 3 * HOUR))
    world.client("s3", OSAKA).put_object(Bucket=names.COPY_BUCKET, Key=beats.OBJECT_KEY, Body=old.encode())
    return world.beat


def copy_behind(world: RecoveryWorld) -> Heal:
    """The same of the order table, whose feed is off meanwhile."""
    api = world.client("lambda")
    (feed,) = api.list_event_source_mappings(FunctionName="TSS_OrderCopy")["EventSourceMappings"]
    _old_beats(world)
    _await_copied_beat(world)
    api.update_event_source_mapping(UUID=feed["UUID"], Enabled=False)
    _put_beat(world, Beat(datetime.now(UTC) - 3 * HOUR), OSAKA)

    def heal() -> None:
        api.update_event_source_mapping(UUID=feed["UUID"], Enabled=True)
        world.beat()
        _await_copied_beat(world)

    return heal


def _old_beats(world: RecoveryWorld) -> None:
    """Marks of an hour ago and of now in both stores."""
    for ago in (HOUR, timedelta()):
        beat(written_heartbeats(world.settings), SteppedClock(datetime.now(UTC) - ago))
    _await_copied_beat(world)


def _put_beat(world: RecoveryWorld, mark: Beat, region: str) -> None:
    item = {"pk": {"S": beats.ITEM_PK}, "sk": {"S": beats.ITEM_SK}, "beat": {"S": beats.to_text(mark)}}
    world.client("dynamodb", region).put_item(TableName=names.TABLE, Item=item)


def _await_copied_beat(world: RecoveryWorld) -> None:
    key = {"pk": {"S": beats.ITEM_PK}, "sk": {"S": beats.ITEM_SK}}

    def beat_in(region: str) -> Any:
        return world.client("dynamodb", region).get_item(TableName=names.TABLE, Key=key).get("Item", {}).get("beat")

    wait_until(lambda: beat_in(HOME) == beat_in(OSAKA), "the heartbeat in Osaka")


def _object(world: RecoveryWorld, key: str) -> dict[str, Any]:
    """What puts an object back as it is."""
    found = world.client("s3").get_object(Bucket=names.BUCKET, Key=key)
    kept = {name: found[name] for name in ("Metadata", "ContentType")}
    return {"Key": key, "Body": found["Body"].read(), **kept}


def missing_in_osaka(world: RecoveryWorld, day: date | None = None) -> Heal:
    """A partition that somebody deleted there, by default the newest."""
    api, before = world.client("s3", OSAKA), _object(world, world.key(day))
    api.delete_object(Bucket=names.COPY_BUCKET, Key=before["Key"])
    return lambda: api.put_object(Bucket=names.COPY_BUCKET, **before)


def corrupted_in_osaka(world: RecoveryWorld) -> Heal:
    """Half of a partition there is other bytes."""
    api, before = world.client("s3", OSAKA), _object(world, world.key(world.days[1]))
    api.put_object(Bucket=names.COPY_BUCKET, **before | {"Body": _damaged(before["Body"])})
    return lambda: api.put_object(Bucket=names.COPY_BUCKET, **before)


def corrupted(world: RecoveryWorld) -> Heal:
    """The same in Tokyo, from where it is replicated."""
    api, before = world.client("s3"), _object(world, world.key(world.days[0]))
    api.put_object(Bucket=names.BUCKET, **before | {"Body": _damaged(before["Body"])})
    return lambda: api.put_object(Bucket=names.BUCKET, **before)


def _damaged(body: bytes) -> bytes:
    """Of the same size. A single byte may lie where nothing reads it, so half of them are other ones."""
    half = len(body) // 2
    return bytes(byte ^ 0xFF for byte in body[:half]) + body[half:]


def newest_missing(world: RecoveryWorld) -> Heal:
    """The newest day deleted in Tokyo; Osaka keeps it, as replication does."""
    api, before = world.client("s3"), _object(world, world.key())
    api.delete_object(Bucket=names.BUCKET, Key=before["Key"])
    return lambda: api.put_object(Bucket=names.BUCKET, **before)


def secret_lost(world: RecoveryWorld) -> Heal:
    """The demo account's, deleted with a way back."""
    api, name = world.client("secretsmanager"), "TSS/mt5/demo"
    api.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return lambda: api.restore_secret(SecretId=name)


def secret_copy_lost(world: RecoveryWorld) -> Heal:
    """The live account's is made anew, in Tokyo alone."""
    api, name = world.client("secretsmanager"), "TSS/mt5/live"
    before = api.describe_secret(SecretId=name)
    api.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    api.create_secret(Name=name, Description=before["Description"], Tags=before["Tags"], SecretString="{}")
    return lambda: api.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": OSAKA}])


def _queue(world: RecoveryWorld, name: str) -> tuple[Any, str]:
    api = world.client("sqs")
    return api, api.get_queue_url(QueueName=name)["QueueUrl"]


def redrive_gone(world: RecoveryWorld) -> Heal:
    """An unreadable message would be handed out for four days."""
    api, url = _queue(world, names.ORDER_QUEUE)
    before = api.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    api.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    return lambda: api.set_queue_attributes(QueueUrl=url, Attributes=before)


def visibility_changed(world: RecoveryWorld) -> Heal:
    """A property that no other check looks at."""
    api, url = _queue(world, names.ORDER_QUEUE)
    api.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    return lambda: api.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})


def role_widened(world: RecoveryWorld) -> Heal:
    """Somebody lets the trading host do everything."""
    api, policy = world.client("iam"), {"RoleName": "EC2InstanceRole", "PolicyName": "for-now"}
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    api.put_role_policy(**policy, PolicyDocument=json.dumps(everything))
    return lambda: api.delete_role_policy(**policy)


def subscription_gone(world: RecoveryWorld) -> Heal:
    """Nobody hears of events in Slack any more."""
    api = world.client("sns")
    arn = next(one["TopicArn"] for one in api.list_topics()["Topics"] if one["TopicArn"].endswith(names.TOPIC))
    ends = api.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    slack = next(one for one in ends if one["Endpoint"].endswith("SlackNotificationFunction"))
    api.unsubscribe(SubscriptionArn=slack["SubscriptionArn"])
    return lambda: api.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=slack["Endpoint"])


def alarm_mute(world: RecoveryWorld) -> Heal:
    """An alarm that goes off and tells nobody."""
    api = world.client("cloudwatch")
    api.disable_alarm_actions(AlarmNames=["Unknown-Orders"])
    return lambda: api.enable_alarm_actions(AlarmNames=["Unknown-Orders"])


def alarm_gone(world: RecoveryWorld) -> Heal:
    """An alarm that is not there."""
    api, name = world.client("cloudwatch"), "SQS-Queue-Age"
    (before,) = api.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    api.delete_alarms(AlarmNames=[name])
    told = ("AlarmArn", "AlarmConfigurationUpdatedTimestamp", "StateTransitionedTimestamp", "StateUpdatedTimestamp")
    kept = {key: value for key, value in before.items() if key not in told and not key.startswith("State")}
    return lambda: api.put_metric_alarm(**kept)


def item_tampered(world: RecoveryWorld) -> Heal:
    """An order in Osaka's table says something else than Tokyo's."""
    return _put_in_osaka(world, "REJECTED")


def item_missing(world: RecoveryWorld) -> Heal:
    """An order that Osaka does not have."""
    api = world.client("dynamodb", OSAKA)
    api.delete_item(TableName=names.TABLE, Key={"pk": {"S": "ORDER#2"}, "sk": {"S": "METADATA"}})
    return lambda: _put_in_osaka(world, "FILLED", "2")


def _put_in_osaka(world: RecoveryWorld, state: str, order: str = "1") -> Heal:
    item = {"pk": {"S": f"ORDER#{order}"}, "sk": {"S": "METADATA"}, "state": {"S": state}}
    world.client("dynamodb", OSAKA).put_item(TableName=names.TABLE, Item=item)
    return lambda: _put_in_osaka(world, "FILLED", order)


def snapshots_stale(world: RecoveryWorld) -> Heal:
    """Two nights without a snapshot."""
    api = world.client("ec2")
    found = sorted(api.describe_snapshots(OwnerIds=["self"])["Snapshots"], key=lambda one: one["StartTime"])
    for snapshot in found[-2:]:
        api.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    return lambda: make_snapshot(api, found[0]["VolumeId"])


FAULTS = (
    Fault("point-in-time recovery off", "point_in_time_recovery", pitr_off),
    Fault("TTL off", "time_to_live", ttl_off),
    Fault("deletion protection off", "deletion_protection", deletable),
    Fault("versioning suspended", "versioning", versioning_suspended),
    Fault("lifecycle removed", "lifecycle", lifecycle_gone),
    Fault("replication stopped", "replication_rule", replication_stopped),
    Fault("lifecycle deletes bars", "lifecycle", lifecycle_deletes),
    Fault("replication three hours behind", "replication_lag", replication_behind),
    Fault("partition missing in Osaka", "replica_coverage", lambda w: missing_in_osaka(w, w.days[1])),
    Fault("newest partition missing in Osaka", "newest_partitions", missing_in_osaka),
    Fault("object corrupted in Osaka", "replica_coverage", corrupted_in_osaka),
    Fault("object corrupted in Tokyo", "integrity", corrupted),
    Fault("newest partition missing", "cache_rebuildable", newest_missing),
    Fault("Osaka's versioning suspended", "replica_versioning", replica_versioning_suspended),
    Fault("item tampered in the copied table", "order_copy_items", item_tampered),
    Fault("order copy three hours behind", "order_copy_lag", copy_behind),
    Fault("item missing in the copied table", "order_copy_items", item_missing),
    Fault("copied table without recovery", "order_copy_protection", lambda w: pitr_off(w, OSAKA)),
    Fault("secret lost", "secrets", secret_lost),
    Fault("secret's copy lost", "secret_copies", secret_copy_lost),
    Fault("redrive removed", "queues", redrive_gone),
    Fault("subscription removed", "subscriptions", subscription_gone),
    Fault("alarm without action", "alarms", alarm_mute),
    Fault("queue changed by hand", "template_drift", visibility_changed),
    Fault("alarm deleted", "alarms", alarm_gone),
    Fault("role widened by hand", "template_drift", role_widened),
    Fault("snapshots two days old", "snapshots", snapshots_stale),
)
# For those in a hurry: the faults that the suite injects each time.
_FEW = (
    *("point-in-time recovery off", "replication stopped", "partition missing in Osaka"),
    *("item tampered in the copied table", "secret lost"),
)
FEW = tuple(fault for fault in FAULTS if fault.name in _FEW)
# No API of the local server makes a secret a year old, or an alarm a day without data: tests of the rules do.
NOT_INJECTED = frozenset({"secret_age", "alarm_data"})
