"""Dead letters on the local AWS server: from a message that could not be accepted to what its redrive comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.memory import MemoryBroker, MemoryEvents
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.messages import Message
from axia_core.domain.names import DEAD_LETTER_QUEUE, ORDER_QUEUE, TABLE
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import StoreUnavailable
from axia_core.ports import OrderQueue
from axia_core.services.accept import accept
from axia_core.settings import Settings
from tests.conftest import LocalAws

WEDNESDAY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SEVEN_FIELDS = {
    "symbol": "USDJPY",
    "order_action": "BUY",
    "order_type": "MARKET",
    "lot_size": 0.1,
    "tp_price": 151.0,
    "sl_price": 149.0,
    "comment": "Streamlit_Manual_Order",
}


class KeepsWhatIsAcknowledged(SqsOrderQueue):
    """SQS on a day on which no acknowledgement arrives."""

    def delete_all(self, messages: Sequence[Message]) -> None:
        raise StoreUnavailable("the acknowledgement did not arrive")


@dataclass
class World:
    """Queue and ledger on the local AWS server, a broker in memory, the clock in an open session."""

    sqs: Any
    ledger: DynamoOrderLedger
    clock: SystemClock
    queue: OrderQueue
    broker: MemoryBroker

    def send(self, **changes: Any) -> str:
        return self.queue.send(json.dumps(SEVEN_FIELDS | changes))

    def work(self, queue: OrderQueue) -> list[OrderRecord]:
        """Receives once, accepts, and executes what was accepted or had been accepted before."""
        self._accept(queue.receive(10, 0, 0), queue)
        records = self.ledger.open_orders()
        return [self._execute(record) for record in records]

    def _accept(self, messages: Sequence[Message], queue: OrderQueue) -> None:
        with suppress(StoreUnavailable):  # a desk tries again with the next delivery
            accept(
                messages,
                acknowledge=queue.delete_all,
                ledger=self.ledger,
                clock=self.clock,
                events=MemoryEvents(),
                symbols=DEFAULT_SYMBOLS,
            )

    def _execute(self, record: OrderRecord) -> OrderRecord:
        rules = DeskRules.of(Settings())
        desk = Desk(self.queue, self.ledger, self.broker, MemoryEvents(), self.clock, rules, owner="test")
        return desk.execute_one(record.order.order_id)

    def lose(self) -> None:
        """Receives what waits until it lies in the dead-letter queue, while nothing can be accepted."""
        for _ in range(4):
            self.queue.receive(10, 0, 0)


@pytest.fixture
def world(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty world; the `axia` command of the test works on the same one."""
    sqs, dynamodb = aws.client("sqs"), aws.client("dynamodb")
    for name in (ORDER_QUEUE, DEAD_LETTER_QUEUE):
        sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    shift = WEDNESDAY - datetime.now(UTC)
    clock = SystemClock(shift)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    monkeypatch.setenv("AXIA_CLOCK_SHIFT_S", str(shift.total_seconds()))
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    ledger.initialise_kill_switch(active=False, who="test", now=clock.now())
    return World(sqs, ledger, clock, SqsOrderQueue(sqs, ORDER_QUEUE, shift), MemoryBroker(clock))


def axia(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["dlq", *arguments], input=answer)


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(axia("list", "--json").stdout)
    return found


def test_executed_order_whose_acknowledgement_failed_three_times(world: World) -> None:
    """It lies in the dead-letter queue although it was executed, and its redrive does nothing a second time."""
    message_id = world.send()
    deaf = KeepsWhatIsAcknowledged(world.sqs, ORDER_QUEUE, WEDNESDAY - datetime.now(UTC))
    states = [[record.state for record in world.work(deaf)] for _ in range(4)]

    (letter,) = listed()
    redriven = axia("redrive", message_id, "--yes", "--json")
    after = world.work(world.queue)

    assert states == [[State.FILLED], [], [], []]
    assert (letter["message_id"], letter["redrive"]["prospect"]) == (message_id, "KNOWN")
    assert json.loads(redriven.stdout) == {"redriven": [message_id]}
    assert (after, len(world.broker.submitted)) == ([], 1)
    assert (listed(), world.queue.depth().waiting + world.queue.depth().in_flight) == ([], 0)


def test_malformed_message_comes_back_with_its_reason(world: World) -> None:
    """A malformed message is listed with the recorded reason, and lies there again after its redrive."""
    message_id = world.send(lot_size=-1)
    for _ in range(4):
        world.work(world.queue)

    (letter,) = listed()
    axia("redrive", message_id, "--yes")
    for _ in range(4):
        world.work(world.queue)

    assert "lot_size" in letter["reason"]
    assert (letter["order"], letter["redrive"]["prospect"]) == (None, "RETURNS")
    assert [again["message_id"] for again in listed()] == [message_id]
    assert world.broker.submitted == []


def test_market_order_of_yesterday_ends_expired(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A market order in the original format that is redriven a day later ends EXPIRED, never sent."""
    message_id = world.send()
    world.lose()
    # SQS cannot be told an old sent time: instead AXIA's clock, and what it makes of sent times, goes on by a day.
    later = WEDNESDAY + timedelta(days=1) - datetime.now(UTC)
    world.clock = SystemClock(later)
    monkeypatch.setenv("AXIA_CLOCK_SHIFT_S", str(later.total_seconds()))
    yesterday = SqsOrderQueue(world.sqs, ORDER_QUEUE, later - timedelta(days=1))

    axia("redrive", message_id, "--yes")
    (record,) = world.work(yesterday)

    assert (record.state, record.order.order_id) == (State.EXPIRED, message_id)
    assert world.broker.submitted == []


def test_person_is_asked_and_may_say_no(world: World) -> None:
    """Without --yes the person sees what it would come to and is asked; at no, nothing moves."""
    message_id = world.send()
    world.lose()

    refused = axia("redrive", message_id, answer="n\n")

    assert refused.exit_code == 1
    assert "EXECUTES" in refused.stderr.replace("\n", "")
    assert [letter["message_id"] for letter in listed()] == [message_id]


def test_json_without_yes_is_refused(world: World) -> None:
    """A script that cannot be asked must say --yes."""
    refused = axia("purge", "--all", "--json")

    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["type"] == "InvalidInput"


def test_show_prints_the_body(world: World) -> None:
    """One message is shown with its body and what it asks for."""
    message_id = world.send()
    world.lose()

    document = json.loads(axia("show", message_id, "--json").stdout)

    assert json.loads(document["body"]) == SEVEN_FIELDS
    assert document["order"]["lot_size"] == "0.1"
    assert document["age_s"] >= 0


def test_purge_empties_it(world: World) -> None:
    """`purge --all` removes every message for good."""
    sent = {world.send(), world.send(symbol="NOPE")}
    world.lose()

    purged = axia("purge", "--all", "--yes", "--json")

    assert set(json.loads(purged.stdout)["removed"]) == sent
    assert listed() == []
