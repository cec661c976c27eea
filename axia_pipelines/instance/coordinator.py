"""The run coordinator of the instance: runs that trade start at once, everything else queues.

House rule: only the choice between now and the queue. The public QueuedRunCoordinator does the rest.
https://docs.dagster.io/deployment/execution/run-coordinators
"""

from __future__ import annotations

import dagster as dg
from dagster import QueuedRunCoordinator
from dagster._core.instance import DagsterInstance
from dagster._core.run_coordinator.base import SubmitRunContext

EXPRESS_TAG = "axia/express"


class ExpressRunCoordinator(QueuedRunCoordinator[DagsterInstance]):
    """A queue with an express lane: a run tagged `axia/express` is launched by whoever submits it.

    A queued desk would wait for the dequeue loop, and behind backfills that fill every slot.
    """

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        run = context.dagster_run
        if EXPRESS_TAG not in run.tags or run.status is not dg.DagsterRunStatus.NOT_STARTED:
            return super().submit_run(context)
        return self._instance.launch_run(run.run_id, context.workspace)
