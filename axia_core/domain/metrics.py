"""The figures that alarms and dashboard watch: names, units, and what an order or a state of things amounts to.

What is not known has no reading: an alarm decides what silence means, and a made-up value would look like health.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from axia_core.domain.cached_series import CacheUse
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import is_open
from axia_core.domain.snapshot import Snapshot

# A desk publishes every other second; a burst of orders keeps it from it for a while.
FRESH_SNAPSHOT = timedelta(minutes=2)


class Metric(StrEnum):
    """Each has no dimension, so that it is one metric and costs one."""

    HEARTBEAT = "Heartbeat"  # 1: the scheduler works, and orders would be executed; 0: they would not
    MEMORY_USED = "MemoryUsedPercent"
    DISK_USED = "DiskUsedPercent"
    DATA_SOURCE_HEALTH = "DataSourceHealth"  # 1: every due trading day is stored; 0: one is late
    PARTITIONS_LATE = "PartitionsLate"
    CACHE_HIT_RATE = "CacheHitRate"
    UNKNOWN_ORDERS = "UnknownOrders"
    ACTIVE_POSITIONS = "ActivePositions"
    ORDER_SUCCESS_RATE = "OrderSuccessRate"  # 100 or 0 for each order: the average of any time is its rate
    ORDER_LATENCY = "OrderLatency"

    @property
    def unit(self) -> str:
        """CloudWatch's word for what it counts."""
        return _UNITS.get(self, "Count")


_UNITS = {
    Metric.MEMORY_USED: "Percent",
    Metric.DISK_USED: "Percent",
    Metric.CACHE_HIT_RATE: "Percent",
    Metric.ORDER_SUCCESS_RATE: "Percent",
    Metric.ORDER_LATENCY: "Seconds",
    Metric.HEARTBEAT: "None",
    Metric.DATA_SOURCE_HEALTH: "None",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one metric, of now."""

    metric: Metric
    value: float


_TOOK_EFFECT = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.PLACED, State.DONE})
_WITHOUT_EFFECT = frozenset({State.REJECTED, State.REFUSED, State.EXPIRED})
_UNDECIDED = frozenset({State.RECEIVED, State.SUBMITTING, State.UNKNOWN})


def order_readings(record: OrderRecord, was: State | None) -> tuple[Reading, ...]:
    """What an order is worth when it has just been decided; nothing before that, or for what becomes of it later.

    One that was cancelled on request before it was sent is neither a success nor a failure.
    """
    if was not in _UNDECIDED or record.state not in _TOOK_EFFECT | _WITHOUT_EFFECT:
        return ()
    rate = Reading(Metric.ORDER_SUCCESS_RATE, 100.0 if record.state in _TOOK_EFFECT else 0.0)
    seconds = max(0.0, (record.updated_at - record.sent_at).total_seconds())
    return rate, Reading(Metric.ORDER_LATENCY, seconds)


def desk_readings(open_orders: Iterable[OrderRecord], lease: Lease | None, now: datetime) -> tuple[Reading, ...]:
    """Whether orders would be executed at this moment, and of how many it is not known what became of them.

    While the market is closed nobody needs a desk: the scheduler that asks is what opens one.
    """
    works = lease is not None or not is_open(now)
    unknown = sum(record.state is State.UNKNOWN for record in open_orders)
    return Reading(Metric.HEARTBEAT, float(works)), Reading(Metric.UNKNOWN_ORDERS, float(unknown))


def position_readings(snapshot: Snapshot | None, now: datetime) -> tuple[Reading, ...]:
    """How many positions are open, where a desk has looked a moment ago."""
    if snapshot is None or abs(now - snapshot.at) > FRESH_SNAPSHOT:
        return ()
    return (Reading(Metric.ACTIVE_POSITIONS, float(len(snapshot.positions))),)


def cache_readings(before: Mapping[CacheUse, int] | None, after: Mapping[CacheUse, int]) -> tuple[Reading, ...]:
    """The share of hits among the loads between two counts; nothing without loads, or where the count began anew."""
    if before is None or any(after.get(use, 0) < count for use, count in before.items()):
        return ()
    loads = {use: count - before.get(use, 0) for use, count in after.items()}
    total = sum(loads.values())
    return (Reading(Metric.CACHE_HIT_RATE, 100.0 * loads.get(CacheUse.HIT, 0) / total),) if total else ()


def lateness_readings(late: int) -> tuple[Reading, ...]:
    """How many partitions are late, and with it whether the sources of bars have done their work."""
    return Reading(Metric.PARTITIONS_LATE, float(late)), Reading(Metric.DATA_SOURCE_HEALTH, float(late == 0))
