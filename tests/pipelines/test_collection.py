"""The daily collection as a whole, over memory: ten assets, their checks, and a cache that may be down."""

from __future__ import annotations

from datetime import date

import dagster as dg

from axia_core.adapters.clock import SteppedClock
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.definitions import build_definitions
from axia_pipelines.jobs import COLLECTION
from axia_pipelines.partitions import range_tags
from tests.pipelines.fakes import FRIDAY, MONDAY, SATURDAY_MORNING, TWO_SYMBOLS, FakeBars, market, settings


def run(
    instance: dg.DagsterInstance, kept: FakeBars, first: date = FRIDAY, last: date = FRIDAY
) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(settings(), market=market(), bars=kept)
    tags = range_tags(first, last, TWO_SYMBOLS)
    job = definitions.resolve_job_def(COLLECTION)
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def test_collection_fills_the_cache(instance: dg.DagsterInstance) -> None:
    """One run stores every series of the week and reloads every cached series from the store."""
    kept = FakeBars(SteppedClock(SATURDAY_MORNING))

    result = run(instance, kept, MONDAY)

    cached = kept.cache.read(Symbol("USDJPY"), Timeframe.M5)
    assert result.success
    assert kept.store.writes == 5 * 2 * 5
    assert cached is not None
    assert len(cached) == 5 * 288


def test_checks_pass_after_collection(instance: dg.DagsterInstance) -> None:
    """After the collection of Friday every series is complete and has the latest day."""
    result = run(instance, FakeBars(SteppedClock(SATURDAY_MORNING)))

    # The example's timeframes do not agree with one another, which is what `quality` warns of; it has its own tests.
    passed = {(check.asset_key, check.check_name) for check in result.get_asset_check_evaluations() if check.passed}
    wanted = ("complete", "corrections", "latest_trading_day")
    assert passed >= {(ohlcv_key(timeframe), name) for timeframe in Timeframe for name in wanted}


def test_missing_latest_day_is_a_warning(instance: dg.DagsterInstance) -> None:
    """A collection of an older day leaves a warning that the newest one is missing."""
    result = run(instance, FakeBars(SteppedClock(SATURDAY_MORNING)), MONDAY, MONDAY)

    latest = [check for check in result.get_asset_check_evaluations() if check.check_name == "latest_trading_day"]
    assert [check.passed for check in latest] == [False] * 5
    assert "2026-07-03 is missing for EURUSD, USDJPY" in (latest[0].description or "")


def test_cache_down_fails_only_the_cache(instance: dg.DagsterInstance) -> None:
    """With Redis down the bars are stored and recorded, and the cache assets are red with the reason."""
    kept = FakeBars(SteppedClock(SATURDAY_MORNING))
    kept.cache.down = True

    result = run(instance, kept)

    failed = {event.step_key for event in result.all_node_events if event.is_step_failure}
    assert failed == {f"cache__{timeframe.lower()}" for timeframe in Timeframe}
    assert kept.store.writes == 10
    assert len(result.get_asset_materialization_events()) == 10
