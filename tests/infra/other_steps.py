"""What the console and the functions do, as steps.

Where AWS itself acts as a role (Lambda writing a function's log or reading a stream, S3 replicating), its calls are
made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from axia_console.actions import release, send_once, throw
from axia_console.recovery import newest_drills
from axia_console.tickets import Tickets
from axia_core.adapters.aws_safeguards.verifications import S3Verifications
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.dynamodb.snapshots import DynamoSnapshots
from axia_core.adapters.s3 import S3BarStore
from axia_core.adapters.s3.versions import S3DrillReports
from axia_core.domain import names
from axia_core.domain.kill_switch import Mode
from axia_core.domain.timeframes import Timeframe
from axia_core.services.send import new_order_id
from infra.functions import order_copy, slack
from infra.least_privilege import Step
from tests.bar_examples import USDJPY
from tests.infra.enforced import OSAKA, Actor, Enforced
from tests.infra.host_steps import Host
from tests.infra.told_steps import put_secret, write_log
from tests.services.conftest import SEVEN_FIELDS

WHO = "proof@example.com"


@dataclass(frozen=True)
class Console:
    """A console that does not run on the trading host: what its pages read, and what a person does there."""

    yard: Enforced
    me: Actor
    host: Host

    def steps(self) -> list[Step]:
        """All of them."""
        return [
            Step("see orders, book and audit", self.book),
            Step("send an order from a ticket", self.order),
            Step("throw and release the switch", self.switch),
            Step("see the queues", self.depths),
            Step("see bars", self.bars),
            Step("see drills and recovery checks", self.recovery),
            Step("start the console", self.start),
            Step("write log lines", lambda: write_log(self.yard, self.me, names.LOG_GROUP)),
        ]

    @property
    def _ledger(self) -> DynamoOrderLedger:
        return DynamoOrderLedger(self.me.client("dynamodb"), names.TABLE)

    def book(self) -> None:
        left = self.host.left_behind()
        self.host.root_snapshot()

        assert DynamoSnapshots(self.me.client("dynamodb"), names.TABLE).read() is not None
        assert left.order.order_id in {one.order.order_id for one in self._ledger.open_orders()}
        assert self._ledger.recent_orders(10)
        assert self._ledger.events(left.order.order_id)
        assert self._ledger.audit()

    def order(self) -> None:
        self.host.empty()
        message = {**SEVEN_FIELDS, "order_id": new_order_id()}
        around: dict[str, Any] = {"tickets": Tickets(), "ledger": self._ledger, "clock": self.host.clock}
        send_once(message, WHO, queue=self.host.queue(self.me), symbols=("USDJPY",), **around)

        assert self.host.queue(self.yard.root).depth().waiting == 1
        self.host.empty()

    def switch(self) -> None:
        around: dict[str, Any] = {"ledger": self._ledger, "clock": self.host.clock}
        thrown = throw(Mode.HALT, "a test", WHO, **around)

        assert not release("over", WHO, thrown, **around).active

    def depths(self) -> None:
        self.host.queue(self.me).depth()
        self.host.queue(self.me, names.DEAD_LETTER_QUEUE).depth()

    def bars(self) -> None:
        day, store = self.host.stored_day(), S3BarStore(self.me.client("s3"), names.BUCKET)

        assert day in store.trading_dates(USDJPY, Timeframe.H1)
        assert store.read(USDJPY, Timeframe.H1, day) is not None

    def recovery(self) -> None:
        s3 = self.me.client("s3")

        newest_drills(S3DrillReports(s3, names.BUCKET))
        S3Verifications(s3, names.BUCKET).last()

    def start(self) -> None:
        """As `infra/bootstrap/console.sh` reads them."""
        for name in ("TSS/redis/auth", "TSS/web/oidc"):
            put_secret(self.yard, name, "{}")
            self.me.client("secretsmanager").get_secret_value(SecretId=name)


def slack_steps(yard: Enforced, me: Actor) -> list[Step]:
    """The function that tells Slack, and Lambda, which writes its log."""

    def tell() -> None:
        record = {"Message": "a test", "MessageAttributes": {"severity": {"Type": "String", "Value": "critical"}}}
        with as_function(me, SLACK_SECRET="TSS/slack/webhook", SEVERITIES="critical"):
            slack.handler({"Records": [{"Sns": record}]}, None)

    return [Step("read the webhook and tell", tell), own_log(yard, me, "/aws/lambda/SlackNotificationFunction")]


def alert_steps(yard: Enforced, me: Actor) -> list[Step]:
    """The function that keeps a record; it calls nothing, and Lambda writes its log."""
    return [own_log(yard, me, "/aws/lambda/SystemAlertFunction")]


def copy_steps(yard: Enforced, me: Actor) -> list[Step]:
    """The function that copies orders to Osaka, and Lambda, which reads the table's stream for it."""
    item = {"pk": {"S": "PROOF"}, "sk": {"S": "COPY"}}

    def feed() -> None:
        yard.root.client("dynamodb").put_item(TableName=names.TABLE, Item=item)
        streams = me.client("dynamodbstreams")
        (found,) = streams.list_streams(TableName=names.TABLE)["Streams"]
        arn = found["StreamArn"]
        (shard, *_) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        assert streams.get_records(ShardIterator=streams.get_shard_iterator(**where)["ShardIterator"])["Records"]

    def change() -> None:
        for record in ({"NewImage": item}, {"Keys": item}):
            with as_function(me, TABLE=names.TABLE, COPY_REGION=OSAKA):
                order_copy.handler({"Records": [{"dynamodb": record}]}, None)
            there = yard.root.client("dynamodb", OSAKA).get_item(TableName=names.TABLE, Key=item)
            assert ("Item" in there) == ("NewImage" in record)

    def everything() -> None:
        with as_function(me, TABLE=names.TABLE, COPY_REGION=OSAKA):
            order_copy.handler({"all": True}, None)

    return [
        Step("read the table's stream", feed),
        Step("copy a change and a removal", change),
        Step("copy what was there before", everything),
        own_log(yard, me, "/aws/lambda/TSS_OrderCopy"),
    ]


def replication_steps(yard: Enforced, me: Actor) -> list[Step]:
    """S3, which looks what to replicate; how it reads and writes the versions has no call of its own."""

    def look() -> None:
        me.client("s3").get_bucket_replication(Bucket=names.BUCKET)
        me.client("s3").list_objects_v2(Bucket=names.BUCKET, MaxKeys=1)

    return [Step("look what to replicate", look)]


def own_log(yard: Enforced, me: Actor, group: str) -> Step:
    """Lambda writing a function's log with the function's role."""
    return Step("write the function's log", lambda: write_log(yard, me, group))


@contextmanager
def as_function(me: Actor, **variables: str) -> Iterator[None]:
    """What a function's code finds when it runs: its variables, and boto3 acting as its role on this server."""
    import os

    before, session = dict(os.environ), boto3.DEFAULT_SESSION
    os.environ.update(variables | {"AWS_ENDPOINT_URL": me.endpoint_url})
    boto3.DEFAULT_SESSION = me.session
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = session
        os.environ.clear()
        os.environ.update(before)
