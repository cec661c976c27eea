"""The code location: assembles what the other files define into one `dg.Definitions`.

House rule: a list, no logic. Loading it reads the settings and nothing else: no I/O, no credentials, no connection, and
no library that only a run needs (a test watches that). https://docs.dagster.io/guides/build/projects
"""

from __future__ import annotations

import warnings

import dagster as dg

from axia_core.adapters.by_policy import single_source
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import MarketData
from axia_core.settings import Settings, load_settings
from axia_pipelines.assets.cache import cache_asset
from axia_pipelines.assets.ohlcv import ohlcv_asset
from axia_pipelines.assets.orders import orders_asset
from axia_pipelines.assets.recovery_drill import hold_recovery_drills
from axia_pipelines.assets.statement import statement_asset
from axia_pipelines.assets.verification import verify_recovery
from axia_pipelines.checks import history_check, latest_day_check, quality_check
from axia_pipelines.event_sensors import change_sensor, outcome_sensor
from axia_pipelines.jobs import (
    daily_collection,
    daily_statement,
    healing,
    order_desk,
    order_execution,
    order_reconciliation,
    quality_check_job,
    recovery_drills,
    recovery_verification,
    retention,
)
from axia_pipelines.partitions import series_days, trading_dates
from axia_pipelines.resources import (
    BarsResource,
    DeskResource,
    DrillResource,
    MetricsResource,
    StatementResource,
    VerificationResource,
    market_data,
)
from axia_pipelines.schedules import (
    collection_schedule,
    drill_schedule,
    quality_every_saturday,
    reconciliation_every_hour,
    recovery_verification_every_hour,
    retention_every_sunday,
    statement_schedule,
)
from axia_pipelines.sensors import healing_sensor, metrics_sensor, order_sensor


def build_definitions(
    settings: Settings | None = None,
    *,
    market: MarketData | None = None,
    bars: BarsResource | None = None,
    desk: DeskResource | None = None,
    statements: StatementResource | None = None,
    verification: VerificationResource | None = None,
    metrics: MetricsResource | None = None,
    drills: DrillResource | None = None,
) -> dg.Definitions:
    """Everything Dagster knows of AXIA; a resource that is handed in takes the place of the composed one."""
    # Dagster calls `backfill_policy` beta, five times at every start; that it stays as it is has a test.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    settings = settings or load_settings()
    dates = trading_dates(settings.universe.first_day)
    return dg.Definitions(
        assets=_assets(settings, dates),
        asset_checks=[
            check(timeframe) for check in (latest_day_check, quality_check, history_check) for timeframe in Timeframe
        ],
        jobs=[
            daily_collection,
            daily_statement,
            quality_check_job,
            healing,
            order_desk,
            order_execution,
            order_reconciliation,
            recovery_drills,
            recovery_verification,
            retention,
        ],
        schedules=_schedules(settings, dates),
        sensors=[healing_sensor, metrics_sensor(settings.cloudwatch), order_sensor, change_sensor, outcome_sensor],
        resources={
            "market": single_source(market) if market else market_data(settings),
            "bars": bars or BarsResource(settings),
            "desk": desk or DeskResource(settings),
            "statements": statements or StatementResource(settings),
            "verification": verification or VerificationResource(settings),
            "metrics": metrics or MetricsResource(settings),
            "drills": drills or DrillResource(settings),
        },
        executor=dg.in_process_executor,
    )


def _assets(settings: Settings, dates: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    partitions = series_days(dates, settings.symbols)
    return [
        *(ohlcv_asset(timeframe, partitions) for timeframe in Timeframe),
        *(cache_asset(timeframe) for timeframe in Timeframe),
        orders_asset(settings.account),
        statement_asset(settings.account, dates),
        verify_recovery,
        hold_recovery_drills,
    ]


def _schedules(settings: Settings, dates: dg.DailyPartitionsDefinition) -> list[dg.ScheduleDefinition]:
    return [
        collection_schedule(daily_collection, dates, settings.symbols, settings.reread_days),
        statement_schedule(daily_statement, dates),
        quality_every_saturday,
        reconciliation_every_hour,
        recovery_verification_every_hour,
        drill_schedule(recovery_drills, costs_money=settings.aws_endpoint_url is None),
        retention_every_sunday,
    ]


@dg.definitions
def defs() -> dg.Definitions:
    """What `workspace.yaml` loads."""
    return build_definitions()
