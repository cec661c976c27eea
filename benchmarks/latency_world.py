"""The world of `order_latency`: the real stack with its desk, a plain worker beside it, and orders sent to either.

When an order reached the broker is read from the paper terminal's audit, so neither side reports on itself. What is
made of the times is `order_latency`'s business.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from axia_cli.stack.ports import free_ports
from axia_cli.stack.supervisor import running_stack
from axia_core.adapters import dynamodb
from axia_core.adapters.paper.profile import TerminalProfile
from axia_core.adapters.paper.store import Store
from axia_core.aws import client
from axia_core.domain.orders import magic_of
from axia_core.domain.sessions import is_open
from axia_core.errors import StoreUnavailable
from axia_core.settings import Settings
from benchmarks.plain_worker import Door, plain_magic_of, work_for_ever

PLAIN = "axia-plain-worker"
WARM_UP_ORDERS = 10
BATCH = 10
GAP_S = (0.1, 0.3)  # not constant: the local AWS server looks for messages every 100 ms, and would beat with it
OPENS_WITHIN_S, ENDS_WITHIN_S = 60.0, 300.0
LOOK_EVERY_S = 0.25
SHOWN = 3
ROOM = timedelta(hours=2)


@dataclass(frozen=True)
class Times:
    """What is known of one order, in epoch seconds."""

    sent_s: float
    received_s: float
    entered_s: float  # order_send


class Side(ABC):
    """Whoever executes orders: where they are sent to, and what is known of each."""

    name: str
    queue_url: str

    @abstractmethod
    def received_s(self, order_id: str) -> float | None:
        """When it was received; None until it has ended."""

    def magic_of(self, order_id: str) -> int:
        """The number under which it is known at the broker."""
        return magic_of(order_id)

    def told(self, order_id: str) -> str:
        """What is known of an order that was not executed."""
        return order_id

    @abstractmethod
    def is_idle(self) -> bool:
        """Whether nothing is left to do after the last order, events included."""


class DeskSide(Side):
    """The desk in its Dagster run."""

    name = "desk"

    def __init__(self, settings: Settings) -> None:
        self._shift = settings.clock_shift
        self._ledger = dynamodb.connect(settings)
        self.queue_url = str(client(settings, "sqs").get_queue_url(QueueName=settings.order_queue)["QueueUrl"])

    def run_id(self) -> str | None:
        """The run that holds the lease."""
        lease = self._ledger.lease_holder(datetime.now(UTC) + self._shift)
        return lease.owner if lease else None

    def received_s(self, order_id: str) -> float | None:
        record = self._ledger.order(order_id)
        return (record.received_at - self._shift).timestamp() if record and record.state.is_final else None

    def told(self, order_id: str) -> str:
        record = self._ledger.order(order_id)
        return f"{order_id} ({record.state}: {record.reason})" if record else f"{order_id} (not in the ledger)"

    def is_idle(self) -> bool:
        return not self._ledger.open_orders() and not self._ledger.unreported_orders()

    def is_open(self) -> bool:
        """Whether a desk holds the lease."""
        return self.run_id() is not None


class PlainSide(Side):
    """The plain worker."""

    name = "plain"

    def __init__(self, settings: Settings, door: Door) -> None:
        self._dynamodb = client(settings, "dynamodb")
        self._table = door.table
        self.queue_url = door.queue_url

    def received_s(self, order_id: str) -> float | None:
        key = {"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": "METADATA"}}
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        ended = item.get("status", {}).get("S") == "DONE"
        return datetime.fromisoformat(item["received_at"]["S"]).timestamp() if ended else None

    def magic_of(self, order_id: str) -> int:
        return plain_magic_of(order_id)

    def is_idle(self) -> bool:
        return True


class LatencyWorld:
    """Sends orders to one side at a time, and waits for the last to end."""

    def __init__(self, settings: Settings, sides: Sequence[Side]) -> None:
        self.sides = sides
        self._symbols = settings.symbols
        self._terminal = settings.terminal_path
        self._sqs = client(settings, "sqs")
        self._chance = random.Random(1)
        self._sent = 0

    def spaced(self, side: Side, count: int) -> list[Times]:
        """*count* orders, one at a time."""
        sent = {}
        for _ in range(count):
            time.sleep(self._chance.uniform(*GAP_S))
            order_id, body = self._next(side)
            sent[order_id] = time.time()
            self._sqs.send_message(QueueUrl=side.queue_url, MessageBody=body)
        return self.outcome(side, sent)

    def send(self, side: Side) -> dict[str, float]:
        """One order now, to be handed to `outcome`: its id, which is the message's, and when it was sent."""
        _, body = self._next(side)
        order = {name: value for name, value in json.loads(body).items() if name != "order_id"}
        sent_s = time.time()
        message = self._sqs.send_message(QueueUrl=side.queue_url, MessageBody=json.dumps(order))
        return {str(message["MessageId"]): sent_s}

    def burst(self, side: Side, count: int) -> list[Times]:
        """*count* orders at once; all count as sent when the first is."""
        orders = [self._next(side) for _ in range(count)]
        began_s = time.time()
        for start in range(0, count, BATCH):
            batch = orders[start : start + BATCH]
            entries = [{"Id": str(number), "MessageBody": body} for number, (_, body) in enumerate(batch)]
            self._sqs.send_message_batch(QueueUrl=side.queue_url, Entries=entries)
        return self.outcome(side, {order_id: began_s for order_id, _ in orders})

    def _next(self, side: Side) -> tuple[str, str]:
        """Buying and selling in turn, so that a netting account stays near flat however many there are."""
        number, self._sent = self._sent, self._sent + 1
        order_id = f"{side.name}-{number}"
        pair, turn = divmod(number, 2)
        action, symbol = ("BUY", "SELL")[turn], self._symbols[pair % len(self._symbols)]
        order = {"order_id": order_id, "symbol": symbol, "order_action": action, "order_type": "MARKET"}
        return order_id, json.dumps(order | {"lot_size": 0.01})

    def outcome(self, side: Side, sent: dict[str, float]) -> list[Times]:
        """What became of the orders that were sent, once the last has ended."""
        received = {order_id: self._await(side, order_id) for order_id in sent}
        wait_until(side.is_idle, ENDS_WITHIN_S, f"the {side.name} to be idle")
        entered = self._entered()
        magics = {order_id: side.magic_of(order_id) for order_id in sent}
        never = [order_id for order_id in sent if magics[order_id] not in entered]
        if never:
            told = "; ".join(map(side.told, never[:SHOWN]))
            raise RuntimeError(f"{len(never)} orders were never sent to the broker, among them {told}")
        return [Times(sent_s, received[order_id], entered[magics[order_id]]) for order_id, sent_s in sent.items()]

    def _await(self, side: Side, order_id: str) -> float:
        ends = time.monotonic() + ENDS_WITHIN_S
        while (received_s := _answered(side, order_id)) is None:
            if time.monotonic() > ends:
                raise RuntimeError(f"{order_id} has not ended within {ENDS_WITHIN_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        return received_s

    def _entered(self) -> dict[int, float]:
        """By magic number, when order_send was entered.

        A call is written down when it has been answered. The gateway asks for the account in the same breath as it
        sends, so the answer to that, by the same process, is the entry.
        """
        before_s: dict[int, float] = {}
        entered = {}
        for row in self._audited():
            if row["function"] == "order_send" and row["pid"] in before_s:  # the oldest rows are cut off anywhere
                found = re.search(r"magic\D+(\d+)", row["arguments"])
                entered[int(found.group(1)) if found else 0] = before_s[row["pid"]]
            before_s[row["pid"]] = row["at_ms"] / 1000
        return entered

    def _audited(self) -> list[dict[str, Any]]:
        store = Store.open(self._terminal, 0, 2)
        try:
            return store.audited()
        finally:
            store.close()


def _answered(side: Side, order_id: str) -> float | None:
    try:
        return side.received_s(order_id)
    except StoreUnavailable:
        return None  # the AWS server was killed, and is not back yet


def wait_until(reached: Callable[[], bool], within_s: float, what: str) -> None:
    """Returns when *reached*; raises RuntimeError when that takes longer than *within_s*."""
    ends = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > ends:
            raise RuntimeError(f"waited {within_s:.0f} s for {what}")
        time.sleep(LOOK_EVERY_S)


def benchmark_settings(home: Path) -> Settings:
    """A stack of its own, whose limits no order of a benchmark meets."""
    aws, redis, web, code = free_ports(4)
    return Settings(
        home=home,
        aws_port=aws,
        redis_port=redis,
        webserver_port=web,
        code_server_port=code,
        aws_endpoint_url=f"http://127.0.0.1:{aws}",
        clock_shift_s=_into_an_open_session(),
        max_open_positions=1_000_000,
        orders_per_minute=1_000_000,
        max_net_lots=Decimal(1_000_000),
        max_spread_points=100_000,
        max_daily_loss_percent=Decimal(100),
        duplicate_window_s=0.0,
    )


def _into_an_open_session() -> float:
    """Seconds to shift the clock back, so that no desk is handed over while the benchmark runs."""
    now = datetime.now(UTC)
    for hours in range(0, 24 * 8, 3):
        began = now - timedelta(hours=hours)
        if all(is_open(began + timedelta(minutes=minutes)) for minutes in range(0, int(ROOM.total_seconds() / 60), 5)):
            return -hours * 3600.0
    raise RuntimeError("there is no open session to be found within a week")


@contextmanager
def _plain_worker(settings: Settings) -> Iterator[PlainSide]:
    door = Door.make(settings, PLAIN)
    process = multiprocessing.get_context("spawn").Process(target=work_for_ever, args=(settings, door), daemon=True)
    process.start()
    try:
        yield PlainSide(settings, door)
    finally:
        process.terminate()
        process.join()


@contextmanager
def latency_world(home: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[LatencyWorld]:
    """The stack, its desk and the plain worker, all warm, as long as the block lasts."""
    profile = TerminalProfile.model_validate({"account": {"balance": 1e12, "leverage": 500, "margin_mode": "netting"}})
    with (
        running_stack(benchmark_settings(home), progress=say, profile=profile) as stack,
        _plain_worker(stack.settings) as plain,
    ):
        desk = DeskSide(stack.settings)
        wait_until(desk.is_open, OPENS_WITHIN_S, "a desk to open")
        world = LatencyWorld(stack.settings, (desk, plain))
        for side in world.sides:
            world.spaced(side, WARM_UP_ORDERS)
        yield world
