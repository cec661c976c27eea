"""Jobs: what can be started as one run.

House rule: selections and tags. Everything runs in the run's own process, because a process per step would import
Dagster again.
https://docs.dagster.io/guides/build/jobs
"""

from __future__ import annotations

import dagster as dg

from axia_pipelines.assets.recovery_drill import RECOVERY_DRILL
from axia_pipelines.assets.statement import STATEMENT
from axia_pipelines.assets.verification import VERIFICATION, VERIFICATION_JOB
from axia_pipelines.checks import HISTORY, check_keys
from axia_pipelines.instance.coordinator import EXPRESS_TAG
from axia_pipelines.ops.desk import execute_order, keep_desk_open
from axia_pipelines.ops.healing import heal_provisional
from axia_pipelines.ops.reconciliation import reconcile_orders
from axia_pipelines.ops.retention import retain

COLLECTION = "daily_collection"
DESK = "order_desk"
QUALITY_JOB = "quality_check"
HEALING = "healing"
STATEMENT_JOB = "daily_statement"
DRILL_JOB = "recovery_drills"

# A desk ends at the next New York close, at most 72 hours away (from Friday's close to Monday's) and some slack.
DESK_TAGS = {EXPRESS_TAG: "true", "dagster/max_runtime": str(4 * 24 * 3600)}
EXECUTION_TAGS = {EXPRESS_TAG: "true", "dagster/max_runtime": "900"}


daily_collection = dg.define_asset_job(
    COLLECTION,
    selection=dg.AssetSelection.groups("ohlcv", "cache") - dg.AssetSelection.checks(*check_keys(HISTORY)),
    executor_def=dg.in_process_executor,
    description="Collects trading days of every symbol and timeframe, then reloads the cache. "
    "To collect some days again: *Materialize all*, then choose dates and symbols.",
)


daily_statement = dg.define_asset_job(
    STATEMENT_JOB,
    selection=dg.AssetSelection.assets(STATEMENT),
    executor_def=dg.in_process_executor,
    description="Makes the statement of trading days: ledger, deals and balance against one another. Sends nothing.",
)


recovery_verification = dg.define_asset_job(
    VERIFICATION_JOB,
    selection=dg.AssetSelection.assets(VERIFICATION),
    executor_def=dg.in_process_executor,
    description="Looks whether a recovery would find what it needs: backups, copies in Osaka, snapshots, secrets, "
    "alarms. Reads, and writes nothing but the heartbeat and what it found.",
)


quality_check_job = dg.define_asset_job(
    QUALITY_JOB,
    selection=dg.AssetSelection.checks(*check_keys(HISTORY)),
    executor_def=dg.in_process_executor,
    description="Looks at the last weeks of every series in S3: what single days cannot show, a shifted clock above "
    "all. Asks no source and writes nothing.",
)


recovery_drills = dg.define_asset_job(
    DRILL_JOB,
    selection=dg.AssetSelection.assets(RECOVERY_DRILL),
    executor_def=dg.in_process_executor,
    description="Rehearses recovery on scratch resources: orders, kill switch, objects, cache, host. Production is "
    "only read. On AWS a round costs under $1; the local stack costs nothing.",
)


@dg.job(
    name=HEALING,
    executor_def=dg.in_process_executor,
    description="Reads provisional partitions (from yfinance, while MT5 did not answer) again from MT5. The healing "
    "sensor starts it; by hand it also finds what was written without Dagster.",
)
def healing() -> None:
    heal_provisional()


@dg.job(
    name=DESK,
    executor_def=dg.in_process_executor,
    tags=DESK_TAGS,
    description="The open desk: one run that works off orders and shows each as an event on `orders`. "
    "The order sensor opens it. Terminating it does not stop trading, because the sensor opens the next while the "
    "market is open; the kill switch does: `axia kill-switch on`.",
)
def order_desk() -> None:
    keep_desk_open()


@dg.job(
    executor_def=dg.in_process_executor,
    tags=EXECUTION_TAGS,
    description="Executes one order of the ledger by its id, while no desk is open.",
)
def order_execution() -> None:
    execute_order()


@dg.job(
    executor_def=dg.in_process_executor,
    tags=EXECUTION_TAGS,
    description="Settles by evidence what is not known, and surveys the account, while no desk is open; sends nothing. "
    "An open desk does the same every second, and then this does nothing.",
)
def order_reconciliation() -> None:
    reconcile_orders()


@dg.job(
    executor_def=dg.in_process_executor,
    description="Keeps Dagster's storage and the stack's logs small: old desk runs go (the ledger remembers orders), "
    "old logs are emptied, files are shortened. What was collected stays materialized.",
)
def retention() -> None:
    retain()
