"""A universe over Dagster: what is passed over stays green, and a pair that leaves stays stored."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import pytest

from axia_core.adapters.by_policy import single_source
from axia_core.adapters.clock import SteppedClock
from axia_core.domain.sessions import session
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from axia_core.settings_file import PairSettings
from axia_pipelines.assets.ohlcv import ohlcv_asset, ohlcv_key
from axia_pipelines.checks import latest_day_check
from axia_pipelines.definitions import build_definitions
from axia_pipelines.partitions import range_tags, series_days, trading_dates
from tests.bar_examples import many_sessions, session_bars, truth_of
from tests.pipelines.fakes import FRIDAY, MONDAY, TWO_SYMBOLS, FakeBars, market, settings

H1 = Timeframe.H1
CLOCK = SteppedClock(session(FRIDAY).close + timedelta(hours=2))
EURUSD, USDJPY = (Symbol(name) for name in TWO_SYMBOLS)


def bars_of(**changes: object) -> FakeBars:
    return FakeBars(CLOCK, settings(**changes))


def collected(kept: FakeBars, last: date = FRIDAY) -> tuple[dg.ExecuteInProcessResult, dict[str, dict[str, object]]]:
    """The run over a week of both pairs, and what each partition's event says."""
    chosen: Settings = kept.settings
    source = market([many_sessions(H1, MONDAY, last, symbol) for symbol in (EURUSD, USDJPY)], CLOCK)
    definitions = dg.Definitions(
        assets=[ohlcv_asset(H1, series_days(trading_dates(chosen.universe.first_day), chosen.symbols), 0)],
        resources={"market": single_source(source), "bars": kept},
        jobs=[dg.define_asset_job("collect", selection=[ohlcv_key(H1)])],
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("collect").execute_in_process(
            instance=instance, tags=range_tags(MONDAY, FRIDAY, TWO_SYMBOLS), raise_on_error=False
        )
    events = [event.materialization for event in result.get_asset_materialization_events()]
    return result, {str(e.partition): {name: value.value for name, value in e.metadata.items()} for e in events}


def test_days_before_a_start_are_passed_over() -> None:
    """A pair that starts on Thursday has nothing before it, says so in the partition, and the run succeeds."""
    kept = bars_of(pairs={"USDJPY": PairSettings(start="2026-07-02")})

    result, said = collected(kept)

    assert result.success
    assert kept.store.trading_dates(USDJPY, H1) == (date(2026, 7, 2), FRIDAY)
    assert len(kept.store.trading_dates(EURUSD, H1)) == 5
    assert said["2026-07-01|USDJPY"] == {"rows": 0, "not_collected": "before its start on 2026-07-02"}


def test_other_timeframes_are_passed_over() -> None:
    """A pair that is not collected in this timeframe asks nothing of the source."""
    kept = bars_of(pairs={"USDJPY": PairSettings(timeframes=(Timeframe.D1,))})

    result, said = collected(kept)

    assert result.success
    assert kept.store.trading_dates(USDJPY, H1) == ()
    assert said["2026-07-03|USDJPY"]["not_collected"] == "USDJPY is collected in D1 only"


def test_a_holiday_without_bars_is_green() -> None:
    """A configured holiday without bars succeeds and says so; without the configuration the run fails."""
    thursday = FRIDAY - timedelta(days=1)

    told, said = collected(bars_of(holidays={FRIDAY: "Independence Day"}), thursday)
    untold, _ = collected(bars_of(), thursday)

    assert told.success
    assert said["2026-07-03|USDJPY"]["not_collected"] == "holiday, Independence Day: no source has bars of it"
    assert not untold.success


def test_a_holiday_with_bars_is_stored() -> None:
    """What was seen wins: the bars of a holiday are stored like any other day's."""
    kept = bars_of(holidays={FRIDAY: "Independence Day"})

    result, said = collected(kept)

    assert result.success
    assert kept.store.truth(USDJPY, H1, FRIDAY) is not None
    assert said["2026-07-03|USDJPY"]["rows"] == 24


@pytest.mark.parametrize(("holidays", "fresh"), [({FRIDAY: "Independence Day"}, True), ({}, False)])
def test_freshness_knows_holidays(holidays: dict[date, str], fresh: bool) -> None:
    """After a holiday the newest day that must be there is the one before it."""
    kept = FakeBars(SteppedClock(session(FRIDAY).close + timedelta(hours=3)), settings(holidays=holidays))
    thursday = FRIDAY - timedelta(days=1)
    for symbol in (EURUSD, USDJPY):
        bars = session_bars(H1, thursday, symbol)
        kept.store.write(bars, truth_of(bars, thursday))

    (result,) = [latest_day_check(H1)(kept)]

    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed is fresh


def test_partitions_begin_with_the_earliest_start() -> None:
    """The start of one pair may lie before that of all others, and Dagster's partitions begin there."""
    chosen = settings(pairs={"USDJPY": PairSettings(start="2019-01-02")})
    definition = build_definitions(chosen).resolve_asset_graph().get(ohlcv_key(H1)).partitions_def

    assert isinstance(definition, dg.MultiPartitionsDefinition)
    assert definition.has_partition_key("2019-01-02|USDJPY")


def test_a_holiday_keeps_its_partition() -> None:
    """A changed list of holidays changes no key, so that nothing materialised is orphaned."""
    dates = trading_dates(settings(holidays={date(2026, 6, 19): "Juneteenth"}).universe.first_day)

    assert dates.has_partition_key("2026-06-19")


def test_a_pair_that_leaves_is_stored_still() -> None:
    """Dagster drops the partitions of a pair that left; the store keeps its days."""
    kept = bars_of()
    collected(kept)

    left = build_definitions(settings(symbols=("EURUSD",))).resolve_asset_graph().get(ohlcv_key(H1)).partitions_def

    assert left is not None
    assert not left.has_partition_key("2026-07-03|USDJPY")
    assert len(kept.store.trading_dates(USDJPY, H1)) == 5
