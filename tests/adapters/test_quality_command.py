"""`axia ohlcv check` and `axia ohlcv refused`: what they print, and their exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.bars import screen
from axia_core.domain.refused import refused_rows
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, broken, session_bars, truth_of
from tests.quality_examples import changed

BUCKET = "quality-command"
THURSDAY = FRIDAY - timedelta(days=1)
H1 = Timeframe.H1
RANGE = ("USDJPY", "h1", "--from", f"{THURSDAY}", "--to", f"{FRIDAY}")


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Any) -> CliRunner:
    """The command beside a bucket with Friday's USDJPY H1, of which one bar was refused; Thursday was never stored."""
    keys = {"AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in ({"AXIA_HOME": str(tmp_path), "AXIA_BUCKET": BUCKET} | keys).items():
        monkeypatch.setenv(name, value)
    s3 = aws.client("s3")
    if BUCKET not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    store, offered = S3BarStore(s3, BUCKET), broken(session_bars(H1), [7])
    offered = changed(offered, slice(7, 8), open=lambda price: price * np.nan)
    screened = screen(offered)
    store.keep_refused(refused_rows(offered, screened.refused, FRIDAY, "mt5"))
    store.write(screened.bars, truth_of(screened.bars))
    return CliRunner()


def test_check_tells_findings(axia: CliRunner) -> None:
    """`check` has each finding with its figures and its remedy; warnings alone are no failure."""
    result = axia.invoke(app, ["ohlcv", "check", *RANGE, "--json"])

    said = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (said["severity"], said["counts"], said["bars"]) == ("WARN", {"gap": 1, "missing_day": 1}, 23)
    assert [one["code"] for one in said["findings"]] == ["missing_day", "gap"]
    assert said["findings"][1]["figures"] == {"missing": 1}
    assert "axia collect" in said["findings"][1]["remedy"]


def test_check_fails_on_an_error(axia: CliRunner, aws: Any) -> None:
    """Bars that are certainly wrong give exit code 1, after the answer."""
    wrong = broken(session_bars(H1), [3])
    S3BarStore(aws.client("s3"), BUCKET).write(wrong, truth_of(wrong))

    result = axia.invoke(app, ["ohlcv", "check", *RANGE, "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout)["severity"] == "ERROR"


def test_refused_bars_are_readable(axia: CliRunner) -> None:
    """`refused` has every column and the reason; a price that is no number is null."""
    result = axia.invoke(app, ["ohlcv", "refused", *RANGE, "--json"])

    (bar,) = json.loads(result.stdout)["bars"]
    assert result.exit_code == 0
    assert (bar["date"], bar["timestamp_utc"], bar["source"]) == (f"{FRIDAY}", "2026-07-03T04:00:00+00:00", "mt5")
    assert (bar["open"], bar["volume"], bar["spread"]) == (None, 8, 12)
    assert bar["reason"].startswith("a price is not finite")


@pytest.mark.parametrize("command", ["check", "refused"])
def test_tables(axia: CliRunner, command: str) -> None:
    """Without --json a person reads the target, a summary and a table."""
    result = axia.invoke(app, ["ohlcv", command, *RANGE])

    assert result.exit_code == 0, result.output
    assert "USDJPY H1" in result.output
    assert "2026-07-03" in result.output
