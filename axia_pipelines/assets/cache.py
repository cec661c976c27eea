"""The newest bars of every pair in Redis, one asset per timeframe: reloaded from S3 and from nothing else.

House rule: as for `ohlcv`. Unpartitioned, because the cache holds the newest bars whatever day was collected. Redis
being down fails these assets and no other: what was collected stays collected.
https://docs.dagster.io/guides/build/assets
"""

import dagster as dg

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.resources import BarsResource

GROUP = "cache"


def cache_key(timeframe: Timeframe) -> dg.AssetKey:
    """`cache/m5`."""
    return dg.AssetKey([GROUP, timeframe.lower()])


def cache_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    """The cached series of a timeframe, reloaded after its collection."""

    @dg.asset(
        key=cache_key(timeframe),
        description=_description(timeframe),
        deps=[ohlcv_key(timeframe)],
        group_name=GROUP,
        kinds={"redis"},
        owners=["team:data"],
    )
    def publish_series(bars: dg.ResourceParam[BarsResource]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the plain form only
        from axia_core.services.publish import publish

        with shown_as_failure():
            held = {
                name: publish(bars.store, bars.cache, bars.clock, Symbol(name), timeframe, bars.settings.cache_bars)
                for name in bars.settings.symbols
            }
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(held.values()), **held})

    return publish_series


def _description(timeframe: Timeframe) -> str:
    # The timeframe comes first: the catalog shows the beginning only.
    return f"""{timeframe} bars of every pair in Redis, the newest ones, reloaded from S3.

Keys `ohlcv:{{symbol}}:{timeframe}`. To fill Redis again, press *Materialize*: nothing is asked of MT5."""
