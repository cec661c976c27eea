"""Every template on a real local AWS server: deployed, compared, deployed again; and what the deployed things do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.errors import InvalidInput
from infra import environments, stacks
from infra.clients import clients
from infra.stacks import Target
from tests.conftest import REGION, start_emulator

OSAKA = "ap-northeast-3"
# Their values are secret, or the local server has its own.
UNREAD = {
    "AWS::SecretsManager::Secret GenerateSecretString",
    "AWS::SecretsManager::Secret SecretString",
    "AWS::ElastiCache::ReplicationGroup Port",
    "AWS::ElastiCache::ReplicationGroup AuthToken",
    "AWS::AutoScaling::AutoScalingGroup TargetGroupARNs",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[Target]:
    """A local AWS server with every stack in it."""
    child = start_emulator(tmp_path_factory.mktemp("whole") / "state", free_port)
    target = stacks.local_target(REGION, f"http://127.0.0.1:{free_port}")
    try:
        for plan in target.environment.plans:
            stacks.deploy_stack(target, plan)
        yield target
    finally:
        child.stop()


def client(whole: Target, service: str, region: str = REGION) -> Any:
    """A client of the server."""
    return clients(region, whole.endpoint_url)(service)


def until(found: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """What is found in the end; None when it never is."""
    ends = time.monotonic() + timeout_s
    while not (answer := found()) and time.monotonic() < ends:
        time.sleep(0.1)
    return answer


def test_every_stack_is_what_its_template_says(whole: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`axia deploy --check --json` finds no difference in any property that can be read, and says what it left out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(whole.endpoint_url))

    result = CliRunner().invoke(app, ["deploy", "--target", "local", "--check", "--json"])

    report = json.loads(result.stdout)
    assert (report["differences"], report["not_deployed"], result.exit_code) == ([], [], 0)
    assert report["stacks"].keys() == {plan.name for plan in whole.environment.plans}
    assert report["resources"] > 100
    assert report["properties"] > 500
    assert set(report["unread"]) <= UNREAD
    assert "AWS::EC2::NatGateway" in report["not_on_the_local_server"]


def test_deploying_every_stack_again_changes_nothing(
    whole: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`axia deploy --stack all --json` says of each, in their order, what it did and what drifted: nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(whole.endpoint_url))

    result = CliRunner().invoke(app, ["deploy", "--stack", "all", "--json"])

    done = [(each["stack"], each["action"], each["drift"]) for each in json.loads(result.stdout)["stacks"]]
    assert result.exit_code == 0
    assert done == [(plan.name, "unchanged", []) for plan in whole.environment.plans]
    assert [line for line in result.stderr.splitlines() if "no changes" not in line] == []


def test_drift_is_what_somebody_changed_by_hand(whole: Target) -> None:
    """A rule added to a security group is shown before the next deployment."""
    plan = whole.environment.plan("network")
    group = whole.stack(plan).physical_ids["HostSecurityGroup"]
    rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    client(whole, "ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=rule)

    try:
        (drifted,) = stacks.drift(whole, plan)
    finally:
        client(whole, "ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=rule)

    assert drifted.property == "SecurityGroupIngress"
    assert stacks.drift(whole, plan) == ()


def test_an_update_that_fails_is_rolled_back(whole: Target) -> None:
    """The stack keeps what it had, and the next deployment finds nothing to do."""
    plan = whole.environment.plan("core")
    template = whole.template(plan)
    metric_math = 'Metrics: [{Id: busy, Expression: "1"}]'  # which the local server refuses
    broken = replace(template, body=template.body.replace("MetricName: CPUUtilization", metric_math))

    with pytest.raises(InvalidInput, match="UPDATE_ROLLBACK_COMPLETE: HighCpu"):
        stacks.deploy(broken, whole.clients(plan), name=plan.stack_name)

    assert stacks.deploy_stack(whole, plan).action == "unchanged"
    assert stacks.check_stack(whole, plan).differences == ()


def test_a_bar_written_in_tokyo_is_in_osaka(whole: Target) -> None:
    """Replication works as the template says."""
    client(whole, "s3").put_object(Bucket="tss-raw-data", Key="USDJPY/H1/2026/07/03/data.parquet", Body=b"bars")

    def found() -> bool:
        listed = client(whole, "s3", OSAKA).list_objects_v2(Bucket="tss-raw-data-osaka")
        return bool(listed.get("KeyCount"))

    assert until(found)


def test_an_order_is_in_osaka_within_seconds_and_the_lease_is_not(whole: Target) -> None:
    """The copy follows changes and removals, and leaves out what is fleeting."""
    tokyo, osaka = client(whole, "dynamodb"), client(whole, "dynamodb", OSAKA)
    key = {"pk": {"S": "ORDER#7"}, "sk": {"S": "METADATA"}}
    lease = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "LEASE#DESK"}}
    tokyo.put_item(TableName="TSS_DynamoDB_OrderState", Item=lease)
    tokyo.put_item(TableName="TSS_DynamoDB_OrderState", Item=key | {"state": {"S": "RECEIVED"}})

    def copied() -> Any:
        return osaka.get_item(TableName="TSS_DynamoDB_OrderState", Key=key).get("Item")

    assert until(copied) == key | {"state": {"S": "RECEIVED"}}
    assert "Item" not in osaka.get_item(TableName="TSS_DynamoDB_OrderState", Key=lease)
    tokyo.delete_item(TableName="TSS_DynamoDB_OrderState", Key=key)
    assert until(lambda: not copied())


def test_what_was_there_before_the_stream_is_copied_on_request(whole: Target) -> None:
    """Invoked with {"all": true}, the function copies every item that Osaka lacks."""
    client(whole, "dynamodb").put_item(
        TableName="TSS_DynamoDB_OrderState", Item={"pk": {"S": "ORDER#8"}, "sk": {"S": "METADATA"}}
    )
    osaka = client(whole, "dynamodb", OSAKA)
    until(lambda: osaka.scan(TableName="TSS_DynamoDB_OrderState")["Count"])
    osaka.delete_item(TableName="TSS_DynamoDB_OrderState", Key={"pk": {"S": "ORDER#8"}, "sk": {"S": "METADATA"}})

    answer = client(whole, "lambda").invoke(FunctionName="TSS_OrderCopy", Payload=b'{"all": true}')

    assert json.loads(answer["Payload"].read())["copied"] >= 1
    assert osaka.get_item(TableName="TSS_DynamoDB_OrderState", Key={"pk": {"S": "ORDER#8"}, "sk": {"S": "METADATA"}})[
        "Item"
    ]


@pytest.fixture
def slack(whole: Target, free_port: int) -> Iterator[list[dict[str, Any]]]:
    """What a webhook on this machine was sent, while the secret points at it."""
    heard: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    value = json.dumps({"webhook_url": f"http://127.0.0.1:{server.server_port}/"})
    client(whole, "secretsmanager").put_secret_value(SecretId="TSS/slack/webhook", SecretString=value)
    yield heard
    server.shutdown()


def test_an_alarm_reaches_slack_once_and_so_does_its_end(whole: Target, slack: list[dict[str, Any]]) -> None:
    """A person is told what, how bad and what to run; then that it is over; and the queue keeps both."""
    alarms = client(whole, "cloudwatch")
    for state, reason in (("ALARM", "1 message"), ("OK", "none left")):
        alarms.set_alarm_state(AlarmName="SQS-DLQ-Messages", StateValue=state, StateReason=reason)

    assert until(lambda: len(slack) == 2)
    first, second = sorted(message["text"] for message in slack)
    assert (first, second) == ("CRITICAL SQS-DLQ-Messages", "RECOVERED SQS-DLQ-Messages")
    told = json.dumps(slack)
    assert "axia dlq list" in told
    assert "1 message" in told
    time.sleep(0.5)  # long enough for a second copy
    assert len(slack) == 2
    url = client(whole, "sqs").get_queue_url(QueueName="AlertProcessingQueue")["QueueUrl"]
    counts = client(whole, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert int(counts["Attributes"]["ApproximateNumberOfMessages"]) >= 2


def test_a_stack_that_is_needed_first_is_named(whole: Target) -> None:
    """Deploying the host into an empty region says which stack is missing."""
    elsewhere = replace(whole, region="eu-west-1")

    with pytest.raises(InvalidInput, match="vpc"):
        stacks.deploy_stack(elsewhere, elsewhere.environment.plan("network"))


def test_what_must_be_given_is_asked_for_by_name(whole: Target) -> None:
    """On AWS, the operator's network has no default; the message says where to put it."""
    aws = Target(environments.read("aws"), "eu-west-1", whole.endpoint_url)

    with pytest.raises(InvalidInput, match=r"OperatorCidr.*aws\.network"):
        aws.template(aws.environment.plan("network"))


def test_an_unknown_environment_is_refused() -> None:
    """With the names of those there are."""
    with pytest.raises(InvalidInput, match="local, aws, production"):
        environments.read("moon")
