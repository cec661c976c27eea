"""Log lines of runs, for a machine that has no Dagster: one for each partition, and every line names its run."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from axia_core.adapters.log import JsonLine, LogEvents
from axia_pipelines.partitions import range_tags
from tests.pipelines.fakes import FRIDAY, MONDAY, TWO_SYMBOLS, FakeDesk, market
from tests.pipelines.test_desk_op import BEFORE_CLOSE, open_desk
from tests.pipelines.test_ohlcv import DAYS, bars, collect


class Kept(logging.Handler):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLine("demo").format(record)))


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Every line under the logger `axia`."""
    logger, kept = logging.getLogger("axia"), Kept()
    level, handlers = logger.level, list(logger.handlers)
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept.lines
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_a_collection_has_a_line_for_each_partition(instance: dg.DagsterInstance, lines: list[dict[str, Any]]) -> None:
    """With run, partition, and what was done; nothing of it clings to what is logged after the run."""
    result = collect(instance, market(), bars(), range_tags(MONDAY, FRIDAY, TWO_SYMBOLS))
    logging.getLogger("axia.test").info("after it")

    collected = [line for line in lines if line["logger"] == "axia.collection"]
    assert sorted(line["partition"] for line in collected) == [f"2026-{d}|{s}" for d in DAYS for s in TWO_SYMBOLS]
    assert {line["run_id"] for line in collected} == {result.run_id}
    assert collected[0]["text"] == "EURUSD H1 new: 24 of 24 bars from memory"
    assert "run_id" not in lines[-1]


def test_a_desks_lines_name_its_run(instance: dg.DagsterInstance, lines: list[dict[str, Any]]) -> None:
    """And the order they are about, which the next line does not inherit."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.ports = replace(desk.ports, events=LogEvents("demo"))
    desk.send("one")

    result = open_desk(instance, desk)
    logging.getLogger("axia.test").info("after it")

    told = [line for line in lines if line["logger"] == "axia.events"]
    assert [(line["run_id"], line["order_id"], line["state"]) for line in told] == [(result.run_id, "one", "FILLED")]
    assert not {"run_id", "order_id"} & lines[-1].keys()
