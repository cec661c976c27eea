"""What the trading host does with orders, kill switch, book and dead letters, as steps."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.dynamodb.snapshots import DynamoSnapshots
from axia_core.adapters.memory import MemoryBroker, MemoryEvents
from axia_core.adapters.s3.statements import S3Statements
from axia_core.adapters.sqs import SqsDeadLetterQueue, SqsOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain import names
from axia_core.domain.kill_switch import AuditLine, KillSwitch
from axia_core.domain.messages import Message
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import previous_trading_day
from axia_core.ports import DeadLetterQueue, Mark, OrderLedger, OrderQueue, Snapshots, StatementStore
from axia_core.services.accept import accept
from axia_core.services.send import new_order_id, send
from axia_core.services.statement import keep_statement
from tests.infra.acting import Acting
from tests.infra.enforced import Actor
from tests.services.conftest import SEVEN_FIELDS
from tests.snapshot_examples import snapshot

HOUR = timedelta(hours=1)
WITHIN_S = 5.0


@dataclass
class OrderSteps(Acting):
    """From the queue to the fill, and everything that the ledger keeps."""

    @property
    def ledger(self) -> OrderLedger:
        return self.noted(OrderLedger, DynamoOrderLedger(self.me.client("dynamodb"), names.TABLE))

    @property
    def _roots_ledger(self) -> DynamoOrderLedger:
        return DynamoOrderLedger(self.yard.root.client("dynamodb"), names.TABLE)

    def queue(self, who: Actor, name: str = names.ORDER_QUEUE) -> SqsOrderQueue:
        # A new one each time: it remembers its URL.
        return SqsOrderQueue(who.client("sqs"), name, self.shift)

    @property
    def my_queue(self) -> OrderQueue:
        """The order queue, as the host reaches it."""
        return self.noted(OrderQueue, self.queue(self.me))

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

    def accept_several(self) -> None:
        """Two new orders of one receive."""
        self._forget_orders()
        self.empty()
        at_root = self.queue(self.yard.root)
        for _ in range(2):
            body = {**SEVEN_FIELDS, "order_id": new_order_id()}
            send(body, queue=at_root, clock=self.clock, symbols=self.settings.symbols)
        records = accept(
            [message for _ in range(2) for message in at_root.receive(1, 1, 10)],
            acknowledge=self.my_queue.delete_all,
            ledger=self.ledger,
            clock=self.clock,
            events=MemoryEvents(),
            symbols=self.settings.symbols,
        )

        assert [record.state for record in records] == [State.RECEIVED] * 2

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
        queue = self.queue(self.yard.root)
        (record,) = accept(
            queue.receive(1, 1, 10),
            acknowledge=queue.delete_all,
            ledger=ledger or self._roots_ledger,
            clock=self.clock,
            events=MemoryEvents(),
            symbols=self.settings.symbols,
        )
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
        return self.noted(Snapshots, DynamoSnapshots(self.me.client("dynamodb"), names.TABLE))

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
        letters = self.noted(DeadLetterQueue, mine)
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

    def statement(self) -> None:
        day, mine = previous_trading_day(next(self.days)), self.me.client("s3")
        kept = self.noted(StatementStore, S3Statements(mine, names.BUCKET, "demo"))
        around = {"broker": MemoryBroker(self.clock), "events": MemoryEvents(), "clock": self.clock}
        keep_statement(day, ledger=self.ledger, statements=kept, **around)

        assert kept.read(day) is not None
