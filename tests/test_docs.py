"""What the documents promise and a machine can check: commands that exist, files that are there, one version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from axia_cli.main import app
from axia_core.domain.events import EventType, Severity, remedy_of
from infra.functions import slack

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]


def commands() -> dict[str, set[str]]:
    """Every `axia` command, and the subcommands of those that have some."""
    group = get_command(app)
    return {name: set(getattr(command, "commands", ())) for name, command in group.commands.items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documented_commands_exist(document: Path) -> None:
    """Every `axia ...` line of a code block names a command, and a subcommand where there are some."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("axia ")]
    known = commands()

    for line in lines:
        words = line.split("#")[0].split()
        assert words[1] in known, line
        assert not known[words[1]] or words[2] in known[words[1]], line


def test_every_command_is_in_the_readme() -> None:
    """No command is left for the reader to find by himself, `env` standing in its usual form."""
    missing = [name for name in commands() if f"axia {name}" not in README]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link and picture of a document is a file of the project."""
    targets = re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_ci_runs_the_readme_s_test_command() -> None:
    """CI ends with the README's second command, as it stands there."""
    second = re.search(r"```sh\n.*\n(.+)\n```", README)

    assert second is not None
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith(second[1])


def test_every_event_is_in_the_table_of_what_people_hear() -> None:
    """Each kind of event has its row: how bad, who tells it, what to do; and no row is left of one that is gone."""
    section = OPERATIONS.split("### What people hear")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", section, re.MULTILINE)

    assert sorted(name for name, _ in rows) == sorted(EventType)
    said = {word for _, severities in rows for word in re.split(r", | to ", severities)}
    assert said <= set(Severity)


def test_what_an_event_says_to_run_can_be_run() -> None:
    """The command that a person is sent at night exists, down to its subcommand, and so do those of the alarms."""
    details = {"order_id": "o-7", "day": "2026-07-03"}
    known = commands()

    for command in [*(remedy_of(kind, details) for kind in EventType), *slack.COMMANDS.values(), "axia doctor"]:
        words = command.split()
        assert not words or words[1] in known, command
        assert len(words) < 3 or not known[words[1]] or words[2] in known[words[1]], command


def test_changelog_names_the_version() -> None:
    """The project's version has its entry in the changelog."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_tests_say_what_they_show() -> None:
    """Every test's docstring is its sentence."""
    import ast

    silent = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_axia_starts_without_heavy_imports() -> None:
    """`axia --help` loads neither Dagster nor pyarrow nor boto3: it answers at once."""
    code = "import sys, axia_cli.main; print(sorted({'dagster', 'pyarrow', 'boto3'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert result.stdout.strip() == "[]"
