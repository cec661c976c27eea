"""`axia doctor` as a command: on a laptop where nothing runs, beside an AWS server, and the form of its answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from axia_cli.doctor.checklist import checklist
from axia_cli.main import app
from tests import doctor_examples as example
from tests.conftest import LocalAws

STRANGE = ("AXIA_", "AWS_", "DAGSTER_")
ROW = {"check", "area", "verdict", "said", "remedy", "seconds"}


@pytest.fixture
def axia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command in an empty folder, without anybody's credentials."""
    import os

    for name in [name for name in os.environ if name.startswith(STRANGE)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return CliRunner()


def test_new_laptop_is_told_what_to_run(axia: CliRunner) -> None:
    """Nothing runs: one failure that says so and how to start, the rest skipped, and no folder is made."""
    result = axia.invoke(app, ["doctor", "--json"])

    said = json.loads(result.stdout)
    (failed,) = [row for row in said["findings"] if row["verdict"] == "failure"]
    assert (result.exit_code, said["verdict"], said["exit_code"]) == (2, "failure", 2)
    assert failed["check"] == "stack"
    assert "axia up" in failed["remedy"]
    assert not Path(".axia").exists()


def test_json_has_its_form(axia: CliRunner) -> None:
    """Every check is there in its order, each row with the same keys, and the counts add up."""
    said = json.loads(axia.invoke(app, ["doctor", "--json"]).stdout)

    assert list(said) == ["verdict", "exit_code", "seconds", "counts", "findings"]
    assert list(said["counts"]) == ["well", "skipped", "warning", "failure"]
    assert {frozenset(row) for row in said["findings"]} == {frozenset(ROW)}
    assert list(dict.fromkeys(row["check"] for row in said["findings"])) == [
        check.name for check in checklist(example.healthy())
    ]
    assert sum(said["counts"].values()) == len(said["findings"])


def test_person_reads_findings_and_remedies(axia: CliRunner) -> None:
    """Without --json each line has its verdict, and what is not well its remedy."""
    result = axia.invoke(app, ["doctor"])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.search(r"failure\s+stack", result.stderr)
    assert "-> Run `axia up`" in result.stderr
    assert "Traceback" not in result.output


def test_wrong_setting_is_a_finding(axia: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would stop every other command is told here beside the rest."""
    monkeypatch.setenv("AXIA_HOST", "0.0.0.0")

    said = json.loads(axia.invoke(app, ["doctor", "--json"]).stdout)

    (failed,) = [row for row in said["findings"] if row["verdict"] == "failure"]
    assert (failed["check"], "AXIA_HOST '0.0.0.0'" in failed["said"]) == ("settings", True)


def test_beside_an_aws_server_its_parts_are_looked_at(
    axia: CliRunner, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint is enough: bucket, table, queues, topic, permissions and the deployment are compared and well."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)

    said = json.loads(axia.invoke(app, ["doctor", "--json"]).stdout)

    of_aws = {row["check"]: row["verdict"] for row in said["findings"] if row["area"] == "AWS"}
    assert set(of_aws.values()) == {"well"}
    assert len(of_aws) == 10


def test_help_says_what_the_exit_code_means(axia: CliRunner) -> None:
    """The help names what is looked at and the three exit codes."""
    words = " ".join(axia.invoke(app, ["doctor", "--help"]).stdout.split())

    assert "installation, settings, stack, AWS, cache, terminal, trading, data" in words
    assert "Exit code 0: all well; 1: warnings only; 2: something does not work." in words
    assert "--json" in words
