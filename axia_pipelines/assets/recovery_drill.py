"""Recovery drills, one partition for each: what came back, how old it was, how long it took.

House rule: as for `ohlcv`. A drill that fails is materialized all the same, and its check goes red: the report is what
tells of it.
https://docs.dagster.io/guides/build/assets
"""

import dagster as dg

from axia_core.domain.drill import Drill, DrillReport, Result
from axia_pipelines.assets.ohlcv import POOL
from axia_pipelines.drill_chart import MOST_POINTS
from axia_pipelines.drill_metadata import drill_metadata
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.resources import DrillResource

RECOVERY_DRILL = dg.AssetKey("recovery_drill")
RECOVERED = "recovered"
DRILLS = dg.StaticPartitionsDefinition([drill.value for drill in Drill])


@dg.asset(
    key=RECOVERY_DRILL,
    description="""Recovery, rehearsed on scratch resources: RPO is the age of the newest heartbeat in the restored
copy, RTO the time to the first correct read and a smoke order; each says whether it was measured locally or on AWS.

Production is only read, its queue is never joined, and nothing is sent to its broker. On AWS a round costs under $1
(restored tables, a scratch queue, one archived object). `axia drill` holds the same on the command line.""",
    partitions_def=DRILLS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="recovery",
    kinds={"s3", "dynamodb"},
    owners=["team:trading"],
    # A terminal of its own, as for bars and statements: one at a time, and never the desk's.
    pool=POOL,
    check_specs=[
        dg.AssetCheckSpec(
            RECOVERED, asset=RECOVERY_DRILL, description="Everything came back as it was, and within what is promised."
        )
    ],
)
def hold_recovery_drills(
    context: dg.AssetExecutionContext, drills: dg.ResourceParam[DrillResource]
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the plain form only
    """Each drill of the run is held; one that fails keeps none of the others from it."""
    from axia_core.drills.hold import hold_drills

    with shown_as_failure():
        wanted = [drill for drill in Drill if drill.value in context.partition_keys]
        reports = hold_drills(drills.stage, wanted, events=drills.events, say=context.log.info)
        for report in reports:
            past = drills.stage.reports.newest(report.drill, MOST_POINTS)
            metadata = drill_metadata(report, past or [report], drills.settings.bucket)
            context.add_asset_metadata(metadata, asset_key=RECOVERY_DRILL, partition_key=report.drill.value)
    return dg.MaterializeResult(check_results=[_recovered(reports)])


def _recovered(reports: tuple[DrillReport, ...]) -> dg.AssetCheckResult:
    """Red where a drill failed; a warning where one could not be held, because then nobody knows."""
    bad = [report for report in reports if report.result is not Result.PASSED]
    failed = [report for report in bad if report.result is Result.FAILED]
    return dg.AssetCheckResult(
        check_name=RECOVERED,
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description="\n".join(f"{one.drill} {one.result}: {one.reason}" for one in bad) or f"{len(reports)} passed",
        metadata={"held": len(reports), "failed": len(failed), "unknown": len(bad) - len(failed)},
    )
