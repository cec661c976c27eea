"""Bars to judge: clean ones of the paper terminal's generator, faults to put into them, recorded files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from axia_core.adapters.paper.generator import Generator
from axia_core.domain.bars import PRICES, Bars, aggregate, microseconds
from axia_core.domain.quality import Code
from axia_core.domain.sessions import session
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data (real recorded bars) is not here")
HOUR_US = 3_600_000_000
ATHENS = ZoneInfo("Europe/Athens")
NEW_YORK = ZoneInfo("America/New_York")


@cache
def generated(symbol: str, first: date, last: date, timeframe: Timeframe = Timeframe.M5, seed: int = 7) -> Bars:
    """What a paper terminal has of these days: complete, coherent, with a day's rhythm."""
    if timeframe is not Timeframe.M5:
        return aggregate(generated(symbol, first, last, seed=seed), timeframe)
    start, end = session(first).open, session(last).close
    found = Generator(seed, DEFAULT_SYMBOLS).base_bars(symbol, int(start.timestamp()), int(end.timestamp()))
    times = found.time_s * 1_000_000
    columns = [times, found.open, found.high, found.low, found.close, found.volume]
    return Bars.build(Symbol(symbol), Timeframe.M5, *columns, np.full(len(times), 8))


@cache
def orkad(symbol: str) -> Bars:
    """Half a year of recorded bars with UTC times, as they are: USDJPY M15 or EURUSD M5."""
    name, timeframe = {"USDJPY": ("15m", Timeframe.M15), "EURUSD": ("5m", Timeframe.M5)}[symbol]
    lines = (DATA / "orkad" / f"{symbol}_{name}.csv").read_text(encoding="utf-8").splitlines()[2:]
    rows = [line.split(",") for line in lines]
    times = np.array([microseconds(datetime.fromisoformat(row[0])) for row in rows])
    return Bars.build(Symbol(symbol), timeframe, times, *np.array([row[1:] for row in rows], dtype=np.float64).T)


@cache
def ejtrader(symbol: str, clock: str) -> Bars:
    """Two years of H1 of a broker whose clock is EET, read as that ("eet") or, wrongly, as New York + 7 h ("ny+7")."""
    lines = (DATA / "ejtrader" / f"{symbol}h1_2018_2019.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    times = np.array([microseconds(_utc(row[0], clock)) for row in rows])
    prices = np.array([row[1:] for row in rows], dtype=np.float64).T
    scale = 10 ** Symbol(symbol).digits
    columns = [times, *prices[:4] / scale, prices[4]]
    _, once = np.unique(times, return_index=True)
    return Bars.build(Symbol(symbol), Timeframe.H1, *(column[once] for column in columns))


def moved(bars: Bars, first: date, weeks: int, hours: int) -> Bars:
    """*bars* whose times are *hours* late for some weeks from the Monday *first* on; what they overrun is lost."""
    start, end = session(first).open, session(first + timedelta(days=7 * weeks - 3)).close
    rows = (bars.time_us >= microseconds(start)) & (bars.time_us < microseconds(end))
    return replace(bars, time_us=np.where(rows, bars.time_us + hours * HOUR_US, bars.time_us))


def changed(bars: Bars, rows: slice, **values: Callable[[np.ndarray], object]) -> Bars:  # type: ignore[type-arg]
    """*bars* with columns of some rows replaced by what a function makes of them."""
    columns = {name: getattr(bars, name).copy() for name in values}
    for name, change in values.items():
        columns[name][rows] = change(columns[name][rows])
    return replace(bars, **columns)


def _without(bars: Bars, at: int) -> Bars:
    kept = np.ones(len(bars), dtype=bool)
    kept[at : at + 3] = False
    return bars.take(kept)


def _stale(bars: Bars, at: int) -> Bars:
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    for name in PRICES:
        columns[name][at : at + 20] = columns["close"][at - 1]
    return replace(bars, **columns)


def _spike(bars: Bars, at: int) -> Bars:
    return changed(bars, slice(at, at + 1), high=lambda high: high * 1.01)


def _jump(bars: Bars, at: int) -> Bars:
    rows = slice(at, None)
    return changed(bars, rows, **{name: lambda price: price * 1.02 for name in PRICES})


def _scaled(bars: Bars, at: int) -> Bars:
    """A whole day, as a change of scale comes with a partition."""
    begin = at - at % 288
    return changed(bars, slice(begin, begin + 288), **{name: lambda price: price * 1000 for name in PRICES})


def _off_grid(bars: Bars, at: int) -> Bars:
    return changed(bars, slice(at, at + 1), time_us=lambda time_us: time_us + 60_000_000)


def _broken(bars: Bars, at: int) -> Bars:
    return changed(bars, slice(at, at + 1), high=lambda high: high * 0.99)


def _silent(bars: Bars, at: int) -> Bars:
    return changed(bars, slice(at, at + 2), volume=lambda volume: volume * 0)


FAULTS: dict[Code, Callable[[Bars, int], Bars]] = {
    Code.INCOHERENT: _broken,
    Code.OFF_GRID: _off_grid,
    Code.GAP: _without,
    Code.FLAT: _stale,
    Code.NO_VOLUME: _silent,
    Code.SPIKE: _spike,
    Code.JUMP: _jump,
    Code.LEVEL: _scaled,
}


def _utc(text: str, clock: str) -> datetime:
    wall = datetime.fromisoformat(text)
    local = wall.replace(tzinfo=ATHENS) if clock == "eet" else (wall - timedelta(hours=7)).replace(tzinfo=NEW_YORK)
    return local.astimezone(UTC)


@cache
def lean(broker: str, behind_utc_h: int) -> Bars:
    """Recorded EURUSD mids of two weeks of 2014, M1 made M5, of a broker whose clock is so many hours behind UTC."""
    minutes = [row for file in sorted((DATA / f"lean_{broker}_m1").glob("*.zip")) for row in _minutes(file)]
    table = np.array(minutes, dtype=np.float64)
    times = table[:, 0].astype(np.int64) * 1_000 + behind_utc_h * HOUR_US
    mids = (table[:, 2:6] + table[:, 7:11]) / 2
    bars = Bars.build(Symbol("EURUSD"), Timeframe.M5, times, *mids.T, np.ones(len(times)))
    return aggregate(bars, Timeframe.M5)


def _minutes(file: Path) -> list[list[float]]:
    """Rows of one day: milliseconds since the epoch, 0, then the file's columns."""
    day_ms = int(datetime.strptime(file.name[:8], "%Y%m%d").replace(tzinfo=UTC).timestamp() * 1_000)
    with zipfile.ZipFile(file) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    rows = [[float(value or "nan") for value in line.split(",")] for line in lines]
    return [[day_ms + row[0], 0.0, *row[1:5], row[5], *row[6:10]] for row in rows]
