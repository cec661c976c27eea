"""The main job on real files: half a year of two pairs, both daylight-saving switches inside, broken rows included.

What must come out is computed here from the CSV rows alone, by other means than the code under test: sessions cut by
New York wall-clock time, bars judged row by row.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.mt5.market import Mt5MarketData
from axia_core.adapters.mt5.terminal import Terminal, open_terminal
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.bars import PartitionTruth
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.services.collect import collect_days
from axia_core.settings import Settings
from axia_pipelines.definitions import build_definitions
from axia_pipelines.partitions import range_tags
from axia_pipelines.resources import BarsResource

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "orkad"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared/data/orkad is absent: real bar files")

NEW_YORK = ZoneInfo("America/New_York")
FILES = {"USDJPY": ("USDJPY_15m.csv", Timeframe.M15), "EURUSD": ("EURUSD_5m.csv", Timeframe.M5)}
FIRST, LAST = date(2026, 1, 6), date(2026, 7, 3)
NOW = datetime.fromisoformat("2026-07-03T22:00:00+00:00")


@dataclass
class Day:
    """One session of a file, as its rows tell it."""

    rows: int = 0
    broken: set[datetime] = field(default_factory=set)


def days_of(symbol: str) -> dict[date, Day]:
    """Every session of a file from its rows: a row at or after 17:00 New York belongs to the next day."""
    found: dict[date, Day] = defaultdict(Day)
    for row in rows_of(symbol):
        opened = datetime.fromisoformat(row["time"])
        local = opened.astimezone(NEW_YORK)
        day = found[(local + timedelta(hours=7)).date()]
        day.rows += 1
        prices = [float(row[name]) for name in ("open", "high", "low", "close")]
        if prices[1] < max(prices[0], prices[3]) or prices[2] > min(prices[0], prices[3]):
            day.broken.add(opened)
    return {day: what for day, what in found.items() if FIRST <= day <= LAST}


def rows_of(symbol: str) -> Iterator[dict[str, str]]:
    with (FOLDER / FILES[symbol][0]).open(encoding="utf-8") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("history") / "paper"
    profile = {
        "symbols": list(FILES),
        "prices": {"files": [str(FOLDER)]},
        "clock": {"fixed": NOW.isoformat()},
        "selected": True,
    }
    create_terminal(folder, TerminalProfile.model_validate(profile))
    return Settings(mt5_path=folder, symbols=tuple(FILES), mt5_deadline_s=30.0)


@pytest.fixture(scope="module")
def terminal(settings: Settings) -> Iterator[Terminal]:
    with open_terminal(settings) as opened:
        yield opened


def collect(terminal: Terminal, settings: Settings, symbol: str, timeframe: Timeframe) -> list[PartitionTruth]:
    clock = SteppedClock(NOW)
    market = Mt5MarketData(terminal, clock, settings)
    days = sorted(days_of(symbol))
    found = collect_days(market, MemoryBarStore(), clock, Symbol(symbol), timeframe, days)
    return [collected.truth for collected in found]


@pytest.mark.parametrize("symbol", list(FILES))
def test_every_session_becomes_a_partition_that_tells_the_truth(
    terminal: Terminal, settings: Settings, symbol: str
) -> None:
    """Each of half a year's sessions is stored with exactly the rows that hold together; the rest is named."""
    wanted = days_of(symbol)

    truths = {truth.trading_date: truth for truth in collect(terminal, settings, symbol, FILES[symbol][1])}

    assert set(truths) == set(wanted)
    for day, what in wanted.items():
        truth = truths[day]
        assert truth.actual == what.rows - len(what.broken)
        assert {refused.at for refused in truth.refused} == what.broken
        assert what.broken <= set(truth.gaps)
        assert len(truth.gaps) == truth.expected - truth.actual
        assert truth.complete == (truth.actual == truth.expected)


def test_files_have_what_the_test_is_about() -> None:
    """The sample holds both daylight-saving switches and between one and four per cent of broken rows."""
    for symbol in FILES:
        days = days_of(symbol)
        share = sum(len(day.broken) for day in days.values()) / sum(day.rows for day in days.values())
        assert 0.01 < share < 0.04
        assert {date(2026, 3, 9), date(2026, 3, 30)} <= set(days)


@pytest.mark.parametrize("symbol", list(FILES))
def test_longer_bars_are_cut_at_the_new_york_close(terminal: Terminal, settings: Settings, symbol: str) -> None:
    """Every session has its D1 bar, in winter and in summer, and at most six H4 bars."""
    daily = collect(terminal, settings, symbol, Timeframe.D1)
    four_hourly = collect(terminal, settings, symbol, Timeframe.H4)

    assert [truth.trading_date for truth in daily] == sorted(days_of(symbol))
    assert all(truth.actual + len(truth.refused) == 1 for truth in daily)
    assert all(truth.actual + len(truth.refused) + unexplained(truth) == 6 for truth in four_hourly)


def unexplained(truth: PartitionTruth) -> int:
    """Gaps that are not refused bars."""
    return len(set(truth.gaps) - {refused.at for refused in truth.refused})


class OwnStore(BarsResource):
    """Bars in the test's S3, on the files' clock."""

    def __init__(self, settings: Settings, s3: Any) -> None:
        super().__init__(settings)
        self.__dict__["store"] = S3BarStore(s3, settings.bucket)
        self.__dict__["clock"] = SteppedClock(NOW)


def test_dagster_collects_the_files_into_s3(terminal: Terminal, settings: Settings, aws: Any) -> None:
    """One Dagster run over half a year stores every session in S3, broken ones marked incomplete."""
    wanted = days_of("USDJPY")
    resource = OwnStore(settings, aws.client("s3"))
    market = Mt5MarketData(terminal, SteppedClock(NOW), settings)
    job = build_definitions(settings, market=market, bars=resource).resolve_job_def("daily_collection")
    tags = range_tags(FIRST, LAST, ["USDJPY"])

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, tags=tags, asset_selection=[dg.AssetKey(["ohlcv", "m15"])])
        recorded = instance.get_materialized_partitions(dg.AssetKey(["ohlcv", "m15"]))

    assert result.success
    assert len(recorded) == len(wanted)
    for day, what in wanted.items():
        partition = resource.store.read(Symbol("USDJPY"), Timeframe.M15, day)
        assert partition is not None
        assert len(partition.bars) == what.rows - len(what.broken)
        assert len(partition.truth.refused) == len(what.broken)
