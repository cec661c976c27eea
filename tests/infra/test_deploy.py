"""Deploying the core template into a real local AWS server, from every state that a stack may be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from axia_core.errors import InvalidInput
from infra.change_sets import Stack
from infra.clients import clients
from infra.deployer import STACK, deploy
from infra.stacks import check_core, deploy_core, local_target
from infra.template import Template
from tests.conftest import REGION, LocalAws, start_emulator

pytestmark = pytest.mark.usefixtures("expiry")


def test_deploying_twice_changes_nothing(aws: LocalAws) -> None:
    """A second deployment finds nothing to change and nothing to set."""
    said: list[str] = []

    deployment = deploy_core(aws.clients, region=REGION, progress=said.append)

    assert deployment.action == "unchanged"
    assert said == []


def test_what_is_deployed_is_the_template(aws: LocalAws) -> None:
    """Every property that can be read back is what the template says."""
    report = check_core(aws.clients, region=REGION)

    assert report.properties > 100
    assert [str(difference) for difference in report.differences] == []


def test_check_finds_what_somebody_changed(aws: LocalAws) -> None:
    """A queue whose visibility was changed by hand is reported with both values."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="TSS_OrderRequestQueue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})

    try:
        (difference,) = check_core(aws.clients, region=REGION).differences
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})

    assert (difference.property, difference.expected, difference.actual) == ("VisibilityTimeout", 60, "5")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[LocalAws]:
    """A local AWS server of this module's own, with nothing in it."""
    url = f"http://127.0.0.1:{free_port}"
    child = start_emulator(tmp_path_factory.mktemp("scratch") / "state", free_port)
    yield LocalAws(url, clients(REGION, url))
    child.stop()


@pytest.fixture
def empty(scratch: LocalAws) -> LocalAws:
    """The scratch server without stack, bucket, table and secrets."""
    stack = Stack(STACK, scratch.client("cloudformation"))
    stack.remove()
    for resource in core_template(scratch).resources.values():
        _remove(scratch, resource.type, resource.name)
    return scratch


def core_template(aws: LocalAws) -> Template:
    """The core template as the local server gets it."""
    target = local_target(REGION, aws.endpoint_url)
    return target.template(target.environment.plan("core"))


def test_a_failed_creation_is_removed_and_made_again(empty: LocalAws) -> None:
    """A stack in ROLLBACK_COMPLETE does not stand in the way."""
    template = core_template(empty)
    metric_math = 'Metrics: [{Id: busy, Expression: "1"}]'  # which the local server refuses
    broken = replace(template, body=template.body.replace("MetricName: CPUUtilization", metric_math))
    with pytest.raises(InvalidInput, match="ROLLBACK_COMPLETE: HighCpu"):
        deploy(broken, empty.clients)

    deployment = deploy_core(empty.clients, region=REGION)

    assert (deployment.action, deployment.adopted) == ("created", ())
    assert check_core(empty.clients, region=REGION).differences == ()


def test_a_bucket_that_outlived_its_stack_is_adopted_with_its_objects(empty: LocalAws) -> None:
    """Objects without a stack, as after a kill before the first save, survive a deployment."""
    s3 = empty.client("s3")
    s3.create_bucket(Bucket="tss-raw-data", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="tss-raw-data", Key="USDJPY/H1/x", Body=b"kept")

    deployment = deploy_core(empty.clients, region=REGION)

    assert deployment.adopted == ("tss-raw-data",)
    assert s3.get_object(Bucket="tss-raw-data", Key="USDJPY/H1/x")["Body"].read() == b"kept"
    assert check_core(empty.clients, region=REGION).differences == ()


def test_changes_that_are_not_approved_are_not_made(empty: LocalAws) -> None:
    """Declining leaves no stack and no change set behind that a later deployment trips over."""
    template = core_template(empty)

    declined = deploy(template, empty.clients, approve=lambda _: False)

    assert declined.action == "declined"
    assert deploy(template, empty.clients).action == "created"


def _remove(aws: LocalAws, kind: str, name: str) -> None:
    match kind:
        case "AWS::S3::Bucket":
            for listed in aws.client("s3").list_buckets()["Buckets"]:
                _empty_bucket(aws, listed["Name"])
        case "AWS::DynamoDB::Table" if name in aws.client("dynamodb").list_tables()["TableNames"]:
            aws.client("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=False)
            aws.client("dynamodb").delete_table(TableName=name)
        case "AWS::SecretsManager::Secret":
            secrets = aws.client("secretsmanager")
            if name in [secret["Name"] for secret in secrets.list_secrets()["SecretList"]]:
                secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        case "AWS::SQS::Queue":
            for url in aws.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", []):
                aws.client("sqs").delete_queue(QueueUrl=url)


def _empty_bucket(aws: LocalAws, name: str) -> None:
    s3 = aws.client("s3")
    listed = s3.list_object_versions(Bucket=name)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)
