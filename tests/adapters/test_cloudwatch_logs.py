"""Log lines to CloudWatch Logs, against a local AWS server and against faults: they arrive, or nobody notices."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from axia_core import telemetry
from axia_core.adapters.cloudwatch.logs import PACE, CloudWatchLines
from axia_core.adapters.cloudwatch.outbox import Pace
from axia_core.adapters.log import JsonLine, LogEvents
from axia_core.domain import names
from axia_core.log_context import log_context
from axia_core.settings import Settings
from tests.conftest import LocalAws

WITHIN_S = 60.0
QUICK = Pace(every_s=0.0, full_at=100, most_items=50, most_bytes=100_000, first_pause_s=0.01, longest_pause_s=0.02)
LOG = logging.getLogger("axia.test_cloudwatch")


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The process's logging is as it was; what was added is closed."""
    logger = logging.getLogger("axia")
    handlers, level = list(logger.handlers), logger.level
    yield
    for added in set(logger.handlers) - set(handlers):
        added.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)


class Logs:
    """A client of CloudWatch Logs that fails as it is told, and otherwise takes everything."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.taken: list[dict[str, Any]] = []
        self.made: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.calls = 0

    def put_log_events(self, **call: Any) -> None:
        self.calls += 1
        self.open.wait(WITHIN_S)
        if self.faults:
            code = self.faults.pop(0)
            status = {"HTTPStatusCode": 503 if "Unavailable" in code else 400}
            raise ClientError({"Error": {"Code": code}, "ResponseMetadata": status}, "PutLogEvents")
        self.taken.extend(call["logEvents"])

    def create_log_stream(self, **call: str) -> None:
        self.made.append(call["logStreamName"])

    @property
    def texts(self) -> list[str]:
        return [json.loads(one["message"])["text"] for one in self.taken]


def handler(client: Any, pace: Pace = QUICK, stream: str = names.ORDER_PROCESSOR) -> CloudWatchLines:
    made = CloudWatchLines(lambda: client, names.LOG_GROUP, stream, pace)
    made.setFormatter(JsonLine("demo"))
    logger = logging.getLogger("axia")
    logger.setLevel(logging.INFO)
    logger.addHandler(made)
    return made


def stored(aws: LocalAws, stream: str) -> list[dict[str, Any]]:
    found = aws.client("logs").get_log_events(logGroupName=names.LOG_GROUP, logStreamName=stream, startFromHead=True)
    return [json.loads(one["message"]) for one in found["events"]]


@pytest.mark.parametrize("stream", [names.ORDER_PROCESSOR, names.DATA_COLLECTOR, names.STREAMLIT_APP])
def test_lines_arrive(aws: LocalAws, stream: str) -> None:
    """In the stream of their process, with order, run, partition and account, once the process ends at the latest."""
    settings = Settings(aws_endpoint_url=aws.endpoint_url, cloudwatch=True, account="demo")
    telemetry.ship_logs(settings, stream)
    telemetry.ship_logs(settings, "another part that comes later in the same process")

    with log_context(run_id="R1", partition="2026-07-03|USDJPY"), log_context(order_id="A1"):
        LOG.info("in %s", stream)
    LogEvents("demo").publish("order_state", "warning", "order_processor", f"told in {stream}", order_id="B2")
    logging.getLogger("axia").handlers[-1].flush()
    for one in logging.getLogger("axia").handlers:
        one.close()

    lines = {line["text"]: line for line in stored(aws, stream)}
    inside = lines[f"in {stream}"]
    assert (inside["order_id"], inside["run_id"], inside["partition"]) == ("A1", "R1", "2026-07-03|USDJPY")
    assert (inside["account"], inside["level"]) == ("demo", "INFO")
    assert lines[f"told in {stream}"]["order_id"] == "B2"
    assert "run_id" not in lines[f"told in {stream}"]


def test_a_process_that_ends_sends_its_last_lines(aws: LocalAws) -> None:
    """Nobody closes anything: Python's own logging does."""
    words = f"last words of {uuid.uuid4()}"
    # boto3 is there, as it is in every process of ours by its end; two seconds might not do for loading it too.
    program = f"""
import boto3, logging
from axia_core.settings import Settings
from axia_core.telemetry import ship_logs
ship_logs(Settings(aws_endpoint_url={aws.endpoint_url!r}, cloudwatch=True), {names.DATA_COLLECTOR!r})
logging.getLogger("axia.short").info({words!r})
logging.getLogger("axia.short").info({words!r} + " indeed")
"""

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

    texts = [line["text"] for line in stored(aws, names.DATA_COLLECTOR)]
    assert texts[-2:] == [words, f"{words} indeed"]


def test_off_by_default() -> None:
    """A laptop's lines go nowhere but into its own log."""
    before = list(logging.getLogger("axia").handlers)

    telemetry.ship_logs(Settings(aws_endpoint_url="http://127.0.0.1:9"), names.ORDER_PROCESSOR)

    assert logging.getLogger("axia").handlers == before


def test_a_stream_that_is_missing_is_made(aws: LocalAws) -> None:
    """Somebody has deleted it: the lines that waited are in the new one."""
    stream = "deleted_by_somebody"
    handler(aws.client("logs"), stream=stream)

    LOG.info("after it")

    logs = aws.client("logs")
    until(lambda: logs.describe_log_streams(logGroupName=names.LOG_GROUP, logStreamNamePrefix=stream)["logStreams"])
    until(lambda: [line["text"] for line in stored(aws, stream)] == ["after it"])
    logs.delete_log_stream(logGroupName=names.LOG_GROUP, logStreamName=stream)


@pytest.mark.parametrize("fault", ["ThrottlingException", "ServiceUnavailable", "ServiceUnavailableException"])
def test_throttled_lines_are_sent_later(fault: str) -> None:
    """Each once, in their order."""
    logs = Logs(*[fault] * 3)
    handler(logs)

    for number in range(10):
        LOG.info("line %s", number)

    until(lambda: len(logs.taken) == 10)
    assert logs.texts == [f"line {number}" for number in range(10)]


def test_nobody_answers() -> None:
    """With nothing listening lines are kept, the logger returns, and closing gives up after its two seconds."""
    settings = Settings(aws_endpoint_url="http://127.0.0.1:9", cloudwatch=True)
    telemetry.ship_logs(settings, names.ORDER_PROCESSOR)
    (ours,) = [one for one in logging.getLogger("axia").handlers if isinstance(one, CloudWatchLines)]

    for number in range(1_000):
        LOG.info("line %s", number)
    ours.close()

    assert ours.dropped == 0


def test_a_call_that_hangs_delays_nobody_and_its_drops_are_told() -> None:
    """Lines beyond the queue are dropped, oldest first, and a later line says how many."""
    logs = Logs()
    logs.open.clear()
    handler(logs)
    LOG.info("first")
    until(lambda: logs.calls == 1)

    for number in range(200):
        LOG.info("line %s", number)  # would never come back, were it to wait

    logs.open.set()
    until(lambda: "line 199" in logs.texts)
    notice = next(json.loads(one["message"]) for one in logs.taken if "dropped" in one["message"])
    assert (notice["dropped"], notice["level"], notice["account"]) == (150, "WARNING", "demo")
    assert "line 150" in logs.texts
    assert "line 149" not in logs.texts


def test_without_permission_lines_are_dropped_and_later_ones_tried() -> None:
    """A role that is repaired while the process runs is enough; what was lost is told."""
    logs = Logs("AccessDeniedException")
    ours = handler(logs)
    LOG.info("lost")
    until(lambda: ours.dropped == 1)

    LOG.info("arrives")

    until(lambda: "arrives" in logs.texts)
    assert logs.texts[0].startswith("1 log lines")


def test_secrets_are_masked_in_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the text, in an attribute, in an exception's trace: the loaded password and the environment's key."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key-of-the-environment")
    settings = Settings(mt5_password="corr3ct-horse", redis_url="redis://:batt3ry@127.0.0.1/0")
    telemetry.ship_logs(settings, names.ORDER_PROCESSOR)
    logs = Logs()
    handler(logs)

    LOG.info("login with corr3ct-horse at %s", settings.redis_url)
    LogEvents("demo").publish("x", "info", "c", "t", reason="key-of-the-environment")
    try:
        raise ValueError("corr3ct-horse")
    except ValueError:
        LOG.exception("failed")

    until(lambda: len(logs.taken) == 3)
    told = json.dumps(logs.taken)
    assert not [secret for secret in ("corr3ct-horse", "batt3ry", "key-of-the-environment") if secret in told]
    assert "ValueError: ***" in told


def test_a_line_that_cannot_be_formatted_breaks_nothing() -> None:
    """Arguments that do not fit, or no text at all: what can be told of it arrives, and the caller goes on."""
    logs = Logs()
    ours = handler(logs)

    ours.emit(LOG.makeRecord(LOG.name, logging.INFO, __file__, 1, "%d", ("no number",), None))
    LOG.info("after it")

    until(lambda: logs.texts == ["%d", "after it"])


def test_the_usual_pace_keeps_to_cloudwatchs_quotas() -> None:
    """What is held is small beside the host's memory, and a burst is not sent line by line."""
    assert PACE.most_bytes <= 8 * 1_048_576
    assert PACE.every_s >= 1
