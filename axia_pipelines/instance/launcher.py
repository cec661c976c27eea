"""The run launcher of the instance: Dagster's own, which can also say whether a run's process still lives.

House rule: only the question and its answer. Launching and terminating are DefaultRunLauncher's. Without the answer
run monitoring cannot fail the runs that a reboot leaves STARTED, and they would keep their slots for ever.
https://docs.dagster.io/deployment/execution/run-launchers
"""

from __future__ import annotations

import json

import dagster as dg
from dagster import DefaultRunLauncher
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import deserialize_value

SILENT = "its code server does not answer"


class HealthyRunLauncher(DefaultRunLauncher):
    """DefaultRunLauncher with a health check: the code server that started a run is asked whether it still has it."""

    answer_timeout_s = 5  # the code server answers from memory

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING, or NOT_FOUND when the run's code server is gone or does not know the run."""
        address = run.tags.get(GRPC_INFO_TAG)
        if address is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the run has no code server on record")
        try:
            alive = _can_cancel(json.loads(address), run.run_id, self.answer_timeout_s)
        except DagsterUserCodeUnreachableError as error:
            if _was_late(error):
                # It is there but has no thread free. A run that may be trading is not failed on a guess.
                return CheckRunHealthResult(WorkerStatus.RUNNING, "its code server is too busy to answer")
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"{SILENT}: {error}")
        if alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its code server does not know the run: it was restarted")


def _was_late(error: DagsterUserCodeUnreachableError) -> bool:
    import grpc  # type: ignore[import-untyped]  # ships no stubs

    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def _can_cancel(address: dict[str, object], run_id: str, timeout_s: int) -> bool:
    # Deferred as Dagster itself does: grpc is needed by the daemon only.
    from dagster._grpc.client import DagsterGrpcClient
    from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult

    client = DagsterGrpcClient(
        host=str(address["host"]),
        port=address.get("port"),  # type: ignore[arg-type]  # whatever the launcher noted: an int, or nothing
        socket=address.get("socket"),  # type: ignore[arg-type]  # a path, or nothing
        use_ssl=bool(address.get("use_ssl", False)),
    )
    answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=timeout_s)
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel
