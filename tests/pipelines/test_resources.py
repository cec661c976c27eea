"""The composed resources against real neighbours: local AWS, Redis and the paper terminal in a process of its own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from axia_core.adapters.paper.profile import TerminalClock, TerminalProfile, create_terminal
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import State
from axia_core.domain.sessions import is_open, last_closed_trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.services.accept import accept
from axia_core.settings import Settings
from axia_pipelines.definitions import build_definitions
from axia_pipelines.jobs import COLLECTION
from axia_pipelines.partitions import range_tags
from axia_pipelines.resources import BarsResource, DeskResource, OrderPorts
from tests.pipelines.fakes import BUY, TWO_SYMBOLS, settings

HOUR = timedelta(hours=1)
OWN = "axia-test-resources"


@pytest.fixture(scope="module")
def own_names(aws: Any) -> None:
    """A bucket and a queue that no other suite uses."""
    aws.client("s3").create_bucket(Bucket=OWN, CreateBucketConfiguration={"LocationConstraint": aws.region})
    aws.client("sqs").create_queue(QueueName=OWN)


@pytest.fixture
def world(tmp_path: Path, aws: Any, redis_url: str, own_names: None) -> Settings:
    """Settings that point at local servers and a fresh paper terminal, with the clock set back into an open session."""
    shift = _into_a_session(datetime.now(UTC))
    _empty_ledger(aws)
    create_terminal(
        tmp_path / "paper", TerminalProfile(symbols=TWO_SYMBOLS, clock=TerminalClock(shift_s=shift.total_seconds()))
    )
    return settings(
        home=tmp_path,
        mt5_path=tmp_path / "paper",
        aws_endpoint_url=aws.endpoint_url,
        redis_url=redis_url.removesuffix("/0") + "/7",
        bucket=OWN,
        order_queue=OWN,
        clock_shift_s=shift.total_seconds(),
        history_start=date(2026, 1, 1),
    )


def _empty_ledger(aws: Any) -> None:
    """The table is everybody's: each suite that needs an empty one empties it."""
    table = aws.client("dynamodb")
    for item in table.scan(TableName=TABLE)["Items"]:
        table.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


def _into_a_session(now: datetime) -> timedelta:
    """Back by whole days until the market is open, and stays open for an hour."""
    shift = timedelta()
    while not (is_open(now + shift) and is_open(now + shift + HOUR)):
        shift -= timedelta(days=1)
    return shift


def newest_day(world: Settings) -> date:
    return last_closed_trading_days(datetime.now(UTC) + world.clock_shift - HOUR, 1)[0]


def test_a_day_goes_from_the_terminal_to_redis(world: Settings, instance: dg.DagsterInstance) -> None:
    """One run collects a day of two symbols from the paper terminal into S3 and from there into Redis, whole."""
    day = newest_day(world)
    job = build_definitions(world).resolve_job_def(COLLECTION)

    result = job.execute_in_process(instance=instance, tags=range_tags(day, day, TWO_SYMBOLS))

    bars = BarsResource(world)
    stored = bars.store.truth(Symbol("USDJPY"), Timeframe.M5, day)
    cached = bars.cache.read(Symbol("USDJPY"), Timeframe.M5)
    assert result.success
    assert stored is not None
    assert stored.complete
    assert cached is not None
    assert len(cached) == 288


def test_an_order_is_executed_at_the_terminal(world: Settings, instance: dg.DagsterInstance) -> None:
    """The composed desk takes an order from SQS through DynamoDB to the paper terminal and shows the fill."""
    ports = DeskResource(world).ports
    ports.ledger.initialise_kill_switch(active=False, who="test", now=ports.clock.now())
    order_id = _accepted(ports)
    job = build_definitions(world).resolve_job_def("order_execution")

    result = job.execute_in_process(
        instance=instance, run_config={"ops": {"execute_order": {"config": {"order_id": order_id}}}}
    )

    record = ports.ledger.order(order_id)
    assert result.success
    assert record is not None
    assert (record.state, record.reason) == (State.FILLED, "")


def _accepted(ports: OrderPorts) -> str:
    """Sends an order without exits through the queue and takes it into the ledger; its id."""
    fields = {name: value for name, value in BUY.items() if not name.endswith("_price")}
    message_id = ports.queue.send(json.dumps({**fields, "symbol": "USDJPY"}))
    accept(
        ports.queue.receive(1, 5, 10),
        acknowledge=ports.queue.delete_all,
        ledger=ports.ledger,
        clock=ports.clock,
        events=ports.events,
        symbols=TWO_SYMBOLS,
    )
    return message_id
