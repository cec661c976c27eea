"""What the trading host does on AWS, as steps that can be taken again and again: bars, orders, dead letters, secrets.

Each step prepares its world as root, acts as the role, and looks as root whether it has come to what it should.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from axia_cli.demo import plan_for
from axia_core.adapters import secrets
from axia_core.adapters.aws_safeguards.heartbeats import ItemHeartbeats, ObjectHeartbeats
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.cloudwatch.logs import PACE, CloudWatchLines
from axia_core.adapters.cloudwatch.metrics import CloudWatchMetrics
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.dynamodb.snapshots import DynamoSnapshots
from axia_core.adapters.memory import MemoryBroker, MemoryEvents
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryMarketData
from axia_core.adapters.s3 import S3BarStore
from axia_core.adapters.s3.statements import S3Statements
from axia_core.adapters.sns import letter
from axia_core.adapters.sqs import SqsDeadLetterQueue, SqsOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain import names
from axia_core.domain.archive import ArchiveState
from axia_core.domain.bars import RefusedBar
from axia_core.domain.kill_switch import AuditLine, KillSwitch
from axia_core.domain.messages import Message
from axia_core.domain.metrics import Metric, Reading
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.refused import refused_rows
from axia_core.domain.sessions import last_closed_trading_days, previous_trading_day, session
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarStore, DeadLetterQueue, Mark, OrderLedger, OrderQueue, Snapshots, StatementStore
from axia_core.services.accept import accept
from axia_core.services.collect import collect
from axia_core.services.load import load
from axia_core.services.publish import publish
from axia_core.services.restore import restore
from axia_core.services.send import new_order_id, send
from axia_core.services.statement import keep_statement
from axia_core.settings import Settings
from infra.least_privilege import Step
from tests.bar_examples import USDJPY, session_bars, truth_of
from tests.infra.enforced import Actor, Enforced
from tests.services.conftest import SEVEN_FIELDS
from tests.snapshot_examples import snapshot

H1 = Timeframe.H1
HOUR = timedelta(hours=1)
WITHIN_S = 5.0
ROLE = "EC2InstanceRole"
AT_ONCE = replace(PACE, every_s=0.01, first_pause_s=0.01)
# Those that reach AWS: each of their calls is in some step.
PORTS = (OrderLedger, OrderQueue, DeadLetterQueue, BarStore, StatementStore, Snapshots)
Port = TypeVar("Port")


@dataclass
class Host:
    """The host, acting as its role; *root* prepares and looks."""

    yard: Enforced
    me: Actor
    settings: Settings = field(default_factory=lambda: Settings(symbols=("USDJPY",), receive_wait_s=0))
    seen: set[tuple[type, str]] = field(default_factory=set)  # which calls of which port the steps make

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.clock = SystemClock(plan_for(now, self.settings.symbols).shift)
        self.shift = self.clock.now() - now
        self.days = _closed_days(self.clock.now())
        self.open_the_switch()

    def steps(self) -> list[Step]:
        """All of them."""
        told = {
            "collect a day": self.collect,
            "load bars, fill the cache": self.load,
            "look at revisions": self.revisions,
            "restore an archived day": self.restore,
            "keep refused bars": self.refuse,
            "keep a statement": self.statement,
            "send an order": self.send,
            "desk: accept, execute, settle": self.trade,
            "desk: take over, look back": self.take_over,
            "desk: keep accounts": self.keep_accounts,
            "kill switch and audit": self.switch,
            "publish a snapshot": self.snapshot,
            "look at, redrive and purge dead letters": self.redrive,
            "measure the queues": self.depths,
            "read the MT5 account": self.account,
            "read the cache's password": self.password,
            "write log lines": self.log,
            "publish a metric": self.metric,
            "leave heartbeats": self.beat,
            "tell people": self.tell,
            "take on the verifier's role": self.verify,
        }
        return [Step(name, do) for name, do in told.items()]

    # Bars

    def _noted(self, port: type[Port], adapter: Port) -> Port:
        noted: Any = Noted(port, adapter, self.seen)
        found: Port = noted
        return found

    @property
    def store(self) -> BarStore:
        return self._noted(BarStore, S3BarStore(self.me.client("s3"), names.BUCKET))

    @property
    def _roots_store(self) -> S3BarStore:
        return S3BarStore(self.yard.root.client("s3"), names.BUCKET)

    def collect(self) -> None:
        day = next(self.days)
        bars = session_bars(H1, day)
        collect(MemoryMarketData(self.clock, [bars]), self.store, self.clock, USDJPY, H1, day)

        assert self._roots_store.truth(USDJPY, H1, day) is not None

    def load(self) -> None:
        day, cache = self.stored_day(), MemoryBarCache(self.clock)
        hours = session(day)
        loaded = load(cache, self.store, self.clock, USDJPY, H1, hours.open, hours.close)

        assert len(loaded.bars) == H1.bars_per_session
        assert self.store.truth(USDJPY, H1, day) is not None
        assert publish(self.store, cache, self.clock, USDJPY, H1, 24).held

    def revisions(self) -> None:
        day = self.stored_day()
        self._roots_store.write(bars := session_bars(H1, day, price=151.0), truth_of(bars, day))
        found = self.store.revisions(USDJPY, H1, day)

        assert len(found) == 2
        assert self.store.read(USDJPY, H1, day, found[0].id) is not None

    def restore(self) -> None:
        day = self.stored_day()
        where = {"Bucket": names.BUCKET, "Key": names.object_key(USDJPY, H1, day)}
        self.yard.root.client("s3").copy_object(**where, CopySource=where, StorageClass="DEEP_ARCHIVE")
        restore(self.store, USDJPY, H1, day, day)

        (found,) = self._roots_store.archived(USDJPY, H1, [day])
        assert found.state is not ArchiveState.ARCHIVED

    def refuse(self) -> None:
        day = next(self.days)
        bars = session_bars(H1, day)
        bad = RefusedBar(session(day).open, "a test")
        self.store.keep_refused(refused_rows(bars, (bad,), day, "memory"))

        assert self.store.refused(USDJPY, H1, day) is not None
        assert day in self.store.refused_dates(USDJPY, H1)

    def statement(self) -> None:
        day, mine = previous_trading_day(next(self.days)), self.me.client("s3")
        kept = self._noted(StatementStore, S3Statements(mine, names.BUCKET, "demo"))
        around = {"broker": MemoryBroker(self.clock), "events": MemoryEvents(), "clock": self.clock}
        keep_statement(day, ledger=self.ledger, statements=kept, **around)

        assert kept.read(day) is not None

    def stored_day(self) -> date:
        day = next(self.days)
        bars = session_bars(H1, day)
        self._roots_store.write(bars, truth_of(bars, day))
        return day

    # Orders

    @property
    def ledger(self) -> OrderLedger:
        return self._noted(OrderLedger, DynamoOrderLedger(self.me.client("dynamodb"), names.TABLE))

    @property
    def _roots_ledger(self) -> DynamoOrderLedger:
        return DynamoOrderLedger(self.yard.root.client("dynamodb"), names.TABLE)

    def queue(self, who: Actor, name: str = names.ORDER_QUEUE) -> SqsOrderQueue:
        # A new one each time: it remembers its URL.
        return SqsOrderQueue(who.client("sqs"), name, self.shift)

    @property
    def my_queue(self) -> OrderQueue:
        """The order queue, as the host reaches it."""
        return self._noted(OrderQueue, self.queue(self.me))

    def send(self) -> None:
        self.empty()
        send({**SEVEN_FIELDS}, queue=self.my_queue, clock=self.clock, symbols=self.settings.symbols)

        assert self.queue(self.yard.root).depth().waiting == 1
        for message in self.my_queue.receive(1, 1, 10):
            self.my_queue.delete(message)

    def trade(self) -> None:
        """A desk that accepts an order from the queue and has it filled, until the queue is empty."""
        self._forget_orders()
        self.trade_with(self.ledger, self.me, self.my_queue, self.snapshots)

        assert not self._roots_ledger.unreported_orders()

    def trade_with(
        self, ledger: OrderLedger, writer: Actor, queue: OrderQueue, snapshots: Snapshots | None = None
    ) -> None:
        """A desk on any ledger, which is *writer*'s, with the order queue as somebody reaches it."""
        self.empty()
        body = {**SEVEN_FIELDS, "order_id": new_order_id()}
        send(body, queue=self.queue(self.yard.root), clock=self.clock, symbols=self.settings.symbols)
        desk = Desk(
            queue=queue,
            ledger=ledger,
            broker=MemoryBroker(self.clock),
            events=MemoryEvents(),
            clock=self.clock,
            rules=DeskRules.of(self.settings),
            owner="proof",
            snapshots=snapshots,
        )
        ends, ended = time.monotonic() + WITHIN_S, list[State]()
        denied = writer.witness.denied  # then nothing more is worth waiting for
        for record in desk.run(lambda: bool(ended or denied) or time.monotonic() > ends):
            ended.append(record.state)

        depth = self.queue(self.yard.root).depth()
        assert (ended, depth.waiting, depth.in_flight) == ([State.FILLED], 0, 0)

    def take_over(self) -> None:
        """What a desk does beside executing: it looks for what is open and untold, marks, notes, and looks back."""
        self._forget_orders()
        open_order, ended = self.left_behind(), self.left_behind()
        roots, ledger, now = self._roots_ledger, self.ledger, self.clock.now()
        roots.move(ended, State.CANCELLED, now)
        (found,), (untold,) = ledger.open_orders(), ledger.unreported_orders()
        ledger.mark_reported(untold)
        ledger.note(found, "a test", now)
        lease = ledger.acquire_lease("proof", 10, now)
        assert lease is not None
        ledger.renew_lease(lease, 10, now)
        begun = ledger.begin_attempt(found, lease, now)
        assert begun is not None
        unknown = ledger.move(begun, State.UNKNOWN, now, lease=lease)
        ledger.release_lease(lease)

        assert found.order.order_id == open_order.order.order_id == ledger.order_id_of(found.order.magic)
        assert ledger.alike(found.order) is not None
        assert ledger.events(found.order.order_id)
        assert (ledger.order(found.order.order_id), ledger.passed_over()) == (unknown, ())
        assert len(ledger.recent_orders(10)) == 2
        assert len(ledger.times_of(Mark.ENTRY, now - HOUR)) == len(ledger.times_of(Mark.UNKNOWN, now - HOUR)) == 1

    def left_behind(self, ledger: OrderLedger | None = None) -> OrderRecord:
        """An order that was accepted (by root, into the order table) and that nobody has executed."""
        self.empty()
        body = {**SEVEN_FIELDS, "order_id": new_order_id()}
        send(body, queue=self.queue(self.yard.root), clock=self.clock, symbols=self.settings.symbols)
        around = {"queue": self.queue(self.yard.root), "ledger": ledger or self._roots_ledger, "clock": self.clock}
        messages = self.queue(self.yard.root).receive(1, 1, 10)
        (record,) = accept(messages, events=MemoryEvents(), symbols=self.settings.symbols, **around)
        return record

    def keep_accounts(self) -> None:
        """What the limits count, what speaks against trading on, what came too early or cannot be read; a new epoch."""
        self._forget_orders()
        ledger, now = self.ledger, self.clock.now()
        (message,) = self._one_message()
        day, equity = now.date(), Decimal(10_000)
        ledger.note_day_equity(day, 1, equity)
        ledger.note_peak_equity(1, equity, now)
        ledger.note_evidence("proof", now)
        ledger.leave_tombstone("proof", "another", now)
        ledger.record_unreadable(message, "a test", now)
        ledger.begin_epoch("proof", now)
        ledger.initialise_kill_switch(active=True, who="proof", now=now)

        assert (ledger.day_equity(day, 1), ledger.peak_equity(1, now)) == (equity, equity)
        assert ledger.unreadable_reason(message.message_id) == "a test"
        assert ledger.epoch() is not None
        assert ledger.lease_holder(now) is None

    def _one_message(self) -> tuple[Message, ...]:
        self.empty()
        self.queue(self.yard.root).send("{}")
        return self.queue(self.yard.root).receive(1, 1, 10)

    def switch(self) -> None:
        self.open_the_switch()
        ledger, now = self.ledger, self.clock.now()
        thrown = ledger.set_kill_switch(KillSwitch(active=True, reason="a test", who="proof"), self._version(), now)
        ledger.set_kill_switch(KillSwitch(active=False, reason="over", who="proof"), thrown.version, now)
        ledger.note_audit(AuditLine(at=now, who="proof", what="a test"))

        assert not ledger.kill_switch().active
        assert ledger.audit()

    def _version(self) -> int:
        return self._roots_ledger.kill_switch().version

    def root_snapshot(self) -> None:
        """One that a desk has published."""
        DynamoSnapshots(self.yard.root.client("dynamodb"), names.TABLE).publish(snapshot(self.clock.now()))

    @property
    def snapshots(self) -> Snapshots:
        return self._noted(Snapshots, DynamoSnapshots(self.me.client("dynamodb"), names.TABLE))

    def snapshot(self) -> None:
        self.snapshots.publish(snapshot(self.clock.now()))

        assert self.snapshots.read() is not None

    def redrive(self) -> None:
        """By the port: the services hold the letters three times, which each time ends with a second of waiting."""
        self.empty()
        roots = self.queue(self.yard.root, names.DEAD_LETTER_QUEUE)
        roots.send(json.dumps(SEVEN_FIELDS))
        roots.send("{}")
        mine = SqsDeadLetterQueue(self.queue(self.me, names.DEAD_LETTER_QUEUE), self.queue(self.me))
        letters = self._noted(DeadLetterQueue, mine)
        with letters.hold() as held:
            order, other = sorted(held, key=lambda letter: letter.body, reverse=True)
            self.ledger.unreadable_reason(order.message_id)
            letters.redrive(order)
            letters.delete(other)

        assert self.queue(self.yard.root).depth().waiting == 1
        assert letters.depth().waiting == 0
        self.empty()

    def depths(self) -> None:
        self.my_queue.depth()
        self.queue(self.me, names.DEAD_LETTER_QUEUE).depth()

    def empty(self) -> None:
        sqs = self.yard.root.client("sqs")
        for name in (names.ORDER_QUEUE, names.DEAD_LETTER_QUEUE):
            sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def _forget_orders(self) -> None:
        """Orders, attempts and lease of an earlier try, which may have ended anywhere; the switch is open again."""
        table = self.yard.root.client("dynamodb")
        for item in table.scan(TableName=names.TABLE, ProjectionExpression="pk, sk")["Items"]:
            table.delete_item(TableName=names.TABLE, Key=item)
        self.open_the_switch()

    def open_the_switch(self) -> None:
        ledger = self._roots_ledger
        if ledger.kill_switch().active:
            wanted = KillSwitch(active=False, reason="a test", who="root")
            ledger.set_kill_switch(wanted, ledger.kill_switch().version, self.clock.now())

    # The rest

    def account(self) -> None:
        name = names.MT5_SECRETS["demo"]
        content = {"login": 50_000_001, "password": "proof", "server": "Broker-Demo"}
        roots = self.yard.root.client("secretsmanager")
        roots.put_secret_value(SecretId=name, SecretString=json.dumps(content))

        assert secrets.read(self.me.client("secretsmanager"), name).login == content["login"]

    def password(self) -> None:
        """As `infra/bootstrap/start.ps1` reads it."""
        put_secret(self.yard, "TSS/redis/auth", "proof")

        assert self.me.client("secretsmanager").get_secret_value(SecretId="TSS/redis/auth")["SecretString"] == "proof"

    def log(self) -> None:
        """As the application does: a stream that is missing is made."""
        stream = f"proof-{time.monotonic_ns()}"
        lines = CloudWatchLines(lambda: self.me.client("logs"), names.LOG_GROUP, stream, AT_ONCE)
        lines.emit(logging.LogRecord("axia", logging.INFO, __file__, 1, "a test", None, None))
        try:
            until(lambda: bool(self.me.witness.denied or log_lines(self.yard, names.LOG_GROUP, stream)))
        finally:
            lines.close()

        assert log_lines(self.yard, names.LOG_GROUP, stream) == ["a test"]

    def metric(self) -> None:
        metrics = CloudWatchMetrics(lambda: self.me.client("cloudwatch"), names.METRICS_NAMESPACE)
        metrics.publish([Reading(Metric.HEARTBEAT, 1.0)])
        metrics.close()

        assert not self.me.witness.denied

    def beat(self) -> None:
        """The marks of the time that the recovery checks look for."""
        ObjectHeartbeats(self.me.client("s3"), names.BUCKET).write(self.clock.now())
        ItemHeartbeats(self.me.client("dynamodb"), names.TABLE).write(self.clock.now())

    def tell(self) -> None:
        topic = f"arn:aws:sns:{self.yard.target.region}:000000000000:{names.TOPIC}"
        ready = letter("order_state", "critical", "desk", "a test", {})
        said = {name: {"DataType": "String", "StringValue": value} for name, value in ready.attributes.items()}
        self.me.client("sns").publish(TopicArn=topic, Message=ready.body, MessageAttributes=said)

    def verify(self) -> None:
        self.me.take_on("TSS_DrVerifier")


def put_secret(yard: Enforced, name: str, text: str) -> None:
    """A secret that another stack, or a person, would have made."""
    api = yard.root.client("secretsmanager")
    try:
        api.create_secret(Name=name, SecretString=text)
    except api.exceptions.ResourceExistsException:
        api.put_secret_value(SecretId=name, SecretString=text)


class Noted:
    """An adapter that notes which calls of its port are made; everything else is the adapter's."""

    def __init__(self, port: type, adapter: object, seen: set[tuple[type, str]]) -> None:
        self._port, self._adapter, self._seen = port, adapter, seen

    def __getattr__(self, name: str) -> Any:
        self._seen.add((self._port, name))
        return getattr(self._adapter, name)


def log_lines(yard: Enforced, group: str, stream: str) -> list[str]:
    """What lies in a stream, nothing where there is none."""
    logs = yard.root.client("logs")
    try:
        return [one["message"] for one in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def until(found: Callable[[], bool]) -> None:
    """Waits for it, a few seconds at most."""
    ends = time.monotonic() + WITHIN_S
    while not found() and time.monotonic() < ends:
        time.sleep(0.02)


def write_log(yard: Enforced, me: Actor, group: str) -> None:
    """One line to a stream of its own, which is made first."""
    stream, logs = f"proof-{time.monotonic_ns()}", me.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(time.time() * 1000), "message": "a test"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])

    assert log_lines(yard, group, stream) == ["a test"]


def _closed_days(now: datetime) -> Iterator[date]:
    """Newest first, without end."""
    (day,) = last_closed_trading_days(now, 1)
    while True:
        yield day
        day = previous_trading_day(day)
