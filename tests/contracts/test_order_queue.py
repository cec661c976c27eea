"""One contract for every order queue: in memory, SQS on the local AWS server, and SQS on moto."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderQueue
from axia_core.adapters.sqs import ORIGINAL_ID, ORIGINAL_SENT, SqsOrderQueue
from axia_core.domain.names import ORDER_QUEUE
from axia_core.ports import OrderQueue


class Memory:
    def __init__(self) -> None:
        self.clock = SteppedClock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
        self.queue: OrderQueue = MemoryOrderQueue(self.clock)

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)


class Sqs:
    def __init__(self, client: Any) -> None:
        self.queue: OrderQueue = SqsOrderQueue(client, ORDER_QUEUE)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def drain(client: Any) -> None:
    url = client.get_queue_url(QueueName=ORDER_QUEUE)["QueueUrl"]
    client.purge_queue(QueueUrl=url)


@pytest.fixture(params=["memory", "moto", "sqs"])
def door(request: pytest.FixtureRequest) -> Iterator[Memory | Sqs]:
    if request.param == "memory":
        yield Memory()
        return
    if request.param == "moto":
        with mock_aws():
            mocked = boto3.client("sqs", "ap-northeast-1", aws_access_key_id="axia", aws_secret_access_key="axia")
            mocked.create_queue(QueueName=ORDER_QUEUE)
            yield Sqs(mocked)
        return
    client = request.getfixturevalue("aws").client("sqs")
    drain(client)
    yield Sqs(client)


def test_sent_message_is_received_whole(door: Memory | Sqs) -> None:
    """Body, id and count arrive as they were sent."""
    message_id = door.queue.send("body")

    (message,) = door.queue.receive(10, 0, 10)

    assert (message_id, "body", 1) == (message.message_id, message.body, message.receive_count)
    assert message.sent_at.tzinfo is not None


def test_received_message_is_invisible_and_comes_back(door: Memory | Sqs) -> None:
    """A message that is not deleted comes back after its visibility with a higher count."""
    door.queue.send("body")
    door.queue.receive(10, 0, 4)

    assert door.queue.receive(10, 0, 1) == ()
    door.wait(4.2)
    (again,) = door.queue.receive(10, 0, 10)
    assert again.receive_count == 2


def test_deleted_message_stays_away(door: Memory | Sqs) -> None:
    """A deleted message does not come back, and deleting it twice is harmless."""
    door.queue.send("body")
    (message,) = door.queue.receive(10, 0, 1)
    door.queue.delete(message)
    door.queue.delete(message)
    door.wait(1.2)

    assert door.queue.receive(10, 0, 1) == ()


def test_what_a_receive_brought_is_deleted_together(door: Memory | Sqs) -> None:
    """The messages of a receive are deleted in one call; those that are not among them come back."""
    for number in range(10):
        door.queue.send(f"body {number}")
    messages = door.queue.receive(10, 0, 1)

    door.queue.delete_all(messages[:-1])
    door.wait(1.2)

    assert [one.message_id for one in door.queue.receive(10, 0, 10)] == [messages[-1].message_id]


def test_one_that_cannot_be_deleted_keeps_no_other(door: Memory | Sqs) -> None:
    """A message that is gone, or whose receipt nobody knows, neither raises nor keeps the others in the queue."""
    for number in range(3):
        door.queue.send(f"body {number}")
    gone, strange, good = door.queue.receive(10, 0, 1)
    door.queue.delete(gone)

    door.queue.delete_all((gone, replace(strange, message_id="strange", receipt="no receipt"), good))
    door.queue.delete_all(())
    door.wait(1.2)

    assert [one.message_id for one in door.queue.receive(10, 0, 10)] == [strange.message_id]


def test_depth_tells_waiting_and_in_flight(door: Memory | Sqs) -> None:
    """What waits and what is in flight are told apart."""
    door.queue.send("one")
    door.queue.send("two")
    door.queue.receive(1, 0, 10)

    depth = door.queue.depth()

    assert (depth.waiting, depth.in_flight) == (1, 1)


class TestRedrive:
    """A redriven message carries its original identity and age."""

    def send(self, client: Any, **attributes: str) -> None:
        url = client.get_queue_url(QueueName=ORDER_QUEUE)["QueueUrl"]
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        client.send_message(QueueUrl=url, MessageBody="body", MessageAttributes=typed)

    @pytest.fixture
    def client(self, aws: Any) -> Any:
        client = aws.client("sqs")
        drain(client)
        return client

    def test_original_id_and_time_win(self, client: Any) -> None:
        """The original id and the older sent time decide."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        self.send(client, **{ORIGINAL_ID: "first-id", ORIGINAL_SENT: str(int(yesterday.timestamp() * 1000))})

        (message,) = SqsOrderQueue(client, ORDER_QUEUE).receive(1, 0, 10)

        assert message.message_id == "first-id"
        assert abs(yesterday - message.sent_at) < timedelta(seconds=1)

    @pytest.mark.parametrize("carried", ["x" * 3_000, "a b", "ORDER#1", "é"])
    def test_carried_id_that_is_none_is_ignored(self, client: Any, carried: str) -> None:
        """Whoever may send may set the attribute: what could not be a message id becomes no order's id."""
        self.send(client, **{ORIGINAL_ID: carried, ORIGINAL_SENT: "1"})

        (message,) = SqsOrderQueue(client, ORDER_QUEUE).receive(1, 0, 10)

        assert message.message_id.count("-") == 4

    @pytest.mark.parametrize("sent", ["", "nonsense"])
    def test_carried_id_without_its_time_is_ignored(self, client: Any, sent: str) -> None:
        """A redrive carries both: an old order's id must not come with a new time."""
        self.send(client, **{ORIGINAL_ID: "first-id"} | ({ORIGINAL_SENT: sent} if sent else {}))

        (message,) = SqsOrderQueue(client, ORDER_QUEUE).receive(1, 0, 10)

        assert message.message_id != "first-id"

    @pytest.mark.parametrize("sent", ["99999999999999", "nonsense", "-5", "٣"])
    def test_carried_time_never_makes_younger(self, client: Any, sent: str) -> None:
        """A carried time that lies ahead, or is no number, is ignored."""
        self.send(client, **{ORIGINAL_SENT: sent})

        (message,) = SqsOrderQueue(client, ORDER_QUEUE).receive(1, 0, 10)

        assert abs(datetime.now(UTC) - message.sent_at) < timedelta(minutes=1)

    def test_clock_shift_moves_sent_times(self, client: Any) -> None:
        """On a shifted clock the queue's times shift with it, so that ages stay what they are."""
        self.send(client)

        (message,) = SqsOrderQueue(client, ORDER_QUEUE, timedelta(days=-3)).receive(1, 0, 10)

        assert abs(datetime.now(UTC) - timedelta(days=3) - message.sent_at) < timedelta(minutes=1)
