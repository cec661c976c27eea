"""Asset checks: what must be true of the bars whatever run wrote them last.

House rule: ask the store or one service, return; what is wrong with bars is the domain's. Nothing here asks a source.
Whether the partitions of a run are complete is checked by the run itself (`assets/progress.py`), which knows it.
None of these is blocking: `publish` leaves out the days that must not be cached, so that all others are.
https://docs.dagster.io/guides/test/asset-checks
"""

from datetime import date

import dagster as dg

from axia_core.domain.sessions import last_due_trading_day, previous_trading_day
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.findings import findings_result
from axia_pipelines.partitions import asked_range
from axia_pipelines.resources import BarsResource

QUALITY = "quality"
HISTORY = "history"
# Long enough to learn a series' hours and to see a clock that is off for two weeks among them.
HISTORY_DAYS = 60


def latest_day_check(timeframe: Timeframe) -> dg.AssetChecksDefinition:
    """Freshness by date: a freshness policy would take a backfill of 2019 for fresh data."""

    @dg.asset_check(
        asset=ohlcv_key(timeframe),
        name="latest_trading_day",
        description="Every symbol has the newest trading day whose collection time (07:00 Tokyo) has come.",
    )
    def has_latest_trading_day(bars: dg.ResourceParam[BarsResource]) -> dg.AssetCheckResult:
        universe = bars.settings.universe
        day = last_due_trading_day(bars.clock.now(), universe.holidays.dates)
        due = [symbol for symbol in universe.symbols_with(timeframe) if universe.start_of(symbol) <= day]
        missing = [symbol.name for symbol in due if bars.store.truth(symbol, timeframe, day) is None]
        return dg.AssetCheckResult(
            passed=not missing,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{day} is missing for {', '.join(missing)}" if missing else f"{day} is there for every symbol",
            metadata={"trading_day": day.isoformat(), "missing": len(missing)},
        )

    return has_latest_trading_day


def quality_check(timeframe: Timeframe) -> dg.AssetChecksDefinition:
    """The days that the run collected: each series by itself and against the next shorter timeframe."""

    @dg.asset_check(
        asset=ohlcv_key(timeframe),
        name=QUALITY,
        # Only for the order: what is compared must have been collected.
        additional_deps=[ohlcv_key(shorter) for shorter in _next_shorter(timeframe)],
        description="The bars of this run's days hold together, move like the series, and agree with shorter ones.",
    )
    def has_quality(
        context: dg.AssetCheckExecutionContext, bars: dg.ResourceParam[BarsResource]
    ) -> dg.AssetCheckResult:
        universe = bars.settings.universe
        due = last_due_trading_day(bars.clock.now(), universe.holidays.dates)
        names = list(universe.plans)
        first, last, asked = asked_range(context.run.tags, names) or (due, due, names)
        return _inspected(bars, timeframe, first, last, frozenset(asked))

    return has_quality


def history_check(timeframe: Timeframe) -> dg.AssetChecksDefinition:
    """The last weeks as a whole: only so a clock that was off for some of them is seen."""

    @dg.asset_check(
        asset=ohlcv_key(timeframe),
        name=HISTORY,
        description=f"The last {HISTORY_DAYS} trading days, the clock of their weeks included; judged once a week.",
    )
    def has_quality_history(bars: dg.ResourceParam[BarsResource]) -> dg.AssetCheckResult:
        first = last = last_due_trading_day(bars.clock.now())
        for _ in range(HISTORY_DAYS - 1):
            first = previous_trading_day(first)
        return _inspected(bars, timeframe, first, last, frozenset(bars.settings.universe.plans))

    return has_quality_history


def check_keys(name: str) -> list[dg.AssetCheckKey]:
    """The key of a check on every timeframe."""
    return [dg.AssetCheckKey(ohlcv_key(timeframe), name) for timeframe in Timeframe]


def _inspected(
    bars: BarsResource, timeframe: Timeframe, first: date, last: date, names: frozenset[str]
) -> dg.AssetCheckResult:
    """What is found in these days of the named pairs, each from its own start on."""
    from axia_core.services.inspect import inspect

    universe = bars.settings.universe
    asked = [(symbol, max(first, universe.start_of(symbol))) for symbol in universe.symbols_with(timeframe)]
    with shown_as_failure():
        found = [
            inspect(bars.store, symbol, timeframe, start, last, holidays=universe.holidays)
            for symbol, start in asked
            if symbol.name in names and start <= last
        ]
    findings = [finding for one in found for finding in one.findings]
    looked_at = {"series": len(found), "bars": sum(one.bars for one in found)}
    return findings_result(findings, looked_at=looked_at)


def _next_shorter(timeframe: Timeframe) -> list[Timeframe]:
    known = list(Timeframe)
    return known[: known.index(timeframe)][-1:]
