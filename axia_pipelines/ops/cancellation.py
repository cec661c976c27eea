"""A cancel from the UI that waits for the order in hand.

Dagster delivers a cancel as an interrupt at any instruction. In the middle of an order that would make its outcome
UNKNOWN, so the desk works with the interrupt noted instead of raised, and ends between two orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.interrupts import capture_interrupts, check_captured_interrupt

Item = TypeVar("Item")


class Cancellation:
    """Whether the run was told to stop; call it between two orders."""

    def __init__(self) -> None:
        self._requested = False

    def __call__(self) -> bool:
        self._requested = self._requested or check_captured_interrupt()
        return self._requested

    def shield(self, items: Iterator[Item]) -> Iterator[Item]:
        """The same items; an interrupt that arrives while one is made is only noted. At the end a noted one is raised.

        Between two items Dagster is in charge again, and raises an interrupt by itself.
        """
        end = object()
        while True:
            with capture_interrupts():
                item = next(items, end)
                self()
            if item is end:
                break
            yield item  # type: ignore[misc]  # mypy does not narrow by the sentinel
        if self._requested:
            raise DagsterExecutionInterruptedError
