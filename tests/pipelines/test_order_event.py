"""The event of a finished order, as an operator reads it on `orders`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Action, Kind, Order
from axia_pipelines.metadata import order_materialization

SENT = datetime(2026, 7, 3, 12, tzinfo=UTC)
BUY = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.3"))
CANCEL = Order(order_id="A2", symbol="USDJPY", action=Action.CANCEL, kind=Kind.MARKET, mt5_ticket=7)
PARTLY = Execution(ticket=7, price=Decimal("155.899"), lots=Decimal("0.1"), retcode=10010)


def record(order: Order, state: State, reason: str = "", execution: Execution | None = None) -> OrderRecord:
    return OrderRecord(
        order=order,
        state=state,
        version=3,
        sent_at=SENT,
        received_at=SENT + timedelta(milliseconds=20),
        updated_at=SENT + timedelta(milliseconds=50),
        reason=reason,
        execution=execution or Execution(),
    )


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        (record(BUY, State.PARTIALLY_FILLED, execution=PARTLY), "BUY USDJPY 0.1 lots: PARTIALLY_FILLED at 155.899"),
        (record(BUY, State.REFUSED, "the kill switch is on"), "BUY USDJPY 0.3 lots: REFUSED (the kill switch is on)"),
        (record(CANCEL, State.DONE), "CANCEL USDJPY: DONE"),
    ],
)
def test_event_says_what_happened(ended: OrderRecord, sentence: str) -> None:
    """One sentence: what was wanted, how much of it was done, how it ended, at which price or why not."""
    assert order_materialization(ended, "demo").description == sentence


def test_event_tells_waiting_from_working() -> None:
    """Time in the queue and time at the desk are apart, and add up to the latency."""
    metadata = order_materialization(record(BUY, State.EXPIRED), "demo").metadata

    assert [metadata[name].value for name in ("queue_ms", "handling_ms", "latency_ms")] == [20, 30, 50]


@pytest.mark.parametrize("account", ["demo", "live"])
def test_event_says_demo_or_live(account: str) -> None:
    """Nobody has to guess whether real money moved."""
    assert order_materialization(record(BUY, State.FILLED), account).metadata["account"].value == account
