"""Least privilege, proved: the whole product works with our roles on a server that enforces IAM, and with no less.

`pytest tests/infra/test_least_privilege.py -s` prints each statement that was removed and what failed without it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from axia_cli.doctor import permissions
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.aws import Connect
from axia_core.domain import names
from axia_core.domain.drill import Drill, Result
from axia_core.drills.hold import hold_drills
from axia_core.recovery.checks import RecoveryChecks
from axia_core.recovery.stage import Stage
from axia_core.settings import Settings
from infra import least_privilege
from infra.drift import DeployedTemplates
from infra.least_privilege import DENIED, Prover, Removal, Statement, Step, reduced
from infra.template import Template
from tests.conftest import REGION
from tests.infra import other_steps
from tests.infra.enforced import OSAKA, STACKS, Actor, Enforced, enforcing
from tests.infra.host_steps import PORTS, Host
from tests.infra.verifier_steps import Verifier

HOST, VERIFIER, CONSOLE = "EC2InstanceRole", "TSS_DrVerifier", "TSS_Console"
SLACK, ALERT, COPY, REPLICATION = "TSS_SlackNotification", "TSS_SystemAlert", "TSS_OrderCopy", "TSS_S3Replication"
SNAPSHOTS, FLOW_LOGS = "TSS_DailySnapshots", "TSS_FlowLogs"
ROLES = (HOST, VERIFIER, CONSOLE, SLACK, ALERT, COPY, REPLICATION)

TEMPLATES = sorted(Path(least_privilege.__file__).parent.glob("*.yaml"))
IN_TOKYO = {"LocationConstraint": REGION}
HERE = f"arn:aws:{{}}:{REGION}:000000000000:{{}}"
# What the local server calls a resource where AWS calls it otherwise; the templates say what AWS does.
EMULATED: Mapping[tuple[str, str, str], str] = {
    # `Ref` of a secret is its name there, and its ARN on AWS.
    (SLACK, "SlackWebhook", "*"): HERE.format("secretsmanager", "secret:TSS/slack/webhook-*"),
    # Calls of a log group have its ARN with ":*" on AWS.
    (SLACK, "OwnLogs", "*"): HERE.format("logs", "log-group:/aws/lambda/SlackNotificationFunction"),
    (ALERT, "OwnLogs", "*"): HERE.format("logs", "log-group:/aws/lambda/SystemAlertFunction"),
    (COPY, "OwnLogs", "*"): HERE.format("logs", "log-group:/aws/lambda/TSS_OrderCopy"),
    # These calls have no resource there.
    (COPY, "ReadStream", "*"): "*",
    (VERIFIER, "RestoreFrom", "*"): "*",
    (VERIFIER, "ReadOrders", "dynamodb:ListTagsOfResource"): "*",
    (VERIFIER, "ReadTopic", "sns:ListTagsForResource"): "*",
    (VERIFIER, "ReadRoles", "iam:GetInstanceProfile"): "*",
}

# What no call on the local server can show, and why. By statement, or by one action of it.
UNPROVED_STATEMENTS: Mapping[tuple[str, str], str] = {
    (REPLICATION, "ReadVersions"): "S3's own permissions for replicating: no API call needs them",
    (REPLICATION, "WriteReplica"): "S3's own permissions for replicating: no API call needs them",
}
AS_CALLER = "AWS restores a table with the rights that the caller has on the new one; the local server asks for none"
UNPROVED_ACTIONS: Mapping[tuple[str, str, str], str] = {
    (HOST, "SeedLogs", "logs:CreateLogGroup"): "the design has it; the groups are made with the stack",
    (VERIFIER, "DrillTables", "dynamodb:RestoreTableToPointInTime"): AS_CALLER,
    (VERIFIER, "DrillTables", "dynamodb:BatchWriteItem"): AS_CALLER,
    (VERIFIER, "DrillTables", "dynamodb:DeleteItem"): AS_CALLER,
    (VERIFIER, "ReadBars", "s3:GetBucketPolicy"): "the bucket has a policy only where TLS is required",
}
AWS_OWN = "arn:aws:iam::aws:policy/"
# Policies of AWS's own, which nobody here can take apart.
MANAGED: Mapping[tuple[str, str], str] = {
    (HOST, f"{AWS_OWN}AmazonSSMManagedInstanceCore"): "the way in: what the agent of Session Manager calls",
    (CONSOLE, f"{AWS_OWN}AmazonSSMManagedInstanceCore"): "the same",
    (SNAPSHOTS, f"{AWS_OWN}service-role/AWSDataLifecycleManagerServiceRole"): "the local server has no DLM",
}
# Statements of templates whose resources the local server does not have.
ELSEWHERE: Mapping[tuple[str, str], str] = {
    (FLOW_LOGS, "OwnLogs"): "VPC flow logs write them; the local server has no flow logs",
    (FLOW_LOGS, "ListLogGroups"): "the same",
}


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enforced]:
    """The enforcing server with our roles."""
    with enforcing(tmp_path_factory.mktemp("enforced")) as found:
        found.root.client("s3").create_bucket(Bucket="somebody-else", CreateBucketConfiguration=IN_TOKYO)
        least_privilege.emulate(found.admin, [one for role in listed(found).values() for one in role], EMULATED)
        yield found


@pytest.fixture(scope="module")
def host(yard: Enforced) -> Host:
    """The trading host, acting as its role."""
    return Host(yard, yard.root.take_on(HOST))


@pytest.fixture(scope="module")
def actors(yard: Enforced, host: Host) -> dict[str, Actor]:
    """Everybody; only the host may take on the verifier's role."""
    found = {role: yard.root.take_on(role) for role in ROLES if role not in (HOST, VERIFIER)}
    return found | {HOST: host.me, VERIFIER: host.me.take_on(VERIFIER)}


@pytest.fixture(scope="module")
def steps(yard: Enforced, host: Host, actors: dict[str, Actor]) -> dict[str, list[Step]]:
    """What each role does."""
    return {
        HOST: host.steps(),
        VERIFIER: Verifier(yard, actors[VERIFIER], host).steps(),
        CONSOLE: other_steps.Console(yard, actors[CONSOLE], host).steps(),
        SLACK: other_steps.slack_steps(yard, actors[SLACK]),
        ALERT: other_steps.alert_steps(yard, actors[ALERT]),
        COPY: other_steps.copy_steps(yard, actors[COPY]),
        REPLICATION: other_steps.replication_steps(yard, actors[REPLICATION]),
    }


def listed(yard: Enforced) -> dict[str, list[Statement]]:
    """Every statement of ours, by role."""
    found: dict[str, list[Statement]] = {role: [] for role in ROLES}
    for stack in STACKS:
        for statement in least_privilege.statements(yard.template(stack)):
            found[statement.role].append(statement)
    return found


def say(text: str) -> None:
    """For whoever runs it with -s."""
    sys.stdout.write(f"{text}\n")


@pytest.mark.parametrize("actions", [False, pytest.param(True, marks=pytest.mark.long)], ids=["statements", "actions"])
@pytest.mark.parametrize("role", ROLES)
def test_role_is_enough_and_no_more(
    role: str, actions: bool, yard: Enforced, actors: dict[str, Actor], steps: dict[str, list[Step]]
) -> None:
    """Every step passes with the whole policy; without any statement, and without any action, one is denied."""
    wanted = [one for one in listed(yard)[role] if (role, one.sid) not in UNPROVED_STATEMENTS]
    prover = Prover(yard.admin, actors[role].witness, steps[role])

    removals = list(prover.prove(wanted, actions=actions))

    for removal in removals:
        say(str(removal))
    unneeded = [removal for removal in removals if not removal.broke and not _is_unproved(removal)]
    assert [str(removal) for removal in unneeded] == []


def _is_unproved(removal: Removal) -> bool:
    return (removal.statement.role, removal.statement.sid, removal.action) in UNPROVED_ACTIONS


def test_every_call_of_a_port_is_in_a_step(host: Host, steps: dict[str, list[Step]]) -> None:
    """What no step of the host calls could need a permission that nobody misses."""
    if not host.seen:
        for step in steps[HOST]:
            step.do()

    called = {port: {name for owner, name in host.seen if owner is port} for port in PORTS}

    assert {port: port.__abstractmethods__ - called[port] for port in PORTS} == {port: frozenset() for port in PORTS}


def test_doctor_tries_what_the_host_may(actors: dict[str, Actor]) -> None:
    """`axia doctor` calls nothing denied that the host's role permits, and sees what another role lacks."""

    def denied_to(role: str) -> frozenset[str]:
        return frozenset(permissions.denied(permissions.attempts(Settings(), actors[role].client)).values())

    assert denied_to(HOST) == frozenset()
    assert {"s3:PutObject", "dynamodb:UpdateItem", "sqs:DeleteMessage"} <= denied_to(CONSOLE)
    assert {"s3:GetObject", "dynamodb:PutItem", "sqs:GetQueueUrl"} <= denied_to(SLACK)


def test_policy_without_an_action_keeps_the_others() -> None:
    """A batch goes with its action, and a statement with its last one."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Two", "Action": ["sqs:SendMessage", "sqs:SendMessageBatch", "sqs:GetQueueUrl"]},
            {"Sid": "One", "Action": "s3:GetObject"},
        ],
    }

    without = reduced(policy, "Two", "sqs:SendMessage")

    assert [each["Action"] for each in without["Statement"]] == [["sqs:GetQueueUrl"], "s3:GetObject"]
    assert [each["Sid"] for each in reduced(policy, "One", "s3:GetObject")["Statement"]] == ["Two"]
    assert [each["Sid"] for each in reduced(policy, "Two")["Statement"]] == ["One"]


@dataclass
class ActingStage(Stage):
    """A drill's stage with the clients of somebody who has the role already."""

    acting: Connect = field(kw_only=True)

    @property
    def connect(self) -> Connect:
        return self.acting

    def anew(self) -> Stage:
        return self


class ActingChecks(RecoveryChecks):
    """The recovery checks with the clients of somebody who has the role already."""

    acting: Connect

    @property
    def connect(self) -> Connect:
        return type(self).acting


def test_drills_and_checks_pass_as_the_verifier(yard: Enforced, actors: dict[str, Actor], tmp_path: Path) -> None:
    """Whole drills and one round of the hourly checks, with no call denied: the steps above leave nothing out."""
    me = actors[VERIFIER]
    settings = Settings(home=tmp_path, aws_endpoint_url=yard.url, has_copy=True)
    me.witness.forget()

    reports = hold_drills(ActingStage(settings, VERIFIER, acting=me.client), DRILLS, events=MemoryEvents())
    ActingChecks.acting = staticmethod(me.client)
    checked = ActingChecks(settings, DeployedTemplates, SystemClock(), patience_s=0.0).run()

    assert me.witness.denied == []
    assert {report.drill: (report.result, report.reason) for report in reports} == {
        drill: (Result.PASSED, "") for drill in DRILLS
    }
    assert [found.text for found in checked.findings if "denied" in found.text.lower()] == []


DRILLS = (Drill.KILL_SWITCH, Drill.OBJECTS, Drill.HOST)
Call = Callable[[Actor], Any]
KEY = {"pk": {"S": "PROOF"}, "sk": {"S": "X"}}
FORBIDDEN: Mapping[str, Call] = {
    "delete an object": lambda who: who.client("s3").delete_object(Bucket=names.BUCKET, Key="x"),
    "delete a version": lambda who: who.client("s3").delete_object(Bucket=names.BUCKET, Key="x", VersionId="1"),
    "read another bucket": lambda who: who.client("s3").list_objects_v2(Bucket="somebody-else"),
    "write to another bucket": lambda who: who.client("s3").put_object(Bucket="somebody-else", Key="x", Body=b""),
    "turn versioning off": lambda who: who.client("s3").put_bucket_versioning(
        Bucket=names.BUCKET, VersioningConfiguration={"Status": "Suspended"}
    ),
    "delete an item": lambda who: who.client("dynamodb").delete_item(TableName=names.TABLE, Key=KEY),
    "delete the table": lambda who: who.client("dynamodb").delete_table(TableName=names.TABLE),
    "read another table": lambda who: who.client("dynamodb").get_item(TableName="other", Key=KEY),
    "purge the queue": lambda who: who.client("sqs").purge_queue(QueueUrl=queue_url(who, names.ORDER_QUEUE)),
    "delete the queue": lambda who: who.client("sqs").delete_queue(QueueUrl=queue_url(who, names.ORDER_QUEUE)),
    "read an order's message": lambda who: who.client("sqs").receive_message(
        QueueUrl=queue_url(who, names.ORDER_QUEUE)
    ),
    "send an order": lambda who: who.client("sqs").send_message(
        QueueUrl=queue_url(who, names.ORDER_QUEUE), MessageBody="{}"
    ),
    "change an item": lambda who: who.client("dynamodb").put_item(TableName=names.TABLE, Item=KEY),
    "read the MT5 account": lambda who: who.client("secretsmanager").get_secret_value(SecretId="TSS/mt5/live"),
    "read the webhook": lambda who: who.client("secretsmanager").get_secret_value(SecretId="TSS/slack/webhook"),
    "list secrets": lambda who: who.client("secretsmanager").list_secrets(),
    "look at roles": lambda who: who.client("iam").list_roles(),
    "widen a policy": lambda who: who.client("iam").put_role_policy(
        RoleName=HOST, PolicyName="more", PolicyDocument="{}"
    ),
    "change the stack": lambda who: who.client("cloudformation").delete_stack(StackName="axia-core"),
    "silence an alarm": lambda who: who.client("cloudwatch").delete_alarms(AlarmNames=["Unknown-Orders"]),
    "start a host": lambda who: who.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1),
    "write the copy in Osaka": lambda who: who.client("dynamodb", OSAKA).put_item(TableName=names.TABLE, Item=KEY),
    "take on the verifier's role": lambda who: who.take_on(VERIFIER),
}
# What of that list a role is there to do.
PERMITTED: Mapping[str, frozenset[str]] = {
    HOST: frozenset(
        {
            "read an order's message",
            "send an order",
            "change an item",
            "read the MT5 account",
            "take on the verifier's role",
        }
    ),
    CONSOLE: frozenset({"send an order", "change an item"}),
    SLACK: frozenset({"read the webhook"}),
    COPY: frozenset({"write the copy in Osaka"}),
}


def queue_url(who: Actor, name: str) -> str:
    """Made here: whoever may not ask for it may still know it."""
    return f"{who.endpoint_url}/000000000000/{name}"


@pytest.mark.parametrize("role", ROLES)
def test_everything_else_is_denied(role: str, actors: dict[str, Actor], yard: Enforced) -> None:
    """Of what would hurt, a role may do what it is there for and nothing else."""
    yard.root.client("sqs").send_message(QueueUrl=queue_url(yard.root, names.ORDER_QUEUE), MessageBody="{}")

    permitted = {what for what, call in FORBIDDEN.items() if _is_permitted(actors[role], call)}

    assert permitted == PERMITTED.get(role, frozenset())


def _is_permitted(who: Actor, call: Call) -> bool:
    try:
        call(who)
    except ClientError as error:
        return error.response["Error"]["Code"] not in DENIED
    return True


def test_list_of_what_is_not_proved_is_true(yard: Enforced) -> None:
    """Each entry names a statement or an action that there is, so that none outlives its reason."""
    known = {(one.role, one.sid): one for found in listed(yard).values() for one in found}

    assert UNPROVED_STATEMENTS.keys() <= known.keys()
    assert all(action in known[role, sid].actions for role, sid, action in UNPROVED_ACTIONS)


def test_no_policy_is_left_out(yard: Enforced) -> None:
    """Every policy of every template is proved here, or named with the reason why it cannot be."""
    deployed = [yard.template(name) for name in STACKS]
    others = [Template.read(file, {}, region=REGION) for file in TEMPLATES if file.stem not in STACKS]

    proved = {one.role for template in deployed for one in least_privilege.statements(template)}
    elsewhere = {(one.role, one.sid) for template in others for one in least_privilege.statements(template)}
    managed = {each for template in (*deployed, *others) for each in least_privilege.managed(template)}

    assert proved == set(ROLES)
    assert elsewhere == ELSEWHERE.keys()
    assert managed == MANAGED.keys()
