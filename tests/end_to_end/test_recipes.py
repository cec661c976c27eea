"""The recipes of docs/data.md, run as they stand there against a local AWS server and Redis with bars in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.sessions import trading_days
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, USDJPY, session_bars, truth_of

ROOT = Path(__file__).parents[2]
FIRST = date(2026, 6, 1)
READING = (ROOT / "docs" / "data.md").read_text(encoding="utf-8").split("## Reading")[1].split("## Cache")[0]
RECIPES = re.findall(r"```python\n(.*?)```", READING, re.DOTALL)


@pytest.fixture
def surroundings(aws: Any, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """June and the first days of July in S3 and in the folder `bars`; the environment that points at both servers."""
    s3 = aws.client("s3")
    store = S3BarStore(s3, names.BUCKET)
    for day in trading_days(FIRST, FRIDAY):
        bars = session_bars(Timeframe.H1, day)
        store.write(bars, truth_of(bars, day))
        key = names.object_key(USDJPY, Timeframe.H1, day)
        (tmp_path / "bars" / key).parent.mkdir(parents=True)
        s3.download_file(names.BUCKET, key, str(tmp_path / "bars" / key))
    keys = {"AWS_ACCESS_KEY_ID": "axia", "AWS_SECRET_ACCESS_KEY": "axia", "AWS_EC2_METADATA_DISABLED": "true"}
    ours = {"AWS_ENDPOINT_URL": aws.endpoint_url, "AXIA_REDIS_URL": redis_url, "AXIA_HOME": str(tmp_path / "home")}
    return {**os.environ, **keys, **ours, "PYTHONPATH": str(ROOT)}


def run(recipe: str, surroundings: dict[str, str], tmp_path: Path) -> str:
    """What a recipe prints, run in a process of its own beside the folder `bars`."""
    done = subprocess.run(
        [sys.executable, "-c", recipe],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def recipe_with(word: str) -> str:
    """The one recipe that uses *word*."""
    (found,) = [recipe for recipe in RECIPES if word in recipe]
    return found


def test_load(surroundings: dict[str, str], tmp_path: Path) -> None:
    """The first lines that a researcher writes give a frame of the whole range."""
    says = "\nprint(len(frame), loaded.complete, loaded.cache, frame.index.tz, len(loaded.to_polars()))"

    said = run(recipe_with("axia_core.reading") + says, surroundings, tmp_path)

    # 25 sessions but for the hours of 31 May, which the range begins after.
    assert said.split()[:2] == ["597", "True"]
    assert said.split()[-2:] == ["UTC", "597"]


def test_duckdb(surroundings: dict[str, str], tmp_path: Path) -> None:
    """DuckDB reads a copy of the bucket by its folders."""
    said = run(recipe_with("duckdb"), surroundings, tmp_path)

    assert "2026-07-03" in said
    assert "ticks" in said


def test_polars(surroundings: dict[str, str], tmp_path: Path) -> None:
    """Polars reads the bucket in place."""
    said = run(recipe_with("polars as pl"), surroundings, tmp_path)

    assert "shape: (72, 2)" in said


def test_pyarrow(surroundings: dict[str, str], tmp_path: Path) -> None:
    """pyarrow reads a year's folder of the bucket in place."""
    said = run(recipe_with("pyarrow.dataset"), surroundings, tmp_path)

    assert said.split() == ["600"]
