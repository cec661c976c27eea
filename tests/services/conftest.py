"""One desk's world in memory: a stepped clock inside an open session, queue, ledger, broker, events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.messages import Lease, Message
from axia_core.domain.order_states import OrderRecord
from axia_core.services.accept import accept
from axia_core.services.execute import Room
from axia_core.settings import Settings

WEDNESDAY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

SEVEN_FIELDS: dict[str, Any] = {
    "symbol": "USDJPY",
    "order_action": "BUY",
    "order_type": "MARKET",
    "lot_size": 0.1,
    "tp_price": 151.0,
    "sl_price": 149.0,
    "comment": "Streamlit_Manual_Order",
}


@dataclass
class World:
    clock: SteppedClock
    queue: MemoryOrderQueue
    ledger: MemoryOrderLedger
    broker: MemoryBroker
    events: MemoryEvents
    rules: DeskRules

    def send(self, **changes: Any) -> str:
        return self.queue.send(json.dumps({**SEVEN_FIELDS, **changes}))

    def accept_all(self) -> list[OrderRecord]:
        messages = self.queue.receive(10, 0, 10)
        return self.accept(*messages)

    def accept(self, *messages: Message) -> list[OrderRecord]:
        return accept(
            messages,
            acknowledge=self.queue.delete_all,
            ledger=self.ledger,
            clock=self.clock,
            events=self.events,
            symbols=self.rules.symbols,
        )

    def received(self, **changes: Any) -> OrderRecord:
        self.send(**changes)
        return self.accept_all()[0]

    def room(self, **changes: Any) -> Room:
        lease = self.ledger.lease_holder(self.clock.now()) or self.lease()
        values = {
            "lease": lease,
            "epoch": self.ledger.epoch(),
            "limits": self.rules.limits,
            "send_margin": self.rules.send_margin,
            "absence": self.rules.absence,
            "equity_peak": self.broker.equity,
            **changes,
        }
        return Room(**values)

    def lease(self) -> Lease:
        lease = self.ledger.acquire_lease("test", 10, self.clock.now())
        assert lease is not None
        return lease

    def desk(self, owner: str = "desk") -> Desk:
        return Desk(
            queue=self.queue,
            ledger=self.ledger,
            broker=self.broker,
            events=self.events,
            clock=self.clock,
            rules=self.rules,
            owner=owner,
        )


def make_world() -> World:
    """A world of its own; for tests that need more than one."""
    clock = SteppedClock(WEDNESDAY)
    off = KillSwitch(active=False, version=1)
    # Most tests send the same order again and again; what a duplicate is has tests of its own.
    rules = DeskRules.of(Settings(max_lots_per_order=Decimal(1), duplicate_window_s=0.0))
    return World(clock, MemoryOrderQueue(clock), MemoryOrderLedger(off), MemoryBroker(clock), MemoryEvents(), rules)


@pytest.fixture
def world() -> World:
    return make_world()
