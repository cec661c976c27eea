"""`axia history import`: what it shows, asks and prints. What files become is the services' tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import USDJPY
from tests.history_files import SPRING, export_lines, spring_bars, write_text

BUCKET = "history-command"


@pytest.fixture
def store(aws: Any) -> S3BarStore:
    """An empty bucket."""
    s3 = aws.client("s3")
    if BUCKET in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            if found := [{"Key": one["Key"]} for one in page.get("Contents", [])]:
                s3.delete_objects(Bucket=BUCKET, Delete={"Objects": found})
    else:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    return S3BarStore(s3, BUCKET)


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Any, redis_url: str, store: S3BarStore) -> CliRunner:
    """The command beside an empty bucket and an empty cache of its own."""
    own_cache = redis_url.removesuffix("/0") + "/7"
    redis.Redis.from_url(own_cache).flushdb()
    for name, value in {"HOME": str(tmp_path), "BUCKET": BUCKET, "REDIS_URL": own_cache}.items():
        monkeypatch.setenv(f"AXIA_{name}", value)
    keys = {"AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    return CliRunner()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An MT5 export of H1 across both switches of spring, with one row that is none."""
    lines = [*export_lines(spring_bars(), "EET"), "2026.04.27\t00:00:00\tx"]
    return write_text(tmp_path / "files" / "USDJPY_H1_202602160000_202604240000.csv", lines, "utf-16")


def answer(axia: CliRunner, *arguments: str) -> Any:
    result = axia.invoke(app, ["history", "import", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_it_says_what_it_found_and_did(axia: CliRunner, export: Path, store: S3BarStore) -> None:
    """The document has format, clock with its evidence, scale, side, rows refused with reasons, and partitions."""
    said = answer(axia, str(export), "--yes")

    (series,) = said["series"]
    assert (series["format"], series["encoding"], series["symbol"], series["minutes"]) == (
        "mt5-export",
        "utf-16",
        "USDJPY",
        60,
    )
    assert (series["clock"]["name"], len(series["clock"]["evidence"])) == ("EET", 3)
    assert (series["price_divisor"], series["side"], series["source"]) == (1, "bid", "import:mt5-export:bid")
    assert [run["first_line"] for run in series["refused"]] == [1202]
    assert said["written"] == 150
    assert said["partitions"][0] == {
        "symbol": "USDJPY", "timeframe": "H1", "days": 50, "complete_days": 50,
        "new": 50, "replaced": 0, "completed": 0, "same": 0, "kept": 0,
    }  # fmt: skip
    assert store.trading_dates(USDJPY, Timeframe.D1)[0] == SPRING[0]
    assert said["cached"] == ["USDJPY D1", "USDJPY H1", "USDJPY H4"]
    assert answer(axia, str(export), "--yes")["written"] == 0


def test_it_asks_before_it_writes(axia: CliRunner, export: Path, store: S3BarStore) -> None:
    """A person who says no has seen everything and changed nothing; one who says yes has the days."""
    refused = axia.invoke(app, ["history", "import", str(export)], input="n\n")

    assert refused.exit_code == 1
    assert "Write 150 partitions?" in refused.output
    assert "EET: detected from weekend gaps" in refused.output
    assert store.trading_dates(USDJPY, Timeframe.H1) == ()

    accepted = axia.invoke(app, ["history", "import", str(export)], input="y\n")

    assert accepted.exit_code == 0
    assert len(store.trading_dates(USDJPY, Timeframe.H1)) == 50


def test_a_dry_run_writes_a_report_and_nothing_else(axia: CliRunner, export: Path, tmp_path: Path, store: Any) -> None:
    """`--dry-run` shows what would be written, and `--report` keeps every refused row in a file."""
    report = tmp_path / "report.json"

    said = answer(axia, str(export), "--dry-run", "--report", str(report))

    assert (said["written"], said["partitions"][0]["new"]) == (0, 50)
    assert json.loads(report.read_text(encoding="utf-8")) == said
    assert store.trading_dates(USDJPY, Timeframe.H1) == ()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--json"], "with --json nobody can be asked"),
        (["--yes", "--clock", "Mars"], "it is no IANA time zone"),
        (["--yes", "--clock", "UTC"], "By its weekend gaps the clock is EET."),
        (["--yes", "--side", "last"], "a price side is bid, ask or mid"),
        (["--yes", "--symbol", "XAUUSD"], "known symbols are"),
        (["--yes", "--timeframe", "M7"], "rows are of M1, M5"),
        (["--yes", "--price-scale", "1000"], "prices of USDJPY lie in 40 to 400"),
        (["--yes", "--date", "today"], "a date is written YYYY-MM-DD"),
    ],
)
def test_wrong_statements_are_refused(axia: CliRunner, export: Path, arguments: list[str], text: str) -> None:
    """What contradicts the file or is no value at all ends with exit code 2, the rule and the remedy."""
    result = axia.invoke(app, ["history", "import", str(export), *arguments])

    assert result.exit_code == 2
    assert text in " ".join(result.output.split())


def test_a_folder_with_a_bad_file(axia: CliRunner, export: Path) -> None:
    """Good files of a folder are imported; that one was refused is told, and is exit code 1."""
    write_text(export.parent / "EURUSD_H1.csv", ["time,open,high,low,close", "yesterday,1,1,1,1"])
    write_text(export.parent / "bars.csv", ["a,b", "1,2"])

    result = axia.invoke(app, ["history", "import", str(export.parent), "--yes", "--json"])

    said = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (len(said["series"]), said["written"]) == (2, 150)
    assert ["bars.csv" in one["file"] for one in said["refused_files"]] == [True]


def test_two_files_of_the_same_bars_are_told(axia: CliRunner, export: Path, tmp_path: Path) -> None:
    """Where two series give the same bars, it is said which of them counts, and the other writes nothing."""
    write_text(tmp_path / "other" / export.name, export_lines(spring_bars(), "UTC"))

    said = answer(axia, str(export.parent), str(tmp_path / "other"), "--yes")

    (overlap,) = said["overlaps"]
    assert "USDJPY H1 is in" in overlap
    assert said["written"] == 150


def test_nothing_to_import(axia: CliRunner, tmp_path: Path) -> None:
    """A folder without history is bad input."""
    result = axia.invoke(app, ["history", "import", str(tmp_path)])

    assert result.exit_code == 2
    assert "no file is a history file of a known form" in " ".join(result.output.split())
