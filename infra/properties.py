"""How each property of our templates is read, and for those the local server drops, written, through the service's API.

Here are stores, queues, topics, logs, alarms and roles, and the whole list, one line per property. A read answers in
the template's own shape, so that the two can be compared.
"""

from __future__ import annotations

import json
from typing import Any

from infra import function_properties, host_properties, network_properties
from infra.clients import Clients
from infra.property import Property, Read, own_tags
from infra.template import Resource

# S3


def _versioning(clients: Clients, bucket: Resource) -> Any:
    return {"Status": clients("s3").get_bucket_versioning(Bucket=bucket.name).get("Status", "Suspended")}


def _set_versioning(clients: Clients, bucket: Resource) -> None:
    wanted = bucket.properties["VersioningConfiguration"]
    clients("s3").put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=wanted)


def _encryption(clients: Clients, bucket: Resource) -> Any:
    rules = clients("s3").get_bucket_encryption(Bucket=bucket.name)["ServerSideEncryptionConfiguration"]["Rules"]
    return [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]


def _set_encryption(clients: Clients, bucket: Resource) -> None:
    algorithms = _encryption_shape(bucket.properties["BucketEncryption"])
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}} for algorithm in algorithms]
    clients("s3").put_bucket_encryption(Bucket=bucket.name, ServerSideEncryptionConfiguration={"Rules": rules})


def _encryption_shape(encryption: Any) -> Any:
    # The template and the API have different names for the same default.
    rules = encryption["ServerSideEncryptionConfiguration"]
    return [rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]


def _public_access(clients: Clients, bucket: Resource) -> Any:
    return clients("s3").get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]


def _set_public_access(clients: Clients, bucket: Resource) -> None:
    wanted = bucket.properties["PublicAccessBlockConfiguration"]
    clients("s3").put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=wanted)


def _ownership(clients: Clients, bucket: Resource) -> Any:
    return {"Rules": clients("s3").get_bucket_ownership_controls(Bucket=bucket.name)["OwnershipControls"]["Rules"]}


def _set_ownership(clients: Clients, bucket: Resource) -> None:
    wanted = bucket.properties["OwnershipControls"]
    clients("s3").put_bucket_ownership_controls(Bucket=bucket.name, OwnershipControls=wanted)


_MINIMUM_SIZE = "TransitionDefaultMinimumObjectSize"


def _lifecycle(clients: Clients, bucket: Resource) -> Any:
    answer = clients("s3").get_bucket_lifecycle_configuration(Bucket=bucket.name)
    return {"Rules": answer["Rules"], _MINIMUM_SIZE: answer.get(_MINIMUM_SIZE)}


def _set_lifecycle(clients: Clients, bucket: Resource) -> None:
    wanted = _lifecycle_shape(bucket.properties["LifecycleConfiguration"])
    clients("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket.name,
        LifecycleConfiguration={"Rules": wanted["Rules"]},
        TransitionDefaultMinimumObjectSize=wanted[_MINIMUM_SIZE],
    )


def _lifecycle_shape(configuration: Any) -> Any:
    return {**configuration, "Rules": [_lifecycle_rule(rule) for rule in configuration["Rules"]]}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    shaped = {key: value for key, value in rule.items() if key not in ("Id", "Prefix", "Transitions")}
    shaped |= {"ID": rule["Id"], "Filter": {"Prefix": rule["Prefix"]}}
    if transitions := rule.get("Transitions"):
        shaped["Transitions"] = [
            {"Days": item["TransitionInDays"], "StorageClass": item["StorageClass"]} for item in transitions
        ]
    return shaped


def _replication(clients: Clients, bucket: Resource) -> Any:
    return clients("s3").get_bucket_replication(Bucket=bucket.name)["ReplicationConfiguration"]


def _set_replication(clients: Clients, bucket: Resource) -> None:
    wanted = _replication_shape(bucket.properties["ReplicationConfiguration"])
    clients("s3").put_bucket_replication(Bucket=bucket.name, ReplicationConfiguration=wanted)


def _replication_shape(configuration: Any) -> Any:
    # The API says ID, the template Id.
    rules = [{"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in configuration["Rules"]]
    return {**configuration, "Rules": rules}


def _bucket_tags(clients: Clients, bucket: Resource) -> Any:
    return own_tags(clients("s3").get_bucket_tagging(Bucket=bucket.name)["TagSet"])


def _set_bucket_tags(clients: Clients, bucket: Resource) -> None:
    clients("s3").put_bucket_tagging(Bucket=bucket.name, Tagging={"TagSet": bucket.properties["Tags"]})


def _bucket_policy(clients: Clients, policy: Resource) -> Any:
    return json.loads(clients("s3").get_bucket_policy(Bucket=policy.properties["Bucket"])["Policy"])


def _bucket_exists(clients: Clients, bucket: Resource) -> Any:
    clients("s3").head_bucket(Bucket=bucket.name)
    return bucket.name


# DynamoDB


def _table(clients: Clients, table: Resource) -> dict[str, Any]:
    described: dict[str, Any] = clients("dynamodb").describe_table(TableName=table.name)["Table"]
    return described


def _of_table(key: str) -> Read:
    return lambda clients, table: _table(clients, table)[key]


def _billing(clients: Clients, table: Resource) -> Any:
    return _table(clients, table)["BillingModeSummary"]["BillingMode"]


def _indexes(clients: Clients, table: Resource) -> Any:
    keys = ("IndexName", "KeySchema", "Projection")
    return [{key: index[key] for key in keys} for index in _table(clients, table)["GlobalSecondaryIndexes"]]


def _ttl(clients: Clients, table: Resource) -> Any:
    described = clients("dynamodb").describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    enabled = described["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    return {"AttributeName": described.get("AttributeName"), "Enabled": enabled}


def _set_ttl(clients: Clients, table: Resource) -> None:
    wanted = table.properties["TimeToLiveSpecification"]
    clients("dynamodb").update_time_to_live(TableName=table.name, TimeToLiveSpecification=wanted)


def _pitr(clients: Clients, table: Resource) -> Any:
    described = clients("dynamodb").describe_continuous_backups(TableName=table.name)["ContinuousBackupsDescription"]
    recovery = described["PointInTimeRecoveryDescription"]
    enabled = recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    # The local server does not tell the period; 35 days is what AWS keeps unless told otherwise.
    return {"PointInTimeRecoveryEnabled": enabled, "RecoveryPeriodInDays": recovery.get("RecoveryPeriodInDays", 35)}


def _set_pitr(clients: Clients, table: Resource) -> None:
    wanted = table.properties["PointInTimeRecoverySpecification"]
    clients("dynamodb").update_continuous_backups(TableName=table.name, PointInTimeRecoverySpecification=wanted)


def _stream(clients: Clients, table: Resource) -> Any:
    return {"StreamViewType": _table(clients, table).get("StreamSpecification", {}).get("StreamViewType")}


def _table_tags(clients: Clients, table: Resource) -> Any:
    arn = _table(clients, table)["TableArn"]
    return own_tags(clients("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"])


def _set_table_tags(clients: Clients, table: Resource) -> None:
    arn = _table(clients, table)["TableArn"]
    clients("dynamodb").tag_resource(ResourceArn=arn, Tags=table.properties["Tags"])


# SQS, SNS, secrets, logs, alarms, roles


def _of_queue(key: str, *, document: bool = False) -> Read:
    def read(clients: Clients, queue: Resource) -> Any:
        url = clients("sqs").get_queue_url(QueueName=queue.name)["QueueUrl"]
        value = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].get(key)
        return json.loads(value) if document and value else value

    return read


def _queue_name(clients: Clients, queue: Resource) -> Any:
    return str(clients("sqs").get_queue_url(QueueName=queue.name)["QueueUrl"]).rpartition("/")[2]


def _queue_tags(clients: Clients, queue: Resource) -> Any:
    url = clients("sqs").get_queue_url(QueueName=queue.name)["QueueUrl"]
    return _as_tags(clients("sqs").list_queue_tags(QueueUrl=url).get("Tags", {}))


def _queue_policy(clients: Clients, policy: Resource) -> Any:
    # One document serves several queues; the answer is the document when all of them have it.
    documents = [_policy_of(clients, name) for name in policy.properties["Queues"]]
    return documents[0] if all(document == documents[0] for document in documents) else documents


def _queues_with_policy(clients: Clients, policy: Resource) -> Any:
    return [name for name in policy.properties["Queues"] if _policy_of(clients, name)]


def _policy_of(clients: Clients, name: str) -> Any:
    url = clients("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    return json.loads(attributes.get("Policy", "null"))


def _as_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return own_tags([{"Key": key, "Value": value} for key, value in tags.items()])


def _topic_arn(clients: Clients, name: str) -> str:
    pages = clients("sns").get_paginator("list_topics").paginate()
    arns = [str(topic["TopicArn"]) for page in pages for topic in page["Topics"]]
    return next((arn for arn in arns if arn.endswith(f":{name}")), f"no topic {name}")


def _topic_name(clients: Clients, topic: Resource) -> Any:
    return _topic_arn(clients, topic.name).rpartition(":")[2]


def _topic_tags(clients: Clients, topic: Resource) -> Any:
    return own_tags(clients("sns").list_tags_for_resource(ResourceArn=_topic_arn(clients, topic.name))["Tags"])


def _topics_with_policy(clients: Clients, policy: Resource) -> Any:
    sns = clients("sns")
    arns = policy.properties["Topics"]
    return [arn for arn in arns if "Policy" in sns.get_topic_attributes(TopicArn=arn)["Attributes"]]


def _topic_policy(clients: Clients, policy: Resource) -> Any:
    (arn,) = policy.properties["Topics"]
    return json.loads(clients("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])


def _of_secret(key: str) -> Read:
    return lambda clients, secret: clients("secretsmanager").describe_secret(SecretId=secret.name).get(key)


def _secret_regions(clients: Clients, secret: Resource) -> Any:
    described = clients("secretsmanager").describe_secret(SecretId=secret.name)
    return [{"Region": status["Region"]} for status in described.get("ReplicationStatus", [])]


def _secret_tags(clients: Clients, secret: Resource) -> Any:
    return own_tags(clients("secretsmanager").describe_secret(SecretId=secret.name).get("Tags", []))


def _of_log_group(key: str) -> Read:
    def read(clients: Clients, group: Resource) -> Any:
        groups = clients("logs").describe_log_groups(logGroupNamePrefix=group.name)["logGroups"]
        return next((found.get(key) for found in groups if found["logGroupName"] == group.name), None)

    return read


def _log_group_tags(clients: Clients, group: Resource) -> Any:
    arn = str(_of_log_group("arn")(clients, group)).removesuffix(":*")
    return _as_tags(clients("logs").list_tags_for_resource(resourceArn=arn)["tags"])


def _stream_group(clients: Clients, stream: Resource) -> Any:
    return stream.properties["LogGroupName"] if _log_stream(clients, stream) else None


def _log_stream(clients: Clients, stream: Resource) -> Any:
    group = stream.properties["LogGroupName"]
    found = clients("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=stream.name)["logStreams"]
    return next((each["logStreamName"] for each in found if each["logStreamName"] == stream.name), None)


def _of_alarm(key: str) -> Read:
    def read(clients: Clients, alarm: Resource) -> Any:
        found = clients("cloudwatch").describe_alarms(AlarmNames=[alarm.name])["MetricAlarms"]
        return found[0].get(key) if found else None

    return read


def _of_role(key: str) -> Read:
    return lambda clients, role: clients("iam").get_role(RoleName=role.name)["Role"].get(key)


def _managed_policies(clients: Clients, role: Resource) -> Any:
    attached = clients("iam").list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
    return [policy["PolicyArn"] for policy in attached]


def _inline_policies(clients: Clients, role: Resource) -> Any:
    iam = clients("iam")
    names = iam.list_role_policies(RoleName=role.name)["PolicyNames"]
    documents = {name: iam.get_role_policy(RoleName=role.name, PolicyName=name)["PolicyDocument"] for name in names}
    return [{"PolicyName": name, "PolicyDocument": document} for name, document in documents.items()]


def _profile_roles(clients: Clients, profile: Resource) -> Any:
    found = clients("iam").get_instance_profile(InstanceProfileName=profile.name)["InstanceProfile"]
    return [role["RoleName"] for role in found["Roles"]]


def _profile_name(clients: Clients, profile: Resource) -> Any:
    found = clients("iam").get_instance_profile(InstanceProfileName=profile.name)["InstanceProfile"]
    return found["InstanceProfileName"]


_ALARM = (
    *("AlarmName", "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "Period"),
    *("EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions", "OKActions"),
)
_QUEUE = ("VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled")

PROPERTIES: dict[str, tuple[Property, ...]] = {
    "AWS::S3::Bucket": (
        Property("BucketName", _bucket_exists),
        Property("VersioningConfiguration", _versioning, _set_versioning),
        Property("BucketEncryption", _encryption, _set_encryption, _encryption_shape),
        Property("PublicAccessBlockConfiguration", _public_access, _set_public_access),
        Property("OwnershipControls", _ownership, _set_ownership),
        Property("LifecycleConfiguration", _lifecycle, _set_lifecycle, _lifecycle_shape),
        Property("ReplicationConfiguration", _replication, _set_replication, _replication_shape),
        Property("Tags", _bucket_tags, _set_bucket_tags),
    ),
    "AWS::S3::BucketPolicy": (
        Property("Bucket", lambda _, policy: policy.properties["Bucket"]),  # read in the line below
        Property("PolicyDocument", _bucket_policy),
    ),
    "AWS::DynamoDB::Table": (
        Property("TableName", _of_table("TableName")),
        Property("BillingMode", _billing),
        Property("AttributeDefinitions", _of_table("AttributeDefinitions")),
        Property("KeySchema", _of_table("KeySchema")),
        Property("GlobalSecondaryIndexes", _indexes),
        Property("DeletionProtectionEnabled", _of_table("DeletionProtectionEnabled")),
        Property("TimeToLiveSpecification", _ttl, _set_ttl),
        Property("PointInTimeRecoverySpecification", _pitr, _set_pitr),
        Property("StreamSpecification", _stream),
        Property("Tags", _table_tags, _set_table_tags),
    ),
    "AWS::SQS::Queue": (
        Property("QueueName", _queue_name),
        *(Property(name, _of_queue(name)) for name in _QUEUE),
        Property("RedrivePolicy", _of_queue("RedrivePolicy", document=True)),
        Property("RedriveAllowPolicy", _of_queue("RedriveAllowPolicy", document=True)),
        Property("Tags", _queue_tags),
    ),
    "AWS::SQS::QueuePolicy": (
        Property("Queues", _queues_with_policy),
        Property("PolicyDocument", _queue_policy),
    ),
    "AWS::SNS::Topic": (Property("TopicName", _topic_name), Property("Tags", _topic_tags)),
    "AWS::SNS::TopicPolicy": (
        Property("Topics", _topics_with_policy),
        Property("PolicyDocument", _topic_policy),
    ),
    "AWS::SecretsManager::Secret": (
        Property("Name", _of_secret("Name")),
        Property("Description", _of_secret("Description")),
        Property("ReplicaRegions", _secret_regions),
        Property("Tags", _secret_tags),
    ),
    "AWS::Logs::LogGroup": (
        Property("LogGroupName", _of_log_group("logGroupName")),
        Property("RetentionInDays", _of_log_group("retentionInDays")),
        Property("Tags", _log_group_tags),
    ),
    "AWS::Logs::LogStream": (Property("LogGroupName", _stream_group), Property("LogStreamName", _log_stream)),
    "AWS::CloudWatch::Alarm": tuple(Property(name, _of_alarm(name)) for name in _ALARM),
    "AWS::IAM::Role": (
        Property("RoleName", _of_role("RoleName")),
        Property("AssumeRolePolicyDocument", _of_role("AssumeRolePolicyDocument")),
        Property("ManagedPolicyArns", _managed_policies),
        Property("Policies", _inline_policies),
    ),
    "AWS::IAM::InstanceProfile": (
        Property("InstanceProfileName", _profile_name),
        Property("Roles", _profile_roles),
    ),
    **function_properties.PROPERTIES,
    **network_properties.PROPERTIES,
    **host_properties.PROPERTIES,
}
