"""The recovery checks against the templates, the documents and real faults on a local AWS server."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from axia_core.domain import names
from axia_core.domain import verification_rules as rules
from axia_core.domain.safeguards import Drift
from axia_core.domain.verification import Part
from axia_core.domain.verification_checks import CHECKS, with_names
from axia_core.recovery.checks import ALARMS, COPY_ALARMS, SECRETS, SUBSCRIPTIONS
from axia_core.services.verify import FLEETING
from benchmarks import drill_faults
from benchmarks.recovery_faults import FAULTS, FEW, NOT_INJECTED
from infra.clients import clients
from infra.drift import DeployedTemplates
from infra.functions import order_copy
from infra.template import CORE, Resource, Template
from tests.conftest import REGION, LocalAws

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def of_type(kind: str, stack: str = "core") -> list[Resource]:
    """The resources of a type that a stack has on AWS."""
    template = Template.read(CORE.with_name(f"{stack}.yaml"), {"StreamArn": "given"}, region="ap-northeast-1")
    return [each for each in template.resources.values() if each.type == kind]


def test_every_alarm_is_expected() -> None:
    """The checks know every alarm of core and copy by its name."""
    assert {each.name for each in of_type("AWS::CloudWatch::Alarm")} == set(ALARMS)
    assert {each.name for each in of_type("AWS::CloudWatch::Alarm", "copy")} == set(COPY_ALARMS)


def test_every_secret_is_expected() -> None:
    """And every subscription that is always there."""
    assert {each.name for each in of_type("AWS::SecretsManager::Secret")} == set(SECRETS)
    heard = {
        (each.properties["Protocol"], each.properties["Endpoint"].rpartition(":")[2])
        for each in of_type("AWS::SNS::Subscription")
    }
    assert heard == set(SUBSCRIPTIONS)


def test_the_designed_rules_are_the_templates() -> None:
    """Lifecycle, redrive, TTL and the bucket in Osaka are what the templates say."""
    (bucket,) = of_type("AWS::S3::Bucket")
    (table,) = of_type("AWS::DynamoDB::Table")
    configuration = bucket.properties["LifecycleConfiguration"]
    found = [move for rule in configuration["Rules"] for move in rule.get("Transitions", [])]
    moves = [(move["TransitionInDays"], move["StorageClass"]) for move in found]
    queue = next(each for each in of_type("AWS::SQS::Queue") if each.name == names.ORDER_QUEUE)

    assert tuple(moves) == rules.TRANSITIONS
    assert configuration["TransitionDefaultMinimumObjectSize"] == rules.SMALLEST_MOVED
    assert queue.properties["RedrivePolicy"]["maxReceiveCount"] == rules.MAX_RECEIVES
    assert table.properties["TimeToLiveSpecification"]["AttributeName"] == rules.TTL_ATTRIBUTE
    assert [each.name for each in of_type("AWS::S3::Bucket", "osaka")] == [names.COPY_BUCKET]
    assert set(order_copy.FLEETING) == FLEETING


def test_the_document_has_every_check() -> None:
    """docs/operations.md shows the very table of the code, with the designed names."""
    text = OPERATIONS.read_text(encoding="utf-8")
    where = {Part.CORE: "", Part.COPY: "Osaka", Part.HOST: "host"}

    rows = {found[1]: found[0] for found in re.finditer(r"^\| `(\w+)` \|.*\|$", text, re.MULTILINE)}

    for check in (with_names(one, {}) for one in CHECKS):
        assert rows[check.name] == f"| `{check.name}` | {where[check.part]} | {check.must} | {check.remedy} |"


def test_every_check_has_a_fault() -> None:
    """Of those that the local server can be brought to."""
    assert {fault.turns for fault in FAULTS} | NOT_INJECTED == {check.name for check in CHECKS}
    assert not {fault.turns for fault in FAULTS} & NOT_INJECTED
    assert len(FEW) == 5
    assert all(one.turns != other.turns for one, other in pairwise(FAULTS))


@pytest.mark.usefixtures("expiry")
def test_stacks_are_compared_with_what_they_were_deployed_from(aws: LocalAws) -> None:
    """Those that are not there are left out, and each question is asked once: an alarm has thirteen properties."""
    asked: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        asked[model.name] += 1

    def connect(service: str, region: str) -> Any:
        return aws.client(service) if region == REGION else clients(region, aws.endpoint_url)(service)

    aws.client("cloudwatch").meta.events.register("before-call", count)
    try:
        compared = DeployedTemplates(connect, REGION).compared()
    finally:
        aws.client("cloudwatch").meta.events.unregister("before-call", count)

    assert compared.drifts == ()
    assert compared.properties > 250
    assert asked["DescribeAlarms"] == len(ALARMS)


@pytest.mark.usefixtures("expiry")
def test_drift_is_told_by_stack_and_property(aws: LocalAws) -> None:
    """A queue that somebody changed by hand, and one property of it."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=names.ORDER_QUEUE)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})

    try:
        (drift,) = DeployedTemplates(lambda service, _: aws.client(service), REGION).compared().drifts
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})

    assert drift == Drift(
        stack="core", resource=names.ORDER_QUEUE, kind="AWS::SQS::Queue", property="VisibilityTimeout"
    )


@pytest.mark.slow
def test_a_fault_turns_exactly_its_check() -> None:
    """Green, then some faults, one by one: its own check red and no other, one event; healed, and green again."""
    assert_right(drill_faults.run(FEW))


@pytest.mark.long
def test_every_fault_turns_exactly_its_check() -> None:
    """The whole drill, as `python -m benchmarks.drill_faults` runs it."""
    assert_right(drill_faults.run())


def assert_right(report: drill_faults.Report) -> None:
    """Nothing red before and after, every fault right, every recovery told."""
    assert [asdict(one) for one in report.faults if not one.right] == []
    assert report.baseline_red == report.red_at_the_end == ()
    assert report.passed, drill_faults.document(report)
