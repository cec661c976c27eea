"""The sensor that takes the readings of every minute: it publishes them, says them, and asks for no run."""

from __future__ import annotations

import dagster as dg
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.memory_gauges import MemoryGauges
from axia_core.adapters.memory_metrics import MemoryMetrics, NoMetrics
from axia_core.adapters.memory_snapshots import MemorySnapshots
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.metrics import Metric
from axia_core.services.take_metrics import MetricRounds
from axia_pipelines.resources import MetricsResource
from axia_pipelines.sensors import metrics_sensor
from tests.pipelines.fakes import settings
from tests.pipelines.test_definitions import loaded_by
from tests.snapshot_examples import NOW, snapshot


class FakeMetrics(MetricsResource):
    """Readings of memory, into memory."""

    def __init__(self) -> None:
        super().__init__(settings())
        self.place = MemoryMetrics()
        clock, ledger = SteppedClock(NOW), MemoryOrderLedger(KillSwitch(active=False))
        self.rounds = MetricRounds(ledger, MemorySnapshots(snapshot()), MemoryGauges(), clock, self.settings.universe)


def test_a_tick_publishes_what_it_says(instance: dg.DagsterInstance) -> None:
    """The readings are where alarms look, and in the tick's own words in the Dagster UI."""
    metrics = FakeMetrics()

    with dg.build_sensor_context(instance=instance, resources={"metrics": metrics}) as context:
        answer = metrics_sensor(is_on=True)(context)

    assert isinstance(answer, dg.SkipReason)
    assert isinstance(metrics.place, MemoryMetrics)
    assert "ActivePositions 2" in (answer.skip_message or "")
    assert Metric.HEARTBEAT in {one.metric for one in metrics.place.published}


@pytest.mark.parametrize(
    ("is_on", "status"), [(True, dg.DefaultSensorStatus.RUNNING), (False, dg.DefaultSensorStatus.STOPPED)]
)
def test_it_ticks_where_somebody_watches(is_on: bool, status: dg.DefaultSensorStatus) -> None:
    """On AWS from the start; on a laptop it does not begin."""
    assert metrics_sensor(is_on).default_status is status


def test_no_minute_is_without_a_reading() -> None:
    """The daemon is late by five seconds and more; an alarm that wants five minutes in a row counts none twice."""
    assert (metrics_sensor(is_on=True).minimum_interval_seconds or 60) <= 50


def test_nowhere_by_default() -> None:
    """Without the setting nothing is published, whoever turns the sensor on."""
    assert isinstance(MetricsResource(settings()).place, NoMetrics)


def test_readings_load_no_heavy_library() -> None:
    """The code server takes them for ever, and must not grow by what only bars need."""
    program = """
from axia_core.settings import Settings
from axia_pipelines.resources import MetricsResource
nowhere = {"aws_endpoint_url": "http://127.0.0.1:9", "redis_url": "redis://127.0.0.1:9/0"}
metrics = MetricsResource(Settings(**nowhere, cloudwatch=True))
assert metrics.place and metrics.rounds._host()
try: metrics.rounds._cache()
except Exception: pass
"""

    assert loaded_by(program, ["numpy", "pandas", "pyarrow", "yfinance", "msgpack"]) == []
