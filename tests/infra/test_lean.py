"""How Dagster's processes are started: with its arguments, and without what only colours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from axia_cli.stack.parts import LEAN, Parts
from axia_core.settings import Settings

ROOT = Path(__file__).parents[2]
PROGRAM = "tests.infra.coloured"


def printed_by(*arguments: str) -> list[str]:
    command = (sys.executable, *arguments, PROGRAM, "run", "-w", "workspace.yaml")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def lean() -> list[str]:
    """What the program prints when it is started lean."""
    return printed_by(*LEAN)


def test_program_gets_its_arguments(lean: list[str]) -> None:
    """What follows the module's name is the program's."""
    assert lean[0] == "arguments: run -w workspace.yaml"


def test_lean_program_imports_nothing_that_colours(lean: list[str]) -> None:
    """rich and pygments are installed, and cannot be imported."""
    assert lean[1:3] == ["the program has no rich", "the program has no pygments"]


def test_what_a_lean_program_spawns_is_lean(lean: list[str]) -> None:
    """A run of the code server is spawned, and would import them again."""
    assert lean[3:] == ["its child has no rich", "its child has no pygments"]


def test_without_it_they_are_imported() -> None:
    """Both are there wherever Dagster is; otherwise the tests above could not fail."""
    assert printed_by("-m") == ["arguments: run -w workspace.yaml"]


def test_dagsters_processes_are_started_lean(tmp_path: Path) -> None:
    """Code server, daemon and webserver."""
    parts = Parts(Settings(home=tmp_path))

    commands = [part.command.argv[1:3] for part in (parts.code_server(), parts.daemon(), parts.webserver())]

    assert commands == [LEAN, LEAN, LEAN]
