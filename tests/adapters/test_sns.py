"""Events to SNS: what is sent, in which order, and what becomes of it while SNS is away or the process ends."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.sns import LAST_ALIKE, Letter, SnsEvents, SnsTopic, letter
from axia_core.domain.events import EventType, Severity
from axia_core.domain.names import TOPIC
from axia_core.errors import AxiaError, InvalidInput, StoreUnavailable
from axia_core.people import events_of
from axia_core.settings import Settings

CLOCK = SteppedClock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
WITHIN_S = 60.0


class Topic:
    """Takes letters, once it has raised the given failures."""

    def __init__(self, *failures: AxiaError) -> None:
        self.failures = list(failures)
        self.letters: list[Letter] = []
        self.open = threading.Event()
        self.open.set()

    def __call__(self, letter: Letter) -> None:
        assert self.open.wait(WITHIN_S)
        if self.failures:
            raise self.failures.pop(0)
        self.letters.append(letter)

    @property
    def texts(self) -> list[str]:
        return [json.loads(letter.body)["text"] for letter in self.letters]


def told(events: SnsEvents, *texts: str, severity: str = Severity.CRITICAL) -> None:
    for text in texts:
        events.publish(EventType.ORDER_STATE, severity, "order_processor", text, order_id="o-7")


def test_a_letter_says_what_how_bad_since_when_and_what_to_run() -> None:
    """The attributes are there to filter by; the body has everything that a person needs, demo or live included."""
    topic = Topic()
    events = SnsEvents(topic, "live", CLOCK)

    events.publish(EventType.ORDER_STATE, Severity.CRITICAL, "order_processor", "it is UNKNOWN", order_id="o-7")

    assert events.flush(WITHIN_S)
    (sent,) = topic.letters
    assert sent.attributes == {"event_type": "order_state", "severity": "critical", "component": "order_processor"}
    assert json.loads(sent.body) == {
        **sent.attributes,
        "text": "it is UNKNOWN",
        "account": "live",
        "at": "2026-07-01T12:00:00+00:00",
        "since": "2026-07-01T12:00:00+00:00",
        "order_id": "o-7",
        "remedy": "axia order show o-7",
    }


def test_what_is_told_later_is_sent_later() -> None:
    """A fault reaches people before its end does."""
    topic = Topic()
    events = SnsEvents(topic, "demo", CLOCK)

    told(events, *map(str, range(50)))

    assert events.flush(WITHIN_S)
    assert topic.texts == [str(number) for number in range(50)]


def test_quiet_events_stay_in_the_log() -> None:
    """What is below the setting's severity is not sent; a recovery is always as loud as its fault."""
    topic = Topic()
    events = SnsEvents(topic, "demo", CLOCK, least=Severity.CRITICAL)

    for severity in Severity:
        told(events, severity, severity=severity)

    assert events.flush(WITHIN_S)
    assert topic.texts == ["critical", "recovered"]


def test_sns_that_is_away_for_a_while_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost of what waits, and the trouble is logged once, and once its end."""
    topic = Topic(StoreUnavailable("nothing answers"), StoreUnavailable("nothing answers"))
    events = SnsEvents(topic, "demo", CLOCK)

    with caplog.at_level(logging.INFO, "axia.sns"):
        told(events, "first", "second")
        wait_until(lambda: len(topic.letters) == 2)

    assert topic.texts == ["first", "second"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_sns_that_says_no_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """A missing permission does not hold up what comes after it; one line says what is wrong."""
    no = InvalidInput("publishing", "AuthorizationError", "not allowed")
    topic = Topic(no, no)
    events = SnsEvents(topic, "demo", CLOCK)

    with caplog.at_level(logging.INFO, "axia.sns"):
        told(events, "first", "second", "third")
        wait_until(lambda: bool(topic.letters))

    assert topic.texts == ["third"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "2 did not" in caplog.records[-1].getMessage()


def test_what_waits_is_bounded() -> None:
    """While SNS hangs nothing grows without end, and whoever tells goes on."""
    topic = Topic()
    topic.open.clear()
    events = SnsEvents(topic, "demo", CLOCK, most_waiting=10)

    told(events, *map(str, range(100)))
    topic.open.set()

    assert events.flush(WITHIN_S)
    assert topic.texts == [str(number) for number in range(10)]


def test_a_flood_of_warnings_is_cut_off_and_says_so() -> None:
    """Five hundred refused orders are one thing to know; faults that wake somebody, and ends, all get through."""
    topic = Topic()
    events = SnsEvents(topic, "demo", CLOCK)

    told(events, *(["refused"] * 50), severity=Severity.WARNING)
    told(events, *(["unknown"] * 20), severity=Severity.CRITICAL)
    told(events, *(["over"] * 20), severity=Severity.RECOVERED)
    events.publish(EventType.RUN_FAILURE, Severity.WARNING, "dagster", "another kind")

    assert events.flush(WITHIN_S)
    assert topic.texts == [*["refused"] * 9, f"refused{LAST_ALIKE}", *["unknown"] * 20, *["over"] * 20, "another kind"]


def test_an_end_waits_no_longer_than_it_may() -> None:
    """A process that ends while SNS hangs gives up after the time it was given."""
    topic = Topic()
    topic.open.clear()
    events = SnsEvents(topic, "demo", CLOCK)
    told(events, "never")

    began = time.monotonic()

    assert not events.flush(0.2)
    assert time.monotonic() - began < 5.0
    topic.open.set()


PROGRAM = """
import sys, time
from datetime import UTC, datetime
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.sns import SnsEvents

def send(letter):
    time.sleep(0.3)
    print(letter.body, flush=True)

events = SnsEvents(send, "demo", SteppedClock(datetime(2026, 7, 1, tzinfo=UTC)))
events.publish("order_state", "critical", "test", "last words")
"""


def test_the_last_words_of_a_process_are_sent() -> None:
    """A run that fails at once and ends still reaches people."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(done.stdout)["text"] == "last words"


def test_no_secret_is_sent() -> None:
    """What is masked in the log is masked in Slack too."""
    body = letter("order_fault", "critical", "test", "connect failed: password=hunter2hunter2", {}).body

    assert "hunter2" not in body
    assert json.loads(body)["text"].startswith("connect failed")


def test_without_a_topic_events_are_in_the_log_alone() -> None:
    """The setting decides; nothing of AWS is touched."""
    assert type(events_of(Settings(topic=""))).__name__ == "LogEvents"


@pytest.fixture
def inbox(aws: Any) -> Any:
    """The queue that gets everything from the topic, emptied."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="AlertProcessingQueue")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    return lambda: [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
    ]


@pytest.mark.parametrize("name", [TOPIC, f"arn:aws:sns:ap-northeast-1:000000000000:{TOPIC}"])
def test_a_topic_is_found_by_its_name_and_by_its_arn(aws: Any, inbox: Any, name: str) -> None:
    """Through the real topic of the core stack, with its attributes."""
    send = SnsTopic(Settings(topic=name, aws_endpoint_url=aws.endpoint_url, aws_region=aws.region))

    send(letter("kill_switch", "info", "test", f"by {name}", {}))

    (got,) = inbox()
    assert json.loads(got["Message"])["text"] == f"by {name}"
    assert got["MessageAttributes"]["severity"]["Value"] == "info"


def test_a_topic_that_is_not_there_is_said(aws: Any) -> None:
    """It is no passing trouble: nobody tries it for minutes."""
    send = SnsTopic(Settings(topic="no-such-topic", aws_endpoint_url=aws.endpoint_url, aws_region=aws.region))

    with pytest.raises(InvalidInput, match="no-such-topic"):
        send(letter("kill_switch", "info", "test", "x", {}))


def wait_until(holds: Any) -> None:
    """Until it holds, or the test fails."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
