"""The baseline: a plain boto3 worker with the desk's durable steps, over the same gateway and terminal. No Dagster.

Long poll, conditional claim, acknowledge, a transaction that checks the kill switch, submit, result. It has no limits,
lease, events or reconciliation: it is what a few lines of Python cost, and not a way to trade.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.aws import client
from axia_core.domain.orders import STRATEGY, Order, magic_of, parse_order
from axia_core.settings import Settings

LONGEST_POLL_S = 20
BATCH = 10
SEND_WITHIN = timedelta(seconds=5)
SWITCH = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}}


class PlainOrder(Order):
    """An order under a magic number that is not AXIA's: the desk on the same account would take it for a stray."""

    @property
    def magic(self) -> int:
        """Unique as AXIA's, and without its mark."""
        return plain_magic_of(self.order_id)

    @classmethod
    def of(cls, order: Order) -> PlainOrder:
        """The same order."""
        return cls(**{field.name: getattr(order, field.name) for field in fields(order)})


def plain_magic_of(order_id: str) -> int:
    """The magic number of the plain worker's order of that id."""
    return magic_of(order_id) - (STRATEGY << 48)


@dataclass(frozen=True)
class Door:
    """The worker's own queue and table."""

    queue_url: str
    table: str

    @classmethod
    def make(cls, settings: Settings, name: str) -> Door:
        """Creates both, with the kill switch off."""
        dynamodb = client(settings, "dynamodb")
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.put_item(TableName=name, Item=SWITCH | {"active": {"BOOL": False}})
        return cls(str(client(settings, "sqs").create_queue(QueueName=name)["QueueUrl"]), name)


class PlainWorker:
    """Works one message after another."""

    def __init__(self, settings: Settings, door: Door, broker: Mt5Broker) -> None:
        self._settings = settings
        self._door = door
        self._broker = broker
        self._sqs = client(settings, "sqs", read_timeout_s=LONGEST_POLL_S + 5.0)
        self._dynamodb = client(settings, "dynamodb")

    def work(self) -> None:
        """One long poll, and everything that it brought."""
        answer = self._sqs.receive_message(
            QueueUrl=self._door.queue_url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=LONGEST_POLL_S
        )
        for message in answer.get("Messages", ()):
            self._execute(message)

    def _execute(self, message: dict[str, Any]) -> None:
        received_at = datetime.now(UTC)
        order = parse_order(message["Body"], message["MessageId"], self._settings.symbols)
        self._claim(order, received_at)
        self._sqs.delete_message(QueueUrl=self._door.queue_url, ReceiptHandle=message["ReceiptHandle"])
        self._begin(order)
        outcome = self._broker.submit(
            PlainOrder.of(order), datetime.now(UTC) + self._settings.clock_shift + SEND_WITHIN
        )
        self._set(order, "SUBMITTING", "DONE", repr(outcome))

    def _claim(self, order: Order, received_at: datetime) -> None:
        item = _key(order) | {"status": {"S": "RECEIVED"}, "received_at": {"S": received_at.isoformat()}}
        self._dynamodb.put_item(TableName=self._door.table, Item=item, ConditionExpression="attribute_not_exists(pk)")

    def _begin(self, order: Order) -> None:
        off = {
            "TableName": self._door.table,
            "Key": SWITCH,
            "ConditionExpression": "active = :off",
            "ExpressionAttributeValues": {":off": {"BOOL": False}},
        }
        update = self._change(order, "RECEIVED", "SUBMITTING", "")
        self._dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"ConditionCheck": off}])

    def _set(self, order: Order, before: str, after: str, result: str) -> None:
        self._dynamodb.update_item(**self._change(order, before, after, result))

    def _change(self, order: Order, before: str, after: str, result: str) -> dict[str, Any]:
        values = {":before": {"S": before}, ":after": {"S": after}, ":result": {"S": result}}
        return {
            "TableName": self._door.table,
            "Key": _key(order),
            "UpdateExpression": "SET #status = :after, #result = :result",
            "ConditionExpression": "#status = :before",
            "ExpressionAttributeNames": {"#status": "status", "#result": "result"},
            "ExpressionAttributeValues": values,
        }


def _key(order: Order) -> dict[str, Any]:
    return {"pk": {"S": f"ORDER#{order.order_id}"}, "sk": {"S": "METADATA"}}


def work_for_ever(settings: Settings, door: Door) -> None:
    """The worker in a process of its own, until that is ended."""
    clock = SystemClock(settings.clock_shift)
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    with open_terminal(settings) as terminal:
        broker = Mt5Broker(terminal, server_clock, clock, settings)
        broker.account()
        worker = PlainWorker(settings, door, broker)
        while True:
            worker.work()
