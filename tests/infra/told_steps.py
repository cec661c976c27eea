"""What the trading host reads of secrets and tells CloudWatch, SNS and the recovery checks, as steps."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from axia_core.adapters import secrets
from axia_core.adapters.aws_safeguards.heartbeats import ItemHeartbeats, ObjectHeartbeats
from axia_core.adapters.cloudwatch.logs import PACE, CloudWatchLines
from axia_core.adapters.cloudwatch.metrics import CloudWatchMetrics
from axia_core.adapters.sns import letter
from axia_core.domain import names
from axia_core.domain.metrics import Metric, Reading
from tests.infra.acting import Acting
from tests.infra.enforced import Actor, Enforced

WITHIN_S = 5.0
AT_ONCE = replace(PACE, every_s=0.01, first_pause_s=0.01)


@dataclass
class ToldSteps(Acting):
    """Secrets, log lines, metrics, heartbeats, events."""

    def account(self) -> None:
        name = names.MT5_SECRETS["demo"]
        content = {"login": 50_000_001, "password": "proof", "server": "Broker-Demo"}
        roots = self.yard.root.client("secretsmanager")
        roots.put_secret_value(SecretId=name, SecretString=json.dumps(content))

        assert secrets.read(self.me.client("secretsmanager"), name).login == content["login"]

    def password(self) -> None:
        """As `infra/bootstrap/start.ps1` reads it."""
        put_secret(self.yard, "TSS/redis/auth", "proof")

        assert self.me.client("secretsmanager").get_secret_value(SecretId="TSS/redis/auth")["SecretString"] == "proof"

    def log(self) -> None:
        """As the application does: a stream that is missing is made."""
        stream = f"proof-{time.monotonic_ns()}"
        lines = CloudWatchLines(lambda: self.me.client("logs"), names.LOG_GROUP, stream, AT_ONCE)
        lines.emit(logging.LogRecord("axia", logging.INFO, __file__, 1, "a test", None, None))
        try:
            until(lambda: bool(self.me.witness.denied or log_lines(self.yard, names.LOG_GROUP, stream)))
        finally:
            lines.close()

        assert log_lines(self.yard, names.LOG_GROUP, stream) == ["a test"]

    def metric(self) -> None:
        metrics = CloudWatchMetrics(lambda: self.me.client("cloudwatch"), names.METRICS_NAMESPACE)
        metrics.publish([Reading(Metric.HEARTBEAT, 1.0)])
        metrics.close()

        assert not self.me.witness.denied

    def beat(self) -> None:
        """The marks of the time that the recovery checks look for."""
        ObjectHeartbeats(self.me.client("s3"), names.BUCKET).write(self.clock.now())
        ItemHeartbeats(self.me.client("dynamodb"), names.TABLE).write(self.clock.now())

    def tell(self) -> None:
        topic = f"arn:aws:sns:{self.yard.target.region}:000000000000:{names.TOPIC}"
        ready = letter("order_state", "critical", "desk", "a test", {})
        said = {name: {"DataType": "String", "StringValue": value} for name, value in ready.attributes.items()}
        self.me.client("sns").publish(TopicArn=topic, Message=ready.body, MessageAttributes=said)

    def verify(self) -> None:
        self.me.take_on("TSS_DrVerifier")


def put_secret(yard: Enforced, name: str, text: str) -> None:
    """A secret that another stack, or a person, would have made."""
    api = yard.root.client("secretsmanager")
    try:
        api.create_secret(Name=name, SecretString=text)
    except api.exceptions.ResourceExistsException:
        api.put_secret_value(SecretId=name, SecretString=text)


def log_lines(yard: Enforced, group: str, stream: str) -> list[str]:
    """What lies in a stream, nothing where there is none."""
    logs = yard.root.client("logs")
    try:
        return [one["message"] for one in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def until(found: Callable[[], bool]) -> None:
    """Waits for it, a few seconds at most."""
    ends = time.monotonic() + WITHIN_S
    while not found() and time.monotonic() < ends:
        time.sleep(0.02)


def write_log(yard: Enforced, me: Actor, group: str) -> None:
    """One line to a stream of its own, which is made first."""
    stream, logs = f"proof-{time.monotonic_ns()}", me.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(time.time() * 1000), "message": "a test"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])

    assert log_lines(yard, group, stream) == ["a test"]
