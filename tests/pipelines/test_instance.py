"""The instance that dagster.yaml describes, with a real code server: express lane, queue, and the health of runs.

These are the contract tests of the internal Dagster API that `axia_pipelines.instance` touches.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget

from axia_cli.stack.parts import LEAN
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_pipelines.instance.coordinator import ExpressRunCoordinator
from axia_pipelines.instance.launcher import HealthyRunLauncher

LAUNCHER = HealthyRunLauncher()


@pytest.fixture
def instance(stored_instance: dg.DagsterInstance) -> dg.DagsterInstance:
    return stored_instance


@pytest.fixture(scope="module")
def code_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a code server with the sleeping location; it is gone at the end, and its runs with it."""
    (port,) = free_ports(1)
    argv = (*LEAN, "dagster", "api", "grpc", "-m", "tests.pipelines.sleeping_location", "-h", "127.0.0.1")
    log = tmp_path_factory.mktemp("code") / "server.log"
    command = Command("code server", (sys.executable, *argv, "-p", str(port)), log)
    child = Child.start(command)
    try:
        child.wait_until(lambda: listens(port), 60)
        yield port
    finally:
        child.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def submitted(instance: dg.DagsterInstance, port: int, job: str) -> Iterator[dg.DagsterRun]:
    """A run of the sleeping location, as a sensor or the webserver submits it; ended afterwards."""
    target = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="sleeping")
    with WorkspaceProcessContext(instance, target) as process:
        workspace = process.create_request_context()
        remote = workspace.get_code_location("sleeping").get_repository("__repository__").get_full_job(job)
        run = instance.create_run_for_job(
            job_def=_job(job), tags=dict(remote.tags), remote_job_origin=remote.get_remote_origin()
        )
        try:
            yield instance.run_coordinator.submit_run(SubmitRunContext(run, workspace))
        finally:
            instance.run_coordinator.cancel_run(run.run_id)


def _job(name: str) -> dg.JobDefinition:
    from tests.pipelines import sleeping_location

    return sleeping_location.defs.resolve_job_def(name)


def eventually(holds: Callable[[], bool], timeout_s: float = 120) -> bool:
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_dagster_yaml_is_what_we_mean(instance: dg.DagsterInstance) -> None:
    """The file loads, with our coordinator and launcher, its limits, and no compute logs and telemetry."""
    queue = instance.get_concurrency_config().run_queue_config

    assert isinstance(instance.run_coordinator, ExpressRunCoordinator)
    assert isinstance(instance.run_launcher, HealthyRunLauncher)
    assert isinstance(instance.compute_log_manager, NoOpComputeLogManager)
    assert queue is not None
    assert queue.max_concurrent_runs == 3
    assert instance.global_op_concurrency_default_limit == 1
    assert instance.run_monitoring_enabled
    assert not instance.telemetry_enabled


def test_express_run_starts_at_once_and_is_healthy(instance: dg.DagsterInstance, code_server: int) -> None:
    """A tagged run is started without a daemon, and is RUNNING for as long as its code server has it."""
    with submitted(instance, code_server, "express_sleep") as run:
        started = eventually(lambda: status(instance, run) is dg.DagsterRunStatus.STARTED)

        health = LAUNCHER.check_run_worker_health(known(instance, run))

    assert started
    assert health.status is WorkerStatus.RUNNING


def test_other_runs_queue(instance: dg.DagsterInstance, code_server: int) -> None:
    """A run without the tag waits for the daemon's queue."""
    with submitted(instance, code_server, "queued_sleep") as run:
        assert run.status is dg.DagsterRunStatus.QUEUED


def test_run_unknown_to_its_code_server(code_server: int) -> None:
    """After a restart of the code server its former runs are NOT_FOUND: they are zombies."""
    health = LAUNCHER.check_run_worker_health(run_at(code_server))

    assert health.status is WorkerStatus.NOT_FOUND
    assert "restarted" in (health.msg or "")


def test_run_whose_code_server_is_gone() -> None:
    """When nothing listens where the run was started it is NOT_FOUND."""
    (port,) = free_ports(1)

    health = LAUNCHER.check_run_worker_health(run_at(port))

    assert health.status is WorkerStatus.NOT_FOUND


def test_busy_code_server_fails_no_run() -> None:
    """A code server that takes the question but does not answer in time has its runs left alone."""

    class Impatient(HealthyRunLauncher):
        answer_timeout_s = 1

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        health = Impatient().check_run_worker_health(run_at(silent.getsockname()[1]))

    assert health.status is WorkerStatus.RUNNING


def test_run_without_code_server() -> None:
    """A run that was never handed to a code server is NOT_FOUND."""
    assert LAUNCHER.check_run_worker_health(dg.DagsterRun(job_name="any")).status is WorkerStatus.NOT_FOUND


def run_at(port: int) -> dg.DagsterRun:
    return dg.DagsterRun(job_name="any", tags={GRPC_INFO_TAG: f'{{"host": "127.0.0.1", "port": {port}}}'})


def known(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    return known(instance, run).status
