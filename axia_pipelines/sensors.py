"""Sensors: the door between what waits outside and a run.

House rule: look, and ask for a run. A sensor takes no message off the queue (a daemon killed in mid-tick loses what its
tick consumed) and counts on no run key (a failed run would keep its key for ever).
https://docs.dagster.io/guides/automate/sensors
"""

import time
from datetime import timedelta

import dagster as dg
from dagster import DagsterRunStatus
from dagster._core.launcher.base import WorkerStatus

from axia_core.desk import desk_is_needed
from axia_pipelines.jobs import DESK, HEALING, healing, order_desk
from axia_pipelines.ops.desk import is_left_behind
from axia_pipelines.provisional import Waiting, tell
from axia_pipelines.resources import BarsResource, DeskResource, MetricsResource, OrderPorts

FINISHED = frozenset({DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED})
# Short, because the list of runs cuts a tag off at some 35 characters.
WHY_TAG = "axia/why"
ACCOUNT_TAG = "axia/account"
# A run that failed found no MT5; one that succeeded left only what MT5 does not have or what a person must look at.
FAILED_PAUSE_S = 1_800
HEALED_PAUSE_S = 6 * 3_600
# Long enough for a terminal that starts slowly, before which a desk takes no lease.
WITHOUT_LEASE_S = 180.0
# Half of the daemon's five seconds: an order would wait for all of them when its desk is killed just after a look.
SECOND_LOOK_S = 2.5
STARTS_WITHIN_S = 120.0
STARTING = frozenset({DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING})
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
    open_run = _open_desk(context, desk.ports)
    if open_run is not None:
        desk.ports.clock.sleep(SECOND_LOOK_S)
        open_run = _open_desk(context, desk.ports)
    if open_run is not None:
        return dg.SkipReason(f"Run {open_run.run_id} has the desk open ({open_run.status.value}).")
    return _decide(context.instance, desk.ports)


def _open_desk(context: dg.SensorEvaluationContext, ports: OrderPorts) -> dg.DagsterRun | None:
    records = context.instance.get_run_records(filters=dg.RunsFilter(job_name=DESK, statuses=UNFINISHED), limit=1)
    return records[0].dagster_run if records and not _is_gone(records[0], context, ports) else None


def _is_gone(record: dg.RunRecord, context: dg.SensorEvaluationContext, ports: OrderPorts) -> bool:
    """Whether a desk that shows as open lives no more; then it is failed."""
    run = record.dagster_run
    if run.status is not DagsterRunStatus.STARTED:
        context.update_cursor("")
        return run.status in STARTING and _never_started(record, context.instance)
    return _has_no_process(run, context.instance) or _has_no_lease(run, context, ports)


def _never_started(record: dg.RunRecord, instance: dg.DagsterInstance) -> bool:
    """Run monitoring waits for half an hour, as a backfill takes minutes to start; a desk takes seconds."""
    if time.time() - record.create_timestamp.timestamp() < STARTS_WITHIN_S:
        return False
    instance.report_run_failed(record.dagster_run, f"the desk has not started within {STARTS_WITHIN_S:.0f} s")
    return True


def _has_no_process(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """What run monitoring asks each second. The first tick after a reboot may come before it, the next is 5 s later."""
    launcher = instance.run_launcher
    if not launcher.supports_check_run_worker_health:
        return False
    health = launcher.check_run_worker_health(run)
    if health.status is not WorkerStatus.NOT_FOUND:
        return False
    # A process that went in order has said how it ended, and run monitoring may just have been here.
    if _status(run, instance) is DagsterRunStatus.STARTED:
        instance.report_run_failed(run, f"the desk's process is gone: {health.msg}")
    return _status(run, instance) in FINISHED


def _status(run: dg.DagsterRun, instance: dg.DagsterInstance) -> DagsterRunStatus | None:
    now = instance.get_run_by_id(run.run_id)
    return now.status if now is not None else None


def _has_no_lease(run: dg.DagsterRun, context: dg.SensorEvaluationContext, ports: OrderPorts) -> bool:
    """Whether it has had none for a while, whatever is said of its process.

    The code server may say for ever that it lives: its thread that buries dead runs dies with the first that it cannot
    report, when Dagster's database is away. Should the desk live after all, it trades no more without a lease.
    """
    now = ports.clock.now()
    if ports.ledger.lease_holder(now) is not None:
        context.update_cursor("")
        return False
    seen, _, since = (context.cursor or "").partition(" ")
    if seen != run.run_id:
        context.update_cursor(f"{run.run_id} {now.timestamp():.0f}")
        return False
    if now.timestamp() - float(since) < WITHOUT_LEASE_S:
        return False
    context.instance.report_run_failed(run, "the desk has lost its lease and has not ended: its process is gone")
    return True


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
    return dg.RunRequest(tags={WHY_TAG: reason, ACCOUNT_TAG: ports.account})


@dg.sensor(
    job=healing,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has provisional partitions read again from MT5: half an hour after a run that failed, else six hours.",
)
def healing_sensor(
    context: dg.SensorEvaluationContext, bars: dg.ResourceParam[BarsResource]
) -> dg.RunRequest | dg.SkipReason:
    """What waits is known from the records of runs, which cost no look at S3; the run itself goes by S3."""
    before = Waiting.parse(context.cursor)
    oldest = bars.clock.now() - timedelta(days=2 * bars.settings.heal_days)
    waiting = before.updated(context.instance, oldest)
    tell(before, waiting, bars.settings.source_policy, bars.events)
    context.update_cursor(waiting.text())
    if not waiting.partitions:
        return dg.SkipReason("No partition is known to be provisional.")
    pause = _healing_pause(context.instance)
    if pause:
        return dg.SkipReason(f"{len(waiting.partitions)} partitions are provisional; {pause}")
    return dg.RunRequest(tags={WHY_TAG: f"{len(waiting.partitions)} provisional partitions"})


def metrics_sensor(is_on: bool) -> dg.SensorDefinition:
    """Takes the readings of every minute and opens nothing: that it ticks at all is what the heartbeat says.

    Not a schedule, whose runs would cost a process and thirty events a minute; not the desk, which is closed at
    weekends and which a reading of the host would delay.
    """

    @dg.sensor(
        name="metrics_sensor",
        # The daemon looks every five seconds: no minute must be without a reading, for some alarms want five in a row.
        minimum_interval_seconds=50,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description="Publishes heartbeat, host, book, cache and lateness to CloudWatch (setting cloudwatch).",
    )
    def every_minute(metrics: dg.ResourceParam[MetricsResource]) -> dg.SkipReason:
        readings = metrics.rounds.take()
        metrics.place.publish(readings)
        return dg.SkipReason(", ".join(f"{one.metric} {one.value:g}" for one in readings) or "Nothing could be read.")

    return every_minute


def _healing_pause(instance: dg.DagsterInstance) -> str:
    """Why no healing run should start now, or nothing."""
    records = instance.get_run_records(filters=dg.RunsFilter(job_name=HEALING), limit=1)
    if not records:
        return ""
    run, ended = records[0].dagster_run, records[0].end_time
    if run.status not in FINISHED or ended is None:
        return f"run {run.run_id} is at it ({run.status.value})."
    wait_s = HEALED_PAUSE_S if run.status is DagsterRunStatus.SUCCESS else FAILED_PAUSE_S
    remaining_s = ended + wait_s - time.time()
    if remaining_s <= 0:
        return ""
    return f"the last healing run ended as {run.status.value}, the next is in {remaining_s:.0f} s."
