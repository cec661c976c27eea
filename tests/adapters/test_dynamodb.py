"""What only the real table of the order ledger can show: emergency writes, damaged items, times to live."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.dynamodb import DynamoOrderLedger, connect
from axia_core.adapters.memory import MemoryEvents, MemoryOrderQueue
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import Move, State, moved
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import CorruptObject
from axia_core.services.accept import accept
from axia_core.settings import Settings
from tests.contracts.test_order_ledger import NOW, begin, empty, record, release


@pytest.fixture
def dynamodb(aws: Any) -> Any:
    client = aws.client("dynamodb")
    empty(client)
    return client


def test_emergency_put_item_means_halt(dynamodb: Any) -> None:
    """The runbook's put-item, which writes `active` alone, halts; the next change through us works."""
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    release(ledger)
    key = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}}
    dynamodb.put_item(TableName=TABLE, Item=key | {"active": {"BOOL": True}})

    switch = ledger.kill_switch()
    changed = ledger.set_kill_switch(KillSwitch(active=False, reason="over", who="ops"), switch.version, NOW)

    assert (switch.active, switch.mode, switch.version) == (True, Mode.HALT, 0)
    assert (changed.version, ledger.kill_switch().active) == (1, False)


def test_damaged_switch_means_halt(dynamodb: Any) -> None:
    """A switch whose `active` is not a boolean is read as HALT and stops the transaction too."""
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    key = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}}
    dynamodb.put_item(TableName=TABLE, Item=key | {"active": {"S": "false"}})
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None

    assert ledger.kill_switch().active
    assert ledger.begin_attempt(record(ledger), lease, NOW) is None


def test_damaged_item_does_not_hide_the_others(dynamodb: Any) -> None:
    """One item that cannot be read keeps neither a desk nor a person from the others; read by its id it is told."""
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    record(ledger, "A1")
    record(ledger, "A2")
    damage(dynamodb, "A1", state={"S": "SUSPENDED"})
    ledger.move(record(ledger, "A3"), State.EXPIRED, NOW)
    ledger.move(record(ledger, "A4"), State.EXPIRED, NOW)
    damage(dynamodb, "A4", order={"S": "{"})

    assert [found.order.order_id for found in ledger.open_orders()] == ["A2"]
    assert [found.order.order_id for found in ledger.unreported_orders()] == ["A3"]
    assert {found.order.order_id for found in ledger.recent_orders(10)} == {"A2", "A3"}
    with pytest.raises(CorruptObject):
        ledger.order("A1")


@pytest.mark.parametrize("body", ['{"\\ud800": 1}', '{"' + "x" * 60_000 + '": 1}'], ids=["surrogate", "long"])
def test_hostile_reasons_are_stored(dynamodb: Any, body: str) -> None:
    """The reason quotes the message; text that no store takes, and too much of it, are kept as far as they go."""
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    queue = MemoryOrderQueue(SteppedClock(NOW))
    queue.send(body)
    (received,) = queue.receive(1, 0, 10)
    rest = {"clock": SteppedClock(NOW), "events": MemoryEvents(), "symbols": DEFAULT_SYMBOLS}

    assert accept((received,), acknowledge=queue.delete_all, ledger=ledger, **rest) == []

    reason = ledger.unreadable_reason(received.message_id)
    assert reason is not None
    assert 0 < len(reason) <= 1_000


def test_final_items_live_thirty_days(dynamodb: Any) -> None:
    """A final order gets its time to live, an open one has none."""
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    found = record(ledger)
    key = {"pk": {"S": "ORDER#A1"}, "sk": {"S": "METADATA"}}
    before = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    ledger.move(found, State.EXPIRED, NOW)
    after = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]

    assert "ttl" not in before
    assert int((NOW + timedelta(days=30)).timestamp()) == int(after["ttl"]["N"])


@pytest.mark.parametrize("window_s", [0.0, 30.0])
def test_likeness_is_noted_where_repeats_are_looked_for(aws: Any, dynamodb: Any, window_s: float) -> None:
    """An attempt leaves its likeness only where a duplicate window is set: else nobody reads it."""
    ledger = connect(Settings(aws_endpoint_url=aws.endpoint_url, duplicate_window_s=window_s))
    found = record(ledger)
    begin(ledger, found)

    assert (ledger.alike(found.order) is not None) == (window_s > 0)


def damage(dynamodb: Any, order_id: str, **attributes: Any) -> None:
    """Overwrites attributes of an order's item."""
    key = {"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": "METADATA"}}
    item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    dynamodb.put_item(TableName=TABLE, Item=item | attributes)


def test_result_and_next_attempt_are_one_call(dynamodb: Any) -> None:
    """That is what writing them together is for."""
    ledger, calls = DynamoOrderLedger(dynamodb, TABLE), list[str]()
    begun = begin(ledger, record(ledger, "A1"))
    lease = ledger.lease_holder(NOW)
    assert lease is not None
    fill = Move(before=begun, after=moved(begun, State.FILLED, NOW), lease=lease)
    second = record(ledger, "A2")
    dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="count"
    )

    try:
        ledger.begin_attempt(second, lease, NOW, along=fill)
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb", unique_id="count")

    assert calls == ["TransactWriteItems"]
