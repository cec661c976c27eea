"""Every recovery check: its name, what must be true, and the command to run first when it is not. A table, no logic.

docs/operations.md shows the same table, and a test compares the two. In a remedy the names in braces are those of the
settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from axia_core.domain import names
from axia_core.domain.verification import Check, Part

POINT_IN_TIME_RECOVERY = Check(
    name="point_in_time_recovery",
    must="The order table can be restored to a moment less than an hour ago.",
    remedy="aws dynamodb update-continuous-backups --table-name {table} "
    "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true,RecoveryPeriodInDays=35",
)
TIME_TO_LIVE = Check(
    name="time_to_live",
    must="Items of the order table end by their attribute `ttl`.",
    remedy="aws dynamodb update-time-to-live --table-name {table} "
    "--time-to-live-specification Enabled=true,AttributeName=ttl",
)
DELETION_PROTECTION = Check(
    name="deletion_protection",
    must="The order table cannot be deleted by one call.",
    remedy="aws dynamodb update-table --table-name {table} --deletion-protection-enabled",
)
VERSIONING = Check(
    name="versioning",
    must="The bucket keeps what is overwritten or deleted.",
    remedy="aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
)
LIFECYCLE = Check(
    name="lifecycle",
    must="The bucket's rules are the designed ones, and none deletes what is current.",
    remedy="axia deploy --check, then `aws s3api put-bucket-lifecycle-configuration` with the rules of infra/core.yaml",
)
INTEGRITY = Check(
    name="integrity",
    must="A sample of partitions, another one every hour, reads back as what its metadata says.",
    remedy="axia ohlcv history SYMBOL TIMEFRAME DAY, then axia collect --from DAY --to DAY --symbol SYMBOL",
)
CACHE_REBUILDABLE = Check(
    name="cache_rebuildable",
    must="S3 has the newest trading day of every cached series.",
    remedy="axia collect --from DAY --to DAY",
)
SECRETS = Check(
    name="secrets",
    must="Every secret is there, and none is being deleted.",
    remedy="aws secretsmanager restore-secret --secret-id NAME, or put it in again: docs/operations.md",
)
SECRET_AGE = Check(
    name="secret_age",
    must="Every secret was changed within a year.",
    remedy="change the password at the broker, then aws secretsmanager put-secret-value --secret-id NAME",
)
QUEUES = Check(
    name="queues",
    must="What the order queue cannot deliver in three receives goes to the dead-letter queue.",
    remedy="axia deploy --check, then `aws sqs set-queue-attributes` with the values of infra/core.yaml",
)
SUBSCRIPTIONS = Check(
    name="subscriptions",
    must="Slack, the alert record and the alert queue hear of the topic's events.",
    remedy="aws sns subscribe --topic-arn TOPIC --protocol PROTOCOL --notification-endpoint ENDPOINT",
)
ALARMS = Check(
    name="alarms",
    must="Every alarm is there and tells somebody.",
    remedy="axia deploy --check, then aws cloudwatch enable-alarm-actions --alarm-names NAME, or deploy its stack",
)
ALARM_DATA = Check(
    name="alarm_data",
    must="No alarm has been without data for a day.",
    remedy="aws cloudwatch describe-alarms --alarm-names NAME: is what sends its metric running?",
)
TEMPLATE_DRIFT = Check(
    name="template_drift",
    must="What is deployed is what the stacks' templates say, in all that no other check looks at.",
    remedy="axia deploy --check",
)
SNAPSHOTS = Check(
    name="snapshots",
    must="The host's disk has a snapshot of the last 26 hours, and a week of them.",
    remedy="aws dlm get-lifecycle-policies --state ERROR; until it works: "
    "aws ec2 create-snapshot --volume-id VOLUME --tag-specifications "
    "'ResourceType=snapshot,Tags=[{{Key=snapshots,Value=axia-daily}}]'",
    part=Part.HOST,
)
REPLICATION_RULE = Check(
    name="replication_rule",
    must="The bucket replicates all of itself to the bucket in Osaka.",
    remedy="aws s3api get-bucket-replication --bucket {bucket}, then put the rule of infra/core.yaml back",
    part=Part.COPY,
)
REPLICATION_LAG = Check(
    name="replication_lag",
    must="Every heartbeat object of more than an hour ago is in Osaka.",
    remedy="aws s3api head-object --bucket {bucket} --key _dr/heartbeat.json: what is its ReplicationStatus?",
    part=Part.COPY,
)
REPLICA_COVERAGE = Check(
    name="replica_coverage",
    must="A sample of partitions, another one every hour, is in Osaka byte for byte.",
    remedy="aws s3api copy-object --copy-source {bucket}/KEY --bucket {copy_bucket} --key KEY --region {copy_region}",
    part=Part.COPY,
)
NEWEST_PARTITIONS = Check(
    name="newest_partitions",
    must="The newest trading day of every series is in both regions, byte for byte.",
    remedy="aws s3api copy-object --copy-source {bucket}/KEY --bucket {copy_bucket} --key KEY --region {copy_region}",
    part=Part.COPY,
)
REPLICA_VERSIONING = Check(
    name="replica_versioning",
    must="The bucket in Osaka keeps what is overwritten or deleted; without it nothing is replicated.",
    remedy="aws s3api put-bucket-versioning --bucket {copy_bucket} --versioning-configuration Status=Enabled "
    "--region {copy_region}",
    part=Part.COPY,
)
ORDER_COPY_LAG = Check(
    name="order_copy_lag",
    must="Every heartbeat item of more than an hour ago is in Osaka's order table.",
    remedy="aws lambda list-event-source-mappings --function-name TSS_OrderCopy; its log is /aws/lambda/TSS_OrderCopy",
    part=Part.COPY,
)
ORDER_COPY_ITEMS = Check(
    name="order_copy_items",
    must="A sample of items, another one every hour, is the same in both order tables.",
    remedy="aws dynamodb get-item of KEY in both regions; where Osaka lacks it: "
    "aws lambda invoke --function-name TSS_OrderCopy --payload '{{\"all\": true}}' --cli-binary-format "
    "raw-in-base64-out /dev/stdout",
    part=Part.COPY,
)
ORDER_COPY_PROTECTION = Check(
    name="order_copy_protection",
    must="Osaka's order table is protected like the original: recovery, `ttl`, deletion.",
    remedy="the commands of point_in_time_recovery, time_to_live and deletion_protection with --region {copy_region}",
    part=Part.COPY,
)
SECRET_COPIES = Check(
    name="secret_copies",
    must="Every secret is in Osaka too.",
    remedy="aws secretsmanager replicate-secret-to-regions --secret-id NAME --add-replica-regions Region={copy_region}",
    part=Part.COPY,
)

CHECKS = (
    POINT_IN_TIME_RECOVERY,
    TIME_TO_LIVE,
    DELETION_PROTECTION,
    VERSIONING,
    LIFECYCLE,
    INTEGRITY,
    CACHE_REBUILDABLE,
    SECRETS,
    SECRET_AGE,
    QUEUES,
    SUBSCRIPTIONS,
    ALARMS,
    ALARM_DATA,
    TEMPLATE_DRIFT,
    SNAPSHOTS,
    REPLICATION_RULE,
    REPLICATION_LAG,
    REPLICA_COVERAGE,
    NEWEST_PARTITIONS,
    REPLICA_VERSIONING,
    ORDER_COPY_LAG,
    ORDER_COPY_ITEMS,
    ORDER_COPY_PROTECTION,
    SECRET_COPIES,
)

DESIGNED_NAMES = {
    "table": names.TABLE,
    "bucket": names.BUCKET,
    "copy_bucket": names.COPY_BUCKET,
    "copy_region": "ap-northeast-3",
}


def with_names(check: Check, known: Mapping[str, str]) -> Check:
    """The check with the names of this installation in its remedy."""
    return replace(check, remedy=check.remedy.format(**DESIGNED_NAMES | dict(known)))
