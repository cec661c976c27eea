"""Each constant of the original design document against templates and code, so that none can drift unseen.

What departs from it is `DEVIATIONS`, and the table in docs/infrastructure.md has a row for each.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from axia_cli.stack import redis_server
from axia_core.domain import names
from axia_core.domain.orders import parse_order
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from infra import cost, prices
from infra.template import CORE, Resource, Template
from tests.infra.test_template import TEMPLATES, read

ROOT = Path(__file__).parents[2]
SEED = ROOT.parent / "shared" / "seed_aws_architecture.md"

ORDERS = "TSS_DynamoDB_OrderState"
QUEUE = "TSS_OrderRequestQueue"
BOOTSTRAP = "infra/bootstrap"

# What the document says (a pattern), the resource of that name in some template, the property, and its value there.
CONSTANTS = [
    (r"Bucket: tss-raw-data", "tss-raw-data", "BucketName", "tss-raw-data"),
    (r"Versioning: Enabled", "tss-raw-data", "VersioningConfiguration.Status", "Enabled"),
    (r"Encryption: SSE-S3 \(AES-256\)", "tss-raw-data", "BucketEncryption", "AES256"),
    (r"Status: Enabled\s+Filter:\s+Prefix: \"\"", "tss-raw-data", "LifecycleConfiguration.Rules.0.Prefix", ""),
    (r"TableName: TSS_DynamoDB_OrderState", ORDERS, "TableName", ORDERS),
    (r"BillingMode: ON_DEMAND", ORDERS, "BillingMode", "PAY_PER_REQUEST"),
    (r"AttributeName: pk\s+KeyType: HASH", ORDERS, "KeySchema.0", {"AttributeName": "pk", "KeyType": "HASH"}),
    (r"AttributeName: sk\s+KeyType: RANGE", ORDERS, "KeySchema.1", {"AttributeName": "sk", "KeyType": "RANGE"}),
    (
        r"AttributeName: pk\s+AttributeType: S",
        ORDERS,
        "AttributeDefinitions.0",
        {"AttributeName": "pk", "AttributeType": "S"},
    ),
    (
        r"AttributeName: sk\s+AttributeType: S",
        ORDERS,
        "AttributeDefinitions.1",
        {"AttributeName": "sk", "AttributeType": "S"},
    ),
    (r"PointInTimeRecovery: ENABLED", ORDERS, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", True),
    (
        r"DynamoDBBackup\[Automated Backup<br/>35",
        ORDERS,
        "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        35,
    ),
    (r"TTL:\s+AttributeName: ttl", ORDERS, "TimeToLiveSpecification.AttributeName", "ttl"),
    (r"AttributeName: ttl\s+Enabled: true", ORDERS, "TimeToLiveSpecification.Enabled", True),
    (r"QueueName: TSS_OrderRequestQueue", QUEUE, "QueueName", QUEUE),
    (r"VisibilityTimeout: 60s", QUEUE, "VisibilityTimeout", 60),
    (r"MessageRetentionPeriod: 4 days", QUEUE, "MessageRetentionPeriod", 4 * 86_400),
    (r"ReceiveMessageWaitTime: 20s", QUEUE, "ReceiveMessageWaitTimeSeconds", 20),
    (r"MaxReceiveCount: 3", QUEUE, "RedrivePolicy.maxReceiveCount", 3),
    (r"Name: TSS_OrderRequestQueue_DLQ", f"{QUEUE}_DLQ", "QueueName", f"{QUEUE}_DLQ"),
    (r"MaxReceiveCount: 3\s+VisibilityTimeout: 60s", f"{QUEUE}_DLQ", "VisibilityTimeout", 60),
    (r"TopicName: TSS_SystemEvents", "TSS_SystemEvents", "TopicName", "TSS_SystemEvents"),
    (r"Lambda: SlackNotificationFunction", "SlackNotificationFunction", "FunctionName", "SlackNotificationFunction"),
    (r"Lambda: SystemAlertFunction", "SystemAlertFunction", "FunctionName", "SystemAlertFunction"),
    (r"SQS: AlertProcessingQueue", "AlertProcessingQueue", "QueueName", "AlertProcessingQueue"),
    (r"TSS/mt5/demo", "TSS/mt5/demo", "Description", "MT5 Demo Account Credentials"),
    (r"TSS/mt5/live", "TSS/mt5/live", "Description", "MT5 Live Account Credentials"),
    (r"TSS/slack/webhook", "TSS/slack/webhook", "Description", "Slack Webhook URL"),
    (
        r'login: "demo_login_id"\s+password: "demo_password"\s+server: "demo_server_name"',
        "TSS/mt5/demo",
        "GenerateSecretString.SecretStringTemplate",
        '{"login": "demo_login_id", "server": "demo_server_name"}',
    ),
    (
        r'webhook_url: "https://hooks.slack.com/services/...',
        "TSS/slack/webhook",
        "SecretString",
        '{"webhook_url": "https://hooks.slack.com/services/..."}',
    ),
    (r"/aws/ec2/axia-tss/application:\s+RetentionDays: 30", "/aws/ec2/axia-tss/application", "RetentionInDays", 30),
    (r"/aws/ec2/axia-tss/system:\s+RetentionDays: 7", "/aws/ec2/axia-tss/system", "RetentionInDays", 7),
    (r"EC2-High-CPU:\s+MetricName: CPUUtilization", "EC2-High-CPU", "MetricName", "CPUUtilization"),
    (r"CPUUtilization\s+Namespace: AWS/EC2\s+Threshold: 80", "EC2-High-CPU", "Threshold", 80),
    (
        r"Threshold: 80\s+ComparisonOperator: GreaterThanThreshold",
        "EC2-High-CPU",
        "ComparisonOperator",
        "GreaterThanThreshold",
    ),
    (r"EvaluationPeriods: 2\s+Period: 300\s+Actions", "EC2-High-CPU", "EvaluationPeriods", 2),
    (r"Period: 300\s+Actions", "EC2-High-CPU", "Period", 300),
    (r"UserErrors\s+Namespace: AWS/DynamoDB\s+Threshold: 5", "DynamoDB-Throttles", "Threshold", 5),
    (
        r"Threshold: 5\s+ComparisonOperator: GreaterThanThreshold",
        "DynamoDB-Throttles",
        "ComparisonOperator",
        "GreaterThanThreshold",
    ),
    (r"DynamoDB-Throttles:[\s\S]{0,200}EvaluationPeriods: 1", "DynamoDB-Throttles", "EvaluationPeriods", 1),
    (r"SQS-DLQ-Messages:[\s\S]{0,160}Threshold: 1", "SQS-DLQ-Messages", "Threshold", 1),
    (
        r"Threshold: 1\s+ComparisonOperator: GreaterThanOrEqualToThreshold",
        "SQS-DLQ-Messages",
        "ComparisonOperator",
        "GreaterThanOrEqualToThreshold",
    ),
    (r"SQS-DLQ-Messages:[\s\S]{0,240}Period: 300", "SQS-DLQ-Messages", "Period", 300),
    (r"EC2InstanceRole", "EC2InstanceRole", "RoleName", "EC2InstanceRole"),
    (r"CacheClusterId: axia-redis-cache", "axia-redis-cache", "ReplicationGroupId", "axia-redis-cache"),
    (r"Engine: redis", "axia-redis-cache", "Engine", "redis"),
    (r"NodeType: cache.t3.micro", "axia-redis-cache", "CacheNodeType", "cache.t3.micro"),
    (r"NumCacheNodes: 1", "axia-redis-cache", "NumCacheClusters", "1"),
    (r"Port: 6379", "axia-redis-cache", "Port", 6379),
    (r"maxmemory-policy: allkeys-lru", "Parameters", "Properties.maxmemory-policy", "allkeys-lru"),
    (r"timeout: 300", "Parameters", "Properties.timeout", "300"),
    (r"tcp-keepalive: 60", "Parameters", "Properties.tcp-keepalive", "60"),
    (r"Port: 3389 \(RDP\)", "axia-ec2", "SecurityGroupIngress.0.FromPort", 3389),
    (r"Port: 8501 \(Streamlit\)", "axia-ec2", "SecurityGroupIngress.1.FromPort", 8501),
    (r"Outbound:\s+- Port: All\s+Destination: 0.0.0.0/0", "axia-ec2", "SecurityGroupEgress.0.CidrIp", "0.0.0.0/0"),
    (r"SecurityGroup: sg-axia-ec2", "axia-ec2", "Tags.0.Value", "sg-axia-ec2"),
    (r"Port: 6379 \(Redis\)\s+Source: sg-axia-ec2", "axia-redis", "SecurityGroupIngress.0.FromPort", 6379),
    (r"SecurityGroup: sg-elasticache-default", "axia-redis", "Tags.0.Value", "sg-elasticache-default"),
    (r"Outbound: None", "axia-redis", "SecurityGroupEgress.0.CidrIp", "127.0.0.1/32"),
    (r"Instance Type: t3.small", "axia-ec2", "LaunchTemplateData.InstanceType", "t3.small"),
    (r"EBS gp3 30GB", "axia-ec2", "LaunchTemplateData.BlockDeviceMappings.0.Ebs.VolumeType", "gp3"),
    (r"EBS gp3 30GB", "axia-ec2", "LaunchTemplateData.BlockDeviceMappings.0.Ebs.VolumeSize", "30"),
    (r"Windows Server 2022 Base", "axia-ec2", "LaunchTemplateData.ImageId", "Windows_Server-2022"),
    (r"MinSize: 1", "axia-console", "MinSize", "1"),
    (r"MaxSize: 3", "axia-console", "MaxSize", "3"),
    (r"DesiredCapacity: 1", "axia-console", "DesiredCapacity", "1"),
    (r"Threshold: 70%", "axia-console-scale-up", "Threshold", 70),
    (r"ScaleUp:[\s\S]{0,160}EvaluationPeriods: 2", "axia-console-scale-up", "EvaluationPeriods", 2),
    (r"ScaleUp:[\s\S]{0,200}Period: 300s", "axia-console-scale-up", "Period", 300),
    (r"Threshold: 30%", "axia-console-scale-down", "Threshold", 30),
    (r"ScaleDown:[\s\S]{0,160}EvaluationPeriods: 5", "axia-console-scale-down", "EvaluationPeriods", 5),
    (r"LessThanThreshold", "axia-console-scale-down", "ComparisonOperator", "LessThanThreshold"),
    (r"Public Subnet \(10.0.1.0/24\)", "PublicA", "CidrBlock", "10.0.1.0/24"),
    (r"Private Subnet \(10.0.2.0/24\)", "PrivateA", "CidrBlock", "10.0.2.0/24"),
    (r"Database Subnet \(10.0.3.0/24\)", "DatabaseA", "CidrBlock", "10.0.3.0/24"),
    (r"EC2Backup\[Daily Snapshots<br/>7", "Snapshots", "PolicyDetails.Schedules.0.RetainRule.Interval", 7),
    (r"S3Primary\[S3<br/>Cross-Region Replication", "TSS_S3Replication", "RoleName", "TSS_S3Replication"),
]

# The document's words, what is done instead, and what restores the original. docs/infrastructure.md says why.
DEVIATIONS = {
    "UserErrors": "WriteThrottleEvents",
    "MetricName: ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
    "Source: 0.0.0.0/0": "OperatorCidr",
    "CacheClusterId": "ReplicationGroup",
    "sg-axia-ec2": "axia-ec2",
    "SystemAlertsTopicarn": "TSS_SystemEvents",
    "Protocol: https": "Protocol: lambda",
    "log-group:/aws/ec2/axia-tss:*": "log-group:/aws/ec2/axia-tss/*",
    "SSE-KMS": "SqsManagedSseEnabled",
    "StorageClass: DEEP_ARCHIVE": "all_storage_classes_128K",
    "MaxSize: 3": "axia-console",
    "aws ec2 run-instances": "AutoScalingGroup",
    "ec2.stop_instances(InstanceIds=[instance_id])": "dr-drill-",
}


@pytest.fixture(scope="module")
def seed() -> str:
    """The original design document."""
    if not SEED.exists():
        pytest.skip("the original design document is not beside this checkout")
    return SEED.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def resources() -> dict[str, list[Resource]]:
    """The resources of each name, Tokyo's before Osaka's."""
    found: dict[str, list[Resource]] = {}
    for path in sorted(TEMPLATES, key=lambda path: path.stem == "osaka"):
        for each in read(path, DirectAccess="true", Nodes="1").resources.values():
            found.setdefault(each.name, []).append(each)
    return found


@pytest.mark.parametrize(("said", "name", "key", "value"), CONSTANTS, ids=lambda part: str(part)[:40])
def test_a_constant_of_the_document_is_in_the_templates(
    resources: dict[str, list[Resource]], said: str, name: str, key: str, value: object
) -> None:
    """What the document says of a resource is what a template says of it."""
    found = [_at(each.properties, key) for each in resources[name]]

    assert any(one == value or (isinstance(value, str) and len(value) > 5 and value in str(one)) for one in found)


def _at(properties: Any, key: str) -> Any:
    for part in key.split("."):
        try:
            properties = properties[int(part)] if part.isdigit() else properties[part]
        except (KeyError, IndexError):
            return None
    return properties


@pytest.mark.parametrize("said", dict.fromkeys(said for said, *_ in CONSTANTS))
def test_the_document_says_so(seed: str, said: str) -> None:
    """The list of constants is the document's, not ours."""
    assert re.search(said, seed), f"the document does not say {said}"


def test_the_transitions_are_the_documents(resources: dict[str, list[Resource]], seed: str) -> None:
    """Days and storage classes, in their order."""
    said = re.findall(r"- Days: (\d+)\s+StorageClass: (\w+)", seed)

    transitions = resources["tss-raw-data"][0].properties["LifecycleConfiguration"]["Rules"][0]["Transitions"]

    assert [(str(item["TransitionInDays"]), item["StorageClass"]) for item in transitions] == said


def test_the_log_streams_are_the_documents(seed: str) -> None:
    """Each stream that the document lists exists, and no other."""
    block = seed[seed.index("LogGroups:") : seed.index("# 実装予定: CloudWatch")]
    said = set(re.findall(r"- (\w+)\s*$", block, re.MULTILINE))

    assert said == {r.name for r in read(CORE).resources.values() if r.type == "AWS::Logs::LogStream"}


def test_the_roles_policy_is_recognisable(seed: str) -> None:
    """Every action of section 6.1 is in the policy of that name, statement by statement, and no other."""
    block = seed[seed.index("#### EC2InstanceRole") : seed.index("### 6.2")]
    said = [set(re.findall(r'"(\w+:\w+)"', part)) for part in block.split('"Effect"')[1:]]
    policy = read(CORE).resources["HostRole"].properties["Policies"][0]

    ours = [_actions(statement) for statement in policy["PolicyDocument"]["Statement"]]

    assert policy["PolicyName"] == "seed-6.1"
    assert ours == [{action for action in part if not action.startswith("arn:")} for part in said]


def _actions(statement: dict[str, Any]) -> set[str]:
    action = statement["Action"]
    return set(action) if isinstance(action, list) else {action}


def test_the_tables_keys_are_the_documents(seed: str) -> None:
    """Where an order and the kill switch are kept."""
    from axia_core.adapters.dynamodb import items

    assert "pk=GLOBALCONFIG, sk=SETTING#KILL_SWITCH" in seed
    assert (items.GLOBAL, items.KILL_SWITCH) == ("GLOBALCONFIG", "SETTING#KILL_SWITCH")
    assert "pk=ORDER#{id}, sk=METADATA" in seed
    assert (items.order_pk("7"), items.METADATA) == ("ORDER#7", "METADATA")


def test_the_names_of_objects_and_cache_keys_are_the_documents(seed: str) -> None:
    """{symbol}/{timeframe}/{year}/{month}/{day}/data.parquet and ohlcv:{symbol}:{timeframe}."""
    assert re.search(r"\{symbol\}/[\s\S]+\{timeframe\}/[\s\S]+\{year\}/[\s\S]+\{month\}/[\s\S]+data\.parquet", seed)
    assert "ohlcv:USDJPY:H1" in seed

    key = names.object_key(Symbol("USDJPY"), Timeframe.H1, date(2025, 1, 2))

    assert key == "USDJPY/H1/2025/01/02/data.parquet"
    assert names.cache_key(Symbol("USDJPY"), Timeframe.H1) == "ohlcv:USDJPY:H1"


def test_the_documents_message_is_an_order(seed: str) -> None:
    """The example of section 5.1, as it stands, is accepted."""
    block = seed[seed.index("### 5.1") : seed.index("### 5.2")]
    (body,) = re.findall(r"```json\n(.*?)```", block, re.DOTALL)

    order = parse_order(body, "m", ("USDJPY",))

    assert order.symbol == "USDJPY"


def test_the_local_redis_has_the_documents_parameters(seed: str) -> None:
    """It evicts, times out and keeps alive as ElastiCache would."""
    said = dict(re.findall(r"(maxmemory-policy|timeout|tcp-keepalive): ([\w-]+)", seed))

    assert {name: redis_server.PARAMETERS[name] for name in said} == said
    assert len(said) == 3


def test_the_scheduled_tasks_are_the_documents(seed: str) -> None:
    """Four, with the collection at 07:00; the Dagster UI is a fifth."""
    said = set(re.findall(r"# - (AXIA_\w+)", seed))
    text = (ROOT / BOOTSTRAP / "tasks.ps1").read_text(encoding="utf-8")

    registered = set(re.findall(r"Register-AxiaTask '(\w+)'", text))

    assert registered - said == {"AXIA_Webserver"}
    assert said <= registered
    assert "'AXIA_Data_Collector' 'collector' (New-ScheduledTaskTrigger -Daily -At '07:00')" in text


def test_the_programs_on_the_host_are_the_documents(seed: str) -> None:
    """Python 3.11, MetaTrader 5 and Git."""
    block = seed[seed.index("# - Python 3.11") :][:120]
    text = (ROOT / BOOTSTRAP / "host.ps1").read_text(encoding="utf-8")

    assert "MetaTrader 5" in block
    assert "Git" in block
    assert all(word in text for word in ("python-3.11.", "mt5setup.exe", "git-for-windows"))


def test_the_metrics_of_the_document_are_watched(seed: str) -> None:
    """Namespace and names; each is on the dashboard or has an alarm."""
    said = re.findall(r"# - (\w+): ", seed[seed.index("# 監視予定") :] if "# 監視予定" in seed else seed)
    wanted = {
        name for name in said if name in ("ActivePositions", "OrderSuccessRate", "DataSourceHealth", "CacheHitRate")
    }
    text = CORE.read_text(encoding="utf-8")

    assert "Namespace='AXIA/TradingSystem'" in seed
    assert "AXIA/TradingSystem" in text
    assert len(wanted) == 4
    assert [name for name in wanted if f'"{name}"' not in text and f"MetricName: {name}" not in text] == []


def test_the_costs_beside_ours_are_the_documents(seed: str) -> None:
    """Seven services and 43.50 USD."""
    said = [float(usd) for usd in re.findall(r"\| \$(\d+\.\d\d) \|", seed)]

    assert sorted(said) == sorted(cost.ORIGINAL.values())
    assert f"**${cost.ORIGINAL_TOTAL:.2f}**" in seed
    assert sum(cost.ORIGINAL.values()) == cost.ORIGINAL_TOTAL


def test_the_regions_are_the_documents(seed: str) -> None:
    """Tokyo by default, Osaka for the copy."""
    from axia_core.settings import Settings
    from infra import environments

    assert "**Primary Region**: ap-northeast-1" in seed
    assert "**DR Region**: ap-northeast-3" in seed
    assert Settings().aws_region == "ap-northeast-1"
    for name in ("local", "aws", "production"):
        assert environments.read(name).plan("osaka").region == "ap-northeast-3"


@pytest.mark.parametrize(("said", "instead"), DEVIATIONS.items())
def test_a_deviation_is_the_documents_and_has_its_row(seed: str, said: str, instead: str) -> None:
    """The original's words are in it, ours are in a template, and the document about infrastructure says why."""
    table = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")

    assert said in seed
    assert any(instead in path.read_text(encoding="utf-8") for path in TEMPLATES)
    assert instead in table


def test_every_price_is_dated() -> None:
    """A price file with dates; what nobody read is marked."""
    known = prices.read()

    assert known.oldest.year >= 2026
    assert known.from_memory


def test_a_template_that_is_read_knows_its_required_parameters() -> None:
    """What has no default and was not given."""
    host = Template.read(CORE.with_name("host.yaml"), {"SourceSha256": "0" * 64}, region="ap-northeast-1")

    assert "SourceArchiveUrl" in host.required
    assert "SourceSha256" not in host.required
