"""The console's world in memory: ledger, queue and snapshot on a stepped clock inside an open session."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from axia_console.tickets import Tickets
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger, MemoryOrderQueue
from axia_core.domain.kill_switch import KillSwitch
from axia_core.settings import Settings
from tests.snapshot_examples import NOW


@dataclass
class Desk:
    """What actions and verdicts are given."""

    clock: SteppedClock = field(default_factory=lambda: SteppedClock(NOW))
    ledger: MemoryOrderLedger = field(default_factory=lambda: MemoryOrderLedger(KillSwitch(active=False, version=1)))
    tickets: Tickets = field(default_factory=Tickets)
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self.queue = MemoryOrderQueue(self.clock)


@pytest.fixture
def desk() -> Desk:
    return Desk()
