"""One contract for every dead-letter queue: in memory, and SQS on the local AWS server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryDeadLetterQueue, MemoryOrderQueue
from axia_core.adapters.sqs import ORIGINAL_ID, ORIGINAL_SENT, SqsDeadLetterQueue, SqsOrderQueue
from axia_core.domain.messages import Message
from axia_core.domain.names import DEAD_LETTER_QUEUE, ORDER_QUEUE
from axia_core.errors import StoreUnavailable
from axia_core.ports import DeadLetterQueue, OrderQueue

HOUR = timedelta(hours=1)


class Door:
    """An order queue and its dead-letter queue."""

    def __init__(self, orders: OrderQueue, dead_letters: DeadLetterQueue) -> None:
        self.orders = orders
        self.dead_letters = dead_letters

    def kill(self, body: str) -> str:
        """Sends a message and receives it until it is moved away."""
        message_id = self.orders.send(body)
        self.fail()
        return message_id

    def fail(self) -> None:
        for _ in range(4):
            self.orders.receive(10, 0, 0)

    def letters(self) -> tuple[Message, ...]:
        with self.dead_letters.hold() as held:
            return held


def purge(client: Any) -> None:
    for name in (ORDER_QUEUE, DEAD_LETTER_QUEUE):
        client.purge_queue(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"])


def over_sqs(client: Any, shift: timedelta = timedelta()) -> Door:
    purge(client)
    orders = SqsOrderQueue(client, ORDER_QUEUE, shift)
    return Door(orders, SqsDeadLetterQueue(SqsOrderQueue(client, DEAD_LETTER_QUEUE, shift), orders))


@pytest.fixture(params=["memory", "sqs"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    if request.param == "memory":
        orders = MemoryOrderQueue(SteppedClock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)))
        yield Door(orders, MemoryDeadLetterQueue(orders))
        return
    yield over_sqs(request.getfixturevalue("aws").client("sqs"))


def test_failed_message_lies_there_whole(door: Door) -> None:
    """After three receives a message lies there with its id and body."""
    message_id = door.kill("body")

    (letter,) = door.letters()

    assert (letter.message_id, letter.body) == (message_id, "body")
    assert door.orders.receive(10, 0, 0) == ()


def test_looking_changes_nothing(door: Door) -> None:
    """What has been looked at can be looked at again at once."""
    ids = {door.kill(f"body {number}") for number in range(12)}

    assert {letter.message_id for letter in door.letters()} == ids
    assert {letter.message_id for letter in door.letters()} == ids


def test_redriven_message_keeps_its_identity_and_age(door: Door) -> None:
    """A redriven message leaves, and comes to the order queue under its first id and sent time."""
    message_id = door.kill("body")
    with door.dead_letters.hold() as (letter,):
        door.dead_letters.redrive(letter)

    (again,) = door.orders.receive(10, 0, 0)

    assert (again.message_id, again.body, again.sent_at) == (message_id, "body", letter.sent_at)
    assert again.receive_count == 1
    assert door.letters() == ()


def test_second_redrive_carries_the_first_identity(door: Door) -> None:
    """A message that fails again after its redrive still carries the id and time of its first sending."""
    message_id = door.kill("body")
    with door.dead_letters.hold() as (first,):
        door.dead_letters.redrive(first)
    door.fail()
    with door.dead_letters.hold() as (second,):
        door.dead_letters.redrive(second)

    (again,) = door.orders.receive(10, 0, 0)

    assert (again.message_id, again.sent_at) == (message_id, first.sent_at)


def test_deleted_letter_is_gone(door: Door) -> None:
    """A deleted letter is gone, deleting it twice is harmless, and the others stay."""
    gone, kept = door.kill("gone"), door.kill("kept")
    with door.dead_letters.hold() as held:
        (letter,) = [letter for letter in held if letter.message_id == gone]
        door.dead_letters.delete(letter)
        door.dead_letters.delete(letter)

    assert [letter.message_id for letter in door.letters()] == [kept]


class TestSqs:
    """What only SQS can show."""

    @pytest.fixture
    def client(self, aws: Any) -> Any:
        return aws.client("sqs")

    def test_held_letters_are_hidden_from_others(self, client: Any) -> None:
        """While one person acts on the letters, another sees none of them."""
        door = over_sqs(client)
        door.kill("body")

        with door.dead_letters.hold():
            assert door.letters() == ()
        assert len(door.letters()) == 1

    def test_shifted_clock_does_not_shift_what_is_carried(self, client: Any) -> None:
        """What a redrive carries is SQS's own time, whatever AXIA's clock is shifted by."""
        shifted = over_sqs(client, shift=-3 * 24 * HOUR)
        shifted.kill("body")
        (letter,) = shifted.letters()
        with shifted.dead_letters.hold() as (held,):
            shifted.dead_letters.redrive(held)

        (plain,) = SqsOrderQueue(client, ORDER_QUEUE).receive(1, 0, 0)

        assert plain.sent_at == letter.sent_at + 3 * 24 * HOUR

    def test_carried_age_survives(self, client: Any) -> None:
        """A letter that carries the day before keeps it over its redrive."""
        door = over_sqs(client)
        yesterday_ms = int((datetime.now(UTC) - 24 * HOUR).timestamp() * 1000)
        carried = {ORIGINAL_ID: "first-id", ORIGINAL_SENT: str(yesterday_ms)}
        client.send_message(
            QueueUrl=client.get_queue_url(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"],
            MessageBody="body",
            MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in carried.items()},
        )
        with door.dead_letters.hold() as (letter,):
            door.dead_letters.redrive(letter)

        (again,) = door.orders.receive(1, 0, 0)

        assert again.message_id == "first-id"
        assert int(again.sent_at.timestamp() * 1000) == yesterday_ms

    def test_send_that_fails_keeps_the_letter(self, client: Any) -> None:
        """Where the order queue cannot be reached, the letter stays."""

        class Unreachable(SqsOrderQueue):
            def redeliver(self, message: Message) -> None:
                raise StoreUnavailable("the order queue is away")

        door = over_sqs(client)
        door.kill("body")
        letters = SqsOrderQueue(client, DEAD_LETTER_QUEUE)
        broken = SqsDeadLetterQueue(letters, Unreachable(client, ORDER_QUEUE))

        with pytest.raises(StoreUnavailable), broken.hold() as (letter,):
            broken.redrive(letter)

        assert len(door.letters()) == 1
