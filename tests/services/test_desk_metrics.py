"""What a desk tells of its orders: readings as they are decided, lines that name them, and no order ever waits."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.cloudwatch.logs import CloudWatchLines
from axia_core.adapters.cloudwatch.metrics import CloudWatchMetrics
from axia_core.adapters.log import JsonLine
from axia_core.adapters.memory import MemoryBroker
from axia_core.adapters.memory_metrics import MemoryMetrics
from axia_core.desk import Desk
from axia_core.domain.metrics import Metric, Reading
from axia_core.domain.order_states import State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import Outcome, Settled
from axia_core.ports import Events, Metrics
from tests.services.conftest import World
from tests.services.test_desk_snapshots import rounds

WITHIN_S = 60.0
LOG = logging.getLogger("axia.test_desk_metrics")


def desk_with(world: World, metrics: Metrics) -> Desk:
    desk = world.desk()
    desk.metrics = metrics
    return desk


def of(metric: Metric, readings: Sequence[Reading]) -> list[float]:
    return [one.value for one in readings if one.metric is metric]


def test_each_decided_order_is_a_reading(world: World) -> None:
    """A fill is a success, a rejection and a refusal are none; each took its time."""
    metrics = MemoryMetrics()
    world.broker.script = [Settled(state=State.FILLED), Settled(state=State.REJECTED)]
    world.send(order_id="A1")
    world.send(order_id="A2")
    world.send(order_id="A3", lot_size=99)

    list(desk_with(world, metrics).run(rounds(5)))

    assert of(Metric.ORDER_SUCCESS_RATE, metrics.published) == [100.0, 0.0, 0.0]
    assert len(of(Metric.ORDER_LATENCY, metrics.published)) == 3


def test_latency_counts_from_sending(world: World) -> None:
    """Also the time in the queue, in which no desk was open."""
    metrics = MemoryMetrics()
    world.send(order_id="A1")
    world.clock.step(timedelta(seconds=7))

    list(desk_with(world, metrics).run(rounds(3)))

    assert of(Metric.ORDER_LATENCY, metrics.published) == [pytest.approx(7.0, abs=0.5)]


def test_a_successor_does_not_count_again(world: World) -> None:
    """What one desk left PLACED and the next takes over was decided once."""
    first, second = MemoryMetrics(), MemoryMetrics()
    world.broker.script = [Settled(state=State.PLACED)]
    world.send(order_id="A1", order_type="LIMIT", entry_price=149.5, tp_price=151.0, sl_price=149.0)
    list(desk_with(world, first).run(rounds(3)))

    list(desk_with(world, second).run(rounds(3)))

    assert of(Metric.ORDER_SUCCESS_RATE, first.published) == [100.0]
    assert second.published == []


class Hanging:
    """A client of AWS whose every call hangs until the test ends."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def put_log_events(self, **_: Any) -> None:
        self.released.wait(WITHIN_S)

    def put_metric_data(self, **_: Any) -> None:
        self.released.wait(WITHIN_S)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Everything under `axia` is logged to a CloudWatch that hangs."""
    client, logger = Hanging(), logging.getLogger("axia")
    handler, level = CloudWatchLines(lambda: client, "group", "stream"), logger.level
    handler.setFormatter(JsonLine("demo"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield client
    client.released.set()
    logger.removeHandler(handler)
    handler.close()
    logger.setLevel(level)


class LoggedEvents(Events):
    """Events that are nothing but lines."""

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        LOG.warning("%s", text)


class InBoth(Metrics):
    """Publishes to one place, and keeps for the test what it published."""

    def __init__(self, place: Metrics) -> None:
        self.place = place
        self.kept = MemoryMetrics()

    def publish(self, readings: Sequence[Reading]) -> None:
        self.place.publish(readings)
        self.kept.publish(readings)


def test_no_order_waits_for_cloudwatch(world: World, hanging: Hanging) -> None:
    """Every order is filled while the calls for lines and metrics hang: the desk would hang with them otherwise."""
    metrics = InBoth(CloudWatchMetrics(lambda: hanging, "space"))
    desk = desk_with(world, metrics)
    desk.events = LoggedEvents()
    for number in range(50):
        world.send(order_id=f"A{number}")

    list(desk.run(rounds(20)))

    assert not hanging.released.is_set()
    assert len(world.broker.submitted) == 50
    assert len(of(Metric.ORDER_LATENCY, metrics.kept.published)) == 50


class Kept(logging.Handler):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLine("demo").format(record)))


class LoggingBroker(MemoryBroker):
    """A broker whose adapter has something to say."""

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        LOG.warning("sending")
        return super().submit(order, send_by)


def test_lines_of_an_order_name_it(world: World) -> None:
    """What the broker's adapter logs while an order is sent carries its id; what is logged beside it does not."""
    kept = Kept()
    LOG.addHandler(kept)
    world.broker = LoggingBroker(world.clock)
    world.send(order_id="A1")

    list(world.desk().run(rounds(3)))
    LOG.warning("after it")

    LOG.removeHandler(kept)
    assert [line.get("order_id") for line in kept.lines] == ["A1", None]
