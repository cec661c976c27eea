"""The code location as a whole: what is in it, that it loads, and what loading it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg

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


def test_workspace_validates() -> None:
    """`dagster definitions validate` passes with workspace.yaml as it stands."""
    command = [sys.executable, "-m", "dagster", "definitions", "validate"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stderr + done.stdout


def test_loading_imports_no_heavy_library() -> None:
    """The code server, the daemon's runs and the desk all pay for what loading imports: none of these."""
    program = f"import sys, json, axia_pipelines.definitions as d; d.build_definitions(); {_PRINT}"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []


_PRINT = f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
