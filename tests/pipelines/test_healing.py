"""Provisional partitions heal by themselves, corrections are recorded, and a source that steps in is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import dagster as dg

from axia_core.adapters.by_policy import MarketSources
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.memory_bars import MemoryMarketData
from axia_core.domain.bars import Bars
from axia_core.domain.source_policy import SourcePolicy
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError, SourceUnavailable
from axia_pipelines.assets.ohlcv import ohlcv_asset, ohlcv_key
from axia_pipelines.jobs import healing
from axia_pipelines.partitions import REREAD_TAG, range_tags, series_days, trading_dates
from axia_pipelines.provisional import Waiting
from axia_pipelines.sensors import healing_sensor
from tests.bar_examples import many_sessions
from tests.pipelines.fakes import FRIDAY, MONDAY, SATURDAY_MORNING, FakeBars, settings

USDJPY = Symbol("USDJPY")
H1 = ohlcv_key(Timeframe.H1)
ONE = ("USDJPY",)
BIDS = many_sessions(Timeframe.H1, MONDAY, FRIDAY, USDJPY)
DOWN = SourceUnavailable("the terminal is down")


def mids(bars: Bars = BIDS) -> Bars:
    return replace(bars, **{name: getattr(bars, name) + 0.01 for name in ("open", "high", "low", "close")})


def sources(*failures: AxiaError, bids: Bars = BIDS) -> MarketSources:
    clock = SteppedClock(SATURDAY_MORNING)
    return MarketSources(
        SourcePolicy({"*": ("mt5", "yfinance")}),
        {
            "mt5": MemoryMarketData(clock, [bids], name="mt5", failures=failures),
            "yfinance": MemoryMarketData(clock, [mids()], name="yfinance", provisional=True),
        },
    )


def kept() -> FakeBars:
    return FakeBars(SteppedClock(SATURDAY_MORNING), settings(symbols=ONE))


def collect(
    instance: dg.DagsterInstance, bars: FakeBars, market: MarketSources, reread: int = 0
) -> dg.ExecuteInProcessResult:
    """Friday, and what is read again before it."""
    partitions = series_days(trading_dates(settings().history_start), ONE)
    definitions = dg.Definitions(
        assets=[ohlcv_asset(Timeframe.H1, partitions, retry_delay_s=0)],
        resources={"market": market, "bars": bars},
        jobs=[dg.define_asset_job("collect", selection=[H1])],
    )
    tags = range_tags(FRIDAY, FRIDAY, ONE) | {REREAD_TAG: str(reread)}
    job = definitions.resolve_job_def("collect")
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def heal(instance: dg.DagsterInstance, bars: FakeBars, market: MarketSources) -> dg.ExecuteInProcessResult:
    return healing.execute_in_process(
        instance=instance, resources={"market": market, "bars": bars}, raise_on_error=False
    )


def tick(instance: dg.DagsterInstance, bars: FakeBars, cursor: str | None = None) -> dg.SensorEvaluationContext:
    """One look of the sensor, and its cursor; `decided` says what it wants."""
    # Not as an argument: then the sensor gets a copy of the context, and its cursor is lost.
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"bars": bars})
    context.decided = healing_sensor(context)  # type: ignore[attr-defined]  # beside the cursor, for reading
    return context


def last_metadata(instance: dg.DagsterInstance) -> dict[str, object]:
    event = instance.get_latest_materialization_event(H1)
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_a_source_that_steps_in_is_told(instance: dg.DagsterInstance) -> None:
    """The partition says whose bars it has and why, and one line of the log tells of the whole step."""
    bars, events = kept(), MemoryEvents()
    bars.events = events

    result = collect(instance, bars, sources(DOWN))

    metadata = last_metadata(instance)
    (told,) = events.published
    assert result.success
    assert (metadata["source"], metadata["provisional"]) == ("yfinance", True)
    assert metadata["degraded"] == "mt5: SourceUnavailable: the terminal is down"
    assert told[:2] == ("source_degraded", "info")
    assert "ohlcv/h1: 1 partitions came from another source than the first" in told[2]


def test_people_hear_of_a_stand_in_once_and_of_its_end_once(instance: dg.DagsterInstance) -> None:
    """However many partitions and looks there are in between."""
    bars, events = kept(), MemoryEvents()
    collect(instance, bars, sources(DOWN))
    bars.events = events
    cursor = tick(instance, bars, tick(instance, bars).cursor).cursor
    fault = list(events.published)
    heal(instance, bars, sources())

    tick(instance, bars, tick(instance, bars, cursor).cursor)

    over = events.published[len(fault) :]
    assert [(kind, severity) for kind, severity, _ in fault] == [("source_degraded", "warning")]
    assert "1 partitions came from another source, because MT5 did not answer: H1|2026-07-03|USDJPY" in fault[0][2]
    assert [(kind, severity) for kind, severity, _ in over] == [("source_degraded", "recovered")]


def test_heals_by_itself(instance: dg.DagsterInstance) -> None:
    """The sensor sees the provisional partition, its run replaces it and tells what changed, and then there is rest."""
    bars = kept()
    collect(instance, bars, sources(DOWN))
    seen = tick(instance, bars)

    result = heal(instance, bars, sources())

    metadata = last_metadata(instance)
    cached = bars.cache.read(USDJPY, Timeframe.H1)
    assert isinstance(seen.decided, dg.RunRequest)  # type: ignore[attr-defined]  # as set by `tick`
    assert result.success
    assert (metadata["source"], metadata["provisional"], metadata["outcome"]) == ("mt5", False, "healed")
    assert (metadata["rows_changed"], metadata["largest_deviation_pips"]) == (24, 1.0)
    assert cached is not None
    assert isinstance(tick(instance, bars, seen.cursor).decided, dg.SkipReason)  # type: ignore[attr-defined]
    assert Waiting.parse(tick(instance, bars, seen.cursor).cursor).partitions == frozenset()


def test_a_terminal_that_is_still_down(instance: dg.DagsterInstance) -> None:
    """While MT5 does not answer the healing run is red, the bars stay, and the next run waits."""
    bars = kept()
    collect(instance, bars, sources(DOWN))
    cursor = tick(instance, bars).cursor

    result = heal(instance, bars, sources(DOWN))

    truth = bars.store.truth(USDJPY, Timeframe.H1, FRIDAY)
    decided = tick(instance, bars, cursor).decided  # type: ignore[attr-defined]
    assert not result.success
    assert truth is not None
    assert truth.provisional
    assert isinstance(decided, dg.SkipReason)
    assert "1 partitions are provisional; the last healing run ended as FAILURE" in (decided.skip_message or "")


def test_nothing_to_heal_costs_no_run(instance: dg.DagsterInstance) -> None:
    """With final partitions alone the sensor starts nothing."""
    bars = kept()
    collect(instance, bars, sources())

    assert isinstance(tick(instance, bars).decided, dg.SkipReason)  # type: ignore[attr-defined]


def test_days_that_mt5_lacks_stay_provisional(instance: dg.DagsterInstance) -> None:
    """A day that MT5 has no bars of stays as it is, and the healing run is not red for it."""
    bars = kept()
    collect(instance, bars, sources(DOWN))

    result = heal(instance, bars, sources(bids=BIDS.take(slice(0, 24))))

    truth = bars.store.truth(USDJPY, Timeframe.H1, FRIDAY)
    assert result.success
    assert truth is not None
    assert truth.provisional


def test_corrections_of_earlier_days_are_recorded(instance: dg.DagsterInstance) -> None:
    """A day read again is recorded with what changed where it changed, and not at all where it did not."""
    bars = kept()
    collect(instance, bars, sources(), reread=3)
    moved = replace(BIDS, close=BIDS.close + 0.005 * (BIDS.time_us == BIDS.time_us[80]))

    result = collect(instance, bars, sources(bids=moved), reread=3)

    records = instance.fetch_materializations(H1, limit=100).records
    assert result.success
    assert [record.partition_key for record in records] == [
        "2026-07-03|USDJPY",
        "2026-07-02|USDJPY",
        "2026-07-03|USDJPY",
        *(f"2026-0{day}|USDJPY" for day in ("7-02", "7-01", "6-30")),
    ]
    corrected = records[1].asset_materialization
    assert corrected is not None
    assert corrected.metadata["outcome"].value == "corrected"
    assert corrected.metadata["rows_changed"].value == 1


def test_doubted_corrections_are_a_warning(instance: dg.DagsterInstance) -> None:
    """Bars that lie far from the stored ones are not taken; the check names the day and why, and the step is green."""
    bars = kept()
    collect(instance, bars, sources())

    result = collect(instance, bars, sources(bids=replace(mids(mids()), close=BIDS.close + 0.015, high=BIDS.high + 1)))

    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "corrections"]
    assert result.success
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "USDJPY H1 2026-07-03: not taken" in str(check.metadata["doubted"].value)
    assert last_metadata(instance)["outcome"] == "doubted"


def test_cursor_round_trip() -> None:
    """What waits reads back from the cursor as it was."""
    waiting = Waiting(frozenset({"H1|2026-07-03|USDJPY"}), {"H1": 7})

    assert Waiting.parse(waiting.text()) == waiting
    assert Waiting.parse(None) == Waiting()


def test_old_days_are_given_up(instance: dg.DagsterInstance) -> None:
    """A partition that stayed provisional beyond the look-back is no longer waited for."""
    waiting = Waiting(frozenset({"H1|2026-01-02|USDJPY", "H1|2026-07-02|USDJPY"}))

    left = waiting.updated(instance, SATURDAY_MORNING - timedelta(days=40))

    assert left.partitions == {"H1|2026-07-02|USDJPY"}
