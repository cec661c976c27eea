"""The README's first command, as a new user runs it: from nothing to a filled order, and again over what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from axia_cli.stack.ports import free_ports

ROOT = Path(__file__).parents[2]
HISTORY = ROOT.parent / "shared" / "data" / "orkad"
BARS_PER_DAY = 288 + 96 + 24 + 6 + 1
PORTS = ("AXIA_AWS_PORT", "AXIA_REDIS_PORT", "AXIA_WEBSERVER_PORT", "AXIA_CODE_SERVER_PORT")

pytestmark = pytest.mark.slow


def environment(home: Path) -> dict[str, str]:
    """A shell that knows nothing of AXIA but a folder and ports that are free."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AXIA_", "AWS_", "DAGSTER_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"AXIA_HOME": str(home)} | dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))


def axia(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "axia_cli", *arguments]
    return subprocess.run(
        command, env=environment(home), capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )


def processes_of(home: Path) -> list[str]:
    """Command lines of live processes that mention the folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(home) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def first(home: Path) -> dict[str, Any]:
    result = axia(home, "demo", "--once", "--json")
    assert result.returncode == 0, result.stderr[-3000:]
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_collects_every_series_whole(first: dict[str, Any]) -> None:
    """Five trading days of forty series are stored and cached, every bar of them."""
    assert (first["series"], first["partitions"], first["gaps"]) == (40, 200, [])
    assert first["bars"] == 8 * 5 * BARS_PER_DAY
    assert (first["cached_series"], first["cached_bars"]) == (40, first["bars"])


def test_order_is_filled_on_the_paper_terminal(first: dict[str, Any]) -> None:
    """The order went through queue, ledger and terminal, and ends FILLED with ticket and price, after one attempt."""
    order = first["order"]

    assert (order["state"], order["attempts"]) == ("FILLED", 1)
    assert order["ticket"] > 0
    assert float(order["sl_price"]) < float(order["price"]) < float(order["tp_price"])


def test_seconds_are_told_per_step(first: dict[str, Any]) -> None:
    """Each step says how long it took."""
    assert {"deploy", "collect", "check", "order"} <= first["seconds"].keys()


def test_nothing_is_left_running(first: dict[str, Any], home: Path) -> None:
    """After its end no process of the stack lives, and no record claims one."""
    assert processes_of(home) == []
    assert not (home / "stack.json").exists()


@pytest.mark.long
def test_second_run_adds_to_the_first(first: dict[str, Any], home: Path) -> None:
    """State survives the restart: bars are collected again without a change, and a second order stands by the first."""
    result = axia(home, "demo", "--once", "--json")

    assert result.returncode == 0, result.stderr[-3000:]
    second = json.loads(result.stdout)
    assert (second["partitions"], second["gaps"]) == (200, [])
    assert second["order"]["state"] == "FILLED"
    assert second["order"]["ticket"] != first["order"]["ticket"]


@pytest.mark.long
@pytest.mark.skipif(not HISTORY.exists(), reason="../shared/data/orkad is absent: real bar files")
def test_plays_real_files(tmp_path: Path) -> None:
    """With --history the terminal plays real files on a clock set back into them; gaps are told, the order fills."""
    result = axia(tmp_path / "home", "demo", "--once", "--json", "--history", str(HISTORY))

    assert result.returncode == 0, result.stderr[-3000:]
    document = json.loads(result.stdout)
    assert document["series"] == 5 + 4
    assert document["trading_days"][-1] == "2026-07-02"
    assert document["gaps"]
    assert document["order"]["state"] == "FILLED"
    assert "clock is set back" in result.stderr


def test_missing_history_is_refused(tmp_path: Path) -> None:
    """A path where nothing is gets a named error and exit code 2, and starts nothing."""
    result = axia(tmp_path / "home", "demo", "--once", "--history", str(tmp_path / "nowhere"))

    assert result.returncode == 2
    assert "--history" in result.stderr
    assert not (tmp_path / "home").exists()
