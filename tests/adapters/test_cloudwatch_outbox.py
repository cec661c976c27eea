"""The outbox: nobody waits for it, what it cannot hold is counted, what fails is tried again, and it ends in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from axia_core.adapters.cloudwatch.outbox import Outbox, Pace
from axia_core.errors import InvalidInput, StoreUnavailable

WITHIN_S = 60.0
QUICK = Pace(every_s=0.0, full_at=100, most_items=100, most_bytes=10_000, first_pause_s=0.01, longest_pause_s=0.05)


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Far:
    """The other side: takes, fails or hangs, as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], int]] = []
        self.faults: list[Exception] = []
        self.most = 1_000
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()

    def send(self, items: list[str], dropped: int) -> int:
        self.reached.set()
        self.open.wait(WITHIN_S)
        self.calls.append((items[: self.most], dropped))
        if self.faults:
            raise self.faults.pop(0)
        return min(len(items), self.most)


@pytest.fixture
def far() -> Iterator[Far]:
    made = Far()
    yield made
    made.open.set()


def outbox(far: Far, pace: Pace = QUICK) -> Outbox[str]:
    return Outbox("test", pace, far.send, len)


def test_nobody_waits_for_one_that_hangs(far: Far) -> None:
    """While a call hangs everything is put that comes, and what does not fit is dropped, oldest first."""
    far.open.clear()
    box = outbox(far)
    box.put("first")
    far.reached.wait(WITHIN_S)

    for number in range(300):
        box.put(str(number))  # would never come back, were it to wait

    assert far.calls == []
    far.open.set()
    until(lambda: len(far.calls) == 2)
    assert far.calls[1] == ([str(number) for number in range(200, 300)], 200)
    until(lambda: box.dropped == 0)


def test_bytes_are_bounded(far: Far) -> None:
    """Long items fill it as many short ones do."""
    far.open.clear()
    box = outbox(far)
    box.put("first")
    far.reached.wait(WITHIN_S)

    for _ in range(20):
        box.put("x" * 1_000)

    assert box.dropped == 11


def test_what_failed_is_tried_again(far: Far) -> None:
    """The same items, with those that came meanwhile, until they are taken."""
    far.faults = [StoreUnavailable("throttled"), StoreUnavailable("down")]
    box = outbox(far)

    box.put("a")

    until(lambda: len(far.calls) == 3)
    assert all(items[0] == "a" for items, _ in far.calls)
    assert box.dropped == 0


def test_pauses_grow(far: Far) -> None:
    """One that stays down is asked ever less often."""
    far.faults = [StoreUnavailable("down")] * 100
    pace = Pace(every_s=0, full_at=1, most_items=9, most_bytes=99, first_pause_s=0.05, longest_pause_s=60)
    box = outbox(far, pace)
    started = time.monotonic()

    for _ in range(9):
        box.put("a")
        time.sleep(0.05)

    taken_s = time.monotonic() - started
    assert len(far.calls) <= 2 + taken_s / 0.05 / 2


def test_what_is_refused_for_good_is_dropped(far: Far) -> None:
    """It would be refused again and keep everything behind it from being sent."""
    far.faults = [InvalidInput("writing", "AccessDenied", "no")]
    box = outbox(far)
    box.put("a")
    until(lambda: box.dropped == 1)

    box.put("b")

    until(lambda: len(far.calls) == 2)
    assert far.calls[1] == (["b"], 1)


def test_a_fault_of_ours_does_not_end_it(far: Far) -> None:
    """The thread lives on for what comes next."""
    far.faults = [ZeroDivisionError()]
    box = outbox(far)
    box.put("a")
    until(lambda: box.dropped == 1)

    box.put("b")

    until(lambda: len(far.calls) == 2)


def test_items_gather_between_calls(far: Far) -> None:
    """The first goes at once, the next ones together."""
    box = outbox(far, Pace(every_s=60, full_at=5, most_items=100, most_bytes=1_000))
    box.put("first")
    until(lambda: len(far.calls) == 1)

    for number in range(5):
        assert len(far.calls) == 1
        box.put(str(number))

    until(lambda: len(far.calls) == 2)
    assert far.calls[1][0] == ["0", "1", "2", "3", "4"]


def test_more_than_one_call_takes_is_sent_in_several(far: Far) -> None:
    """In order, none twice."""
    far.most = 3
    box = outbox(far)

    for number in range(10):
        box.put(str(number))

    until(lambda: sum(len(items) for items, _ in far.calls) == 10)
    assert [item for items, _ in far.calls for item in items] == [str(number) for number in range(10)]


def test_close_sends_what_waits(far: Far) -> None:
    """Although it is not yet time."""
    box = outbox(far, Pace(every_s=60, full_at=5, most_items=100, most_bytes=1_000))
    box.put("first")
    until(lambda: len(far.calls) == 1)
    box.put("last")

    box.close(WITHIN_S)

    assert far.calls[1][0] == ["last"]


def test_close_does_not_wait_for_one_that_hangs(far: Far) -> None:
    """The process ends, whatever the other side does."""
    far.open.clear()
    box = outbox(far)
    box.put("a")
    far.reached.wait(WITHIN_S)

    box.close(0.05)

    assert far.calls == []


def test_close_of_one_that_was_never_used() -> None:
    """No thread was begun, and none is waited for."""
    box = outbox(Far())

    box.close(WITHIN_S)

    assert threading.active_count() >= 1
