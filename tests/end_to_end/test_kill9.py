"""kill -9 of a stack's AWS server: all of it comes back, and although the ledger has gone back in time no order is sent
twice. At the end of the stack nothing is left behind.

The tests are the one life of one stack, in their order.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from axia_cli.demo import plan_for
from axia_cli.stack import emulator_client, record
from axia_cli.stack.ports import free_ports
from axia_cli.stack.record import ProcessId
from axia_cli.stack.supervisor import Stack, running_stack
from axia_core import aws
from axia_core.adapters import dynamodb, sqs
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import magic_of
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import AxiaError
from axia_core.settings import Settings

pytestmark = pytest.mark.slow
WITHIN_S = 120.0
PARTS = {"aws", "redis", "paper-terminal", "code-server", "daemon", "webserver"}


@dataclass(frozen=True)
class Watched:
    """A stack that a thread watches as `axia up` does."""

    stack: Stack
    watching: threading.Thread
    ending: threading.Event

    def end(self) -> None:
        """Ends it as Ctrl-C does; once more does nothing."""
        self.ending.set()
        self.watching.join()
        self.stack.stop()


@dataclass(frozen=True)
class Life:
    """What there was before the AWS server was killed."""

    boot_id: str
    children: Mapping[str, ProcessId]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """On a clock inside an open session."""
    aws_port, redis, web, code = free_ports(4)
    shift = plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift
    settings = Settings(
        home=tmp_path_factory.mktemp("kill9"),
        aws_port=aws_port,
        redis_port=redis,
        webserver_port=web,
        code_server_port=code,
        clock_shift_s=shift.total_seconds(),
        absence_s=5.0,  # how long a new order is looked for after a kill, before it is sent
    )
    with running_stack(settings) as running:
        ending = threading.Event()
        found = Watched(running, threading.Thread(target=running.watch, args=(ending.is_set,)), ending)
        found.watching.start()
        yield found
        found.end()


@pytest.fixture(scope="module")
def stack(watched: Watched) -> Stack:
    return watched.stack


@pytest.fixture(scope="module")
def before(stack: Stack) -> Life:
    """One order is filled, then the AWS server is killed, and the ledger knows that it may have forgotten something."""
    send(stack, message(stack, "first"))
    filled(stack, "first")
    boot = emulator_client.boot(stack.parts.aws_url)
    assert boot is not None
    life = Life(boot.boot_id, record.running(stack.home).children)
    psutil.Process(life.children["aws"].pid).kill()
    assert eventually(lambda: epoch_of(stack) not in (boot.boot_id, None))
    return life


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def is_ready(stack: Stack) -> bool:
    known = record.read(stack.home)
    return known is not None and known.ready


def message(stack: Stack, order_id: str) -> str:
    created_at = (datetime.now(UTC) + stack.settings.clock_shift).isoformat()
    fields = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1}
    return json.dumps(fields | {"order_id": order_id, "created_at": created_at})


def filled(stack: Stack, order_id: str) -> OrderRecord:
    """The order once it is FILLED; fails when it is not within the time."""
    deadline, found = time.monotonic() + WITHIN_S, None
    while time.monotonic() < deadline:
        try:
            found = dynamodb.connect(stack.settings).order(order_id)
        except AxiaError:
            found = None  # the AWS server is not back yet
        if found is not None and found.state is State.FILLED:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{order_id} is not FILLED but {found}")


def send(stack: Stack, body: str) -> None:
    """Sends as a client does that does not give up."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            sqs.connect(stack.settings).send(body)
        except AxiaError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def deals(stack: Stack, order_id: str) -> list[dict[str, Any]]:
    """What the broker's history holds of an order."""
    now = int(time.time())
    with open_terminal(stack.settings) as terminal:
        found, _ = terminal.call("history_deals_get", now - 7 * 86_400, now + 7 * 86_400)
    return [deal for deal in found if deal["magic"] == magic_of(order_id)]


def epoch_of(stack: Stack) -> str | None:
    try:
        epoch = dynamodb.connect(stack.settings).epoch()
    except AxiaError:
        return None  # not back yet
    return epoch.boot_id if epoch else None


def forget(stack: Stack, order_id: str) -> None:
    """Takes every trace of an order out of the table, as a rewind does; what is lost by itself depends on the save."""
    table, client = stack.settings.table, aws.client(stack.settings, "dynamodb")
    values = {":pk": {"S": f"ORDER#{order_id}"}}
    found = client.query(TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values)
    for item in found["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def test_every_part_comes_up(stack: Stack) -> None:
    """After the start each part has its process, the ledger knows this life of the server, and trading is allowed."""
    boot = emulator_client.boot(stack.parts.aws_url)

    assert record.running(stack.home).children.keys() == PARTS
    assert boot is not None
    assert epoch_of(stack) == boot.boot_id
    assert not dynamodb.connect(stack.settings).kill_switch().active


def test_the_next_life_is_an_epoch_of_its_own(stack: Stack, before: Life) -> None:
    """The ledger says since when it may have forgotten something."""
    boot, epoch = emulator_client.boot(stack.parts.aws_url), dynamodb.connect(stack.settings).epoch()

    assert boot is not None
    assert epoch is not None
    assert epoch.boot_id == boot.boot_id != before.boot_id
    assert epoch.since >= boot.booted_at.replace(microsecond=0)


def test_forgotten_order_is_not_sent_again(stack: Stack, before: Life) -> None:
    """An order that the ledger forgot because the AWS server was killed is found at the broker when it comes again."""
    forget(stack, "first")
    send(stack, message(stack, "first"))
    again = filled(stack, "first")

    assert len(deals(stack, "first")) == 1
    assert again.execution.ticket == deals(stack, "first")[0]["order"]
    assert "although the ledger had no trace" in again.reason


def test_new_orders_go_on_after_the_kill(stack: Stack, before: Life) -> None:
    """Once healed the stack executes a new order, exactly once."""
    send(stack, message(stack, "after"))
    filled(stack, "after")

    assert len(deals(stack, "after")) == 1


def test_every_part_is_back(stack: Stack, before: Life) -> None:
    """Each part has a living process, and the record of the stack names it."""
    assert eventually(lambda: is_ready(stack))

    healed = record.running(stack.home).children
    assert healed.keys() == PARTS
    assert all(child.alive for child in healed.values())
    assert healed["aws"] != before.children["aws"]


def test_nothing_is_left(watched: Watched, before: Life) -> None:
    """After the end neither the first nor the healed processes live, no record claims one, and each step was timed."""
    stack = watched.stack
    healed = record.running(stack.home).children

    watched.end()

    assert not [name for name, child in [*before.children.items(), *healed.items()] if child.alive]
    assert record.read(stack.home) is None
    assert {"aws", "deploy", "ledger", "code-server", "webserver", "stop"} <= stack.seconds.keys()
