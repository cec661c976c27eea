"""The readings of a minute: what is known and nothing else, with few requests."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.memory_gauges import MemoryGauges
from axia_core.adapters.memory_snapshots import MemorySnapshots
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.metrics import Metric
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.snapshot import Snapshot
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, CorruptObject, StoreUnavailable
from axia_core.services.take_metrics import LOOKS_AT_ONCE, MetricRounds
from axia_core.settings import Settings
from tests.snapshot_examples import NOW, snapshot

UNIVERSE = Settings(symbols=("EURUSD", "USDJPY"), history_start=date(2026, 6, 1)).universe
SERIES = 2 * len(Timeframe)
DAYS = 5
MINUTE = timedelta(minutes=1)


def rounds(now: datetime = NOW) -> tuple[MetricRounds, MemoryGauges]:
    gauges = MemoryGauges()
    ledger = MemoryOrderLedger(KillSwitch(active=False))
    made = MetricRounds(ledger, MemorySnapshots(snapshot()), gauges, SteppedClock(now), UNIVERSE)
    return made, gauges


def store_everything(made: MetricRounds, gauges: MemoryGauges) -> None:
    gauges.stored.update(made._due(made.clock.now()))


def values(made: MetricRounds) -> dict[Metric, float]:
    return {one.metric: one.value for one in made.take()}


def test_a_healthy_minute() -> None:
    """Every metric but those of orders has a value; the hit rate from the second minute on."""
    made, gauges = rounds()
    store_everything(made, gauges)
    made.ledger.acquire_lease("desk", 10, NOW)
    gauges.loads = {CacheUse.HIT: 1}
    made.take()
    gauges.loads = {CacheUse.HIT: 4, CacheUse.MISS: 1}

    assert values(made) == {
        Metric.HEARTBEAT: 1,
        Metric.UNKNOWN_ORDERS: 0,
        Metric.ACTIVE_POSITIONS: 2,
        Metric.CACHE_HIT_RATE: 75,
        Metric.PARTITIONS_LATE: 0,
        Metric.DATA_SOURCE_HEALTH: 1,
        Metric.MEMORY_USED: 40,
        Metric.DISK_USED: 30,
    }


def test_no_desk_in_an_open_market() -> None:
    """The host lives, and no order would be executed: that is no heartbeat."""
    made, _ = rounds()

    assert values(made)[Metric.HEARTBEAT] == 0


class Away(MemoryOrderLedger):
    """A ledger that does not answer."""

    def open_orders(self, known: Collection[str] = ()) -> tuple[OrderRecord, ...]:
        raise StoreUnavailable("no answer")


class Damaged(MemorySnapshots):
    """A snapshot that cannot be read."""

    def read(self) -> Snapshot | None:
        raise CorruptObject("no snapshot")


def test_what_cannot_be_read_has_no_reading() -> None:
    """Neither zero nor health; what can be read is read all the same."""
    made, gauges = rounds()
    made.ledger, made.snapshots = Away(KillSwitch(active=False)), Damaged()
    gauges.fault = CacheUnavailable("no answer")

    assert values(made) == {Metric.MEMORY_USED: 40, Metric.DISK_USED: 30}


def test_no_hit_rate_over_a_gap() -> None:
    """Where the counts could not be read in between, the next share would be of a longer time than a minute."""
    made, gauges = rounds()
    gauges.loads = {CacheUse.HIT: 1}
    made.take()
    gauges.fault = CacheUnavailable("no answer")
    made.take()
    gauges.fault, gauges.loads = None, {CacheUse.HIT: 2}

    assert Metric.CACHE_HIT_RATE not in values(made)


def test_a_missing_day_is_late_until_it_is_there() -> None:
    """One partition of one day of the last week."""
    made, gauges = rounds()
    store_everything(made, gauges)
    lost = sorted(gauges.stored, key=lambda one: one[2])[0]
    gauges.stored.remove(lost)

    assert (values(made)[Metric.PARTITIONS_LATE], values(made)[Metric.DATA_SOURCE_HEALTH]) == (1, 0)

    gauges.stored.add(lost)
    assert (values(made)[Metric.PARTITIONS_LATE], values(made)[Metric.DATA_SOURCE_HEALTH]) == (0, 1)


@pytest.mark.parametrize(("minutes", "late"), [(29, 0), (31, SERIES)])
def test_a_collection_has_half_an_hour(minutes: int, late: int) -> None:
    """At 07:29 Tokyo the day is not late yet; two minutes later it is."""
    made, gauges = rounds(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    store_everything(made, gauges)
    made.clock = SteppedClock(datetime(2026, 7, 1, 22, 0, tzinfo=UTC) + timedelta(minutes=minutes))

    assert values(made)[Metric.PARTITIONS_LATE] == late


def test_stored_days_are_looked_for_once() -> None:
    """Then only what is missing costs a request."""
    made, gauges = rounds()
    store_everything(made, gauges)
    lost = next(iter(gauges.stored))
    gauges.stored.remove(lost)
    made.take()
    gauges.looked_for.clear()

    made.take()

    assert gauges.looked_for == [lost]


def test_a_large_universe_is_looked_through_in_turn() -> None:
    """So many requests a minute; nothing is said before all were made, and then nothing is forgotten."""
    made, gauges = rounds()
    made.universe = Settings(history_start=date(2026, 6, 1)).universe
    series = len(made.universe.plans) * len(Timeframe)
    minutes = -(-series * DAYS // LOOKS_AT_ONCE)

    told = [values(made).get(Metric.PARTITIONS_LATE) for _ in range(minutes + 2)]

    assert told == [None] * (minutes - 1) + [series * DAYS] * 3
    assert len(gauges.looked_for) == LOOKS_AT_ONCE * (minutes + 2)
    assert set(gauges.looked_for) == set(made._due(NOW))


def test_a_pair_is_not_late_before_its_start() -> None:
    """What is not to be there yet is not missing."""
    made, _ = rounds()
    made.universe = Settings(symbols=("USDJPY",), history_start=date(2026, 6, 30)).universe

    assert values(made)[Metric.PARTITIONS_LATE] == len(Timeframe)
