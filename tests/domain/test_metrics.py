"""What an order and a state of things are worth as readings, and that nothing unknown becomes a number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from axia_core.domain.cached_series import CacheUse
from axia_core.domain.messages import Lease, Message
from axia_core.domain.metrics import (
    Metric,
    Reading,
    cache_readings,
    desk_readings,
    lateness_readings,
    order_readings,
    position_readings,
)
from axia_core.domain.order_states import OrderRecord, State, new_record
from axia_core.domain.orders import Action, Kind, Order
from tests.snapshot_examples import NOW, snapshot

SATURDAY = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
HELD = Lease(owner="desk", fence=1, expires_at=NOW)


def record(state: State) -> OrderRecord:
    order = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET)
    message = Message(message_id="m", body="", sent_at=NOW, sender="", receive_count=1, receipt="r")
    return replace(new_record(order, message, NOW), state=state, updated_at=NOW + timedelta(milliseconds=60))


def values(readings: tuple[Reading, ...]) -> dict[Metric, float]:
    return {one.metric: one.value for one in readings}


@pytest.mark.parametrize(
    ("state", "rate"),
    [
        (State.FILLED, 100.0),
        (State.PLACED, 100.0),
        (State.DONE, 100.0),
        (State.REJECTED, 0.0),
        (State.REFUSED, 0.0),
        (State.EXPIRED, 0.0),
    ],
)
@pytest.mark.parametrize("was", [State.RECEIVED, State.SUBMITTING, State.UNKNOWN])
def test_decided_order(state: State, rate: float, was: State) -> None:
    """One that has just come to something is a success or not, and took the time since it was sent."""
    found = values(order_readings(record(state), was))

    assert found == {Metric.ORDER_SUCCESS_RATE: rate, Metric.ORDER_LATENCY: pytest.approx(0.06)}


@pytest.mark.parametrize(
    ("state", "was"),
    [
        (State.RECEIVED, None),
        (State.UNKNOWN, State.SUBMITTING),
        (State.FILLED, State.PLACED),  # days later
        (State.PLACED, None),  # taken over from another desk, which counted it
        (State.FILLED, None),  # told once more
        (State.CANCELLED, State.RECEIVED),
    ],
)
def test_counted_once_and_when_decided(state: State, was: State | None) -> None:
    """What is undecided, was decided before, or was cancelled on request, is no reading."""
    assert order_readings(record(state), was) == ()


@pytest.mark.parametrize(
    ("lease", "now", "alive"), [(HELD, NOW, 1.0), (None, NOW, 0.0), (None, SATURDAY, 1.0), (HELD, SATURDAY, 1.0)]
)
def test_heartbeat_means_that_orders_would_be_executed(lease: Lease | None, now: datetime, alive: float) -> None:
    """An open market without a desk is no life; a closed one needs none."""
    assert values(desk_readings((), lease, now))[Metric.HEARTBEAT] == alive


def test_unknown_orders_are_counted() -> None:
    """Among the open ones, those of which nobody knows what became of them."""
    open_orders = (record(State.UNKNOWN), record(State.PLACED), record(State.UNKNOWN))

    assert values(desk_readings(open_orders, HELD, NOW))[Metric.UNKNOWN_ORDERS] == 2


def test_old_book_is_no_reading() -> None:
    """A snapshot of ten minutes ago says nothing of the positions of now."""
    assert values(position_readings(snapshot(), NOW)) == {Metric.ACTIVE_POSITIONS: 2}
    assert position_readings(snapshot(), NOW + timedelta(minutes=10)) == ()
    assert position_readings(None, NOW) == ()


def test_hit_rate_is_of_the_loads_in_between() -> None:
    """Not of all time, in which a bad hour would never show."""
    before = {CacheUse.HIT: 1_000, CacheUse.MISS: 1}

    assert values(cache_readings(before, {CacheUse.HIT: 1_003, CacheUse.MISS: 2})) == {Metric.CACHE_HIT_RATE: 75.0}


@pytest.mark.parametrize("before", [None, {CacheUse.HIT: 5}, {CacheUse.HIT: 6}, {CacheUse.MISS: 1}])
def test_no_hit_rate_without_loads(before: dict[CacheUse, int] | None) -> None:
    """Before the second count, without a load, or when the count began anew."""
    assert cache_readings(before, {CacheUse.HIT: 5}) == ()


def test_lateness_is_the_sources_health() -> None:
    """One late partition is a source that has not done its work."""
    assert values(lateness_readings(0)) == {Metric.PARTITIONS_LATE: 0, Metric.DATA_SOURCE_HEALTH: 1}
    assert values(lateness_readings(3)) == {Metric.PARTITIONS_LATE: 3, Metric.DATA_SOURCE_HEALTH: 0}
