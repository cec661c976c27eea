"""A long range in one run: it shows how far it is, can be cancelled and resumed, and repeats what failed alone."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.errors import DagsterExecutionInterruptedError

from axia_core.adapters.by_policy import single_source
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryMarketData
from axia_core.domain.bars import Bars
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_pipelines.assets.ohlcv import POOL, ohlcv_asset, ohlcv_key
from axia_pipelines.partitions import range_tags, series_days, trading_dates
from tests.bar_examples import many_sessions
from tests.pipelines.fakes import FRIDAY, MONDAY, SATURDAY_MORNING, TWO_SYMBOLS, FakeBars, market, settings

H1 = ohlcv_key(Timeframe.H1)
DAGSTER_YAML = Path(__file__).parents[2] / "dagster.yaml"
WEEK = range_tags(MONDAY, FRIDAY, TWO_SYMBOLS)


class Cancelled(MemoryMarketData):
    """A source at which a person cancels the run when USDJPY's turn comes."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        super().__init__(SteppedClock(SATURDAY_MORNING), _week())
        self._instance = instance

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        if symbol.name == "USDJPY":
            self._instance.report_run_canceling(self._instance.get_runs()[0])
            raise DagsterExecutionInterruptedError
        return super().bars(symbol, timeframe, start, end)


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


def kept_bars() -> FakeBars:
    return FakeBars(SteppedClock(SATURDAY_MORNING))


def recorded(instance: dg.DagsterInstance) -> list[str]:
    return sorted(str(record.partition_key) for record in instance.fetch_materializations(H1, limit=1000).records)


def test_progress_is_logged(instance: dg.DagsterInstance) -> None:
    """A backfill says of each series that it is done, and what came of its days; one day needs no such line."""
    kept = kept_bars()
    collect(instance, market(), kept, range_tags(FRIDAY, FRIDAY, TWO_SYMBOLS))

    result = collect(instance, market(), kept)

    told = [entry.user_message for entry in instance.all_logs(result.run_id) if "days asked" in entry.user_message]
    logged = [entry for entry in instance.all_logs(instance.get_runs()[-1].run_id) if "days asked" in entry.message]
    assert told == [f"{symbol} H1, 5 days asked: 4 new, 1 unchanged" for symbol in TWO_SYMBOLS]
    assert logged == []


def test_a_cancelled_run_is_resumed(instance: dg.DagsterInstance) -> None:
    """What a cancelled run finished is recorded; the next one writes the rest only, with one call a series."""
    kept, source = kept_bars(), market()
    collect(instance, Cancelled(instance), kept)
    (run,), cancelled = instance.get_runs(), recorded(instance)
    revision = kept.store.read(Symbol("EURUSD"), Timeframe.H1, MONDAY)

    result = collect(instance, source, kept)

    assert run.status is dg.DagsterRunStatus.CANCELED
    assert [key.split("|")[1] for key in cancelled] == ["EURUSD"] * 5
    assert result.success
    assert len(source.calls) == 2
    assert kept.store.read(Symbol("EURUSD"), Timeframe.H1, MONDAY) is revision
    assert len(set(recorded(instance))) == 10


def test_failed_partitions_alone_are_retried(instance: dg.DagsterInstance) -> None:
    """Dagster knows which partitions lack an event, and a run of those alone asks for nothing else."""
    kept, lacking, source = kept_bars(), date(2026, 7, 2), market()
    short = many_sessions(Timeframe.H1, MONDAY, date(2026, 7, 1), Symbol("USDJPY"))
    assert not collect(instance, market([_week()[0], short]), kept).success
    missing = sorted({f"2026-{day}|{symbol}" for day in DAYS for symbol in TWO_SYMBOLS} - set(recorded(instance)))

    result = collect(instance, source, kept, range_tags(lacking, FRIDAY, ("USDJPY",)))

    assert missing == ["2026-07-02|USDJPY", "2026-07-03|USDJPY"]
    assert result.success
    assert {symbol.name for symbol, *_ in source.calls} == {"USDJPY"}
    assert len(recorded(instance)) == 10


DAYS = ("06-29", "06-30", "07-01", "07-02", "07-03")


def test_one_reader_at_a_terminal() -> None:
    """Every timeframe reads in the pool of the terminal, which lets one step in at a time."""
    configured = yaml.safe_load(DAGSTER_YAML.read_text())["concurrency"]["pools"]
    partitions = series_days(trading_dates(settings().history_start), TWO_SYMBOLS)

    pools = {ohlcv_asset(timeframe, partitions).op.pool for timeframe in Timeframe}

    assert pools == {POOL}
    assert configured == {"granularity": "op", "default_limit": 1}


def _week() -> list[Bars]:
    return [many_sessions(Timeframe.H1, MONDAY, FRIDAY, Symbol(name)) for name in TWO_SYMBOLS]
