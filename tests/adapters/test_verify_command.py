"""`axia verify` from the command line to a local AWS server, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.domain.verification_checks import CHECKS
from tests.conftest import LocalAws


@pytest.fixture(autouse=True)
def shell(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that points at the server, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)


def test_as_a_document() -> None:
    """Every check with status, figure and remedy; a laptop's core stack is protected, and an empty bucket unknown."""
    result = CliRunner().invoke(app, ["verify", "--json"])

    document = json.loads(result.stdout)
    found = {one["check"]: one for one in document["findings"]}
    assert found.keys() == {check.name for check in CHECKS}
    assert {found[name]["status"] for name in ("point_in_time_recovery", "lifecycle", "template_drift")} == {"ok"}
    assert found["point_in_time_recovery"]["metric"]["unit"] == "s"
    assert {one["status"] for name, one in found.items() if name.startswith(("order_copy", "snapshots"))} == {"skipped"}


def test_a_fault_is_exit_code_1_with_its_remedy(aws: LocalAws) -> None:
    """The command to run stands below the table."""
    api = aws.client("s3")
    api.put_bucket_versioning(Bucket="tss-raw-data", VersioningConfiguration={"Status": "Suspended"})

    try:
        result = CliRunner().invoke(app, ["verify"])
    finally:
        api.put_bucket_versioning(Bucket="tss-raw-data", VersioningConfiguration={"Status": "Enabled"})

    assert result.exit_code == 1
    assert "versioning: aws s3api put-bucket-versioning --bucket tss-raw-data" in " ".join(result.stderr.split())


def test_without_the_role_everything_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that cannot be taken on is said by every check, and nothing is called ok."""
    monkeypatch.setenv("AXIA_VERIFIER_ROLE", "no:role")

    result = CliRunner().invoke(app, ["verify", "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["ok"] == 0
    assert all("no:role" in one["text"] for one in document["findings"] if one["status"] == "unknown")
