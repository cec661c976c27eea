"""Which runs of the larger deployment stay with the terminal, and which launcher is asked about them afterwards."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dagster._core.instance import DagsterInstance
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from axia_pipelines.instance import placement
from axia_pipelines.instance.compute_logs import ECS_MARK, TaskComputeLogManager
from axia_pipelines.instance.coordinator import EXPRESS_TAG
from axia_pipelines.instance.placement import PLACE_TAG, TASK_TAG, Place, PlacedRunLauncher, Placement, Tasks
from axia_pipelines.jobs import order_desk, order_execution, order_reconciliation

RULES = Placement(ecs_locations=["research"], ecs_jobs=["quality_check"])
TASKS = Tasks(cluster="axia", task_definition="axia-run", container_name="run", subnets=["a"], security_groups=["b"])
NOBODY = '{"host": "127.0.0.1", "port": 9}'


def a_run(job: str = "daily_collection", location: str | None = None, **tags: str) -> dg.DagsterRun:
    """A run as the daemon hands it to the launcher."""
    return dg.DagsterRun(job_name=job, tags=tags, remote_job_origin=_origin(location) if location else None)


def _origin(location: str) -> Any:
    from dagster._core.remote_origin import (
        GrpcServerCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )

    server = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=9, location_name=location)
    return RemoteJobOrigin(RemoteRepositoryOrigin(server, "__repository__"), "any")


class Recording:
    """Stands in for dagster-aws's launcher and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def launch_run(self, context: LaunchRunContext) -> None:
        self.asked.append(f"launch {context.dagster_run.run_id}")

    def terminate(self, run_id: str) -> bool:
        self.asked.append(f"terminate {run_id}")
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        self.asked.append(f"check {run.run_id}")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


@pytest.fixture
def ecs() -> Recording:
    """The ECS of one test."""
    return Recording()


@pytest.fixture
def launcher(ecs: Recording) -> PlacedRunLauncher:
    """The launcher with a recording ECS."""
    found = PlacedRunLauncher(RULES, TASKS)
    found.ecs = ecs  # type: ignore[assignment]  # has the three methods that are used
    return found


@pytest.mark.parametrize("job", [order_desk, order_execution, order_reconciliation], ids=lambda job: job.name)
def test_what_trades_stays_with_the_terminal(job: dg.JobDefinition) -> None:
    """No tag and no list sends a run that trades into a container, where no terminal is."""
    everywhere = Placement(ecs_locations=["axia"], ecs_jobs=[job.name])

    place = everywhere.of(a_run(job.name, "axia", **{**job.tags, PLACE_TAG: "ecs"}))

    assert EXPRESS_TAG in job.tags
    assert place is Place.HOST


@pytest.mark.parametrize(
    ("run", "place"),
    [
        (a_run("daily_collection", "axia"), Place.HOST),
        (a_run("__ASSET_JOB"), Place.HOST),
        (a_run("quality_check", "axia"), Place.ECS),
        (a_run("anything", "research"), Place.ECS),
        (a_run("daily_collection", "axia", **{PLACE_TAG: "ecs"}), Place.ECS),
        (a_run("quality_check", "axia", **{PLACE_TAG: "host"}), Place.HOST),
    ],
    ids=["MT5", "unknown", "listed job", "listed location", "sent by tag", "kept by tag"],
)
def test_place_of_a_run(run: dg.DagsterRun, place: Place) -> None:
    """The tag decides, then the lists, and whatever nothing is said about stays on the host."""
    assert RULES.of(run) is place


def test_unknown_place_is_refused() -> None:
    """A misspelt place launches nothing and says which there are."""
    with pytest.raises(dg.DagsterInvariantViolationError, match="axia/place='ec2' names no place; say host or ecs"):
        RULES.of(a_run(**{PLACE_TAG: "ec2"}))


def test_a_run_is_asked_for_where_it_was_launched(launcher: PlacedRunLauncher, ecs: Recording) -> None:
    """What was launched on ECS is asked for and ended there, although the rules have changed since."""
    with DagsterInstance.ephemeral() as instance:
        launcher.register_instance(instance)
        run = dg.DagsterRun(job_name="moved", tags={TASK_TAG: "arn:task"})
        instance.add_run(run)

        health = launcher.check_run_worker_health(run)
        ended = launcher.terminate(run.run_id)

    assert (health.status, ended) == (WorkerStatus.RUNNING, True)
    assert ecs.asked == [f"check {run.run_id}", f"terminate {run.run_id}"]


def test_silence_of_the_host_counts_after_a_while(
    launcher: PlacedRunLauncher, ecs: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that does not answer once fails no desk; one that goes on not answering does."""
    desk = a_run("order_desk", **{EXPRESS_TAG: "true", GRPC_INFO_TAG: NOBODY})

    first = launcher.check_run_worker_health(desk)
    monkeypatch.setattr(placement, "HOST_SILENT_S", 0.0)
    later = launcher.check_run_worker_health(desk)

    assert (first.status, later.status) == (WorkerStatus.RUNNING, WorkerStatus.NOT_FOUND)
    assert ecs.asked == []


def test_lists_come_from_the_environment() -> None:
    """Subnets and groups are written with commas, as a variable has to be."""
    config = {"cluster": "axia", "task_definition": "d", "container_name": "run"}

    tasks = Tasks.parse({**config, "subnets": "one,two", "security_groups": "three"})

    assert (tasks.subnets, tasks.security_groups) == (["one", "two"], ["three"])


def test_only_tasks_keep_what_they_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside an ECS task what steps print goes to S3; elsewhere it is not captured, and dagster-aws not loaded."""
    config = {"bucket": "logs", "prefix": "dagster"}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.delenv(ECS_MARK, raising=False)

    elsewhere = TaskComputeLogManager.from_config_value(None, config)  # type: ignore[arg-type]  # not looked at
    monkeypatch.setenv(ECS_MARK, "http://169.254.170.2/v4")
    inside = TaskComputeLogManager.from_config_value(None, config)  # type: ignore[arg-type]  # not looked at

    assert (type(elsewhere).__name__, type(inside).__name__) == ("TaskComputeLogManager", "S3ComputeLogManager")
