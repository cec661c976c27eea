"""kill -9 of the local AWS server: the ledger goes back in time, and still no order is sent twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from axia_cli.demo import plan_for
from axia_cli.stack import record
from axia_cli.stack.ports import free_ports
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
WITHIN_S = 90.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that is watched as `axia up` watches it, on a clock inside an open session."""
    aws_port, redis, web, code = free_ports(4)
    shift = plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift
    settings = Settings(
        home=tmp_path_factory.mktemp("kill9"),
        aws_port=aws_port,
        redis_port=redis,
        webserver_port=web,
        code_server_port=code,
        clock_shift_s=shift.total_seconds(),
    )
    with running_stack(settings) as running:
        ending = threading.Event()
        watching = threading.Thread(target=running.watch, args=(ending.is_set,))
        watching.start()
        yield running
        ending.set()
        watching.join()


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


def kill_aws(stack: Stack) -> None:
    """Kills the AWS server and waits until the ledger knows that it may have forgotten something."""
    running, before = record.read(stack.home), epoch_of(stack)
    assert running is not None
    psutil.Process(running.children["aws"].pid).kill()
    deadline = time.monotonic() + WITHIN_S
    while epoch_of(stack) in (before, None) and time.monotonic() < deadline:
        time.sleep(0.2)


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


def test_forgotten_order_is_not_sent_again(stack: Stack) -> None:
    """An order that the ledger forgot because the AWS server was killed is found at the broker when it comes again."""
    send(stack, message(stack, "first"))
    filled(stack, "first")

    kill_aws(stack)
    forget(stack, "first")
    send(stack, message(stack, "first"))
    again = filled(stack, "first")

    assert len(deals(stack, "first")) == 1
    assert again.execution.ticket == deals(stack, "first")[0]["order"]
    assert "although the ledger had no trace" in again.reason


def test_new_orders_go_on_after_the_kill(stack: Stack) -> None:
    """Once healed the stack executes a new order, exactly once."""
    send(stack, message(stack, "after"))
    filled(stack, "after")

    assert len(deals(stack, "after")) == 1
