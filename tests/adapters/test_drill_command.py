"""`axia drill` with everything: what it finds, and that production is as it was afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.mt5 import beside
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.domain.messages import Message
from axia_core.domain.names import ORDER_QUEUE, TABLE
from tests.adapters.test_recover_command import Axia, made, trade
from tests.conftest import LocalAws

DRILLS = ("kill-switch", "orders", "objects", "cache", "host", "six-steps")


@dataclass
class Held:
    """Every drill, held once; what production had before it and after it."""

    axia: Axia
    drills: dict[str, dict[str, Any]]
    before: list[Any]
    after: list[Any]
    sent: str
    waiting: tuple[Message, ...]


@pytest.fixture(scope="module")
def held(aws: LocalAws, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """An order waits in the queue meanwhile, which no drill may take."""
    with pytest.MonkeyPatch.context() as patch:
        traded = trade(aws, tmp_path_factory.mktemp("traded"))
        axia = made(aws, redis_url, traded, tmp_path_factory.mktemp("held"), patch)
        queue = SqsOrderQueue(aws.client("sqs"), ORDER_QUEUE, axia.settings.clock_shift)
        sent, before = queue.send("left alone"), production(axia)
        document = axia.document("drill", *DRILLS)
        drills = {one["name"]: one for one in document["drills"]}
        waiting = queue.receive(10, 0, 1)
        queue.delete_all(waiting)
        yield Held(axia, drills, before, production(axia), sent, waiting)


def production(axia: Axia) -> list[Any]:
    """The order table, and everything that the broker has done and holds."""
    return [items(axia), history(axia)]


def history(axia: Axia) -> list[int]:
    clock = SystemClock(axia.settings.clock_shift)
    with beside.connect(axia.settings, clock) as broker:
        deals = broker.deals(clock.now() - timedelta(days=30), clock.now() + timedelta(days=1))
        return [*(deal.ticket for deal in deals), *(one.ticket for one in (*broker.positions(), *broker.pending()))]


def items(axia: Axia) -> list[Any]:
    """All but those whose time is over, which the server removes at any moment."""
    found = axia.aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    found = [item for item in found if "ttl" not in item or int(item["ttl"]["N"]) > time.time()]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_every_drill_passes(held: Held) -> None:
    """Each says where it was measured, and has compared something."""
    assert {name: (one["result"], one["reason"]) for name, one in held.drills.items()} == dict.fromkeys(
        DRILLS, ("passed", "")
    )
    assert all(one["environment"] == "local" and one["items_compared"] > 0 for one in held.drills.values())


def test_production_is_as_it_was(held: Held) -> None:
    """Not an item, a deal or a position is another one, and the message in the queue was never received."""
    assert held.after == held.before
    assert [(one.message_id, one.receive_count) for one in held.waiting] == [(held.sent, 1)]


def test_nothing_stays(held: Held) -> None:
    """No table, queue, object or folder of a drill."""
    assert held.axia.scratch() == []
    assert list((held.axia.settings.home / "drills").glob("*")) == []


def test_figures_of_the_orders_drill(held: Held) -> None:
    """RPO is the age of the traded order in the copy, RTO is measured, and what a person does is counted apart."""
    orders = held.drills["orders"]

    assert 0 < orders["rpo_s"] < 300
    assert 0 < orders["rto_s"] < 300
    assert orders["heartbeat"]["item"]
    assert len(orders["human_steps"]) == 1
    assert orders["differences"] == []


def test_steps_of_the_original_s_test(held: Held) -> None:
    """Snapshot, stop, start anew, data, function, performance, in this order."""
    steps = [step["name"][0] for step in held.drills["six-steps"]["steps"] if step["name"][0].isdigit()]

    assert list(dict.fromkeys(steps)) == ["1", "2", "3", "4", "5", "6"]


def test_reports_are_kept(held: Held) -> None:
    """Each drill leaves an object that says what was printed."""
    s3, bucket = held.axia.aws.client("s3"), held.axia.bucket

    for name, document in held.drills.items():
        (kept,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"_dr/reports/{name}/")["Contents"]
        assert json.loads(s3.get_object(Bucket=bucket, Key=kept["Key"])["Body"].read()) == document
