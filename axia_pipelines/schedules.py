"""Schedules: when work starts by itself.

House rule: a schedule says which partitions are due and nothing else. It is written by hand because the one that
Dagster builds from a partitioned job starts a run per symbol and repeats Friday on Sunday and Monday.
https://docs.dagster.io/guides/automate/schedules
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from axia_pipelines.assets.recovery_drill import DRILLS
from axia_pipelines.jobs import order_reconciliation, quality_check_job, recovery_verification, retention
from axia_pipelines.partitions import COLLECTION_HOUR, RANGE_END_TAG, RANGE_START_TAG, REREAD_TAG, TIMEZONE, range_tags
from axia_pipelines.resources import DeskResource

# Half an hour after the close in winter, when the broker's history has arrived; and the collection, which shares the
# pool, has been worked off, so that bars never wait for it.
STATEMENT_TIME = f"30 {COLLECTION_HOUR} * * 2-6"
SATURDAY_AFTERNOON = "0 15 * * 6"
SUNDAY_AFTERNOON = "0 15 * * 0"
HOURLY = "20 * * * *"
VERIFICATION_TIME = "40 * * * *"
# While the market is open: only then a smoke order is filled, and a desk's heartbeats say how old a backup is.
WEDNESDAY_NOON = "0 12 * * 3"
TUESDAY_TO_SATURDAY = f"0 {COLLECTION_HOUR} * * 2-6"


def collection_schedule(
    job: UnresolvedAssetJobDefinition,
    dates: dg.DailyPartitionsDefinition,
    symbols: Sequence[str],
    reread_days: int = 0,
) -> dg.ScheduleDefinition:
    """The day that has just closed, every symbol and timeframe and then the cache, in one run at 07:00 Tokyo.

    The *reread_days* before it are read in the same calls, for what their source has corrected since.
    """

    @dg.schedule(
        name="collection_at_0700_tokyo",
        job=job,
        cron_schedule=TUESDAY_TO_SATURDAY,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Collects the day that has just closed, every symbol and timeframe, then reloads the cache.",
    )
    def at_0700_tokyo(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        # A tick that is worked off late must ask for the day of its own time, not for the newest one.
        with dg.partition_loading_context(effective_dt=context.scheduled_execution_time):
            key = dates.get_last_partition_key()
        if key is None:
            return dg.SkipReason("No trading day has closed since the `history_start` setting.")
        day = date.fromisoformat(key)
        return dg.RunRequest(run_key=key, tags=range_tags(day, day, symbols) | {REREAD_TAG: str(reread_days)})

    return at_0700_tokyo


def statement_schedule(job: UnresolvedAssetJobDefinition, dates: dg.DailyPartitionsDefinition) -> dg.ScheduleDefinition:
    """The day that has just closed, and the one before it once more: what was not settled then is by now."""

    @dg.schedule(
        name="statement_at_0730_tokyo",
        job=job,
        cron_schedule=STATEMENT_TIME,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Makes the statement of the day that has closed, and again that of the day before it.",
    )
    def at_0730_tokyo(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        with dg.partition_loading_context(effective_dt=context.scheduled_execution_time):
            keys = dates.get_partition_keys()[-2:]
        if not keys:
            return dg.SkipReason("No trading day has closed since the `history_start` setting.")
        return dg.RunRequest(run_key=keys[-1], tags={RANGE_START_TAG: keys[0], RANGE_END_TAG: keys[-1]})

    return at_0730_tokyo


@dg.schedule(
    job=order_reconciliation,
    cron_schedule=HOURLY,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reconciles ledger and broker every hour while no desk is open, which does it every second.",
)
def reconciliation_every_hour(desk: dg.ResourceParam[DeskResource]) -> dg.RunRequest | dg.SkipReason:
    lease = desk.ports.ledger.lease_holder(desk.ports.clock.now())
    if lease is not None:
        return dg.SkipReason(f"{lease.owner} holds the desk's lease and reconciles by itself.")
    return dg.RunRequest()


recovery_verification_every_hour = dg.ScheduleDefinition(
    name="recovery_verification_every_hour",
    job=recovery_verification,
    cron_schedule=VERIFICATION_TIME,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Looks every hour whether a recovery would find what it needs. On AWS some 600 reads a time: less "
    "than half a dollar a month; nothing is restored.",
)


quality_every_saturday = dg.ScheduleDefinition(
    name="quality_on_saturday",
    job=quality_check_job,
    cron_schedule=SATURDAY_AFTERNOON,
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Looks at the last weeks of every series while the market is closed.",
)


retention_every_sunday = dg.ScheduleDefinition(
    name="retention_on_sunday",
    job=retention,
    cron_schedule=SUNDAY_AFTERNOON,
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="While the market is closed: shortening a database holds up whoever writes to it.",
)


def drill_schedule(job: UnresolvedAssetJobDefinition, costs_money: bool) -> dg.ScheduleDefinition:
    """Every drill once a week, in one run; where that *costs_money* it is off until an operator turns it on."""

    @dg.schedule(
        name="recovery_drills_every_wednesday",
        job=job,
        cron_schedule=WEDNESDAY_NOON,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED if costs_money else dg.DefaultScheduleStatus.RUNNING,
        description="Rehearses recovery once a week. On AWS a round costs under $1 (two tables restored for an hour, "
        "scratch queues, one archived object), some $3 a month: off there until you turn it on. Locally it is free.",
    )
    def every_wednesday() -> dg.RunRequest:
        first, last = DRILLS.get_first_partition_key(), DRILLS.get_last_partition_key()
        return dg.RunRequest(tags={RANGE_START_TAG: str(first), RANGE_END_TAG: str(last)})

    return every_wednesday
