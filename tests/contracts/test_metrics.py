"""What every place of metrics promises, over memory, over none and over CloudWatch (a local AWS server)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from axia_core.adapters.cloudwatch.metrics import PACE, CloudWatchMetrics, connect
from axia_core.adapters.memory_metrics import MemoryMetrics, NoMetrics
from axia_core.domain.metrics import Metric, Reading
from axia_core.ports import Metrics
from axia_core.settings import Settings
from tests.conftest import LocalAws

WITHIN_S = 90.0
NAMESPACE = "AXIA/ContractTest"
SOME = (Reading(Metric.ORDER_SUCCESS_RATE, 100.0), Reading(Metric.ORDER_SUCCESS_RATE, 0.0))


@dataclass
class Place:
    """A place of metrics, and what is read back of it: mean and count of a metric; None where it cannot be read."""

    metrics: Metrics
    seen: Callable[[Metric], tuple[float, int] | None]
    end: Callable[[], None] = lambda: None  # sends what would otherwise wait for the next minute


@pytest.fixture(params=["memory", "none", "cloudwatch"])
def place(request: pytest.FixtureRequest) -> Place:
    """One of each kind."""
    if request.param == "none":
        return Place(NoMetrics(), lambda _: None)
    if request.param == "memory":
        memory = MemoryMetrics()
        return Place(memory, lambda metric: mean([one.value for one in memory.published if one.metric is metric]))
    aws: LocalAws = request.getfixturevalue("aws")
    namespace = f"{NAMESPACE}/{time.time_ns()}"
    metrics = CloudWatchMetrics(lambda: aws.client("cloudwatch"), namespace)
    return Place(metrics, lambda metric: statistics(aws, namespace, metric), metrics.close)


def mean(values: list[float]) -> tuple[float, int]:
    return (sum(values) / len(values) if values else 0.0, len(values))


def statistics(aws: LocalAws, namespace: str, metric: Metric) -> tuple[float, int]:
    now = datetime.now(UTC)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric.value,
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7_200,
        Statistics=["Average", "SampleCount"],
    )["Datapoints"]
    return mean([]) if not found else (found[0]["Average"], int(found[0]["SampleCount"]))


def test_readings_are_there(place: Place) -> None:
    """Each of them, under its name and without dimensions; their average is that of the single ones."""
    place.metrics.publish(SOME)

    place.end()
    deadline = time.monotonic() + WITHIN_S
    while place.seen(Metric.ORDER_SUCCESS_RATE) not in (None, (50.0, 2)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert place.seen(Metric.UNKNOWN_ORDERS) in (None, (0.0, 0))


def test_nothing_is_nothing(place: Place) -> None:
    """No reading makes no metric."""
    place.metrics.publish(())

    assert place.seen(Metric.ORDER_SUCCESS_RATE) in (None, (0.0, 0))


def test_nobody_answers() -> None:
    """Publishing returns at once and raises nothing; ending takes its two seconds at most."""
    metrics = connect(Settings(aws_endpoint_url="http://127.0.0.1:9", cloudwatch=True))

    for _ in range(1_000):
        metrics.publish(SOME)

    metrics.close()


class Counting:
    """A client of CloudWatch that counts calls and data."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def put_metric_data(self, **call: Any) -> None:
        self.calls.append(len(call["MetricData"]))


def test_one_call_a_minute() -> None:
    """A burst of orders makes no burst of calls: the first goes at once, all others together with the next."""
    client = Counting()
    metrics = CloudWatchMetrics(lambda: client, NAMESPACE)

    for _ in range(500):
        metrics.publish(SOME)
    metrics.close()

    assert PACE.every_s == 60
    assert len(client.calls) <= 2
    assert sum(client.calls) <= 4
