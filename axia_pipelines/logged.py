"""Log lines of a run: which run and partition they are about, and one line for each partition that was collected.

House rule: what a person reads in the Dagster UI is `context.log`'s; these lines are for a machine that has no Dagster.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.domain.names import DATA_COLLECTOR
from axia_core.log_context import log_context
from axia_core.settings import Settings
from axia_core.telemetry import ship_logs
from axia_pipelines.partitions import partition_key

if TYPE_CHECKING:
    from axia_core.services.collect import Collected

_LINES = logging.getLogger("axia.collection")


@contextmanager
def logged(
    context: dg.OpExecutionContext | dg.AssetExecutionContext, settings: Settings | None = None
) -> Iterator[None]:
    """Lines of the block name the run; with *settings* they go to the collector's stream, where any are sent."""
    if settings is not None:
        ship_logs(settings, DATA_COLLECTOR)
    with log_context(run_id=context.run.run_id):
        yield


def log_collected(collected: Collected) -> None:
    """What collecting a partition did; a warning where a person must look."""
    truth = collected.truth
    level = logging.WARNING if collected.is_doubted else logging.INFO
    with log_context(partition=str(partition_key(truth.trading_date, truth.symbol.name))):
        bars = f"{truth.actual} of {truth.expected} bars from {truth.source}"
        _LINES.log(level, "%s %s %s: %s", truth.symbol, truth.timeframe, collected.outcome, bars)
