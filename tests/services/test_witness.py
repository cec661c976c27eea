"""Brokers of drills: production's is asked and never told, and a rehearsal sends to its own alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker
from axia_core.domain.broker import Absent, CannotTell
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import NotSent, Settled
from axia_core.services.witness import Rehearsal, Witness
from tests.services.conftest import WEDNESDAY

SOON = WEDNESDAY + timedelta(minutes=1)


def order(order_id: str, action: Action = Action.BUY) -> Order:
    return Order(order_id=order_id, symbol="USDJPY", action=action, kind=Kind.MARKET, lots=Decimal("0.1"))


@pytest.fixture
def production() -> MemoryBroker:
    return MemoryBroker(SteppedClock(WEDNESDAY), otherwise=CannotTell("no connection"))


@pytest.mark.parametrize("action", list(Action))
def test_witness_sends_nothing(production: MemoryBroker, action: Action) -> None:
    """Whatever is asked of it, an exit included."""
    outcome = Witness(production).submit(order("A1", action), SOON)

    assert isinstance(outcome, NotSent)
    assert production.submitted == []


def test_witness_answers_as_the_broker_does(production: MemoryBroker) -> None:
    """Facts and findings are the broker's own."""
    witness = Witness(production)

    assert witness.account() == production.account()
    assert witness.quote("USDJPY") == production.quote("USDJPY")
    assert (witness.positions(), witness.pending(), witness.deals_of(1)) == ((), (), ())
    assert isinstance(witness.find(order("A1"), WEDNESDAY), CannotTell)


def test_rehearsal_sends_its_own_orders_to_its_own_broker(production: MemoryBroker) -> None:
    """Production's orders are found where they were sent and are never sent again; nothing reaches production."""
    scratch = MemoryBroker(SteppedClock(WEDNESDAY))
    rehearsal = Rehearsal(production, scratch, ours="drill-")

    sent, refused = rehearsal.submit(order("drill-1"), SOON), rehearsal.submit(order("A1"), SOON)

    assert isinstance(sent, Settled)
    assert isinstance(refused, NotSent)
    assert isinstance(rehearsal.find(order("A1"), WEDNESDAY), CannotTell)
    assert isinstance(rehearsal.find(order("drill-1"), WEDNESDAY), Absent)
    assert ([one.order_id for one in scratch.submitted], production.submitted) == (["drill-1"], [])
