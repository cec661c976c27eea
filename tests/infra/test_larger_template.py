"""The larger deployment's files against cfn-lint and against one another: what one names, the other has."""

from __future__ import annotations

import re
from typing import Any

import cfnlint.api
import pytest
import yaml

from axia_core.settings import PAPER_MODULE
from axia_pipelines.jobs import quality_check_job
from infra.template import Template
from tests.end_to_end.conftest import ROOT

DEPLOY = ROOT / "deploy"
TEMPLATE = DEPLOY / "larger.yaml"
INSTANCE = DEPLOY / "dagster.yaml"
VARIABLE = re.compile(r"\{env: (\w+)\}")


@pytest.fixture(scope="module")
def containers() -> dict[str, dict[str, Any]]:
    """Every container of the template, by its name."""
    document = Template.read(TEMPLATE, {}, region="ap-northeast-1").document
    found = [
        container
        for resource in document["Resources"].values()
        for container in resource["Properties"].get("ContainerDefinitions", [])
    ]
    return {container["Name"]: container for container in found}


def variables(container: dict[str, Any]) -> set[str]:
    """What a container's process finds in its environment."""
    return {each["Name"] for each in (*container["Environment"], *container["Secrets"])}


def instance() -> dict[str, Any]:
    """The instance file as data."""
    found: dict[str, Any] = yaml.safe_load(INSTANCE.read_text(encoding="utf-8"))
    return found


def test_cfn_lint_finds_nothing() -> None:
    """The template passes cfn-lint with its warnings."""
    assert [str(match) for match in cfnlint.api.lint_file(TEMPLATE)] == []


@pytest.mark.parametrize("name", ["daemon", "webserver"])
def test_launching_process_has_every_variable(containers: dict[str, dict[str, Any]], name: str) -> None:
    """Daemon and webserver find every variable that the instance file asks for."""
    asked = set(VARIABLE.findall(INSTANCE.read_text(encoding="utf-8")))

    assert asked <= variables(containers[name])


@pytest.mark.parametrize("name", ["run", "research"])
def test_run_has_what_it_needs_and_cannot_launch(containers: dict[str, dict[str, Any]], name: str) -> None:
    """A run finds the database and the bucket of its log, and nothing that a launcher needs."""
    asked = set(VARIABLE.findall(INSTANCE.read_text(encoding="utf-8")))

    assert {each for each in asked if not each.startswith("AXIA_ECS_")} <= variables(containers[name])
    assert not {each for each in variables(containers[name]) if each.startswith("AXIA_ECS_")}


def test_no_container_takes_paper_for_the_market(containers: dict[str, dict[str, Any]]) -> None:
    """A run on ECS neither trades on paper nor stores the paper terminal's bars: its source is Yahoo alone."""
    values = {each["Name"]: each["Value"] for each in containers["run"]["Environment"]}

    assert values["AXIA_MT5_MODULE"] != PAPER_MODULE
    assert yaml.safe_load(values["AXIA_SOURCES"]) == {"*": ["yfinance"]}


def test_names_agree(containers: dict[str, dict[str, Any]]) -> None:
    """The launcher's container is the template's, its jobs are ours, its locations are the workspace's."""
    config = instance()["run_launcher"]["config"]
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    locations = {each["grpc_server"]["location_name"] for each in workspace}

    assert config["ecs"]["container_name"] in containers
    assert config["ecs_jobs"] == [quality_check_job.name]
    assert set(config["ecs_locations"]) < locations


def test_instance_differs_from_the_small_one_where_it_says() -> None:
    """Everything that is not storage, launcher, logs or a limit is what it is on one machine."""
    small = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    larger = instance()

    differing = {part for part in small.keys() | larger.keys() if small.get(part) != larger.get(part)}

    storage = {"storage", "event_log_storage"}
    assert differing == storage | {"run_launcher", "compute_logs", "concurrency", "run_monitoring"}
