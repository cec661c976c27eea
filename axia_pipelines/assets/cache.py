"""The newest bars of every pair in Redis, one asset per timeframe: reloaded from S3 and from nothing else.

House rule: as for `ohlcv`. Unpartitioned, because the cache holds the newest bars whatever day was collected. Redis
being down fails these assets and no other: what was collected stays collected. Days that are certainly wrong are left
out by `publish` and shown by a check here: a blocking check of `ohlcv` would keep every other pair stale with them.
https://docs.dagster.io/guides/build/assets
"""

import dagster as dg

from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.findings import findings_result
from axia_pipelines.metadata import cache_metadata
from axia_pipelines.resources import BarsResource

GROUP = "cache"
FIT = "fit_for_cache"


def cache_key(timeframe: Timeframe) -> dg.AssetKey:
    """`cache/m5`."""
    return dg.AssetKey([GROUP, timeframe.lower()])


def cache_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    """The cached series of a timeframe, reloaded after its collection."""

    fit = dg.AssetCheckSpec(
        FIT, asset=cache_key(timeframe), description="No day of a series was left out because its bars are wrong."
    )

    @dg.asset(
        key=cache_key(timeframe),
        description=_description(timeframe),
        deps=[ohlcv_key(timeframe)],
        group_name=GROUP,
        kinds={"redis"},
        owners=["team:data"],
        check_specs=[fit],
    )
    def publish_series(bars: dg.ResourceParam[BarsResource]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the plain form only
        from axia_core.services.publish import publish

        with shown_as_failure():
            count, universe = bars.settings.cache_bars, bars.settings.universe
            done = {
                symbol.name: publish(bars.store, bars.cache, bars.clock, symbol, timeframe, count, universe.holidays)
                for symbol in universe.symbols_with(timeframe)
            }
            status = bars.cache.status(timeframe)
        held = {name: published.held for name, published in done.items()}
        left_out = [finding for published in done.values() for finding in published.left_out]
        metadata = cache_metadata(held, status, bars.clock.now())
        return dg.MaterializeResult(metadata=metadata, check_results=[findings_result(left_out, FIT)])

    return publish_series


def _description(timeframe: Timeframe) -> str:
    # The timeframe comes first: the catalog shows the beginning only.
    return f"""{timeframe} bars of every pair in Redis, the newest ones, reloaded from S3.

Keys `ohlcv:{{symbol}}:{timeframe}`. To fill Redis again, press *Materialize*: nothing is asked of MT5."""
