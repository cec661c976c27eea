"""Sensors: the door between what waits outside and a run.

House rule: look, and ask for a run. A sensor takes no message off the queue (a daemon killed in mid-tick loses what its
tick consumed) and counts on no run key (a failed run would keep its key for ever).
https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg
from dagster import DagsterRunStatus

from axia_core.desk import desk_is_needed
from axia_pipelines.jobs import DESK, order_desk
from axia_pipelines.ops.desk import is_left_behind
from axia_pipelines.resources import DeskResource, OrderPorts

FINISHED = frozenset({DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED})
# Short, because the list of runs cuts a tag off at some 35 characters.
WHY_TAG = "axia/why"
UNFINISHED = [status for status in DagsterRunStatus if status not in FINISHED]


@dg.sensor(
    job=order_desk,
    # The daemon looks every five seconds at best; 0 would mean its default of thirty.
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens the order desk whenever the market is open, or messages or unsettled orders wait.",
)
def order_sensor(
    context: dg.SensorEvaluationContext, desk: dg.ResourceParam[DeskResource]
) -> dg.RunRequest | dg.SkipReason:
    open_run = _unfinished_desk(context.instance)
    if open_run is not None:
        return dg.SkipReason(f"Run {open_run.run_id} has the desk open ({open_run.status.value}).")
    return _decide(context.instance, desk.ports)


def _unfinished_desk(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    runs = instance.get_runs(filters=dg.RunsFilter(job_name=DESK, statuses=UNFINISHED), limit=1)
    return runs[0] if runs else None


def _decide(instance: dg.DagsterInstance, ports: OrderPorts) -> dg.RunRequest | dg.SkipReason:
    lease = ports.ledger.lease_holder(ports.clock.now())
    if lease is not None and not is_left_behind(lease, instance, ports):
        return dg.SkipReason(
            f"No desk run is open, but {lease.owner} holds the lease until {lease.expires_at:%H:%M:%S} UTC "
            "and may still trade; a desk opens once it has run out."
        )
    reason = desk_is_needed(ports.queue, ports.ledger, ports.clock)
    if reason is None:
        return dg.SkipReason("The market is closed, no message waits and every order is settled.")
    return dg.RunRequest(tags={WHY_TAG: reason})
