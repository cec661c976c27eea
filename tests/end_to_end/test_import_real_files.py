"""Every file of ../shared/data imported: the clocks of its README found by themselves, and what vendors must agree on.

What must come out is computed from other files of the same feed, or from the rows by other means.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from axia_core.adapters.importers.find import find
from axia_core.adapters.importers.options import ReadOptions, Side
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.domain.bars import instant
from axia_core.domain.file_clock import parse_clock
from axia_core.domain.found_series import FoundSeries
from axia_core.domain.history_rows import Rows
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.services.examine_history import Stated, examine
from axia_core.services.import_history import Fate, ImportRules, plan, write

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is absent: real history files")

EURUSD = Symbol("EURUSD")
H1_PAIRS = ("AUDUSD", "EURJPY", "GBPJPY", "GBPUSD", "USDJPY")
# One pair with the yen and one without stand for the others, which are of the same broker and years.
MOST_PAIRS = [pair if pair in ("GBPUSD", "USDJPY") else pytest.param(pair, marks=pytest.mark.long) for pair in H1_PAIRS]
NEW_YORK = ZoneInfo("America/New_York")
# A winter's day: the files do not say theirs.
BI5_DAY = date(2019, 2, 6)


def series_of(
    path: str, *, clock: str = "", side: Side | None = None, symbol: str | None = None, day: date | None = None
) -> tuple[FoundSeries, ...]:
    """What is found under a path of the data; nothing may be refused."""
    files = find([DATA / path], ReadOptions(symbols=DEFAULT_SYMBOLS, side=side, symbol=symbol, day=day))
    examined = examine(files.files, Stated(symbols=DEFAULT_SYMBOLS, clock=parse_clock(clock) if clock else None))
    assert (files.refused, examined.refused) == ((), ())
    return examined.series


def imported(series: tuple[FoundSeries, ...]) -> MemoryBarStore:
    """A store with these series, whose second import writes nothing."""
    store = MemoryBarStore()
    assert {one.fate for one in write(store, series, ImportRules())} == {Fate.NEW}
    assert {one.fate for one in plan(store, series, ImportRules())} == {Fate.SAME}
    return store


@pytest.mark.parametrize(
    ("path", "clock"),
    [
        ("orkad/USDJPY_15m.csv", "UTC"),
        ("orkad/EURUSD_5m.csv", "UTC"),
        *((f"ejtrader/{pair}h1_2018_2019.csv", "EET") for pair in H1_PAIRS),
        ("lean_oanda_m1", "UTC"),
        ("lean_fxcm_m1", "UTC-5"),
        ("dukascopy/candles-minute-EUR-USD-BID-2026-7-10.json", "UTC"),
        ("dukascopy/ticks-EUR-USD-2026-7-13-12.json", "UTC"),
    ],
)
def test_clocks_are_those_of_the_readme(path: str, clock: str) -> None:
    """Each file's clock is found by itself as the README of the data measured it."""
    (found,) = series_of(path)

    assert found.clock.clock.name == clock
    assert len(found.bars) > 0


@pytest.mark.parametrize("other", ["America/New_York+7", "UTC", "UTC+2", "CET"])
@pytest.mark.parametrize("pair", MOST_PAIRS)
def test_wrong_clocks_are_refused(pair: str, other: str) -> None:
    """No other clock can be stated for the server export."""
    files = find([DATA / f"ejtrader/{pair}h1_2018_2019.csv"], ReadOptions(symbols=DEFAULT_SYMBOLS)).files

    examined = examine(files, Stated(symbols=DEFAULT_SYMBOLS, clock=parse_clock(other)))

    assert examined.series == ()
    assert "By its weekend gaps the clock is EET" in examined.refused[0][1]


@pytest.mark.parametrize(("pair", "timeframe"), [("USDJPY_15m", Timeframe.M15), ("EURUSD_5m", Timeframe.M5)])
def test_every_row_is_stored_or_named(pair: str, timeframe: Timeframe) -> None:
    """Of half a year each row is in the partition of its New York day or among the refused ones, by its line."""
    rows = _csv_rows(DATA / "orkad" / f"{pair}.csv")
    broken = {line for line, row in rows.items() if _is_broken(row)}
    (found,) = series_of(f"orkad/{pair}.csv")

    store = imported((found,))

    refused = {line for run in found.refused for line in range(run.first_line, run.last_line + 1)}
    assert refused == broken
    wanted = Counter(_new_york_day(row["time"]) for line, row in rows.items() if line not in broken)
    truths = {day: store.truth(found.symbol, timeframe, day) for day in store.trading_dates(found.symbol, timeframe)}
    assert {day: truth.actual for day, truth in truths.items() if truth} == dict(wanted)
    assert sum(len(truth.refused) for truth in truths.values() if truth) == len(broken)


def _csv_rows(file: Path) -> dict[int, dict[str, str]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(enumerate(csv.DictReader(lines[1:]), 3))


def _is_broken(row: dict[str, str]) -> bool:
    first, high, low, last = (float(row[name]) for name in ("open", "high", "low", "close"))
    return high < max(first, last) or low > min(first, last)


def _new_york_day(text: str) -> date:
    return (datetime.fromisoformat(text).astimezone(NEW_YORK) + timedelta(hours=7)).date()


@pytest.mark.parametrize("pair", MOST_PAIRS)
def test_days_built_from_hours_are_the_broker_s_own(pair: str) -> None:
    """D1 built from the H1 export equals the broker's D1 export on every day that both cut at the New York close."""
    (hours,), (days,) = series_of(f"ejtrader/{pair}h1_2018_2019.csv"), series_of(f"ejtrader/{pair}d1.csv", clock="EET")
    built, own = imported((hours,)), imported((days,))
    symbol = hours.symbol
    both = sorted(set(built.trading_dates(symbol, Timeframe.D1)) & set(own.trading_dates(symbol, Timeframe.D1)))

    assert len(both) > 470
    for day in both:
        left, right = built.read(symbol, Timeframe.D1, day), own.read(symbol, Timeframe.D1, day)
        assert left is not None
        assert right is not None
        assert _prices(left.bars) == _prices(right.bars), day


def _prices(bars: object) -> list[float]:
    return [float(getattr(bars, name)[0]) for name in ("open", "high", "low", "close")]


def test_daily_rows_of_the_weeks_between_the_switches_are_refused() -> None:
    """Of the broker's D1 those days are refused whose midnight in Athens is not the New York close."""
    (found,) = series_of("ejtrader/USDJPYd1.csv", clock="EET")

    refused = [run.at for run in found.refused if run.at]
    assert (found.rows, len(found.bars)) == (2400, 2240)
    assert {at.month for at in refused} == {3, 10}
    assert sum(run.count for run in found.refused) == 160


def test_two_brokers_agree() -> None:
    """OANDA on UTC and FXCM on UTC-5 have the same middle prices, minute by minute, as only the right clocks can."""
    (oanda_us, oanda), (fxcm_us, fxcm) = _minutes("lean_oanda_m1"), _minutes("lean_fxcm_m1")
    common, left, right = np.intersect1d(oanda_us, fxcm_us, return_indices=True)

    pips = (oanda.close[left] - fxcm.close[right]) * 10_000

    assert len(common) == 15_012
    assert abs(float(np.median(pips))) < 0.005
    assert float(np.std(pips)) <= 0.15
    assert float(np.max(np.abs(pips))) == pytest.approx(1.75)


def _minutes(folder: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Rows]:
    """Middle prices of every minute, read by the clock that was found."""
    (found,) = series_of(folder, side=Side.MID)
    files = find([DATA / folder], ReadOptions(symbols=DEFAULT_SYMBOLS, side=Side.MID)).files
    rows = Rows.join([file.read(number)[0] for number, file in enumerate(files)])
    return found.clock.clock.to_utc_us(rows.time_us), rows


def test_two_brokers_make_the_same_days() -> None:
    """Imported, both brokers' days are there in all timeframes, and their M5 bars lie within two pips of each other."""
    stores = [imported(series_of(folder, side=Side.MID)) for folder in ("lean_oanda_m1", "lean_fxcm_m1")]

    days = [store.trading_dates(EURUSD, Timeframe.D1) for store in stores]
    assert days[0] == days[1]
    assert days[0][0] == date(2014, 5, 2)
    for day in days[0]:
        left, right = (store.read(EURUSD, Timeframe.M5, day) for store in stores)
        assert left is not None
        assert right is not None
        _, one, other = np.intersect1d(left.bars.time_us, right.bars.time_us, return_indices=True)
        assert len(one) > 270
        assert np.abs(left.bars.close[one] - right.bars.close[other]).max() < 0.0002


def test_rows_before_the_week_opens_are_refused() -> None:
    """FXCM quotes two hours before the market opens on Sunday: no session holds them, so they are named."""
    (found,) = series_of("lean_fxcm_m1")

    assert sum(run.count for run in found.refused) == 177
    assert {run.file for run in found.refused} == {"20140504_quote.zip", "20140511_quote.zip"}


def test_bi5_minutes_and_ticks_are_one_feed() -> None:
    """Minutes built from the `.bi5` ticks of two hours are the vendor's own minutes of the same day."""
    found = series_of("dukascopy/bi5", symbol="EURUSD", day=BI5_DAY)
    minutes, ticks = sorted(found, key=lambda one: -len(one.bars))

    _, left, right = np.intersect1d(minutes.bars.time_us, ticks.bars.time_us, return_indices=True)

    assert (minutes.rows, len(minutes.bars), ticks.rows, len(ticks.bars)) == (1440, 288, 120, 24)
    assert len(left) == 24
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(minutes.bars, name)[left], getattr(ticks.bars, name)[right])


def test_bi5_minutes_become_two_trading_days() -> None:
    """A UTC day has parts of two New York days: each is stored as far as it goes, without a D1 made of a part."""
    minutes = max(series_of("dukascopy/bi5/BID_candles_min_1.bi5", symbol="EURUSD", day=BI5_DAY), key=lambda s: s.rows)

    store = imported((minutes,))

    following = BI5_DAY + timedelta(days=1)
    assert store.trading_dates(EURUSD, Timeframe.M5) == (BI5_DAY, following)
    counts = [len(part.bars) for part in store.read_days(EURUSD, Timeframe.H1, (BI5_DAY, following)) if part]
    assert counts == [22, 2]
    assert store.trading_dates(EURUSD, Timeframe.D1) == ()


def test_dukascopy_json_counts_from_its_own_date() -> None:
    """The candles of 2026-07-10 begin at 00:00 UTC with the prices that the answer states, and end with the week."""
    (found,) = series_of("dukascopy/candles-minute-EUR-USD-BID-2026-7-10.json")

    assert instant(int(found.bars.time_us[0])) == datetime(2026, 7, 10, tzinfo=UTC)
    assert instant(int(found.bars.time_us[-1])) == datetime(2026, 7, 10, 20, 55, tzinfo=UTC)
    assert (found.bars.open[0], found.rows, found.side) == (1.14331, 1258, "bid")


def test_an_empty_day_is_an_answer() -> None:
    """The empty Saturday of Dukascopy is a series without rows and not an error."""
    (found,) = series_of("dukascopy/candles-minute-EUR-USD-BID-2026-7-11-empty.json")

    assert (found.rows, len(found.bars), found.refused) == (0, 0, ())
