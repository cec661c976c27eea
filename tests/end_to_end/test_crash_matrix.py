"""A small sample of `python -m benchmarks.crash_matrix`: real SIGKILL over SQS, DynamoDB and the paper terminal."""

from __future__ import annotations

import pytest

from benchmarks.crash_matrix import run

pytestmark = pytest.mark.slow


def test_a_sample_of_the_matrix_has_no_violations() -> None:
    """Of a few cases chosen by a seed none loses, doubles or misreports an order, and the desk really was killed."""
    report = run(count=6, seed=20_261_124)

    assert report.violations == []
    assert report.killed >= 5
    assert report.orders_sent >= report.cases == 6
    assert any("order_send" in name or "terminal.send" in name for name in report.boundaries)
