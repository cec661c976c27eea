"""How fast bars are written, read and cached, each against a plain program that does the same, in turn, in one run.

    python -m benchmarks.market_data [--days N] [--years N] [--rounds N] [--dagster-days N] [--json]

Against the local AWS server and Redis of a stack of its own. `ratios` are speeds, ours over the other's: above 1 is
faster. `backfill_vs_bare_put` is collecting (screening, truth, Parquet, writing; Dagster's events apart) against the
same bytes put by as many boto3 threads; `read_vs_bare_get` is `load` of ten years of H1 against parallel GETs and a
pyarrow decode; `cache_get_vs_...` is the Redis cache against other encodings of the same bars in the same Redis. With
`--dagster-days` that many days of 40 series go through one Dagster run while the webserver is asked for a page every
second, and ten
years are sized from it (`sizing`: multiplied, not measured).
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import msgpack
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import redis
from botocore.config import Config

from axia_cli.stack.supervisor import Stack, running_stack
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryMarketData
from axia_core.adapters.redis import RedisBarCache
from axia_core.adapters.s3 import S3BarStore
from axia_core.aws import LOCAL_KEY, client
from axia_core.domain import names
from axia_core.domain.bars import Bars, microseconds
from axia_core.domain.sessions import DAY, last_due_trading_day, session, trading_days
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.services.collect import WRITERS, collect_days
from axia_core.services.load import load
from axia_core.settings import Settings
from benchmarks.dagster_backfill import run_backfill
from benchmarks.latency_world import benchmark_settings

NOW = datetime(2026, 7, 4, tzinfo=UTC)  # a Saturday: Friday, 3 July, has closed
LAST = date(2026, 7, 3)
READERS = 8  # as many as ours
CACHED_BARS = 10_000
CACHE_READS = 200
SINGLE_RUNS = 4
MEAN_OBJECT_BYTES = 6_000  # of M5 to D1: 11.8, 6.7, 4.5, 3.8 and 3.7 KB
EURUSD = Symbol("EURUSD")

Say = Callable[[str], None]


@dataclass
class Report:
    """What `--json` prints."""

    ratios: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    per_second: dict[str, float] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    sizing: dict[str, float] = field(default_factory=dict)


def walk(symbol: Symbol, timeframe: Timeframe, days: Sequence[date], seed: int) -> Bars:
    """Every bar of *days*: a random walk that holds together."""
    opens_us = np.array([microseconds(at) for day in days for at in session(day).bar_opens(timeframe)], dtype=np.int64)
    chance = np.random.default_rng(seed)
    close = np.round(1.1 + np.cumsum(chance.normal(0, 1e-4, len(opens_us))) % 0.2, 5)
    start = np.r_[close[:1], close[:-1]]
    high, low = np.maximum(start, close) + 1e-4, np.minimum(start, close) - 1e-4
    volume, spread = chance.integers(10, 2_000, len(close)), chance.integers(5, 20, len(close))
    return Bars.build(symbol, timeframe, opens_us, start, high, low, close, volume, spread)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Buckets:
    """Two buckets side by side: ours through the store, the other by boto3 with its defaults but for the pool."""

    def __init__(self, settings: Settings) -> None:
        self.s3 = boto3.client(
            "s3",
            endpoint_url=settings.aws_endpoint_url,
            region_name=settings.aws_region,
            aws_access_key_id=LOCAL_KEY,
            aws_secret_access_key=LOCAL_KEY,
            config=Config(max_pool_connections=32, s3={"addressing_style": "path"}),
        )
        for bucket in ("ours", "bare"):
            place = {"LocationConstraint": "ap-northeast-1"}
            self.s3.create_bucket(Bucket=f"axia-benchmark-{bucket}", CreateBucketConfiguration=place)
        self.ours, self.bare = "axia-benchmark-ours", "axia-benchmark-bare"
        self.store = S3BarStore(client(settings, "s3"), self.ours)

    def objects(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> list[dict[str, Any]]:
        """What our writing has stored, as requests that put the same."""
        keys = [names.object_key(symbol, timeframe, day) for day in days]
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self._request, keys))

    def _request(self, key: str) -> dict[str, Any]:
        found = self.s3.get_object(Bucket=self.ours, Key=key)
        kept = {name: found[name] for name in ("Metadata", "ContentType")}
        return {"Bucket": self.bare, "Key": key, "Body": found["Body"].read(), **kept}

    def put(self, requests: Sequence[dict[str, Any]]) -> None:
        """The plain program: as many threads as ours, and nothing but the puts."""
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda request: self.s3.put_object(**request), requests))

    def get_and_decode(self, keys: Sequence[str]) -> pa.Table:
        """The plain reader: parallel GETs, each decoded, put together."""
        with ThreadPoolExecutor(READERS) as pool:
            return pa.concat_tables(pool.map(self._table, keys))

    def _table(self, key: str) -> pa.Table:
        body = self.s3.get_object(Bucket=self.bare, Key=key)["Body"].read()
        return pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False).replace_schema_metadata(None)


def measure_backfill(buckets: Buckets, day_count: int, report: Report, say: Say) -> None:
    """A year of 40 series, series by series in turn, ours and then the same bytes plainly."""
    days = list(trading_days(LAST - timedelta(days=day_count * 7 // 5 + 1), LAST))[-day_count:]
    ours_s = bare_s = again_s = 0.0
    for number, (symbol, timeframe) in enumerate(_series()):
        market = MemoryMarketData(SteppedClock(NOW), [walk(symbol, timeframe, days, number)])
        ours_s += seconds(lambda m=market, s=symbol, t=timeframe: _collect(buckets.store, m, s, t, days))  # type: ignore[misc]
        requests = buckets.objects(symbol, timeframe, days)
        bare_s += seconds(lambda r=requests: buckets.put(r))  # type: ignore[misc]
        again_s += seconds(lambda m=market, s=symbol, t=timeframe: _collect(buckets.store, m, s, t, days))  # type: ignore[misc]
    count = len(days) * len(list(_series()))
    say(f"backfill: {count} partitions, ours {ours_s:.1f} s, bare {bare_s:.1f} s, once more {again_s:.1f} s")
    report.counts["partitions"] = count
    report.seconds |= {"backfill": round(ours_s, 1), "bare_put": round(bare_s, 1)}
    report.per_second |= {"backfill": round(count / ours_s, 1), "bare_put": round(count / bare_s, 1)}
    report.per_second["backfill_resumed"] = round(count / again_s, 1)
    report.ratios["backfill_vs_bare_put"] = round(bare_s / ours_s, 3)


def _series() -> Iterator[tuple[Symbol, Timeframe]]:
    return ((Symbol(name), timeframe) for name in DEFAULT_SYMBOLS for timeframe in Timeframe)


def _collect(
    store: S3BarStore, market: MemoryMarketData, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]
) -> None:
    list(collect_days(market, store, SteppedClock(NOW), symbol, timeframe, days))


def measure_reading(buckets: Buckets, years: int, rounds: int, report: Report, say: Say) -> None:
    """Years of H1 by `load`, by parallel GETs and a decode, and from one big file."""
    days = list(trading_days(LAST - timedelta(days=years * 365), LAST))
    bars = walk(EURUSD, Timeframe.H1, days, 1)
    market = MemoryMarketData(SteppedClock(NOW), [bars])
    _collect(buckets.store, market, EURUSD, Timeframe.H1, days)
    buckets.put(buckets.objects(EURUSD, Timeframe.H1, days))
    keys = [names.object_key(EURUSD, Timeframe.H1, day) for day in days]
    _put_one_file(buckets, keys)
    start, end = session(days[0]).open, session(days[-1]).close
    taken: dict[str, list[float]] = {"load": [], "bare_get": [], "one_file": []}
    for _ in range(rounds):
        taken["load"].append(seconds(lambda: _load(buckets.store, start, end, len(bars))))
        taken["bare_get"].append(seconds(lambda: buckets.get_and_decode(keys)))
        taken["one_file"].append(seconds(lambda: buckets._table("one-file.parquet")))
    found = {name: statistics.median(each) for name, each in taken.items()}
    say(f"reading {len(days)} days of H1: {found}")
    report.counts["objects_read"] = len(days)
    report.seconds |= {f"read_{name}": round(value, 3) for name, value in found.items()}
    report.ratios["read_vs_bare_get"] = round(found["bare_get"] / found["load"], 3)
    report.ratios["read_vs_one_file"] = round(found["one_file"] / found["load"], 3)


def _put_one_file(buckets: Buckets, keys: Sequence[str]) -> None:
    sink = io.BytesIO()
    pq.write_table(buckets.get_and_decode(keys), sink, compression="zstd")
    buckets.s3.put_object(Bucket=buckets.bare, Key="one-file.parquet", Body=sink.getvalue())


def _load(store: S3BarStore, start: datetime, end: datetime, expected: int) -> None:
    """Without a cache that could help: what is measured is the store."""
    clock = SteppedClock(NOW)
    found = load(MemoryBarCache(clock, down=True), store, clock, EURUSD, Timeframe.H1, start, end)
    if len(found.bars) != expected:
        raise RuntimeError(f"{len(found.bars)} bars instead of {expected}")


def measure_cache(redis_url: str, rounds: int, report: Report, say: Say) -> None:
    """Ten thousand bars out of Redis: ours, pickle, Arrow IPC, and MessagePack row by row."""
    server = redis.Redis.from_url(redis_url)
    days = list(trading_days(LAST - timedelta(days=60), LAST))
    bars = walk(EURUSD, Timeframe.M5, days, 2).take(slice(-CACHED_BARS, None))
    cache = RedisBarCache(server, SteppedClock(NOW))
    cache.write(bars, NOW + DAY)
    arrow = pa.table(bars.columns())
    readers: dict[str, Callable[[], object]] = {
        "axia": lambda: cache.read(EURUSD, Timeframe.M5),
        **_other_encodings(server, bars, arrow),
    }
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds * CACHE_READS):
        for name, read in readers.items():
            taken[name].append(seconds(read))
    found = {name: statistics.median(each) * 1000 for name, each in taken.items()}
    say(f"cache get of {len(bars)} bars, ms: {found}")
    report.milliseconds |= {f"cache_get_{name}": round(value, 3) for name, value in found.items()}
    report.ratios |= {
        f"cache_get_vs_{name}": round(value / found["axia"], 3) for name, value in found.items() if name != "axia"
    }


def _other_encodings(server: Any, bars: Bars, arrow: pa.Table) -> dict[str, Callable[[], object]]:
    rows = [dict(zip(arrow.column_names, row, strict=True)) for row in zip(*arrow.to_pydict().values(), strict=True)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    blobs = {
        "pickle": pickle.dumps(bars.columns()),
        "arrow_ipc": sink.getvalue().to_pybytes(),
        "msgpack_rows": msgpack.packb(rows),
    }
    for name, blob in blobs.items():
        server.set(f"benchmark:{name}", blob)
    return {
        "pickle": lambda: pickle.loads(server.get("benchmark:pickle")),
        "arrow_ipc": lambda: pa.ipc.open_stream(server.get("benchmark:arrow_ipc")).read_all(),
        "msgpack_rows": lambda: msgpack.unpackb(server.get("benchmark:msgpack_rows")),
    }


def measure_dagster(stack: Stack, report: Report, say: Say) -> None:
    """The daily job, days in a single run, and a run for each partition, all through the running Dagster."""
    dagster, symbols = DagsterClient(stack.urls["dagster"]), stack.settings.symbols
    day = last_due_trading_day(min(datetime.now(UTC), datetime.now(UTC) + stack.settings.clock_shift))
    daily_s = _run(dagster, [day], symbols, tuple(Timeframe))
    week = list(trading_days(day - timedelta(days=16), day - DAY))[-10:]
    single_s = _run(dagster, week, symbols, tuple(Timeframe))
    runs_s = [_run(dagster, [week[0]], [symbols[0]], [Timeframe.D1]) for _ in range(SINGLE_RUNS)]
    count = len(week) * len(symbols) * len(Timeframe)
    report.counts["partitions_in_a_single_run"] = count
    report.seconds["daily_job"] = round(daily_s, 2)
    report.per_second |= {
        "dagster_single_run": round(count / single_s, 2),
        "dagster_run_per_partition": round(1 / statistics.median(runs_s), 2),
    }
    ratio = report.per_second["dagster_single_run"] / report.per_second["dagster_run_per_partition"]
    report.ratios["single_run_vs_run_per_partition"] = round(ratio, 1)
    say(f"daily job {daily_s:.1f} s; {count} partitions in one run {single_s:.1f} s; a run of one {runs_s}")


def _run(dagster: DagsterClient, days: Sequence[date], symbols: Sequence[str], frames: Sequence[Timeframe]) -> float:
    """From the start of the run's process to its end, in seconds; the queue's second is not in it."""
    status = dagster.wait(dagster.launch_collection(days, symbols, frames))
    if not (status.succeeded and status.started_at and status.ended_at):
        raise RuntimeError(f"{status.status}: {dagster.failures(status.run_id)}")
    return (status.ended_at - status.started_at).total_seconds()


def measure_long_run(stack: Stack, day_count: int, report: Report, say: Say) -> None:
    """A backfill of 40 series through Dagster, and how the UI fares meanwhile."""
    last = last_due_trading_day(min(datetime.now(UTC), datetime.now(UTC) + stack.settings.clock_shift))
    days = list(trading_days(last - timedelta(days=day_count * 7 // 5 + 7), last))[-day_count:]
    found = run_backfill(stack.urls["dagster"], stack.parts.dagster_home, days, stack.settings.symbols)
    report.counts["dagster_partitions"] = found.partitions
    report.seconds |= {"dagster_backfill": round(found.seconds, 1), "dagster_backfill_start": round(found.waited_s, 1)}
    report.per_second["dagster_backfill"] = round(found.partitions / found.seconds, 2)
    report.milliseconds |= found.idle.milliseconds("idle") | found.busy.milliseconds("busy")
    report.milliseconds["dagster_per_partition"] = round(1000 * found.seconds / found.partitions, 1)
    report.counts["dagster_bytes_per_partition"] = found.disk_bytes // found.partitions
    report.sizing = found.sizing(MEAN_OBJECT_BYTES)
    say(f"{found.partitions} partitions through Dagster: {found.seconds:.1f} s; ten years: {report.sizing}")


def run(day_count: int, years: int, rounds: int, dagster_days: int, say: Say = lambda _: None) -> Report:
    """Starts the stack, measures everything, reports."""
    report = Report()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(benchmark_settings(Path(folder)), progress=say) as stack,
    ):
        measure_dagster(stack, report, say)
        if dagster_days:
            measure_long_run(stack, dagster_days, report, say)
        measure_cache(stack.settings.redis_url, rounds, report, say)
        buckets = Buckets(stack.settings)
        measure_reading(buckets, years, rounds, report, say)
        measure_backfill(buckets, day_count, report, say)
    return report


def table(report: Report) -> str:
    """The report for people."""
    groups = (
        ("ratio", report.ratios),
        ("s", report.seconds),
        ("/s", report.per_second),
        ("ms", report.milliseconds),
        ("in ten years", report.sizing),
    )
    return "\n".join(f"{name:36}{value:>12} {unit}" for unit, found in groups for name, value in found.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=260, help="trading days of the backfill, for 40 series")
    parser.add_argument("--years", type=int, default=10, help="years of H1 that are read")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dagster-days", type=int, default=0, help="trading days of 40 series through Dagster")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    given = (options.days, options.years, options.rounds, options.dagster_days)
    report = run(*given, lambda text: print(text, file=sys.stderr))  # noqa: T201
    sys.stdout.write((json.dumps(asdict(report), indent=2) if options.json else table(report)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
