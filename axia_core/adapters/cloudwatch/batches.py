"""What CloudWatch takes in one call: lines as a batch of PutLogEvents, readings as data of PutMetricData. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from axia_core.domain.metrics import Metric, Reading

# The quotas of PutLogEvents.
MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
BYTES_AN_EVENT = 26
LONGEST_SPAN_MS = 24 * 3_600 * 1_000
# What one event was allowed for years; the present megabyte would make no line of ours more useful.
MOST_LINE_BYTES = 256 * 1_024 - BYTES_AN_EVENT
KEPT_CHARACTERS = 8_000  # of the text of a line that is too long; in JSON they may be six times as many bytes
# The quotas of PutMetricData.
MOST_DATA = 1_000
MOST_VALUES = 150


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a log and when it was written."""

    at_ms: int
    text: str
    size_bytes: int

    @classmethod
    def of(cls, at_ms: int, text: str) -> Line:
        """A line that CloudWatch takes: one that is too long keeps the beginning of its text, and says so."""
        size = len(text.encode("utf-8", "replace"))
        if size > MOST_LINE_BYTES:
            text = _shortened(text)
            size = len(text.encode("utf-8", "replace"))
        return cls(at_ms, text, size + BYTES_AN_EVENT)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A reading and when it was taken."""

    at: datetime
    reading: Reading


def _shortened(text: str) -> str:
    try:
        line = json.loads(text)
        kept = {name: line[name] for name in ("at", "level", "logger", "account", "order_id", "run_id") if name in line}
        return json.dumps(kept | {"text": str(line.get("text", ""))[:KEPT_CHARACTERS], "shortened": True})
    except (ValueError, AttributeError):
        return text[:KEPT_CHARACTERS]


def batch(lines: Sequence[Line]) -> list[Line]:
    """As many lines from the front as one call takes, in their order."""
    found: list[Line] = []
    size, first, last = 0, float("inf"), float("-inf")
    for line in islice(lines, MOST_EVENTS):
        size, first, last = size + line.size_bytes, min(first, line.at_ms), max(last, line.at_ms)
        if size > MOST_BYTES or last - first >= LONGEST_SPAN_MS:
            break
        found.append(line)
    return found


def as_events(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as PutLogEvents wants them: by time."""
    return [{"timestamp": line.at_ms, "message": line.text} for line in sorted(lines, key=lambda one: one.at_ms)]


def as_data(taken: Sequence[Taken]) -> list[dict[str, Any]]:
    """The readings as PutMetricData wants them: one datum for each metric and minute, equal values counted."""
    counted: dict[tuple[Metric, datetime], Counter[float]] = {}
    for one in taken:
        minute = one.at.astimezone(UTC).replace(second=0, microsecond=0)
        counted.setdefault((one.reading.metric, minute), Counter())[one.reading.value] += 1
    return [datum for (metric, minute), counts in counted.items() for datum in _data(metric, minute, counts)]


def _data(metric: Metric, minute: datetime, counts: Counter[float]) -> Iterator[dict[str, Any]]:
    values = sorted(counts)
    for start in range(0, len(values), MOST_VALUES):
        some = values[start : start + MOST_VALUES]
        yield {
            "MetricName": metric.value,
            "Timestamp": minute,
            "Unit": metric.unit,
            "Values": some,
            "Counts": [float(counts[value]) for value in some],
        }
