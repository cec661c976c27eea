"""`axia ohlcv export` and `restore`, `axia cache status`: files that are whole or not there, and what is said."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, USDJPY, session_bars, truth_of, without

BUCKET = "export-command"
THURSDAY = FRIDAY - timedelta(days=1)
RANGE = ("--from", f"{THURSDAY}", "--to", f"{FRIDAY}")
H1 = Timeframe.H1


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Any, redis_url: str) -> CliRunner:
    """The command beside a bucket with two trading days of USDJPY H1, one of them with a gap."""
    own_cache = redis_url.removesuffix("/0") + "/5"
    redis.Redis.from_url(own_cache).flushdb()
    for name, value in {"HOME": str(tmp_path), "BUCKET": BUCKET, "REDIS_URL": own_cache}.items():
        monkeypatch.setenv(f"AXIA_{name}", value)
    keys = {"AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    s3 = aws.client("s3")
    if BUCKET not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for day, gaps in ((THURSDAY, [5]), (FRIDAY, [])):
        s3.delete_object(Bucket=BUCKET, Key=names.object_key(USDJPY, H1, day))
        bars = without(session_bars(H1, day), gaps)
        S3BarStore(s3, BUCKET).write(bars, truth_of(bars, day))
    return CliRunner()


def export(axia: CliRunner, *arguments: str, code: int = 0) -> Any:
    """The command's result, which ended with *code*."""
    result = axia.invoke(app, ["ohlcv", "export", "USDJPY", "H1", *arguments])
    assert result.exit_code == code, result.output
    return result


def read_back(file: Path) -> pl.DataFrame:
    match file.suffix:
        case ".csv":
            return pl.read_csv(file, try_parse_dates=True)
        case ".parquet":
            return pl.read_parquet(file)
        case ".arrow":
            return pl.read_ipc(file)
    return pl.DataFrame(json.loads(file.read_text())["bars"])


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow", "json"])
def test_every_format_holds_the_bars(axia: CliRunner, tmp_path: Path, form: str) -> None:
    """A file of any format has every bar of the range, to the last digit, under the stored columns' names."""
    file = tmp_path / f"bars.{form}"

    export(axia, *RANGE, "--output", str(file))

    frame = read_back(file)
    assert frame.columns == ["timestamp_utc", "open", "high", "low", "close", "volume", "spread"]
    assert frame["close"].to_list() == [
        *without(session_bars(H1, THURSDAY), [5]).close.tolist(),
        *session_bars(H1, FRIDAY).close.tolist(),
    ]
    assert str(frame["timestamp_utc"][-1]).startswith("2026-07-03")
    assert [left.name for left in tmp_path.glob(".bars*")] == []


def test_standard_output_has_the_bytes_alone(axia: CliRunner) -> None:
    """With `-` standard output is the file, and what is missing is said beside it."""
    result = export(axia, *RANGE, "--output", "-", "--format", "parquet")

    table = pq.read_table(io.BytesIO(result.stdout_bytes))
    assert table.num_rows == 47
    assert table.schema.metadata[b"axia.complete"] == b"false"
    assert "1 bar (2026-07-02 02:00) missing inside other days" in result.stderr


def test_nothing_is_overwritten(axia: CliRunner, tmp_path: Path) -> None:
    """A file that is there stays as it is, unless it is to be replaced."""
    file = tmp_path / "bars.csv"
    file.write_text("mine")

    refused = export(axia, *RANGE, "--output", str(file), code=2)
    kept = file.read_text()
    export(axia, *RANGE, "--output", str(file), "--force")

    assert "--force" in refused.stderr
    assert kept == "mine"
    assert file.read_text().startswith("timestamp_utc,open,")


def test_an_incomplete_range_can_be_refused(axia: CliRunner, tmp_path: Path) -> None:
    """With --require-complete a gap is exit code 5 and no file."""
    result = export(axia, *RANGE, "--output", str(tmp_path / "bars.csv"), "--require-complete", code=5)

    assert "missing inside other days" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_complete_range_passes(axia: CliRunner, tmp_path: Path) -> None:
    """A whole day is exported with --require-complete, and `--json` says where to."""
    file = tmp_path / "bars.arrow"
    day = ("--from", f"{FRIDAY}", "--to", f"{FRIDAY}")

    result = export(axia, *day, "--output", str(file), "--require-complete", "--json")

    said = json.loads(result.stdout)
    assert (said["rows"], said["complete"], said["output"]) == (24, True, str(file.resolve()))
    assert pa.ipc.open_file(file.read_bytes()).read_all().num_rows == 24


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "bars.xls"), "none of csv"),
        (("--output", "no/such/folder/bars.csv"), "no folder"),
        (("--output", "-", "--format", "csv", "--json"), "holds the bars already"),
    ],
)
def test_what_cannot_be_meant_is_refused(axia: CliRunner, arguments: tuple[str, ...], said: str) -> None:
    """An unknown format, a folder that is not there and two documents on one output are refused before reading."""
    result = export(axia, *RANGE, *arguments, code=2)

    assert said in result.output


def test_restore_brings_an_archived_day_back(axia: CliRunner, aws: Any) -> None:
    """An archived day is named by `show`, asked for by `restore`, and told as on its way."""
    key = names.object_key(USDJPY, H1, FRIDAY)
    s3 = aws.client("s3")
    seen = s3.get_object(Bucket=BUCKET, Key=key)
    body = seen["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=seen["Metadata"], StorageClass="DEEP_ARCHIVE")

    shown = document(axia, "ohlcv", "show", "USDJPY", "H1", *RANGE)
    looked = document(axia, "ohlcv", "restore", "USDJPY", "H1", *RANGE, "--check")
    asked = document(axia, "ohlcv", "restore", "USDJPY", "H1", *RANGE)

    assert shown["archived"] == [{"date": f"{FRIDAY}", "state": "archived", "until": None}]
    assert (looked["asked"], looked["readable"]) == ([], False)
    assert asked["asked"] == [f"{FRIDAY}"]
    assert asked["archived"][0]["state"] in ("being restored", "restored")


def test_restore_of_nothing(axia: CliRunner) -> None:
    """Where nothing is archived, that is said."""
    result = axia.invoke(app, ["ohlcv", "restore", "USDJPY", "H1", *RANGE])

    assert result.exit_code == 0
    assert "nothing is archived" in result.stderr


def test_cache_status_counts_loads(axia: CliRunner) -> None:
    """After a load the cache has the series with its age and end, and the load is counted."""
    document(axia, "ohlcv", "show", "USDJPY", "H1", *RANGE)
    document(axia, "ohlcv", "show", "USDJPY", "H1", *RANGE)

    said = document(axia, "cache", "status")
    shown = axia.invoke(app, ["cache", "status"])

    (series,) = said["series"]
    assert (series["symbol"], series["timeframe"], series["rows"]) == ("USDJPY", "H1", 47)
    assert series["age_s"] >= 0
    assert 0 < series["expires_in_s"] <= 60  # it lacks all that closed since
    assert said["size_bytes"] == series["size_bytes"] > 0
    assert (said["loads"], said["hit_rate"]) == ({"hit": 1, "miss": 1}, 0.5)
    assert "50.0% of loads hit" in shown.stderr


def document(axia: CliRunner, *arguments: str) -> Any:
    """The JSON document of a command that succeeded."""
    result = axia.invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
