"""Deploying the core template into a real local AWS server."""

from __future__ import annotations

from infra.stacks import check_core, deploy_core
from tests.conftest import REGION, LocalAws


def test_deploying_twice_changes_nothing(aws: LocalAws) -> None:
    """A second deployment finds nothing to change and nothing to set."""
    said: list[str] = []

    deployment = deploy_core(aws.clients, region=REGION, local=True, progress=said.append)

    assert deployment.action == "unchanged"
    assert said == []


def test_what_is_deployed_is_the_template(aws: LocalAws) -> None:
    """Every property that can be read back is what the template says."""
    report = check_core(aws.clients, region=REGION, local=True)

    assert report.properties > 100
    assert [str(difference) for difference in report.differences] == []
