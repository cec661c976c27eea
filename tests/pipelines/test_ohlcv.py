"""Collecting assets over memory: one run for a range, every partition with its truth, nothing lost on failure."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from axia_core.adapters.by_policy import single_source
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryMarketData
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ServerClockMismatch, SourceUnavailable
from axia_pipelines.assets.ohlcv import ohlcv_asset, ohlcv_key
from axia_pipelines.partitions import range_tags, series_days, trading_dates
from tests.bar_examples import many_sessions, without
from tests.pipelines.fakes import FRIDAY, MONDAY, SATURDAY_MORNING, TWO_SYMBOLS, FakeBars, market, settings

WEEK = range_tags(MONDAY, FRIDAY, TWO_SYMBOLS)
H1 = ohlcv_key(Timeframe.H1)


def bars() -> FakeBars:
    return FakeBars(SteppedClock(SATURDAY_MORNING))


def collect(
    instance: dg.DagsterInstance, source: MemoryMarketData, kept: FakeBars, tags: dict[str, str] = WEEK
) -> dg.ExecuteInProcessResult:
    partitions = series_days(trading_dates(settings().history_start), TWO_SYMBOLS)
    definitions = dg.Definitions(
        assets=[ohlcv_asset(Timeframe.H1, partitions, retry_delay_s=0)],
        resources={"market": single_source(source), "bars": kept},
        jobs=[dg.define_asset_job("collect", selection=[H1])],
    )
    job = definitions.resolve_job_def("collect")
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def recorded(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """Metadata per partition, of every materialization of H1; a partition recorded twice fails the test."""
    found: dict[str, dict[str, object]] = {}
    for record in instance.fetch_materializations(H1, limit=1000).records:
        assert record.partition_key is not None
        assert record.partition_key not in found
        assert record.asset_materialization is not None
        metadata = record.asset_materialization.metadata
        found[record.partition_key] = {name: value.value for name, value in metadata.items()}
    return found


def test_a_range_is_one_run(instance: dg.DagsterInstance) -> None:
    """Five days of two symbols are collected in one step that asks the source once a symbol; ten events and no more."""
    source = market()

    result = collect(instance, source, bars())

    assert result.success
    assert len(source.calls) == 2
    assert sorted(recorded(instance)) == [f"2026-{d}|{s}" for d in DAYS for s in TWO_SYMBOLS]


DAYS = ("06-29", "06-30", "07-01", "07-02", "07-03")


def test_partition_metadata(instance: dg.DagsterInstance) -> None:
    """Each partition says how many bars it has and should have, where from, and where it lies."""
    collect(instance, market(), bars())

    metadata = recorded(instance)["2026-07-03|USDJPY"]

    assert metadata["rows"] == metadata["expected"] == 24
    assert metadata["complete"] is True
    assert metadata["source"] == "memory"
    assert metadata["dagster/uri"] == "s3://tss-raw-data/USDJPY/H1/2026/07/03/data.parquet"


def test_gaps_are_said_not_repaired(instance: dg.DagsterInstance) -> None:
    """A day with missing bars is stored as incomplete, with the times, and the check warns."""
    usdjpy = without(many_sessions(Timeframe.H1, MONDAY, FRIDAY, Symbol("USDJPY")), [3, 4])
    eurusd = many_sessions(Timeframe.H1, MONDAY, FRIDAY, Symbol("EURUSD"))

    result = collect(instance, market([usdjpy, eurusd]), bars())

    metadata = recorded(instance)["2026-06-29|USDJPY"]
    check = next(c for c in result.get_asset_check_evaluations() if c.check_name == "complete")
    assert result.success
    assert (metadata["gaps"], metadata["gaps_at"]) == (2, "2026-06-29T00:00Z\n2026-06-29T01:00Z")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_partial_failure_keeps_what_was_finished(instance: dg.DagsterInstance) -> None:
    """When the source lacks days of one symbol, all other partitions are stored and recorded, and the run is red."""
    usdjpy = many_sessions(Timeframe.H1, MONDAY, date(2026, 7, 1), Symbol("USDJPY"))
    eurusd = many_sessions(Timeframe.H1, MONDAY, FRIDAY, Symbol("EURUSD"))
    kept = bars()

    result = collect(instance, market([usdjpy, eurusd]), kept)

    expected = {f"2026-{day}|EURUSD" for day in DAYS} | {f"2026-{day}|USDJPY" for day in DAYS[:3]}
    assert not result.success
    assert set(recorded(instance)) == expected
    assert len(kept.store.trading_dates(Symbol("USDJPY"), Timeframe.H1)) == 3


def test_failure_text_is_ours(instance: dg.DagsterInstance) -> None:
    """The red step says what AXIA's error says."""
    source = market(failures=[ServerClockMismatch("the server is two hours off")])

    result = collect(instance, source, bars(), range_tags(FRIDAY, FRIDAY, ("USDJPY",)))

    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert data.description == "ServerClockMismatch: the server is two hours off"


def test_a_source_that_comes_back(instance: dg.DagsterInstance) -> None:
    """A source that does not answer once is asked again, and no partition is recorded twice."""
    source = market(failures=[SourceUnavailable("busy")])

    result = collect(instance, source, bars())

    assert result.success
    assert len(source.calls) == 3
    assert len(recorded(instance)) == 10


@pytest.mark.parametrize("symbols", [("EURUSD",), TWO_SYMBOLS])
def test_only_what_was_asked(instance: dg.DagsterInstance, symbols: tuple[str, ...]) -> None:
    """Nothing outside the chosen days and symbols is read or recorded."""
    collect(instance, market(), bars(), range_tags(date(2026, 6, 30), date(2026, 7, 1), symbols))

    assert sorted(recorded(instance)) == [f"2026-{d}|{s}" for d in DAYS[1:3] for s in symbols]
