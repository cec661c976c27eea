"""A bounded queue with a thread of its own that sends what is in it: whoever puts something in never waits.

Where sending fails it is tried again, ever more slowly; what no longer fits meanwhile is dropped, oldest first, and
counted. It knows nothing of AWS.
"""

from __future__ import annotations

# boto3 needs it, and while a process ends it can no longer be loaded: lines of one that is short would be lost.
import concurrent.futures.thread  # noqa: F401
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from axia_core.errors import TransientError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When an outbox sends, and how much it holds."""

    every_s: float  # between two calls, in which items gather
    full_at: int  # so many items do not wait for the next
    most_items: int
    most_bytes: int
    first_pause_s: float = 1.0  # after a failure; doubled with each that follows
    longest_pause_s: float = 60.0


@dataclass
class Outbox(Generic[Item]):
    """Hands items to *send*, oldest first, on a daemon thread that begins with the first item.

    *send* gets what waits and how many were dropped since it last succeeded, and returns how many items it has taken.
    It raises TransientError where the same may be tried again; after any other error everything it got is dropped.
    """

    name: str
    pace: Pace
    send: Callable[[list[Item], int], int]
    size_of: Callable[[Item], int] = lambda _: 1
    _items: deque[Item] = field(default_factory=deque)
    _bytes: int = 0
    _dropped: int = 0
    _overtaken: int = 0  # dropped since the present call of `send` began
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _closing: bool = False
    _sent_at: float = float("-inf")

    @property
    def dropped(self) -> int:
        """How many were dropped and not yet told of."""
        return self._dropped

    def put(self, item: Item) -> None:
        """Returns at once, whatever the other side does."""
        with self._changed:
            if self._closing:
                return
            self._items.append(item)
            self._bytes += self.size_of(item)
            while len(self._items) > self.pace.most_items or self._bytes > self.pace.most_bytes:
                self._forget_oldest()
                self._dropped += 1
                self._overtaken += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
                self._thread.start()
            elif len(self._items) in (1, self.pace.full_at):
                self._changed.notify()

    def close(self, within_s: float) -> None:
        """Sends what waits, once, and returns within this time whether that worked or not."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(within_s)

    def _work(self) -> None:
        pause_s = 0.0
        while self._await(pause_s):
            longer_s = max(self.pace.first_pause_s, 2 * pause_s)
            pause_s = 0.0 if self._send_once() else min(longer_s, self.pace.longest_pause_s)
        self._send_once()

    def _await(self, pause_s: float) -> bool:
        """Returns when it is time to send; False when the outbox is being closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or bool(self._items))
            due = time.monotonic() + pause_s if pause_s else self._sent_at + self.pace.every_s
            self._changed.wait_for(lambda: self._closing or (self._is_full and not pause_s), due - time.monotonic())
            return not self._closing

    @property
    def _is_full(self) -> bool:
        return len(self._items) >= self.pace.full_at

    def _send_once(self) -> bool:
        """One call of *send*; False where it failed."""
        with self._changed:
            waiting, dropped, self._overtaken = list(self._items), self._dropped, 0
        if not waiting:
            return True
        try:
            taken = self.send(waiting, dropped)
        except TransientError:
            return False
        except Exception:  # noqa: BLE001 - refused for good: counted, and the thread lives on for what comes next
            with self._changed:
                self._dropped += len(waiting) - self._remove(len(waiting))
            return False
        with self._changed:
            self._dropped -= dropped + self._remove(taken)
            self._sent_at = time.monotonic()
        return True

    def _remove(self, count: int) -> int:
        """Takes the oldest that were sent out of the queue; how many of them had been dropped from it meanwhile."""
        gone = min(self._overtaken, count)
        for _ in range(count - gone):
            self._forget_oldest()
        return gone

    def _forget_oldest(self) -> None:
        self._bytes -= self.size_of(self._items.popleft())
