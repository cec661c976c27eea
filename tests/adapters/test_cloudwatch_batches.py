"""What goes into one call: never more than CloudWatch takes, nothing lost, nothing out of order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.cloudwatch import batches
from axia_core.adapters.cloudwatch.batches import Line, Taken, as_data, as_events, batch
from axia_core.domain.metrics import Metric, Reading

NOON = datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)
LINES = st.lists(
    st.builds(
        Line.of, st.integers(0, 3 * batches.LONGEST_SPAN_MS), st.sampled_from(["x", "é" * 60_000, "y" * 200_000])
    ),
    min_size=1,
    max_size=30,
)


@given(LINES)
def test_batches_keep_to_the_quotas(lines: list[Line]) -> None:
    """Bytes with 26 for each event, and less than a day from the first to the last, in order of time."""
    left = lines
    seen: list[Line] = []
    while left:
        some = batch(left)
        events = as_events(some)
        assert sum(len(one["message"].encode()) + 26 for one in events) <= 1_048_576
        assert events[-1]["timestamp"] - events[0]["timestamp"] < 24 * 3_600_000
        assert [one["timestamp"] for one in events] == sorted(one["timestamp"] for one in events)
        seen, left = seen + some, left[len(some) :]

    assert seen == lines


def test_a_batch_has_at_most_ten_thousand_events() -> None:
    """The rest waits for the next call."""
    assert len(batch([Line.of(0, "x")] * 10_001)) == 10_000


def test_a_batch_spans_less_than_a_day() -> None:
    """Lines that waited for a day are not sent together with those of now."""
    day_ms = 24 * 3_600_000

    assert len(batch([Line.of(0, "x"), Line.of(day_ms - 1, "y"), Line.of(day_ms, "z")])) == 2


def test_a_line_that_is_too_long_is_shortened() -> None:
    """It stays JSON, keeps whose it is, and says that it is not whole."""
    text = json.dumps({"at": "now", "order_id": "A1", "text": "é" * 400_000, "exception": "x" * 400_000})

    line = Line.of(0, text)

    found = json.loads(line.text)
    assert (found["order_id"], found["shortened"]) == ("A1", True)
    assert line.size_bytes < 256 * 1_024
    assert len(Line.of(0, "no JSON " * 50_000).text) < 10_000


def test_readings_of_a_minute_are_one_datum() -> None:
    """Equal values are counted, so that averages and percentiles are those of the single orders."""
    taken = [Taken(NOON, Reading(Metric.ORDER_SUCCESS_RATE, value)) for value in (100.0, 0.0, 100.0)]

    (datum,) = as_data(taken)

    assert (datum["Values"], datum["Counts"]) == ([0.0, 100.0], [1.0, 2.0])
    assert (datum["MetricName"], datum["Unit"]) == ("OrderSuccessRate", "Percent")
    assert datum["Timestamp"] == NOON.replace(second=0)
    assert "Dimensions" not in datum


@given(st.lists(st.tuples(st.sampled_from(Metric), st.floats(0, 300), st.integers(0, 3)), max_size=400))
def test_no_reading_is_lost(readings: list[tuple[Metric, float, int]]) -> None:
    """However many values a minute has: 150 in a datum at most."""
    taken = [Taken(NOON + timedelta(minutes=minute), Reading(metric, value)) for metric, value, minute in readings]

    data = as_data(taken)

    assert sum(sum(datum["Counts"]) for datum in data) == len(taken)
    assert all(len(datum["Values"]) <= 150 for datum in data)


def test_a_datum_has_at_most_150_values() -> None:
    """A burst of orders has as many latencies as orders."""
    taken = [Taken(NOON, Reading(Metric.ORDER_LATENCY, float(number))) for number in range(151)]

    assert [len(datum["Values"]) for datum in as_data(taken)] == [150, 1]


@pytest.mark.parametrize("metric", list(Metric))
def test_units_are_cloudwatchs(metric: Metric) -> None:
    """A unit that CloudWatch does not know is refused with the whole call."""
    assert metric.unit in {"Percent", "Count", "Seconds", "None"}
