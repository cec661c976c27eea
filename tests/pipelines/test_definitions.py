"""The code location as a whole: what is in it, that it loads, and what loading it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from axia_pipelines.definitions import build_definitions
from tests.pipelines.fakes import settings
from tests.pipelines.graph import SNAPSHOT, draw

ROOT = Path(__file__).parents[2]
HEAVY = ["numpy", "pandas", "pyarrow", "boto3", "botocore", "yfinance", "redis", "msgpack", "dagster_aws", "psutil"]


def test_graph_is_the_one_we_know() -> None:
    """Nothing appears in the graph or leaves it unseen; after a wanted change run `python -m tests.pipelines.graph`."""
    assert draw() == SNAPSHOT.read_text(encoding="utf-8")


def test_definitions_are_loadable() -> None:
    """Dagster can resolve every asset, job, resource, schedule and sensor."""
    dg.Definitions.validate_loadable(build_definitions(settings()))


@pytest.mark.long  # .ci/run gives the command itself
def test_workspace_validates() -> None:
    """`dagster definitions validate` passes with workspace.yaml as it stands."""
    command = [sys.executable, "-m", "dagster", "definitions", "validate"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stderr + done.stdout


def loaded_by(program: str, names: list[str]) -> list[str]:
    """Which of *names* a fresh interpreter has loaded after *program*."""
    shown = f"import sys, json; print(json.dumps([name for name in {names!r} if name in sys.modules]))"
    command = [sys.executable, "-c", f"{program}\n{shown}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_loading_imports_no_heavy_library() -> None:
    """The code server, the daemon's runs and the desk all pay for what loading imports: none of these."""
    program = "import axia_pipelines.definitions as d; d.build_definitions()"

    assert loaded_by(program, HEAVY) == []


def test_desk_imports_no_heavy_library() -> None:
    """An open desk loads boto3 and nothing that only bars need."""
    program = """
from axia_core.adapters.log import LogEvents
from axia_core.settings import Settings
from axia_pipelines.resources import DeskResource
with DeskResource(Settings(aws_endpoint_url="http://127.0.0.1:9")).open("nobody", LogEvents('demo')): ...
"""

    assert loaded_by(program, ["numpy", "pandas", "pyarrow", "yfinance", "redis"]) == []
