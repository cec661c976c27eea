"""A Dagster instance of its own for each test: in memory, or the one that our dagster.yaml describes, in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance that was never used: making its databases takes longer than most tests."""
    folder = tmp_path_factory.mktemp("dagster")
    _configure(folder)
    dg.DagsterInstance.from_config(str(folder)).dispose()
    return folder


@pytest.fixture
def stored_instance(new_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of our dagster.yaml, its storage in a folder of the test."""
    shutil.copytree(new_home, tmp_path / "dagster")
    _configure(tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as made:
        yield made


def _configure(home: Path) -> None:
    """Our dagster.yaml, in which the folder itself is named instead of the environment's DAGSTER_HOME."""
    text = (ROOT / "dagster.yaml").read_text(encoding="utf-8")
    storage = "  class: BatchingEventLogStorage\n"
    named = text.replace(storage, f"{storage}  config: {{home: {json.dumps(str(home))}}}\n")
    (home / "dagster.yaml").write_text(named, encoding="utf-8")
