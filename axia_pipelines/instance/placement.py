"""The run launcher of the larger deployment: which runs stay on the host with the MT5 terminal, and which go to ECS.

House rule: only the choice of a place. Launching is HealthyRunLauncher's on the host and dagster-aws's EcsRunLauncher's
on ECS, which is imported when the first run goes there: on the host nothing pays for it.
https://docs.dagster.io/deployment/execution/run-launchers
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes.config_class import ConfigurableClassData

from axia_pipelines.instance.coordinator import EXPRESS_TAG
from axia_pipelines.instance.launcher import SILENT, HealthyRunLauncher

if TYPE_CHECKING:
    from dagster_aws.ecs import EcsRunLauncher

PLACE_TAG = "axia/place"
TASK_TAG = "ecs/task_arn"  # dagster-aws notes it at launch
HOST_SILENT_S = 30.0


class Place(Enum):
    """Where a run's process lives."""

    HOST = "host"
    ECS = "ecs"


@dataclass(frozen=True)
class Placement:
    """Which runs go to ECS: every run of some code locations, some jobs of the others, and what a tag sends there."""

    ecs_locations: Sequence[str] = ()
    ecs_jobs: Sequence[str] = ()

    def of(self, run: dg.DagsterRun) -> Place:
        """The place of a run; the host unless something says ECS. What trades never leaves the host.

        A container has no terminal. Raises DagsterInvariantViolationError for a tag that names no place.
        """
        if EXPRESS_TAG in run.tags:
            return Place.HOST
        if PLACE_TAG in run.tags:
            return _named(run.tags[PLACE_TAG])
        listed = run.job_name in self.ecs_jobs or _location(run) in self.ecs_locations
        return Place.ECS if listed else Place.HOST


def _named(place: str) -> Place:
    try:
        return Place(place)
    except ValueError as error:
        known = " or ".join(each.value for each in Place)
        message = f"tag {PLACE_TAG}={place!r} names no place; say {known}, or leave the tag out"
        raise dg.DagsterInvariantViolationError(message) from error


def _location(run: dg.DagsterRun) -> str | None:
    origin = run.remote_job_origin
    return origin.repository_origin.code_location_origin.location_name if origin else None


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """How ECS starts a run: its cluster, its task definition, and the network of the task."""

    cluster: str
    task_definition: str
    container_name: str
    subnets: Sequence[str]
    security_groups: Sequence[str]

    @staticmethod
    def parse(config: Mapping[str, str]) -> Tasks:
        """From the launcher's configuration, in which lists are written with commas: they come from the environment."""
        lists = {name: config[name].split(",") for name in ("subnets", "security_groups")}
        texts = {name: config[name] for name in ("cluster", "task_definition", "container_name")}
        return Tasks(**texts, **lists)  # type: ignore[arg-type]  # mypy joins the two kinds of value

    def launcher(self) -> EcsRunLauncher[dg.DagsterInstance]:
        """dagster-aws's launcher; it asks ECS for the task definition at once."""
        from dagster_aws.ecs import EcsRunLauncher

        network = {"subnets": self.subnets, "securityGroups": self.security_groups, "assignPublicIp": "DISABLED"}
        return EcsRunLauncher(
            task_definition=self.task_definition,
            container_name=self.container_name,
            secrets_tag=None,  # type: ignore[arg-type]  # None is its way to say: no secret but the definition's own
            use_current_ecs_task_config=False,
            run_task_kwargs={
                "cluster": self.cluster,
                "launchType": "FARGATE",
                "networkConfiguration": {"awsvpcConfiguration": network},
            },
        )


class PlacedRunLauncher(HealthyRunLauncher):
    """Launches each run where it belongs, and asks or ends it where it was launched."""

    def __init__(self, placement: Placement, tasks: Tasks, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._placement = placement
        self._tasks = tasks
        self._silent_since: dict[str, float] = {}

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        tasks = {name: dg.StringSource for name in Tasks.__dataclass_fields__}
        lists = {name: dg.Field([str], default_value=[]) for name in Placement.__dataclass_fields__}
        return {**lists, "ecs": dg.Field(tasks)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> PlacedRunLauncher:
        lists = {name: config_value[name] for name in Placement.__dataclass_fields__}
        return cls(Placement(**lists), Tasks.parse(config_value["ecs"]), inst_data)

    @cached_property
    def ecs(self) -> EcsRunLauncher[dg.DagsterInstance]:
        """The launcher of ECS, made when the first run needs it."""
        launcher = self._tasks.launcher()
        launcher.register_instance(self._instance)
        return launcher

    def launch_run(self, context: LaunchRunContext) -> None:
        if self._placement.of(context.dagster_run) is Place.ECS:
            return self.ecs.launch_run(context)
        return super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        if run is not None and self._went_to_ecs(run):
            return bool(self.ecs.terminate(run_id))
        return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]  # Dagster's own has no types

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """The ECS task's status, or what the host's code server says; its silence counts after half a minute."""
        if self._went_to_ecs(run):
            health: CheckRunHealthResult = self.ecs.check_run_worker_health(run)
            return health
        answer = super().check_run_worker_health(run)
        if not (answer.msg or "").startswith(SILENT):
            self._silent_since.pop(run.run_id, None)
            return answer
        # A packet lost between daemon and host must not fail a desk that trades.
        since = self._silent_since.setdefault(run.run_id, time.monotonic())
        if time.monotonic() - since >= HOST_SILENT_S:
            return answer
        return CheckRunHealthResult(WorkerStatus.RUNNING, f"not given up yet: {answer.msg}")

    def _went_to_ecs(self, run: dg.DagsterRun) -> bool:
        # What happened counts, not what the rule says today. Before either is noted, the rule.
        if GRPC_INFO_TAG in run.tags or TASK_TAG in run.tags:
            return TASK_TAG in run.tags
        return self._placement.of(run) is Place.ECS
