"""A ledger that was restored days back, and a netting account, over a paper terminal: what is searched and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.memory import MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.broker import Absent, Evidence
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import NotSent, Settled
from axia_core.ports import Broker, Clock
from axia_core.services.restored import restored
from axia_core.settings import Settings

THEN = datetime(2026, 6, 24, 12, 0, tzinfo=UTC)  # a Wednesday, and the next one a week later
NOW = THEN + timedelta(days=7)
SOON = timedelta(seconds=20)


@contextmanager
def terminal(folder: Path, at: datetime, **account: Any) -> Iterator[tuple[Broker, Clock]]:
    """The same broker, seen at another time."""
    shift = at - datetime.now(UTC)
    profile = {"clock": {"shift_s": shift.total_seconds()}, "account": account}
    create_terminal(folder, TerminalProfile.model_validate(profile))
    clock = SystemClock(shift)
    with beside.connect(Settings(mt5_path=folder), clock) as broker:
        yield broker, clock


def entry(order_id: str = "A1") -> Order:
    return Order(order_id=order_id, symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.1"))


def close(**changes: Any) -> Order:
    values: dict[str, Any] = {"order_id": "C1", "symbol": "USDJPY", "action": Action.CLOSE, "kind": Kind.MARKET}
    return Order(**(values | changes))


@pytest.fixture
def traded(tmp_path: Path) -> Path:
    """A broker that has executed order A1 a week ago, and closed its position since."""
    with terminal(tmp_path, THEN) as (broker, clock):
        bought = broker.submit(entry(), clock.now() + SOON)
        assert isinstance(bought, Settled)
        sold = broker.submit(close(mt5_ticket=bought.execution.ticket), clock.now() + SOON)
        assert isinstance(sold, Settled)
    return tmp_path


def test_search_of_one_day_does_not_find_it(traded: Path) -> None:
    """Why the restored moment counts: a week later nothing but the history of that week shows the order."""
    with terminal(traded, NOW) as (broker, clock):
        assert broker.find(entry(), clock.now()) == Absent()
        found = broker.find(entry(), THEN - timedelta(hours=1))

    assert isinstance(found, Evidence)
    assert found.state is State.FILLED


@pytest.mark.parametrize("is_restored", [True, False])
def test_order_that_comes_again_after_a_restore(traded: Path, is_restored: bool) -> None:
    """A client sends the order of a week ago with a new time: it is found, and not executed again.

    The counterpart shows that it is the restore's epoch which finds it.
    """
    with terminal(traded, NOW) as (broker, clock):
        ledger = MemoryOrderLedger(KillSwitch(active=False, version=1))
        if is_restored:
            restored(THEN - timedelta(hours=1), "ada", ledger=ledger, clock=clock)
            off = KillSwitch(active=False, reason="looked at", who="ada")
            ledger.set_kill_switch(off, ledger.kill_switch().version, clock.now())
        queue = MemoryOrderQueue(clock)
        body = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1, "order_id": "A1"}
        queue.send(json.dumps(body | {"created_at": clock.now().isoformat()}))
        rules = DeskRules.of(Settings(receive_wait_s=0, max_spread_points=1000))
        desk = Desk(queue, ledger, broker, MemoryEvents(), clock, rules, "desk")

        (record,) = list(desk.run(lambda: len(ledger.open_orders()) == 0 and ledger.order("A1") is not None))
        deals = [deal for deal in broker.deals(THEN - timedelta(days=1), clock.now() + SOON) if deal.opens]

    assert record.state is State.FILLED
    assert len(deals) == (1 if is_restored else 2)
    assert record.attempts == (0 if is_restored else 1)


def test_close_of_what_was_added_on_a_netting_account(tmp_path: Path) -> None:
    """The second order has no position of its own: refused before it is sent, with the ticket that there is."""
    with terminal(tmp_path, NOW, margin_mode="netting") as (broker, clock):
        first = broker.submit(entry("A1"), clock.now() + SOON)
        second = broker.submit(entry("A2"), clock.now() + SOON)
        assert isinstance(first, Settled)
        assert isinstance(second, Settled)

        outcome = broker.submit(close(mt5_ticket=second.execution.ticket), clock.now() + SOON)
        (position,) = broker.positions()

    assert isinstance(outcome, NotSent)
    assert not outcome.can_wait
    assert f"mt5_ticket {position.ticket} and the lot_size" in outcome.reason
    assert position.lots == Decimal("0.2")
