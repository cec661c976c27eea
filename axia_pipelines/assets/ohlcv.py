"""Bars of one trading day of a pair, one asset per timeframe: read from its sources, kept in S3 as one object each.

House rule: an asset reads its context, calls one service and returns. Screening, gaps and storage are not here.
Services are imported inside the body: they need numpy and pyarrow, which the code server and the desk do without.
https://docs.dagster.io/guides/build/assets
"""

from datetime import timedelta
from functools import partial

import dagster as dg

from axia_core.adapters.by_policy import MarketSources
from axia_core.domain.sessions import trading_days_before
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.progress import COMPLETE, CORRECTIONS, Progress
from axia_pipelines.failures import shown_as_failure, tried_again
from axia_pipelines.logged import logged
from axia_pipelines.partitions import REREAD_TAG, TRUST_TAG, days_by_symbol
from axia_pipelines.pictures import day_pictures
from axia_pipelines.resources import BarsResource

GROUP = "ohlcv"
# One slot: reading history must not keep MT5 from orders.
POOL = "mt5_data"
MAX_RETRIES = 2  # reading again is safe; a PermanentError is not retried
RETRY_DELAY_S = 15

COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("timestamp_utc", "timestamp[us, UTC]", "When the bar opens; sorted, unique."),
        *(dg.TableColumn(name, "float64", "Price in the quote currency.") for name in ("open", "high", "low", "close")),
        dg.TableColumn("volume", "int64", "Ticks in the bar."),
        dg.TableColumn("spread", "int32", "Points; null where the source has none."),
    ]
)


def ohlcv_key(timeframe: Timeframe) -> dg.AssetKey:
    """`ohlcv/m5`."""
    return dg.AssetKey([GROUP, timeframe.lower()])


def ohlcv_asset(
    timeframe: Timeframe, partitions: dg.MultiPartitionsDefinition, retry_delay_s: float = RETRY_DELAY_S
) -> dg.AssetsDefinition:
    """The asset of a timeframe; a range of days and symbols is worked off in a single run."""

    @dg.asset(
        key=ohlcv_key(timeframe),
        description=_description(timeframe),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"s3", "parquet"},
        owners=["team:data"],
        pool=POOL,
        metadata={"dagster/column_schema": COLUMNS, "bars_per_session": timeframe.bars_per_session},
        check_specs=[
            dg.AssetCheckSpec(
                COMPLETE, asset=ohlcv_key(timeframe), description="Every expected bar was there and held together."
            ),
            dg.AssetCheckSpec(
                CORRECTIONS, asset=ohlcv_key(timeframe), description="No stored day was to give way to doubtful bars."
            ),
        ],
    )
    def collect_series(
        context: dg.AssetExecutionContext,
        market: dg.ResourceParam[MarketSources],
        bars: dg.ResourceParam[BarsResource],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the plain form only
        final_attempt = context.retry_number >= MAX_RETRIES
        draw = partial(day_pictures, bars.store, holidays=bars.settings.universe.holidays)
        progress = Progress(context, bars.settings.bucket, bars.events, final_attempt, draw)
        again = tried_again(context, MAX_RETRIES, retry_delay_s)
        with logged(context), again, progress.kept_on_failure(), shown_as_failure():
            _collect(context, timeframe, market, bars, progress)
        return progress.result()

    return collect_series


def _collect(
    context: dg.AssetExecutionContext,
    timeframe: Timeframe,
    market: MarketSources,
    bars: BarsResource,
    progress: Progress,
) -> None:
    from axia_core.services.collect import collect_days

    settings, tags, universe = bars.settings, context.run.tags, bars.settings.universe
    for name, asked in days_by_symbol(context.partition_keys).items():
        days = progress.expected(universe, Symbol(name), timeframe, asked)
        if not days:
            continue
        first, *fallbacks = market.of(Symbol(name), timeframe)
        with progress.other_series_go_on():
            for found in collect_days(
                first,
                bars.store,
                bars.clock,
                Symbol(name),
                timeframe,
                days,
                fallbacks=fallbacks,
                reread=trading_days_before(days[0], int(tags.get(REREAD_TAG, "0")), universe.start_of(Symbol(name))),
                settling=timedelta(seconds=settings.settling_s),
                max_pips=settings.correction_max_pips,
                trusting=TRUST_TAG in tags,
                holidays=universe.holidays,
            ):
                progress.add(found, asked=found.truth.trading_date in days)
            progress.close_holidays(universe.holidays, Symbol(name), days)
        progress.tell_series(Symbol(name), timeframe, len(days))
    progress.raise_failures()


def _description(timeframe: Timeframe) -> str:
    # The timeframe comes first: the catalog shows the beginning only.
    return f"""{timeframe} bars of one trading day of one pair, from MT5 or else yfinance, kept in S3 as one object.

Trading day D runs from 17:00 New York on the day before to 17:00 on D, holds {timeframe.bars_per_session} bars and can
be collected from 07:00 Tokyo on D+1.

To collect days again, press *Materialize* and choose dates and symbols. The backfill starts within half a minute, takes
a run for each group of symbols that stand side by side in the list, and leaves the cache as it is."""
