"""Asset checks: what must be true of the bars whatever run wrote them last.

House rule: read what is known of partitions, judge, return; never read bars. Whether the partitions of a run are
complete is checked by the run itself (`assets/progress.py`), which knows it already.
https://docs.dagster.io/guides/test/asset-checks
"""

import dagster as dg

from axia_core.domain.sessions import last_due_trading_day
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.resources import BarsResource


def latest_day_check(timeframe: Timeframe) -> dg.AssetChecksDefinition:
    """Freshness by date: a freshness policy would take a backfill of 2019 for fresh data."""

    @dg.asset_check(
        asset=ohlcv_key(timeframe),
        name="latest_trading_day",
        description="Every symbol has the newest trading day whose collection time (07:00 Tokyo) has come.",
    )
    def has_latest_trading_day(bars: dg.ResourceParam[BarsResource]) -> dg.AssetCheckResult:
        day = last_due_trading_day(bars.clock.now())
        missing = [name for name in bars.settings.symbols if bars.store.truth(Symbol(name), timeframe, day) is None]
        return dg.AssetCheckResult(
            passed=not missing,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{day} is missing for {', '.join(missing)}" if missing else f"{day} is there for every symbol",
            metadata={"trading_day": day.isoformat(), "missing": len(missing)},
        )

    return has_latest_trading_day
