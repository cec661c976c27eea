"""The core template against cfn-lint, CloudFormation's limits and the original design document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest

from axia_cli.stack import redis_server
from infra.template import CORE, Resource, Template

SEED = Path(__file__).parents[3] / "shared" / "seed_aws_architecture.md"


@pytest.fixture(scope="module")
def core() -> Template:
    """The core template as AWS gets it."""
    return Template.read(CORE, {}, region="ap-northeast-1", account="123456789012")


@pytest.fixture(scope="module")
def seed() -> str:
    """The original design document."""
    if not SEED.exists():
        pytest.skip("the original design document is not beside this checkout")
    return SEED.read_text(encoding="utf-8", errors="replace")


def test_cfn_lint_finds_nothing() -> None:
    """The template passes cfn-lint with its warnings."""
    found = cfnlint.api.lint_file(CORE)

    assert [str(match) for match in found] == []


def test_the_template_fits_into_a_request() -> None:
    """CloudFormation takes 51,200 bytes as TemplateBody."""
    assert CORE.stat().st_size < 51_200


def test_what_holds_data_outlives_its_stack(core: Template) -> None:
    """Bucket, table and secrets are retained; nothing else is."""
    retained = {resource.type for resource in core.resources.values() if resource.retained}

    assert retained == {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"}


def test_no_transport_without_tls_on_aws(core: Template) -> None:
    """Bucket and queues refuse plain HTTP unless the target is the local server."""
    local = Template.read(CORE, {"RequireTls": "false"}, region="ap-northeast-1")

    assert {"RawDataPolicy", "QueuePolicy"} <= core.resources.keys()
    assert not {"RawDataPolicy", "QueuePolicy"} & local.resources.keys()


def test_no_small_object_becomes_slow_or_dear(core: Template) -> None:
    """The lifecycle moves nothing below 128 KB and expires nothing unless asked to."""
    lifecycle = core.resources["RawData"].properties["LifecycleConfiguration"]

    assert lifecycle["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert not [rule for rule in lifecycle["Rules"] if "NoncurrentVersionExpiration" in rule]


def test_replaced_versions_can_be_expired_on_request() -> None:
    """The parameter of their age adds the rule."""
    asked = Template.read(CORE, {"NoncurrentVersionDays": "90"}, region="ap-northeast-1")

    rule = asked.resources["RawData"].properties["LifecycleConfiguration"]["Rules"][0]

    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": "90"}


def _named(core: Template, name: str) -> Resource:
    return next(resource for resource in core.resources.values() if resource.name == name)


@pytest.mark.parametrize(
    ("said", "name", "key", "value"),
    [
        (r"BillingMode: ON_DEMAND", "TSS_DynamoDB_OrderState", "BillingMode", "PAY_PER_REQUEST"),
        (r"AttributeName: ttl", "TSS_DynamoDB_OrderState", "TimeToLiveSpecification.AttributeName", "ttl"),
        (
            r"PointInTimeRecovery: ENABLED",
            "TSS_DynamoDB_OrderState",
            "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
            35,
        ),
        (r"Versioning: Enabled", "tss-raw-data", "VersioningConfiguration.Status", "Enabled"),
        (r"VisibilityTimeout: 60s", "TSS_OrderRequestQueue", "VisibilityTimeout", 60),
        (r"MessageRetentionPeriod: 4 days", "TSS_OrderRequestQueue", "MessageRetentionPeriod", 4 * 86_400),
        (r"ReceiveMessageWaitTime: 20s", "TSS_OrderRequestQueue", "ReceiveMessageWaitTimeSeconds", 20),
        (r"MaxReceiveCount: 3", "TSS_OrderRequestQueue", "RedrivePolicy.maxReceiveCount", 3),
        (r"VisibilityTimeout: 60s", "TSS_OrderRequestQueue_DLQ", "VisibilityTimeout", 60),
        (r"TSS/mt5/demo", "TSS/mt5/demo", "Description", "MT5 Demo Account Credentials"),
        (r"TSS/mt5/live", "TSS/mt5/live", "Description", "MT5 Live Account Credentials"),
        (r"TSS/slack/webhook", "TSS/slack/webhook", "Description", "Slack Webhook URL"),
        (r"/aws/ec2/axia-tss/application:\s+RetentionDays: 30", "/aws/ec2/axia-tss/application", "RetentionInDays", 30),
        (r"/aws/ec2/axia-tss/system:\s+RetentionDays: 7", "/aws/ec2/axia-tss/system", "RetentionInDays", 7),
        (r"EC2-High-CPU:[\s\S]{0,120}Threshold: 80", "EC2-High-CPU", "Threshold", 80),
        (r"DynamoDB-Throttles:[\s\S]{0,120}Threshold: 5", "DynamoDB-Throttles", "Threshold", 5),
        (r"SQS-DLQ-Messages:[\s\S]{0,160}Threshold: 1", "SQS-DLQ-Messages", "Threshold", 1),
        (r"TopicName: TSS_SystemEvents", "TSS_SystemEvents", "TopicName", "TSS_SystemEvents"),
        (r"EC2InstanceRole", "EC2InstanceRole", "RoleName", "EC2InstanceRole"),
    ],
)
def test_the_constants_of_the_design_are_in_the_template(
    core: Template, seed: str, said: str, name: str, key: str, value: object
) -> None:
    """What the document says of a resource is what the template says of it."""
    assert re.search(said, seed), f"the document no longer says {said}"

    found: Any = _named(core, name).properties
    for part in key.split("."):
        found = found[part]

    assert found == value


def test_the_transitions_of_the_design_are_in_the_template(core: Template, seed: str) -> None:
    """Days and storage classes are the document's."""
    said = re.findall(r"- Days: (\d+)\s+StorageClass: (\w+)", seed)

    transitions = core.resources["RawData"].properties["LifecycleConfiguration"]["Rules"][0]["Transitions"]

    assert [(str(item["TransitionInDays"]), item["StorageClass"]) for item in transitions] == said


def test_the_log_streams_of_the_design_are_in_the_template(core: Template, seed: str) -> None:
    """Each stream that the document lists exists."""
    said = set(re.findall(r"- (order_processor|data_collector|streamlit_app|windows_event_log|task_scheduler)\b", seed))

    assert said == {r.name for r in core.resources.values() if r.type == "AWS::Logs::LogStream"}


def test_the_redis_parameters_are_the_designs(seed: str) -> None:
    """The local Redis evicts, times out and keeps alive as ElastiCache would."""
    said = dict(re.findall(r"(maxmemory-policy|timeout|tcp-keepalive): ([\w-]+)", seed))

    assert {name: redis_server.PARAMETERS[name] for name in said} == said
    assert len(said) == 3


def test_the_roles_statements_of_the_design_are_kept(core: Template) -> None:
    """The document's policy stays recognisable beside the additions."""
    policies = core.resources["HostRole"].properties["Policies"]

    assert [policy["PolicyName"] for policy in policies] == ["seed-6.1", "runtime-extra"]
    logs = policies[0]["PolicyDocument"]["Statement"][-1]["Resource"]
    assert logs == "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/ec2/axia-tss/*"
