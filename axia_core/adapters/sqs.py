"""The order queue and its dead-letter queue in SQS: long polls, redelivery, the original identity of redriven messages.

SQS cannot look at a message without receiving it, so looking at the dead-letter queue receives and gives back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from axia_core.aws import client, error_code, translated
from axia_core.domain.messages import Message, QueueDepth
from axia_core.ports import DeadLetterQueue, OrderQueue
from axia_core.settings import Settings

# A redrive carries these, because SQS gives the re-sent message a new id and a new sent time.
ORIGINAL_ID = "original_message_id"
ORIGINAL_SENT = "original_sent_ms"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_POLL_S = 20
BATCH = 10  # the most that SQS receives or changes in one call
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,100}")
HELD_S = 120  # what a process that died could not give back returns after this long


class SqsOrderQueue(OrderQueue):
    """One SQS queue; *clock_shift* moves its sent times onto AXIA's clock."""

    def __init__(self, sqs: Any, name: str, clock_shift: timedelta = timedelta()) -> None:
        self._sqs = sqs
        self._name = name
        self._clock_shift = clock_shift
        self._url_found: str | None = None

    def send(self, body: str) -> str:
        return self._send(body)

    def redeliver(self, message: Message) -> None:
        """Sends a message again under its original id and sent time."""
        sent_ms = (message.sent_at - self._clock_shift - EPOCH) // timedelta(milliseconds=1)
        carried = {ORIGINAL_ID: message.message_id, ORIGINAL_SENT: str(sent_ms)}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in carried.items()}
        self._send(message.body, MessageAttributes=attributes)

    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        with translated(f"receiving from {self._name}"):
            answer = self._sqs.receive_message(
                QueueUrl=self._url(),
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=visibility_s,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount", "SenderId"],
                MessageAttributeNames=[ORIGINAL_ID, ORIGINAL_SENT],
            )
        return tuple(self._message(raw) for raw in answer.get("Messages", ()))

    def delete(self, message: Message) -> None:
        with translated(f"deleting from {self._name}"):
            try:
                self._sqs.delete_message(QueueUrl=self._url(), ReceiptHandle=message.receipt)
            except ClientError as error:
                # Deleted already, or received again meanwhile: then that delivery is acknowledged as a known order.
                if error_code(error) != "ReceiptHandleIsInvalid":
                    raise

    def delete_all(self, messages: Sequence[Message]) -> None:
        entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)]
        with translated(f"deleting from {self._name}"):
            for start in range(0, len(entries), BATCH):
                # What the answer lists as failed is still in the queue: it comes again, and is known then.
                self._sqs.delete_message_batch(QueueUrl=self._url(), Entries=entries[start : start + BATCH])

    def give_back(self, messages: Sequence[Message]) -> None:
        """Makes received messages visible to everybody at once; those that were deleted meanwhile are passed over."""
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
            for number, message in enumerate(messages)
        ]
        with translated(f"giving messages back to {self._name}"):
            for start in range(0, len(entries), BATCH):
                batch = entries[start : start + BATCH]
                self._sqs.change_message_visibility_batch(QueueUrl=self._url(), Entries=batch)

    def depth(self) -> QueueDepth:
        waiting, in_flight = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        with translated(f"measuring {self._name}"):
            answer = self._sqs.get_queue_attributes(QueueUrl=self._url(), AttributeNames=[waiting, in_flight])
        attributes = answer["Attributes"]
        return QueueDepth(waiting=int(attributes[waiting]), in_flight=int(attributes[in_flight]))

    def _send(self, body: str, **more: Any) -> str:
        with translated(f"sending to {self._name}"):
            return str(self._sqs.send_message(QueueUrl=self._url(), MessageBody=body, **more)["MessageId"])

    def _url(self) -> str:
        """The queue's URL, looked up at the first call: building an adapter opens nothing."""
        if self._url_found is None:
            self._url_found = str(self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"])
        return self._url_found

    def _message(self, raw: dict[str, Any]) -> Message:
        system = raw.get("Attributes", {})
        carried = {name: value.get("StringValue", "") for name, value in raw.get("MessageAttributes", {}).items()}
        return Message(
            message_id=_original_id(carried) or raw["MessageId"],
            body=raw["Body"],
            sent_at=EPOCH + timedelta(milliseconds=_sent_ms(system, carried)) + self._clock_shift,
            receive_count=int(system.get("ApproximateReceiveCount", 1)),
            sender=system.get("SenderId", ""),
            receipt=raw["ReceiptHandle"],
        )


class SqsDeadLetterQueue(DeadLetterQueue):
    """The dead-letter queue *letters*, and the queue *orders* to which a redrive sends."""

    def __init__(self, letters: SqsOrderQueue, orders: SqsOrderQueue) -> None:
        self._letters = letters
        self._orders = orders

    @contextmanager
    def hold(self) -> Iterator[tuple[Message, ...]]:
        held: list[Message] = []
        try:
            while batch := self._letters.receive(BATCH, 1, HELD_S):
                held.extend(batch)
            yield tuple(sorted(held, key=lambda letter: letter.sent_at))
        finally:
            self._letters.give_back(held)

    def redrive(self, letter: Message) -> None:
        self._orders.redeliver(letter)
        self._letters.delete(letter)

    def delete(self, letter: Message) -> None:
        self._letters.delete(letter)

    def depth(self) -> QueueDepth:
        return self._letters.depth()


def _original_id(carried: dict[str, str]) -> str | None:
    """The id that a redrive carries. Whoever may send can set it: what is no message id must not become a key.

    Only together with the sent time, as a redrive sends it: an old id must not come with a new time.
    """
    original = carried.get(ORIGINAL_ID, "")
    return original if _MESSAGE_ID.fullmatch(original) and _is_time(carried.get(ORIGINAL_SENT, "")) else None


def _sent_ms(system: dict[str, str], carried: dict[str, str]) -> int:
    """The earlier of the two sent times: a carried one can make a message older, never younger."""
    sent_ms, original = int(system["SentTimestamp"]), carried.get(ORIGINAL_SENT, "")
    return min(sent_ms, int(original)) if _is_time(original) else sent_ms


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit()


def connect(settings: Settings) -> SqsOrderQueue:
    """The order queue that the settings name; reads time out only after the longest poll."""
    sqs = client(settings, "sqs", read_timeout_s=LONGEST_POLL_S + 5.0)
    return SqsOrderQueue(sqs, settings.order_queue, settings.clock_shift)


def connect_dead_letters(settings: Settings) -> SqsDeadLetterQueue:
    """The dead-letter queue that the settings name, and the order queue that a redrive sends to."""
    sqs = client(settings, "sqs")
    letters = SqsOrderQueue(sqs, settings.dead_letter_queue, settings.clock_shift)
    return SqsDeadLetterQueue(letters, SqsOrderQueue(sqs, settings.order_queue, settings.clock_shift))
