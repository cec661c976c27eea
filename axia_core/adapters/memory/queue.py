"""The order queue in a list, with visibility and a dead-letter list, driven by a clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from axia_core.domain.messages import Message, QueueDepth
from axia_core.ports import Clock, DeadLetterQueue, OrderQueue


@dataclass(slots=True)
class _Queued:
    message: Message
    visible_at: datetime


class MemoryOrderQueue(OrderQueue):
    """A queue with visibility and a dead-letter list, driven by a clock."""

    def __init__(self, clock: Clock, max_receives: int = 3, sender: str = "memory") -> None:
        self._clock = clock
        self._max_receives = max_receives
        self._sender = sender
        self._numbers = itertools.count(1)
        self._queued: list[_Queued] = []
        self.dead_letters: list[Message] = []

    def send(self, body: str) -> str:
        now = self._clock.now()
        message_id = f"message-{next(self._numbers)}"
        message = Message(
            message_id=message_id, body=body, sent_at=now, receive_count=0, sender=self._sender, receipt=""
        )
        self._queued.append(_Queued(message, now))
        return message_id

    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        if not self._visible() and wait_s:
            self._clock.sleep(wait_s)
        return tuple(
            received
            for queued in self._visible()[:limit]
            if (received := self._hand_over(queued, visibility_s)) is not None
        )

    def delete(self, message: Message) -> None:
        self.delete_all((message,))

    def delete_all(self, messages: Sequence[Message]) -> None:
        gone = {message.message_id for message in messages}
        self._queued = [queued for queued in self._queued if queued.message.message_id not in gone]

    def depth(self) -> QueueDepth:
        waiting = len(self._visible())
        return QueueDepth(waiting=waiting, in_flight=len(self._queued) - waiting)

    def put_back(self, message: Message) -> None:
        """Queues a message again, under its own id and sent time."""
        self._queued.append(_Queued(replace(message, receive_count=0, receipt=""), self._clock.now()))

    def _visible(self) -> list[_Queued]:
        return [queued for queued in self._queued if queued.visible_at <= self._clock.now()]

    def _hand_over(self, queued: _Queued, visibility_s: int) -> Message | None:
        if queued.message.receive_count >= self._max_receives:
            self._queued.remove(queued)
            self.dead_letters.append(queued.message)
            return None
        count = queued.message.receive_count + 1
        queued.message = replace(queued.message, receive_count=count, receipt=f"{queued.message.message_id}/{count}")
        queued.visible_at = self._clock.now() + timedelta(seconds=visibility_s)
        return queued.message


class MemoryDeadLetterQueue(DeadLetterQueue):
    """The dead-letter list of an in-memory queue."""

    def __init__(self, queue: MemoryOrderQueue) -> None:
        self._queue = queue

    @contextmanager
    def hold(self) -> Iterator[tuple[Message, ...]]:
        yield tuple(sorted(self._queue.dead_letters, key=lambda letter: letter.sent_at))

    def redrive(self, letter: Message) -> None:
        self._queue.put_back(letter)
        self.delete(letter)

    def delete(self, letter: Message) -> None:
        kept = [other for other in self._queue.dead_letters if other.message_id != letter.message_id]
        self._queue.dead_letters[:] = kept

    def depth(self) -> QueueDepth:
        return QueueDepth(waiting=len(self._queue.dead_letters), in_flight=0)
