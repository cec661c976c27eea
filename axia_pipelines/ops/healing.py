"""The op that lets provisional partitions heal: read again from their final source, and the cache reloaded for them.

House rule: as for assets: look, call a service for each series, show. What may replace what is `services.collect`'s. It
finds its partitions by their own truth in S3, so it also heals what was written without Dagster.
https://docs.dagster.io/guides/build/ops
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.adapters.by_policy import MarketSources
from axia_core.domain.sessions import last_closed_trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryNotReady
from axia_core.ports import MarketData
from axia_pipelines.assets.ohlcv import POOL, ohlcv_key
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.logged import log_collected, logged
from axia_pipelines.metadata import collected_metadata
from axia_pipelines.partitions import partition_key
from axia_pipelines.resources import BarsResource

if TYPE_CHECKING:
    from axia_core.services.collect import Collected

Event = dg.AssetMaterialization | dg.AssetObservation


@dg.op(
    out={},
    pool=POOL,
    description="Reads provisional partitions of the last days (setting heal_days) again, from MT5 and nothing else.",
)
def heal_provisional(
    context: dg.OpExecutionContext, market: dg.ResourceParam[MarketSources], bars: dg.ResourceParam[BarsResource]
) -> Iterator[Event]:
    """One event per partition: a materialization where it healed, an observation where the bars were doubted."""
    days = last_closed_trading_days(bars.clock.now(), bars.settings.heal_days)
    for timeframe in Timeframe:
        for symbol in bars.settings.universe.symbols_with(timeframe):
            final = market.final(symbol, timeframe)
            if final is not None:
                yield from _heal_series(context, final, bars, symbol, timeframe, days)


def _heal_series(
    context: dg.OpExecutionContext,
    final: MarketData,
    bars: BarsResource,
    symbol: Symbol,
    timeframe: Timeframe,
    days: Sequence[date],
) -> Iterator[Event]:
    from axia_core.services.heal import provisional_days
    from axia_core.services.publish import publish

    with logged(context, bars.settings), shown_as_failure():
        waiting = provisional_days(bars.store, symbol, timeframe, days)
        found = list(_collected(context, final, bars, symbol, timeframe, waiting)) if waiting else []
        for collected in found:
            log_collected(collected)
    for collected in found:
        context.log.info(f"{symbol} {timeframe} {collected.truth.trading_date}: {collected.outcome}")
        yield _event(collected, bars.settings.bucket)
    if any(collected.is_written for collected in found):
        with shown_as_failure():
            publish(bars.store, bars.cache, bars.clock, symbol, timeframe, bars.settings.cache_bars)


def _collected(
    context: dg.OpExecutionContext,
    final: MarketData,
    bars: BarsResource,
    symbol: Symbol,
    timeframe: Timeframe,
    days: Sequence[date],
) -> "Iterator[Collected]":
    from axia_core.services.collect import collect_days

    settings = bars.settings
    try:
        yield from collect_days(
            final,
            bars.store,
            bars.clock,
            symbol,
            timeframe,
            days,
            holidays=settings.universe.holidays,
            settling=timedelta(seconds=settings.settling_s),
            max_pips=settings.correction_max_pips,
        )
    except HistoryNotReady as error:
        # It stays provisional and is looked at again: days that the final source never has must not turn runs red.
        context.log.warning(f"still provisional: {error}")


def _event(collected: "Collected", bucket: str) -> Event:
    truth = collected.truth
    kind = dg.AssetMaterialization if collected.is_written else dg.AssetObservation
    return kind(
        ohlcv_key(truth.timeframe),
        partition=partition_key(truth.trading_date, truth.symbol.name),
        metadata=collected_metadata(collected, bucket),
    )
