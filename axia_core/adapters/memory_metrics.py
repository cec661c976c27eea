"""Metrics that go nowhere, and those that are kept for a test; beside the real ones, under the same contract."""

from __future__ import annotations

from collections.abc import Sequence

from axia_core.domain.metrics import Reading
from axia_core.ports import Metrics


class NoMetrics(Metrics):
    """Where nobody watches."""

    def publish(self, readings: Sequence[Reading]) -> None:
        return


class MemoryMetrics(Metrics):
    """Keeps every reading in the order of publishing."""

    def __init__(self) -> None:
        self.published: list[Reading] = []

    def publish(self, readings: Sequence[Reading]) -> None:
        self.published.extend(readings)
