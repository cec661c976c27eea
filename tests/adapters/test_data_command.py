"""`axia ohlcv`: what it prints of stored bars, and what it refuses. The bars themselves are the services' tests."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, USDJPY, session_bars, truth_of, without

BUCKET = "ohlcv-command"
THURSDAY = FRIDAY - timedelta(days=1)


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Any, redis_url: str) -> CliRunner:
    """The command beside a bucket with two trading days of USDJPY H1, one of them with a gap."""
    own_cache = redis_url.removesuffix("/0") + "/6"
    redis.Redis.from_url(own_cache).flushdb()
    settings = {"HOME": str(tmp_path), "BUCKET": BUCKET, "REDIS_URL": own_cache}
    for name, value in settings.items():
        monkeypatch.setenv(f"AXIA_{name}", value)
    keys = {"AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    s3 = aws.client("s3")
    if BUCKET not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for day, gaps in ((THURSDAY, [5]), (FRIDAY, [])):
        bars = without(session_bars(Timeframe.H1, day), gaps)
        S3BarStore(s3, BUCKET).write(bars, truth_of(bars, day))
    return CliRunner()


def answer(axia: CliRunner, *arguments: str) -> Any:
    """The JSON document of a command that succeeded."""
    result = axia.invoke(app, ["ohlcv", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_show_prints_bars(axia: CliRunner) -> None:
    """`show` has every bar of the range by its columns, and what is missing."""
    said = answer(axia, "show", "USDJPY", "h1", "--from", f"{THURSDAY}", "--to", f"{FRIDAY}")

    assert (said["symbol"], said["timeframe"], said["rows"], len(said["bars"])) == ("USDJPY", "H1", 47, 47)
    assert said["gaps"] == ["2026-07-02T02:00:00+00:00"]
    assert said["bars"][-1] == {
        "timestamp_utc": "2026-07-03T20:00:00+00:00",
        "open": pytest.approx(150.23),
        "high": pytest.approx(150.25),
        "low": pytest.approx(150.22),
        "close": pytest.approx(150.24),
        "volume": 24,
        "spread": 12,
    }


def test_show_is_a_table_for_people(axia: CliRunner) -> None:
    """Without `--json` the last bars come as a table with the pair's digits."""
    result = axia.invoke(app, ["ohlcv", "show", "USDJPY", "H1", "--to", f"{FRIDAY}", "--rows", "2"])

    assert result.exit_code == 0
    assert "2026-07-03 20:00" in result.output
    assert "150.240" in result.output
    assert "2026-07-03 18:00" not in result.output


def test_coverage_tells_each_day(axia: CliRunner) -> None:
    """`coverage` says of each day whether it is stored and complete, and names the gaps."""
    said = answer(
        axia, "coverage", "--from", "2026-07-01", "--to", f"{FRIDAY}", "--symbol", "USDJPY", "--timeframe", "H1"
    )

    (series,) = said["series"]
    assert [(day["date"], day["stored"], day.get("complete")) for day in series["days"]] == [
        ("2026-07-01", False, None),
        ("2026-07-02", True, False),
        ("2026-07-03", True, True),
    ]
    assert series["days"][1]["gaps"] == ["2026-07-02T02:00:00+00:00"]


def test_coverage_counts_for_people(axia: CliRunner) -> None:
    """Without `--json` there is a line for every series."""
    result = axia.invoke(app, ["ohlcv", "coverage", "--from", f"{THURSDAY}", "--to", f"{FRIDAY}", "--timeframe", "H1"])

    assert result.exit_code == 0
    assert "USDJPY H1" in result.output
    assert "EURUSD H1" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "NZDUSD", "H1"], "known symbols"),
        (["show", "USDJPY", "H2"], "known timeframes"),
        (["show", "USDJPY", "H1", "--from", "2026-07-04"], "Saturday"),
        (["coverage", "--from", "2026-07-03", "--to", "2026-07-02"], "Exchange the two dates"),
        (["coverage", "--from", "yesterday"], "YYYY-MM-DD"),
    ],
)
def test_bad_input_is_refused(axia: CliRunner, arguments: list[str], said: str) -> None:
    """An unknown symbol or timeframe and a date that is none exit with 2 and the remedy."""
    result = axia.invoke(app, ["ohlcv", *arguments])

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_default_range_is_the_latest_closed(axia: CliRunner) -> None:
    """Without dates the latest closed trading day is shown, whatever is stored of it."""
    said = answer(axia, "show", "USDJPY", "H1")

    assert said["from"] == said["to"]
    assert date.fromisoformat(said["from"]).weekday() < 5


def written_again(aws: Any) -> list[str]:
    """The bars that Thursday lacked are stored; the ids of both revisions, oldest first."""
    store = S3BarStore(aws.client("s3"), BUCKET)
    bars = session_bars(Timeframe.H1, THURSDAY)
    store.write(bars, truth_of(bars, THURSDAY))
    return [revision.id for revision in store.revisions(USDJPY, Timeframe.H1, THURSDAY)][-2:]


def test_history_lists_revisions(axia: CliRunner, aws: Any) -> None:
    """`history` has every version of a day with what it changed of the one before."""
    ids = written_again(aws)

    said = answer(axia, "history", "USDJPY", "H1", f"{THURSDAY}")

    assert [one["revision"] for one in said["revisions"]][-2:] == ids
    last = said["revisions"][-1]
    assert (last["current"], last["deleted"], last["rows"], last["source"]) == (True, False, 24, "example")
    assert last["difference"]["added"] == 1


def test_history_for_people(axia: CliRunner, aws: Any) -> None:
    """Without `--json` each version is a line, the current one with a star, and what it changed follows."""
    ids = written_again(aws)

    result = axia.invoke(app, ["ohlcv", "history", "USDJPY", "H1", f"{THURSDAY}"])

    assert result.exit_code == 0
    assert f"* {ids[-1]}" in result.output
    assert "1 rows added, 0 removed, 0 changed" in result.output


def test_show_reads_a_revision(axia: CliRunner, aws: Any) -> None:
    """`show --revision` has the bars as they were then."""
    old, _ = written_again(aws)

    said = answer(axia, "show", "USDJPY", "H1", "--from", f"{THURSDAY}", "--revision", old)

    assert (said["revision"], said["rows"], said["gaps"]) == (old, 23, ["2026-07-02T02:00:00+00:00"])


def test_show_refuses_an_unknown_revision(axia: CliRunner) -> None:
    """A version that is not there is refused with the command that lists them."""
    result = axia.invoke(app, ["ohlcv", "show", "USDJPY", "H1", "--from", f"{FRIDAY}", "--revision", "nothing"])

    assert result.exit_code == 2
    assert "axia ohlcv history USDJPY H1 2026-07-03" in " ".join(result.output.split())


def test_coverage_is_everything_by_default(axia: CliRunner) -> None:
    """Without dates coverage begins with the first day stored and has a status of every day up to now."""
    said = answer(axia, "coverage", "--symbol", "USDJPY", "--timeframe", "H1")

    (series,) = said["series"]
    assert said["from"] == THURSDAY.isoformat()
    assert [day["status"] for day in series["days"][:3]] == ["gaps", "complete", "missing"]
    assert sum(series["counts"].values()) == len(series["days"])


def test_coverage_has_a_calendar(axia: CliRunner) -> None:
    """For people each month is a line with a character for each day, weekends empty, and a legend."""
    days = ["--from", "2026-07-01", "--to", "2026-07-06", "--symbol", "USDJPY", "--timeframe", "H1"]

    result = axia.invoke(app, ["ohlcv", "coverage", *days])

    assert "2026-07 !g#  !" in result.output
    assert "# complete" in result.output


def test_a_pair_that_left_is_still_read(axia: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that is no longer in the settings is shown and covered as long as it is stored."""
    monkeypatch.setenv("AXIA_SYMBOLS", "EURUSD")

    shown = answer(axia, "show", "USDJPY", "H1", "--from", f"{FRIDAY}", "--to", f"{FRIDAY}")
    covered = answer(axia, "coverage", "--symbol", "USDJPY", "--timeframe", "H1", "--to", f"{FRIDAY}")

    assert shown["rows"] == 24
    assert covered["series"][0]["days"][-1]["status"] == "complete"
    assert [one["symbol"] for one in answer(axia, "coverage")["series"]] == ["EURUSD"] * 5
