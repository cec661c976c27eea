"""The original layout in S3 and Redis, read by plain pyarrow, duckdb, redis-py, msgpack and numpy.

Bars are written by AXIA (paper terminal, services, adapters); what follows the line `Reading` uses none of its code.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgpack
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

BUCKET = "original-layout"
NOW = datetime(2026, 7, 4, 1, tzinfo=UTC)  # a Saturday: the paper terminal's clock stands there
DAYS = [date(2026, 7, 2), date(2026, 7, 3)]
BARS = {"M5": 288, "M15": 96, "H1": 24, "H4": 6, "D1": 1}
COLUMNS = {
    "timestamp_utc": pa.timestamp("us", tz="UTC"),
    "open": pa.float64(),
    "high": pa.float64(),
    "low": pa.float64(),
    "close": pa.float64(),
    "volume": pa.int64(),
    "spread": pa.int32(),
}


@dataclass(frozen=True)
class Written:
    """Where everything is."""

    s3: Any
    redis: Any

    def object(self, timeframe: str, day: date) -> bytes:
        """The bytes of one partition of USDJPY."""
        key = f"USDJPY/{timeframe}/{day.year:04}/{day.month:02}/{day.day:02}/data.parquet"
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body


@pytest.fixture(scope="module")
def written(aws: Any, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two trading days of USDJPY in all timeframes, collected from a paper terminal and published."""
    s3, client = aws.client("s3"), redis.Redis.from_url(redis_url)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    client.flushdb()
    _write(tmp_path_factory.mktemp("paper"), s3, client)
    return Written(s3, client)


def _write(folder: Path, s3: Any, client: Any) -> None:
    from axia_core.adapters.clock import SteppedClock
    from axia_core.adapters.mt5.market import Mt5MarketData
    from axia_core.adapters.mt5.terminal import open_terminal
    from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
    from axia_core.adapters.redis import RedisBarCache
    from axia_core.adapters.s3 import S3BarStore
    from axia_core.domain.symbols import Symbol
    from axia_core.domain.timeframes import Timeframe
    from axia_core.services.collect import collect_days
    from axia_core.services.publish import publish
    from axia_core.settings import Settings

    clock, settings, usdjpy = SteppedClock(NOW), Settings(mt5_path=folder), Symbol("USDJPY")
    create_terminal(folder, TerminalProfile.model_validate({"clock": {"fixed": NOW.isoformat()}}))
    store = S3BarStore(s3, BUCKET)
    with open_terminal(settings) as terminal:
        market = Mt5MarketData(terminal, clock, settings)
        for timeframe in Timeframe:
            list(collect_days(market, store, clock, usdjpy, timeframe, DAYS))
            publish(store, RedisBarCache(client, clock), clock, usdjpy, timeframe, 8_000)


# Reading: from here on nothing of AXIA's is used.


def _close(day: date) -> datetime:
    """17:00 in New York."""
    return datetime(day.year, day.month, day.day, 17, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)


def test_keys_are_those_of_the_original(written: Written) -> None:
    """The bucket holds exactly one object per timeframe and trading day, under the documented keys."""
    keys = {found["Key"] for found in written.s3.list_objects_v2(Bucket=BUCKET)["Contents"]}

    assert keys == {f"USDJPY/{timeframe}/2026/07/0{day}/data.parquet" for timeframe in BARS for day in (2, 3)}


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("timeframe", BARS)
def test_pyarrow_reads_partitions(written: Written, timeframe: str, day: date) -> None:
    """pyarrow finds the documented columns, every bar of the session in order, and coherent prices."""
    table = pq.read_table(io.BytesIO(written.object(timeframe, day)))

    step = timedelta(days=1) / BARS[timeframe]
    opens = [_close(day) - timedelta(days=1) + row * step for row in range(BARS[timeframe])]
    assert {field.name: field.type for field in table.schema} == COLUMNS
    assert table.column("timestamp_utc").to_pylist() == opens
    rows = table.to_pylist()
    assert all(0 < row["low"] <= min(row["open"], row["close"]) for row in rows)
    assert all(row["high"] >= max(row["open"], row["close"]) for row in rows)
    assert all(row["volume"] > 0 and row["spread"] >= 0 for row in rows)


def test_metadata_tells_the_truth(written: Written) -> None:
    """The file's own metadata says what it is, and its digest is that of the columns."""
    table = pq.read_table(io.BytesIO(written.object("H1", DAYS[1])))
    said = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    truth = json.loads(said["axia.truth"])

    sha = hashlib.sha256(b"USDJPY:H1:24")
    assert table.column("spread").null_count == 0
    for name in COLUMNS:
        column = table.column(name)
        numbers = column.cast(pa.int64()) if name == "timestamp_utc" else column
        sha.update(numbers.to_numpy().tobytes())
    assert said["axia.digest"] == truth["digest"] == sha.hexdigest()
    assert (said["axia.schema_version"], said["axia.source"]) == ("1", "mt5")
    assert (said["axia.symbol"], said["axia.timeframe"], said["axia.trading_date"]) == ("USDJPY", "H1", "2026-07-03")
    assert (truth["expected"], truth["actual"], truth["gaps"], truth["refused"]) == (24, 24, [], [])


def test_head_tells_the_truth(written: Written) -> None:
    """HeadObject alone says source, counts and gaps."""
    head = written.s3.head_object(Bucket=BUCKET, Key="USDJPY/M5/2026/07/03/data.parquet")

    truth = json.loads(head["Metadata"]["truth"])
    assert (truth["source"], truth["provisional"], truth["actual"], truth["gap_count"]) == ("mt5", False, 288, 0)


def test_duckdb_reads_partitions(written: Written, tmp_path: Path) -> None:
    """duckdb reads a whole series by a glob, and its M5 bars add up to its D1 bars."""
    for timeframe in ("M5", "D1"):
        for day in DAYS:
            (tmp_path / f"{timeframe}-{day}.parquet").write_bytes(written.object(timeframe, day))
    sums = "first(open order by timestamp_utc), max(high), min(low), last(close order by timestamp_utc), sum(volume)"

    files = duckdb.connect()
    built = files.execute(f"select {sums} from '{tmp_path.as_posix()}/M5-2026-07-03.parquet'").fetchall()
    daily = files.execute(
        f"select open, high, low, close, volume from '{tmp_path.as_posix()}/D1-*.parquet' order by timestamp_utc"
    ).fetchall()

    assert len(daily) == 2
    assert built == [daily[1]]


@pytest.mark.parametrize("timeframe", BARS)
def test_redis_holds_the_same(written: Written, timeframe: str) -> None:
    """redis-py, msgpack and numpy find under the documented key exactly the columns that S3 has, with an end."""
    key = f"ohlcv:USDJPY:{timeframe}"

    value = msgpack.unpackb(written.redis.get(key))

    stored = pa.concat_tables([pq.read_table(io.BytesIO(written.object(timeframe, day))) for day in DAYS])
    kinds = {"timestamp_utc": "<i8", "volume": "<i8", "spread": "<i4"}
    assert set(value) == {"schema", "symbol", "timeframe", "rows", "columns"}
    assert (value["schema"], value["symbol"], value["timeframe"]) == (1, "USDJPY", timeframe)
    assert value["rows"] == 2 * BARS[timeframe]
    assert list(value["columns"]) == list(COLUMNS)
    for name in COLUMNS:
        cached = np.frombuffer(value["columns"][name], kinds.get(name, "<f8"))
        column = stored.column(name)
        assert np.array_equal(cached, (column.cast(pa.int64()) if name == "timestamp_utc" else column).to_numpy())


def test_series_ends_at_the_next_close(written: Written) -> None:
    """The series lives from the given clock's now to Monday's close in New York."""
    life_s = (_close(date(2026, 7, 6)) - NOW).total_seconds()

    assert life_s - 120 < written.redis.ttl("ohlcv:USDJPY:D1") <= life_s
    held = {key.decode() for key in written.redis.keys("ohlcv:*")}
    assert held == {f"ohlcv:USDJPY:{timeframe}" for timeframe in BARS}
