"""Readings to CloudWatch's custom metrics: one PutMetricData a minute at most, by a thread of its own."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from axia_core.adapters.cloudwatch.batches import MOST_DATA, Taken, as_data
from axia_core.adapters.cloudwatch.outbox import Outbox, Pace
from axia_core.aws import client, translated
from axia_core.domain import names
from axia_core.domain.metrics import Reading
from axia_core.ports import Metrics
from axia_core.settings import Settings

# Two hours of a host's readings, or the orders of an hour: CloudWatch takes them late.
PACE = Pace(every_s=60.0, full_at=10_000, most_items=5_000, most_bytes=5_000)
CLOSES_WITHIN_S = 2.0
READ_TIMEOUT_S = 5.0
MOST_AT_ONCE = MOST_DATA  # readings: they never make more data than they are


class CloudWatchMetrics(Metrics):
    """Stamps a reading with the wall clock's time and leaves it to an outbox, whose thread calls *make_client*."""

    def __init__(self, make_client: Callable[[], Any], namespace: str, pace: Pace = PACE) -> None:
        self._make_client = make_client
        self._client: Any = None
        self._namespace = namespace
        self._outbox = Outbox(f"metrics to {namespace}", pace, self._send)

    def publish(self, readings: Sequence[Reading]) -> None:
        # CloudWatch knows no shift of AXIA's clock: its alarms look at the last minutes of the world.
        now = datetime.now(UTC)
        with suppress(RuntimeError):  # a thread cannot begin while the process ends
            for reading in readings:
                self._outbox.put(Taken(now, reading))

    def close(self) -> None:
        """Sends what waits, within two seconds at most."""
        self._outbox.close(CLOSES_WITHIN_S)

    def _send(self, waiting: list[Taken], _: int) -> int:
        some = waiting[:MOST_AT_ONCE]
        with translated("publishing metrics"):
            if self._client is None:
                self._client = self._make_client()
            self._client.put_metric_data(Namespace=self._namespace, MetricData=as_data(some))
        return len(some)


def connect(settings: Settings) -> CloudWatchMetrics:
    """The namespace that alarms and dashboard look at; nothing is called yet."""
    metrics = CloudWatchMetrics(
        lambda: client(settings, "cloudwatch", read_timeout_s=READ_TIMEOUT_S), names.METRICS_NAMESPACE
    )
    atexit.register(metrics.close)
    return metrics
