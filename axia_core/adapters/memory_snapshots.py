"""The in-memory place of the trading side's snapshot; beside the real one, under the same contract."""

from __future__ import annotations

from axia_core.domain.snapshot import Snapshot
from axia_core.ports import Snapshots


class MemorySnapshots(Snapshots):
    """The newest snapshot in an attribute."""

    def __init__(self, newest: Snapshot | None = None) -> None:
        self.newest = newest

    def publish(self, snapshot: Snapshot) -> None:
        self.newest = snapshot

    def read(self) -> Snapshot | None:
        return self.newest
