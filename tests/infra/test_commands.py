"""The `axia` command's manners: exit codes, one JSON document, messages that name the field and the remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_cli.output import exit_code
from axia_core.errors import ConflictingOrder, InvalidOrder, NotRunning, StoreUnavailable
from tests.conftest import LocalAws

pytestmark = pytest.mark.usefixtures("expiry")


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return CliRunner()


def _run(axia: CliRunner, *arguments: str) -> Result:
    return axia.invoke(app, list(arguments))


def test_env_without_a_stack_exits_3_and_says_how_to_start_one(axia: CliRunner) -> None:
    """Scripts can tell that nothing runs."""
    result = _run(axia, "env")

    assert result.exit_code == 3
    assert "axia up" in result.stderr
    assert result.stdout == ""


def test_an_error_is_one_json_document_when_json_was_asked_for(axia: CliRunner) -> None:
    """stdout parses even when the command fails."""
    result = _run(axia, "env", "--json")

    assert json.loads(result.stdout)["error"]["type"] == "NotRunning"


def test_a_wrong_setting_exits_2_and_is_named(axia: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable to correct is in the message."""
    monkeypatch.setenv("AXIA_HOST", "0.0.0.0")

    result = _run(axia, "env")

    assert result.exit_code == 2
    assert "AXIA_HOST '0.0.0.0'" in result.stderr
    assert "loopback" in result.stderr


def test_deploying_to_aws_from_a_local_shell_is_refused(axia: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that points at the laptop cannot be meant for AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    result = _run(axia, "deploy", "--target", "aws", "--yes")

    assert result.exit_code == 2
    assert "AWS_ENDPOINT_URL" in result.stderr


def test_check_counts_what_it_compared(axia: CliRunner, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names resources, properties and no differences."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)

    result = _run(axia, "deploy", "--target", "local", "--check", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["resources"] > 20
    assert report["properties"] > 100
    assert report["differences"] == []


def test_deploying_again_says_no_changes(axia: CliRunner, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run of the command changes nothing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)

    result = _run(axia, "deploy")

    assert (result.exit_code, result.stderr.strip()) == (0, "no changes")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidOrder("lot_size", 0, "it must be positive"), 2),
        (NotRunning("no stack"), 3),
        (StoreUnavailable("throttled"), 4),
        (ConflictingOrder("other content"), 1),
    ],
)
def test_exit_codes_say_what_to_do(error: Exception, code: int) -> None:
    """Bad input, not running, worth trying again, anything else."""
    assert exit_code(error) == code
