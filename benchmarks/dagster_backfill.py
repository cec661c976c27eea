"""A backfill of 40 series in one Dagster run: its rate, what it leaves on the disk, and whether the UI still answers.

From these figures the ten-year backfill (104,400 partitions) is sized; what is measured and what is multiplied is told
apart. `python -m benchmarks.market_data --dagster-days N` runs it.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.adapters.dagster_http.graphql import ask
from axia_core.domain.timeframes import Timeframe
from infra import prices

TEN_YEARS = 104_400
IDLE_S = 15
PAUSE_S = 1.0
TIMEOUT_S = 60.0
# What the Runs page and an asset's page ask for, in short.
PAGE = """query Page { runsOrError(limit: 25) { ... on Runs { results { runId status stats { ... on RunStatsSnapshot {
  materializations stepsSucceeded } } } } }
  assetOrError(assetKey: {path: ["ohlcv", "h1"]}) { ... on Asset { assetMaterializations(limit: 25) { partition } } }
}"""


@dataclass
class Answers:
    """How long the webserver took, once a second; what did not come within the timeout counts as that long."""

    seconds: list[float] = field(default_factory=list)

    def poll(self, url: str, ended: threading.Event) -> None:
        while not ended.wait(PAUSE_S):
            began = time.perf_counter()
            try:
                ask(url, PAGE, {}, TIMEOUT_S)
            except OSError:
                self.seconds.append(TIMEOUT_S)
            else:
                self.seconds.append(time.perf_counter() - began)

    def milliseconds(self, name: str) -> dict[str, float]:
        """p50, p95 and the worst."""
        taken = sorted(self.seconds)
        found = {"p50": statistics.median(taken), "p95": taken[int(0.95 * (len(taken) - 1))], "worst": taken[-1]}
        return {f"webserver_{name}_{rank}": round(value * 1000, 1) for rank, value in found.items()}


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """What one run of many partitions took."""

    partitions: int
    seconds: float
    waited_s: float  # from the launch to the run's start: Dagster writes an event per partition before it
    disk_bytes: int
    idle: Answers
    busy: Answers

    def sizing(self, object_bytes: float) -> dict[str, float]:
        """A ten-year backfill by these rates, multiplied, not measured; on S3 a day new to it is one PUT."""
        known, times = prices.read(), TEN_YEARS / self.partitions
        gigabytes = TEN_YEARS * object_bytes / 1e9
        return {
            "hours": round((self.seconds + self.waited_s) * times / 3600, 2),
            "sqlite_mb": round(self.disk_bytes * times / 1e6),
            "s3_puts": TEN_YEARS,
            "s3_gb": round(gigabytes, 2),
            "usd_once": round(known["s3_put"] * TEN_YEARS / 1000, 2),
            "usd_a_month": round(known["s3_standard"] * gigabytes, 3),
        }


def run_backfill(url: str, home: Path, days: Sequence[date], symbols: Sequence[str]) -> Backfill:
    """Collects *days* of every series in one run while a page is asked for every second."""
    dagster = DagsterClient(url)
    with _polled(url) as idle:
        time.sleep(IDLE_S)
    before, launched = _size(home), time.time()
    with _polled(url) as busy:
        status = dagster.wait(dagster.launch_collection(days, symbols, tuple(Timeframe)), timeout_s=6 * 3600.0)
    if not (status.succeeded and status.started_at and status.ended_at):
        raise RuntimeError(f"{status.status}: {dagster.failures(status.run_id)}")
    return Backfill(
        partitions=len(days) * len(symbols) * len(Timeframe),
        seconds=(status.ended_at - status.started_at).total_seconds(),
        waited_s=status.started_at.timestamp() - launched,
        disk_bytes=_size(home) - before,
        idle=idle,
        busy=busy,
    )


@contextmanager
def _polled(url: str) -> Iterator[Answers]:
    answers, ended = Answers(), threading.Event()
    thread = threading.Thread(target=answers.poll, args=(url, ended), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()


def _size(home: Path) -> int:
    """Bytes of Dagster's databases, their journals included."""
    return sum(found.stat().st_size for found in home.rglob("*.db*") if found.is_file())
