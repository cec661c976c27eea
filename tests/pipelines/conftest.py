"""A Dagster instance of its own for each test: in memory, or the one that our dagster.yaml describes, in a folder."""

from __future__ import annotations

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
    shutil.copyfile(ROOT / "dagster.yaml", folder / "dagster.yaml")
    dg.DagsterInstance.from_config(str(folder)).dispose()
    return folder


@pytest.fixture
def stored_instance(new_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of our dagster.yaml, its storage in a folder of the test."""
    shutil.copytree(new_home, tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as made:
        yield made
