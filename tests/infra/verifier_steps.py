"""What the recovery checks' role does, as steps: how everything is protected, and what drills make, use and remove."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from axia_core.adapters.aws_safeguards.heartbeats import ItemHeartbeats, ObjectHeartbeats
from axia_core.adapters.aws_safeguards.region import AwsSafeguards, Names
from axia_core.adapters.dynamodb import DynamoOrderLedger, backups
from axia_core.adapters.s3 import S3BarStore
from axia_core.adapters.s3.versions import S3Scratch
from axia_core.adapters.scratch_queues import SqsScratchQueues
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.domain import drill_names, names
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.safeguards import ItemKey
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject
from axia_core.settings import Settings
from infra import conformance
from infra.change_sets import Stack
from infra.clients import Clients
from infra.least_privilege import Step
from infra.template import Resource
from tests.bar_examples import USDJPY
from tests.infra.enforced import OSAKA, Actor, Enforced
from tests.infra.host_steps import Host

STACKS = {"osaka": OSAKA, "core": "ap-northeast-1", "copy": "ap-northeast-1"}
_NUMBERS = count(1)


@dataclass(frozen=True)
class Verifier:
    """The role, acting; *host* and root prepare."""

    yard: Enforced
    me: Actor
    host: Host

    def steps(self) -> list[Step]:
        """All of them: what is looked at, what is compared with the templates, what drills do."""
        looks = {
            "look at the table": lambda: self.region.table(),
            "look at the bucket": lambda: self.region.bucket(),
            "look at objects": self.objects,
            "look at items": self.items,
            "look at the copy's bucket": lambda: self.copy.bucket(),
            "look at the copy's items": lambda: self.copy.sample_items(1, 10),
            "look at snapshots": lambda: self.region.snapshots(),
            "look at secrets": lambda: self.region.secrets([*names.MT5_SECRETS.values(), "TSS/slack/webhook"]),
            "look at the queues": lambda: [self.region.queue(name) for name in QUEUES],
            "look at the topic": lambda: self.region.subscriptions(),
            "look at alarms": lambda: self.region.alarms(),
            "look for heartbeats": self.heartbeats,
            "read bars and their versions": self.bars,
        }
        drills = {
            "drill: a table, restored": self.restored_table,
            "drill: a table, used": self.used_table,
            "drill: find tables and queues": self.find,
            "drill: objects": self.scratch_objects,
            "drill: copies of objects": self.copied_objects,
            "drill: a queue": self.queue,
            "drill: tell people": self.tell,
        }
        told: dict[str, Callable[[], object]] = {**looks, **drills}
        return [*(Step(name, do) for name, do in told.items()), *self._comparisons()]

    @property
    def region(self) -> AwsSafeguards:
        return self._safeguards("ap-northeast-1", names.BUCKET)

    @property
    def copy(self) -> AwsSafeguards:
        return self._safeguards(OSAKA, names.COPY_BUCKET)

    def _safeguards(self, region: str, bucket: str) -> AwsSafeguards:
        return AwsSafeguards(self.me.client, region, Names(table=names.TABLE, bucket=bucket, topic=names.TOPIC))

    # What is looked at

    def objects(self) -> None:
        self.host.stored_day()
        keys = self.region.keys_after(f"{USDJPY}/", "", 3)

        assert len(self.region.objects(keys)) == len(keys) > 0

    def items(self) -> None:
        self.host.open_the_switch()
        key = ItemKey("GLOBALCONFIG", "SETTING#KILL_SWITCH")

        assert self.region.items([key])
        assert self.region.sample_items(1, 10)

    def heartbeats(self) -> None:
        ObjectHeartbeats(self.me.client("s3"), names.BUCKET).read()
        ItemHeartbeats(self.me.client("dynamodb"), names.TABLE).read()
        ObjectHeartbeats(self.me.client("s3", OSAKA), names.COPY_BUCKET).read()
        ItemHeartbeats(self.me.client("dynamodb", OSAKA), names.TABLE).read()

    def bars(self) -> None:
        day, store = self.host.stored_day(), S3BarStore(self.me.client("s3"), names.BUCKET)
        (found,) = store.revisions(USDJPY, Timeframe.H1, day)

        assert store.read(USDJPY, Timeframe.H1, day, found.id) is not None

    def _comparisons(self) -> Iterator[Step]:
        """Each kind of property of each stack once, read as `infra.drift` reads them all."""
        seen: set[tuple[str, str]] = set()
        for stack in STACKS:
            yield Step(f"read the stack {stack}", self._reading(stack))
            for resource in self.yard.template(stack).resources.values():
                listed = [one.name for one in conformance.readable(resource)]
                new = [name for name in listed if (resource.type, name) not in seen]
                seen |= {(resource.type, name) for name in new}
                if new:
                    yield Step(f"compare {stack} {resource.logical_id}", self._comparing(stack, resource, new))

    def _clients(self, stack: str) -> Clients:
        return lambda service: self.me.client(service, STACKS[stack])

    def _reading(self, stack: str) -> Callable[[], object]:
        def read() -> None:
            found = Stack(f"axia-{stack}", self._clients(stack)("cloudformation"))
            assert found.deployed()
            assert found.physical_ids
            assert found.status

        return read

    def _comparing(self, stack: str, resource: Resource, listed: list[str]) -> Callable[[], object]:
        def compare() -> None:
            for known in conformance.readable(resource):
                if known.name in listed:
                    conformance.difference(resource, known, self._clients(stack))

        return compare

    # What drills do

    def _name(self, what: str) -> str:
        return drill_names.scratch_name(_drill_id(), what)

    @property
    def _backups(self) -> backups.DynamoBackups:
        settings = Settings(aws_endpoint_url=self.yard.url)
        return backups.of(settings, self.me.client("dynamodb"))

    def restored_table(self) -> None:
        copy = self._name("orders")
        with self._removed(copy):
            self._backups.restore(names.TABLE, copy)
            protected = self._backups.protect(copy)

            assert protected.ttl
            assert protected.point_in_time

    def used_table(self) -> None:
        """A whole desk's life in a scratch table, and the repairs of a kill switch."""
        table, made = self._name("host"), self._backups
        with self._removed(table):
            made.make_scratch(table)
            made.put_missing(table, {"pk": "GLOBALCONFIG", "sk": "SETTING#KILL_SWITCH", "active": "?"})
            made.reset_switch(table)
            ledger, now = DynamoOrderLedger(self.me.client("dynamodb"), table), self.host.clock.now()
            off = KillSwitch(active=False, reason="a drill", who="proof")
            ledger.set_kill_switch(off, ledger.kill_switch().version, now)
            self.host.trade_with(ledger, self.me, self.host.queue(self.yard.root))
            self.host.left_behind(ledger)

            assert len(ledger.open_orders()) == 1

            assert list(made.items(table))
            made.discard(table)
            assert table not in self.yard.root.client("dynamodb").list_tables()["TableNames"]

    def find(self) -> None:
        self._backups.scratch()
        SqsScratchQueues(self.me.client("sqs")).scratch()

    def scratch_objects(self) -> None:
        objects, prefix = (
            S3Scratch(self.me.client("s3"), names.BUCKET),
            f"_dr/{self._name('objects').removesuffix('-objects')}/",
        )
        objects.put(f"{prefix}one", b"1")
        objects.put(f"{prefix}cold", b"2", archived=True)
        objects.delete(f"{prefix}one")
        (_, first) = objects.versions(f"{prefix}one")
        assert objects.read(f"{prefix}one", first.id) == b"1"
        _require_archived(objects, f"{prefix}cold")
        objects.ask_restore(f"{prefix}cold")
        assert objects.discard(prefix) == 3

    def copied_objects(self) -> None:
        prefix, roots = f"_dr/{self._name('copies').removesuffix('-copies')}/", self.yard.root.client("s3", OSAKA)
        for name in ("one", "two"):
            roots.put_object(Bucket=names.COPY_BUCKET, Key=f"{prefix}{name}", Body=b"1")

        assert S3Scratch(self.me.client("s3", OSAKA), names.COPY_BUCKET).discard(prefix) == 2

    def queue(self) -> None:
        name, queues = self._name("queue"), SqsScratchQueues(self.me.client("sqs"))
        queues.make(name)
        queue = SqsOrderQueue(self.me.client("sqs"), name, timedelta())
        queue.send("{}")
        queue.delete_all(queue.receive(1, 1, 10))
        queues.discard(name)

        assert not self.yard.root.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls")

    def tell(self) -> None:
        topic = f"arn:aws:sns:{self.yard.target.region}:000000000000:{names.TOPIC}"
        self.me.client("sns").publish(TopicArn=topic, Message=json.dumps({"text": "a test"}))

    @contextmanager
    def _removed(self, table: str) -> Iterator[None]:
        """The table goes as root's, whatever the role may."""
        api: Any = self.yard.root.client("dynamodb")
        try:
            yield
        finally:
            if table in api.list_tables()["TableNames"]:
                api.delete_table(TableName=table)


QUEUES = (names.ORDER_QUEUE, names.DEAD_LETTER_QUEUE, "AlertProcessingQueue")


def _drill_id() -> str:
    return drill_names.owner("proof", next(_NUMBERS), datetime.now(UTC)).drill_id


def _require_archived(objects: S3Scratch, key: str) -> None:
    try:
        objects.read(key)
    except ArchivedObject:
        return
    raise AssertionError(f"{key} is not archived")
