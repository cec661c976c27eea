"""What an operator reads of a partition that is not whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from axia_core.domain.bars import RefusedBar
from axia_pipelines.metadata import partition_metadata
from tests.bar_examples import session_bars, truth_of, without


def test_many_gaps_are_counted_and_some_are_listed() -> None:
    """The first ten gaps are listed by time, the others only counted."""
    truth = truth_of(without(session_bars(), range(12)))

    metadata = partition_metadata(truth, "bucket")

    listed = str(metadata["gaps_at"].value).splitlines()
    assert metadata["gaps"].value == 12
    assert len(listed) == 11
    assert listed[-1] == "... and 2 more"


def test_refused_bars_say_why() -> None:
    """A bar that was not taken is listed with its reason."""
    refused = (RefusedBar(datetime(2026, 7, 3, 9, 0, tzinfo=UTC), "high is below open or close"),)

    metadata = partition_metadata(replace(truth_of(session_bars()), refused=refused), "bucket")

    assert metadata["refused_bars"].value == "2026-07-03T09:00Z high is below open or close"
    assert metadata["complete"].value is False


def test_a_whole_partition_lists_nothing() -> None:
    """Without gaps and refusals there are no lists to read past."""
    metadata = partition_metadata(truth_of(session_bars()), "bucket")

    assert {"gaps_at", "refused_bars"}.isdisjoint(metadata)
