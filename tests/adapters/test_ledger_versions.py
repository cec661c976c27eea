"""Old and new versions on one table: items of the version before are read, and those of a newer one are left alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.dynamodb import DynamoOrderLedger, items
from axia_core.adapters.memory import MemoryBroker, MemoryEvents, MemoryOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import parse_order
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import NewerItem
from axia_core.ports import Recorded
from axia_core.services.accept import accept
from axia_core.settings import Settings
from tests.contracts.test_order_ledger import NOW, empty, message, record, release

# Every kind of item, as the version of 2026-07 wrote it, in DynamoDB's own form.
WRITTEN = [json.loads(line) for line in (Path(__file__).parent / "ledger_items_schema1.jsonl").read_text().splitlines()]
THIRTY_DAYS = timedelta(days=30)
CLOCK = SteppedClock(NOW)
REST: dict[str, Any] = {"clock": CLOCK, "events": MemoryEvents(), "symbols": DEFAULT_SYMBOLS}


@pytest.fixture
def dynamodb(aws: Any) -> Any:
    """An empty table."""
    client = aws.client("dynamodb")
    empty(client)
    return client


@pytest.fixture
def old(dynamodb: Any) -> DynamoOrderLedger:
    """Today's ledger over a table that the version before has written."""
    for item in WRITTEN:
        dynamodb.put_item(TableName=TABLE, Item=item)
    return DynamoOrderLedger(dynamodb, TABLE)


class TestItemsOfTheVersionBefore:
    """What is in the table when a new version starts."""

    def test_orders_are_listed_and_read(self, old: DynamoOrderLedger) -> None:
        """Open orders, what is not shown yet, tickets, prices and targets are all there."""
        by_id = {one.order.order_id: one for one in old.open_orders()}
        (filled,) = old.unreported_orders()

        assert {order_id: one.state for order_id, one in by_id.items()} == {
            "placed": State.PLACED,
            "unknown": State.UNKNOWN,
            "cancel": State.RECEIVED,
        }
        assert by_id["placed"].execution == Execution(
            ticket=41, price=Decimal("149.5"), lots=Decimal("0.1"), retcode=10008
        )
        assert by_id["cancel"].order.target_order_id == "placed"
        assert filled.execution.deal == 2
        assert old.passed_over() == ()

    def test_the_rest_is_read_too(self, old: DynamoOrderLedger) -> None:
        """Timeline, magic number, switch, audit, epoch, equity and the reasons of refused messages."""
        placed = old.order("placed")
        assert placed is not None

        assert [event.text for event in old.events("placed")] == ["", "closed"]
        assert old.order_id_of(placed.order.magic) == "placed"
        assert old.alike(placed.order) == placed
        assert (old.kill_switch().active, old.kill_switch().version) == (False, 4)
        assert {line.what for line in old.audit()} == {"CANCEL 41", "kill switch OFF (version 4)"}
        assert (epoch := old.epoch()) is not None
        assert epoch.boot_id == "boot-1"
        assert old.day_equity(NOW.date(), 1) == Decimal("10000.5")
        assert old.unreadable_reason("m-9") == "surprise: 1 was refused"

    def test_a_repeat_is_known_and_a_tombstone_found(self, old: DynamoOrderLedger) -> None:
        """The content hashes of the version before are today's, so a redelivery across the upgrade orders nothing."""
        again = message("filled", lot_size=0.2)
        records = accept((again,), acknowledge=MemoryOrderQueue(CLOCK).delete_all, ledger=old, **REST)

        assert records == []
        assert record(old, "overtaken").state is State.CANCELLED

    def test_an_order_goes_on_where_it_stood(self, old: DynamoOrderLedger) -> None:
        """A move of an old item works, and so does taking the lease over."""
        unknown = old.order("unknown")
        assert unknown is not None
        lease = old.acquire_lease("run-2", 10, NOW)
        assert lease is not None

        moved = old.move(unknown, State.REJECTED, NOW, reason="no trace", lease=lease)

        assert (moved.version, lease.fence) == (4, 8)


class TestRollingBack:
    """What this version writes, the version before can read: nothing is there but what it wrote itself, and more."""

    def test_old_attributes_stay_what_they_were(self, dynamodb: Any) -> None:
        """Each item of the version before, written by this one, holds the same attributes with the same values."""
        for item in written_now(DynamoOrderLedger(dynamodb, TABLE)):
            dynamodb.put_item(TableName=TABLE, Item=items.wire(item))

        for before in WRITTEN:
            key = {"pk": before["pk"], "sk": before["sk"]}
            now_there = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
            assert {name: now_there.get(name) for name in before} == before

    def test_every_item_says_its_schema(self, dynamodb: Any) -> None:
        """Whatever a call of the ledger writes carries the schema, by which other versions know it."""
        ledger = DynamoOrderLedger(dynamodb, TABLE)
        written_now(ledger)

        found = dynamodb.scan(TableName=TABLE)["Items"]

        assert {item["sk"]["S"] for item in found if "schema" not in item} == set()
        assert len(found) >= 8


def written_now(ledger: DynamoOrderLedger) -> list[items.Item]:
    """The same content as in WRITTEN, by this version's hand: what has calls of its own is in the table already."""
    plain = [items.plain(item) for item in WRITTEN]
    orders = [items.order_record(item) for item in plain if item["pk"].startswith("ORDER#") and "order" in item]
    placed = next(one for one in orders if one.order.order_id == "placed")
    release(ledger)
    switch = ledger.set_kill_switch(KillSwitch(active=False, reason="over", who="ops"), 1, NOW)
    lease = ledger.acquire_lease("run-1", 0, NOW)
    assert lease is not None
    ledger.leave_tombstone("overtaken", "cancel", NOW)
    ledger.begin_epoch("boot-1", NOW - timedelta(days=1))
    ledger.note_day_equity(NOW.date(), 1, Decimal("10000.5"))
    refused = replace(message(), message_id="m-9", body="{}", sender="AIDA")
    ledger.record_unreadable(refused, "surprise: 1 was refused", NOW)
    ledger.note_audit(AuditLine(at=NOW, who="ops", what="CANCEL 41", outcome="DONE"))
    at_four = items.kill_switch_item(replace(switch, version=4), NOW)
    return [
        *(items.order_item(one, THIRTY_DAYS) for one in orders),
        items.event_item(placed),
        items.note_item(placed, "closed", NOW),
        items.magic_item(placed),
        items.alike_item(placed),
        items.lease_item(replace(lease, fence=7)),
        at_four,
        at_four | {"sk": f"EVENT#KILL_SWITCH#{items.stamp(NOW)}"},
    ]


def work(ledger: DynamoOrderLedger, seconds: float) -> tuple[MemoryEvents, MemoryBroker]:
    """A desk over the ledger for a while; what it told, and what it sent."""
    clock, events = SteppedClock(NOW), MemoryEvents()
    broker = MemoryBroker(clock)
    desk = Desk(MemoryOrderQueue(clock), ledger, broker, events, clock, DeskRules.of(Settings()), owner="desk")
    ends = NOW + timedelta(seconds=seconds)
    for _ in desk.run(lambda: clock.now() >= ends):
        pass
    return events, broker


@dataclass
class _Newer:
    ledger: DynamoOrderLedger
    dynamodb: Any

    def write(self, pk: str, sk: str, **attributes: Any) -> None:
        key = items.key(pk, sk)
        item = self.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        self.dynamodb.put_item(TableName=TABLE, Item=item | attributes)

    def order_of_schema(self, order_id: str, schema: Any) -> None:
        record(self.ledger, order_id)
        self.write(f"ORDER#{order_id}", "METADATA", schema=schema)


@pytest.fixture
def newer(dynamodb: Any) -> _Newer:
    return _Newer(DynamoOrderLedger(dynamodb, TABLE), dynamodb)


class TestItemsOfANewerVersion:
    """What a version finds that was rolled back to: it does not guess, says so, and goes on with the rest."""

    @pytest.mark.parametrize("schema", [{"N": str(items.SCHEMA + 1)}, {"S": "two"}, {"N": "99"}])
    def test_order_is_left_alone(self, newer: _Newer, schema: Any) -> None:
        """It is not listed, is named as passed over, and asking for it raises NewerItem."""
        newer.order_of_schema("newer", schema)
        record(newer.ledger, "ours")

        assert [one.order.order_id for one in newer.ledger.open_orders()] == ["ours"]
        assert "ORDER#newer" in newer.ledger.passed_over()[0]
        with pytest.raises(NewerItem):
            newer.ledger.order("newer")

    def test_desk_says_so_once_and_goes_on(self, newer: _Newer) -> None:
        """A critical event names the item; the other orders are executed, and the item stays as it was."""
        release(newer.ledger)
        newer.order_of_schema("newer", {"N": "2"})
        record(newer.ledger, "ours")
        before = newer.dynamodb.get_item(TableName=TABLE, Key=items.key("ORDER#newer", "METADATA"))["Item"]

        events, broker = work(newer.ledger, seconds=30)

        told = [text for kind, severity, text in events.published if (kind, severity) == ("ledger_item", "critical")]
        after = newer.dynamodb.get_item(TableName=TABLE, Key=items.key("ORDER#newer", "METADATA"))["Item"]
        assert len(told) == 1
        assert "ORDER#newer has schema 2" in told[0]
        assert [order.order_id for order in broker.submitted] == ["ours"]
        assert after == before

    def test_exit_of_it_is_refused_and_not_guessed(self, newer: _Newer) -> None:
        """A CLOSE whose target cannot be read ends REFUSED with the reason, and nothing is sent."""
        release(newer.ledger)
        newer.order_of_schema("newer", {"N": "2"})
        record(newer.ledger, "exit", order_action="CLOSE", target_order_id="newer", lot_size=None)

        _, broker = work(newer.ledger, seconds=10)

        found = newer.ledger.order("exit")
        assert found is not None
        assert (found.state, "NewerItem" in found.reason) == (State.REFUSED, True)
        assert broker.submitted == []

    def test_switch_is_halt(self, newer: _Newer) -> None:
        """A switch that may forbid more than this version knows stops everything, in the transaction too."""
        release(newer.ledger)
        newer.write("GLOBALCONFIG", "SETTING#KILL_SWITCH", schema={"N": "2"})
        lease = newer.ledger.acquire_lease("desk", 10, NOW)
        assert lease is not None

        assert newer.ledger.kill_switch() == UNREADABLE
        assert newer.ledger.begin_attempt(record(newer.ledger), lease, NOW) is None

    def test_a_repeat_of_it_is_not_acknowledged_as_new(self, newer: _Newer) -> None:
        """A redelivery of an order that cannot be read is recorded by nobody a second time."""
        newer.order_of_schema("newer", {"N": "2"})
        again = message("newer")
        queue = MemoryOrderQueue(CLOCK)

        assert accept((again,), acknowledge=queue.delete_all, ledger=newer.ledger, **REST) == []
        assert newer.ledger.record(parse_order(again.body, "m", DEFAULT_SYMBOLS), again, NOW) is Recorded.KNOWN
