"""Quality in Dagster: bad days are red and stay out of the cache, all others reach it; history is judged by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.domain.bars import PRICES, Bars
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.definitions import build_definitions
from axia_pipelines.partitions import asked_range, range_tags
from tests.bar_examples import truth_of
from tests.pipelines.fakes import FRIDAY, MONDAY, SATURDAY_MORNING, TWO_SYMBOLS, FakeBars, market, settings
from tests.quality_examples import changed, generated, moved

H1 = Timeframe.H1
WEEK = range_tags(MONDAY, FRIDAY, TWO_SYMBOLS)
EURUSD, USDJPY = map(Symbol, TWO_SYMBOLS)


def series(timeframe: Timeframe, symbol: str) -> Bars:
    return generated(symbol, MONDAY, FRIDAY, timeframe)


def whole_week() -> list[Bars]:
    """Every series of the week, clean and in agreement."""
    return [series(timeframe, name) for name in TWO_SYMBOLS for timeframe in Timeframe]


def scaled(bars: Bars) -> Bars:
    """The same with the last day's prices as integers."""
    last = slice(len(bars) - len(bars) // 5, None)
    return changed(bars, last, **{name: lambda price: price * 100_000 for name in PRICES})


def bars() -> FakeBars:
    return FakeBars(SteppedClock(SATURDAY_MORNING))


def run(
    instance: dg.DagsterInstance, kept: FakeBars, job: str, tags: dict[str, str], source: Any = None
) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(settings(), market=source or market(whole_week()), bars=kept)
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def red(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """Checks of the run that did not pass, by asset and name."""
    found = result.get_asset_check_evaluations()
    return {(one.asset_key.to_user_string(), one.check_name): one for one in found if not one.passed}


def test_clean_week(instance: dg.DagsterInstance) -> None:
    """A clean week is collected, checked and cached with every check of the run green."""
    result = run(instance, bars(), "daily_collection", WEEK)

    names = {one.check_name for one in result.get_asset_check_evaluations()}
    assert result.success
    assert red(result) == {}
    assert {"complete", "quality", "latest_trading_day", "fit_for_cache"} <= names
    assert "history" not in names


def test_a_bad_day_does_not_reach_the_cache(instance: dg.DagsterInstance) -> None:
    """A day of another scale is red on both assets; the cache has that series without it, and all others whole."""
    given = [scaled(one) if (one.symbol, one.timeframe) == (USDJPY, H1) else one for one in whole_week()]
    kept = bars()

    result = run(instance, kept, "daily_collection", WEEK, market(given))

    quality, fit = red(result)["ohlcv/h1", "quality"], red(result)["cache/h1", "fit_for_cache"]
    assert result.success
    assert quality.severity is fit.severity is dg.AssetCheckSeverity.ERROR
    assert "level" in str(quality.description)
    cached = {symbol: kept.cache.read(symbol, H1) for symbol in (EURUSD, USDJPY)}
    assert [len(one) for one in cached.values() if one is not None] == [120, 96]
    assert cached[USDJPY] is not None
    assert cached[USDJPY].close.max() < 1_000
    assert kept.store.truth(USDJPY, H1, FRIDAY) is not None  # nothing is thrown away


def test_the_bad_day_comes_back_mended(instance: dg.DagsterInstance) -> None:
    """Collected again from a source that has mended, the day reaches the cache and the checks turn green."""
    kept = bars()
    bad = [scaled(one) if (one.symbol, one.timeframe) == (USDJPY, H1) else one for one in whole_week()]
    run(instance, kept, "daily_collection", WEEK, market(bad))

    trusting = WEEK | {"axia/take_doubtful_corrections": "true"}
    result = run(instance, kept, "daily_collection", trusting)

    assert red(result) == {}
    cached = kept.cache.read(USDJPY, H1)
    assert cached is not None
    assert len(cached) == 120


def test_timeframes_that_disagree(instance: dg.DagsterInstance) -> None:
    """An hour that was changed after its five-minute bars is found in the run that collects it."""
    hours = changed(series(H1, "EURUSD"), slice(50, 51), high=lambda high: high + 0.0002)
    given = [hours if (one.symbol, one.timeframe) == (EURUSD, H1) else one for one in whole_week()]

    result = run(instance, bars(), "daily_collection", WEEK, market(given))

    quality = red(result)["ohlcv/h1", "quality"]
    assert str(quality.description) == "1 disagrees"
    assert "EURUSD H1 2026-06-30 23:00" in str(quality.metadata["first"].value)


def test_history_job(instance: dg.DagsterInstance) -> None:
    """The weekly job finds two weeks of a shifted clock, asks no source, and writes nothing."""
    kept, source = bars(), market([])
    kept.settings = settings(symbols=("EURUSD",), history_start=date(2026, 4, 1))
    shifted = moved(generated("EURUSD", date(2026, 4, 6), FRIDAY), date(2026, 5, 4), 2, -1)
    for day in trading_days(date(2026, 4, 6), FRIDAY):
        part = shifted.between(session(day).open, session(day).close)
        kept.store.write(part, truth_of(part, day))
    writes = kept.store.writes

    result = run(instance, kept, "quality_check", {}, source)

    history = red(result)["ohlcv/m5", "history"]
    assert result.success
    assert "1 clock_shifted" in str(history.description)
    assert history.severity is dg.AssetCheckSeverity.ERROR
    assert {one.check_name for one in result.get_asset_check_evaluations()} == {"history"}
    assert (source.calls, kept.store.writes) == ([], writes)


@pytest.mark.parametrize(
    ("tags", "asked"),
    [
        (WEEK, (MONDAY, FRIDAY, list(TWO_SYMBOLS))),
        (range_tags(FRIDAY, FRIDAY, ("USDJPY",)), (FRIDAY, FRIDAY, ["USDJPY"])),
        ({"dagster/partition": "2026-07-03|EURUSD"}, (FRIDAY, FRIDAY, ["EURUSD"])),
        ({}, None),
    ],
    ids=["range", "one day", "one partition", "none"],
)
def test_what_a_run_asks_for(tags: dict[str, str], asked: object) -> None:
    """A check looks at the days and symbols of its run, however the run was started."""
    assert asked_range(tags, TWO_SYMBOLS) == asked


def test_quality_comes_after_the_shorter_timeframe() -> None:
    """What an hour is compared with is collected before it is judged."""
    key = dg.AssetCheckKey(ohlcv_key(H1), "quality")

    graph = build_definitions(settings()).get_repository_def().asset_graph

    assert ohlcv_key(Timeframe.M15) in graph.get(key).parent_entity_keys
