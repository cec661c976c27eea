"""Importing history: what files become, what they must not replace, and what happens when it is done again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from axia_core.adapters.importers.find import find
from axia_core.adapters.importers.options import ReadOptions
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.domain.bars import Bars, aggregate, microseconds
from axia_core.domain.file_clock import parse_clock
from axia_core.domain.holidays import Holidays
from axia_core.domain.sessions import session
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.services.examine_history import Examined, Stated, examine
from axia_core.services.import_history import Fate, ImportRules, plan, write
from tests.bar_examples import USDJPY, broken, many_sessions, same, session_bars, truth_of
from tests.history_files import export_lines, minutes, spring_bars, write_text

EURUSD = Symbol("EURUSD")
WEEK = date(2026, 6, 8), date(2026, 6, 12)
MONDAY, FRIDAY = WEEK
HEADER = "time,open,high,low,close,volume"
RULES = ImportRules()
DAY = timedelta(days=1)


def look(path: Path, **stated: object) -> Examined:
    """What is found of a path."""
    files = find([path], ReadOptions(symbols=DEFAULT_SYMBOLS))
    assert files.refused == ()
    return examine(files.files, Stated(symbols=DEFAULT_SYMBOLS, **stated))  # type: ignore[arg-type]


def csv_lines(bars: Bars) -> list[str]:
    """Our CSV of these bars."""
    times = bars.time_us.view("datetime64[us]")
    return [HEADER, *(f"{at}Z,{o},{h},{low},{c},{v}" for at, o, h, low, c, v in
                      zip(times, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True))]  # fmt: skip


def write_week(folder: Path, timeframe: Timeframe = Timeframe.H1, bars: Bars | None = None) -> Path:
    rows = many_sessions(timeframe, *WEEK) if bars is None else bars
    return write_text(folder / f"USDJPY_{timeframe}.csv", csv_lines(rows))


def fates(store: MemoryBarStore, found: Examined, rules: ImportRules = RULES) -> Counter[tuple[str, Fate]]:
    """What an import wrote, counted."""
    return Counter((one.truth.timeframe.value, one.fate) for one in write(store, found.series, rules))


def stored(store: MemoryBarStore, timeframe: Timeframe, day: date, symbol: Symbol = USDJPY) -> Bars:
    partition = store.read(symbol, timeframe, day)
    assert partition is not None
    return partition.bars


def test_a_file_builds_its_timeframe_and_all_longer_ones(tmp_path: Path) -> None:
    """H1 rows become H1, H4 and D1 of every day, cut at the New York close, and say where they came from."""
    store = MemoryBarStore()

    done = fates(store, look(write_week(tmp_path)))

    assert done == {(name, Fate.NEW): 5 for name in ("H1", "H4", "D1")}
    hours = session_bars(day=MONDAY)
    assert np.array_equal(stored(store, Timeframe.H1, MONDAY).close, hours.close)
    assert same(replace_spread(aggregate(hours, Timeframe.D1)), stored(store, Timeframe.D1, MONDAY))
    truth = store.truth(USDJPY, Timeframe.D1, MONDAY)
    assert truth is not None
    assert (truth.source, truth.provisional, truth.complete) == ("import:csv:unknown", True, True)


def replace_spread(bars: Bars) -> Bars:
    """Without spreads, which a CSV of ours has not."""
    return replace(bars, spread=np.full(len(bars), -1, dtype=np.int32))


def test_minutes_build_every_timeframe(tmp_path: Path) -> None:
    """M1 rows become all five timeframes; volumes add up, missing minutes are no gaps of longer bars."""
    rows = [one for one in minutes(EURUSD, session(MONDAY).open, 1440) if one[0].minute % 7]
    lines = [f"{at:%Y-%m-%dT%H:%M:%SZ}," + ",".join(map(str, prices)) + ",3" for at, prices in rows]
    store = MemoryBarStore()

    fates(store, look(write_text(tmp_path / "EURUSD_1m.csv", [HEADER, *lines])))

    counts = {timeframe: len(stored(store, timeframe, MONDAY, EURUSD)) for timeframe in Timeframe}
    assert counts == {timeframe: timeframe.bars_per_session for timeframe in Timeframe}
    assert stored(store, Timeframe.D1, MONDAY, EURUSD).volume.tolist() == [3 * len(rows)]
    assert stored(store, Timeframe.D1, MONDAY, EURUSD).open[0] == rows[0][1][0]


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    """Everything is the same then."""
    found, store = look(write_week(tmp_path)), MemoryBarStore()
    fates(store, found)

    assert set(fates(store, found)) == {(name, Fate.SAME) for name in ("H1", "H4", "D1")}


def test_an_import_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    """What was written before stays as it is, the rest is written, and the result is that of one run."""
    found, killed, whole = look(write_week(tmp_path)), MemoryBarStore(), MemoryBarStore()
    list(islice(write(killed, found.series[:1], replace(RULES, last=MONDAY)), 2))

    done = fates(killed, found)

    fates(whole, found)
    by_fate = Counter(fate for (_, fate), count in done.items() for _ in range(count))
    assert by_fate == {Fate.SAME: 3, Fate.NEW: 12}
    for timeframe in (Timeframe.H1, Timeframe.H4, Timeframe.D1):
        assert killed.trading_dates(USDJPY, timeframe) == whole.trading_dates(USDJPY, timeframe)


def test_final_bars_are_kept(tmp_path: Path) -> None:
    """What MT5 gave stays, with the reason, unless --replace is said."""
    mt5 = session_bars(day=MONDAY, price=140.0)
    store, found = MemoryBarStore(), look(write_week(tmp_path))
    store.write(mt5, truth_of(mt5, MONDAY, "mt5"))

    (kept,) = [one for one in write(store, found.series, RULES) if one.fate is Fate.KEPT]

    assert kept.why == "final bars of mt5 are there (--replace overwrites them)"
    assert same(stored(store, Timeframe.H1, MONDAY), mt5)
    assert fates(store, found, replace(RULES, replace=True))["H1", Fate.REPLACED] == 1
    assert not same(stored(store, Timeframe.H1, MONDAY), mt5)


def test_what_is_replaced_is_recorded(tmp_path: Path) -> None:
    """The new revision says whose bars it took the place of, and how far the two differ."""
    other = session_bars(day=MONDAY, price=150.5)
    store, found = MemoryBarStore(), look(write_week(tmp_path))
    store.write(other, truth_of(other, MONDAY, "yfinance", provisional=True))

    assert fates(store, found)["H1", Fate.REPLACED] == 1

    truth = store.truth(USDJPY, Timeframe.H1, MONDAY)
    assert truth is not None
    assert truth.replaced is not None
    assert (truth.replaced.source, truth.replaced.difference.largest_pips) == ("yfinance", pytest.approx(50))


def test_a_fuller_provisional_day_is_kept(tmp_path: Path) -> None:
    """A file with fewer bars of a day than another source gave does not replace them."""
    whole = session_bars(day=MONDAY)
    store = MemoryBarStore()
    store.write(whole, truth_of(whole, MONDAY, "yfinance", provisional=True))
    hours = many_sessions(Timeframe.H1, *WEEK)
    found = look(write_week(tmp_path, bars=hours.take(np.arange(len(hours)) != 5)))

    done = fates(store, found)

    assert done["H1", Fate.KEPT] == 1
    assert same(stored(store, Timeframe.H1, MONDAY), whole)


def test_files_cut_inside_a_day_complete_each_other(tmp_path: Path) -> None:
    """Two files that meet in mid-session, imported one after the other, give the bars of one file."""
    hours = many_sessions(Timeframe.H1, *WEEK)
    cut = microseconds(session(MONDAY + 2 * DAY).open + timedelta(hours=10))
    first = look(write_week(tmp_path / "first", bars=hours.take(hours.time_us < cut)))
    second = look(write_week(tmp_path / "second", bars=hours.take(hours.time_us >= cut)))
    store = MemoryBarStore()

    before = fates(store, first)
    after = fates(store, second)

    assert (before["D1", Fate.NEW], before["H4", Fate.NEW], before["H1", Fate.NEW]) == (2, 3, 3)
    assert (after["D1", Fate.NEW], after["H1", Fate.COMPLETED]) == (3, 1)
    for day in (MONDAY, MONDAY + 2 * DAY, FRIDAY):
        whole = replace_spread(session_bars(day=day))
        assert same(stored(store, Timeframe.H1, day), whole)
        assert same(stored(store, Timeframe.D1, day), aggregate(whole, Timeframe.D1))
    assert set(fates(store, first)) == {(name, Fate.SAME) for name in ("H1", "H4", "D1")}


def test_two_feeds_are_not_mixed(tmp_path: Path) -> None:
    """A day that two brokers' files share is of one of them: their bars are not put together."""
    hours = many_sessions(Timeframe.H1, *WEEK)
    store = MemoryBarStore()
    fates(store, look(write_week(tmp_path / "one", bars=hours.take(np.arange(len(hours)) > 3))))
    other = replace(hours, close=hours.close + 0.005)
    fates(store, look(write_week(tmp_path / "other", bars=other.take(np.arange(len(other)) != 9))))

    assert np.allclose(stored(store, Timeframe.H1, MONDAY).close - 0.005, np.delete(session_bars(day=MONDAY).close, 9))


def test_the_finest_file_gives_the_day(tmp_path: Path) -> None:
    """Of an M15 and an H1 file of one pair the first gives every timeframe, the other the days it lacks."""
    write_week(tmp_path, Timeframe.M15)
    write_week(tmp_path, Timeframe.H1, many_sessions(Timeframe.H1, MONDAY, FRIDAY + 3 * DAY))
    store = MemoryBarStore()

    done = fates(store, look(tmp_path))

    assert done == {("M15", Fate.NEW): 5, ("H1", Fate.NEW): 6, ("H4", Fate.NEW): 6, ("D1", Fate.NEW): 6}
    assert len(stored(store, Timeframe.H1, MONDAY)) == 24


@pytest.mark.parametrize("clock", ["America/New_York+7", "EET", "UTC", "UTC-5"])
def test_an_export_of_any_clock_gives_utc(tmp_path: Path, clock: str) -> None:
    """An MT5 export across both switches gives the bars that it was written from, its clock found by itself."""
    bars = spring_bars()
    (found,) = look(write_text(tmp_path / "USDJPY_H1.csv", export_lines(bars, clock))).series

    assert found.clock.clock == parse_clock(clock)
    assert found.refused == ()
    assert np.array_equal(found.bars.time_us, bars.time_us)


def test_a_stated_clock_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """New York plus 7 for a file of Athens' clock would be an hour off for three weeks: refused, with the right one."""
    file = write_text(tmp_path / "USDJPY_H1.csv", export_lines(spring_bars(), "EET"))

    examined = look(file, clock=parse_clock("America/New_York+7"))

    assert examined.series == ()
    assert "By its weekend gaps the clock is EET." in examined.refused[0][1]


@pytest.mark.parametrize(("clock", "days"), [("America/New_York+7", 50), ("EET", 50 - 15), ("UTC", 0)])
def test_daily_bars_count_where_their_day_is_new_york_s(tmp_path: Path, clock: str, days: int) -> None:
    """D1 rows are taken only where the clock's midnight is the New York close; the others are refused by row."""
    bars = spring_bars(Timeframe.D1)
    dates = [day for day in (MONDAY_OF_SPRING + i * DAY for i in range(68)) if day.weekday() < 5]
    prices = zip(dates, bars.open, bars.high, bars.low, bars.close, strict=True)
    lines = ["Date,open,high,low,close", *(f"{d},{o},{h},{low},{c}" for d, o, h, low, c in prices)]

    (found,) = look(write_text(tmp_path / "USDJPYd1.csv", lines), clock=parse_clock(clock)).series

    assert len(found.bars) == days
    assert sum(run.count for run in found.refused) == 50 - days


MONDAY_OF_SPRING = date(2026, 2, 16)


def test_daily_bars_without_a_clock_are_refused(tmp_path: Path) -> None:
    """Nothing in daily rows tells where a day is cut, so a person must."""
    examined = look(write_text(tmp_path / "USDJPYd1.csv", ["Date,open,high,low,close", "2026-06-08,1,1,1,1"]))

    assert "daily bars have no time of day" in examined.refused[0][1]


def test_every_row_that_is_not_taken_has_a_reason_and_a_line(tmp_path: Path) -> None:
    """Unreadable, repeated, incoherent, off the grid, outside the week: each is told by its line."""
    lines = csv_lines(broken(session_bars(day=MONDAY), [3]))
    extra = [
        lines[1],
        lines[2].replace("150.01,", "150.015,", 1),
        "2026-06-08T12:30:00Z,150,150,150,150,1",
        "2026-06-07T20:00:00Z,150,150,150,150,1",
        "nonsense,150,150,150,150,1",
    ]

    (found,) = look(write_text(tmp_path / "USDJPY_1h.csv", [*lines, *extra])).series

    told = {run.first_line: run.reason for run in found.refused}
    assert (found.rows, len(found.bars)) == (29, 23)
    assert told == {
        5: "high is below open or close",
        26: "the same time comes twice; the first row counts",
        27: "the same time comes twice with other prices; the first row counts",
        28: "it opens off the grid of 60 minutes",
        29: "the market is closed then (Friday 17:00 to Sunday 17:00 New York)",
        30: "time 'nonsense': it is no time (its day is written in no known form)",
    }


def test_refused_rows_are_kept_with_the_partition(tmp_path: Path) -> None:
    """A day with a broken row is stored without it and says so in every timeframe that was built without it."""
    found, store = look(write_week(tmp_path, bars=broken(many_sessions(Timeframe.H1, *WEEK), [3]))), MemoryBarStore()

    fates(store, found)

    for timeframe in (Timeframe.H1, Timeframe.D1):
        truth = store.truth(USDJPY, timeframe, MONDAY)
        assert truth is not None
        assert not truth.complete
        assert [(bar.at, bar.reason) for bar in truth.refused] == [
            (session(MONDAY).open + timedelta(hours=3), "high is below open or close")
        ]


def test_refused_rows_are_kept_beside(tmp_path: Path) -> None:
    """The row itself stays readable, with its reason, where refused bars of the day are kept."""
    found, store = look(write_week(tmp_path, bars=broken(many_sessions(Timeframe.H1, *WEEK), [3]))), MemoryBarStore()

    fates(store, found)

    kept = store.refused(USDJPY, Timeframe.H1, MONDAY)
    assert kept is not None
    assert kept.reasons == ("high is below open or close",)
    assert kept.bars.close[0] == session_bars(day=MONDAY).close[3]
    assert store.refused_dates(USDJPY, Timeframe.H1) == (MONDAY,)


def test_an_early_close_is_no_gap(tmp_path: Path) -> None:
    """A day that the settings let end early is complete with the bars until then."""
    hours = many_sessions(Timeframe.H1, *WEEK)
    noon = microseconds(session(MONDAY + DAY).close - timedelta(hours=4))
    end = microseconds(session(MONDAY + DAY).close)
    found = look(write_week(tmp_path, bars=hours.take((hours.time_us < noon) | (hours.time_us >= end))))
    store = MemoryBarStore()

    fates(store, found, replace(RULES, holidays=Holidays({}, {MONDAY + DAY: time(13, 0)})))

    truth = store.truth(USDJPY, Timeframe.H1, MONDAY + DAY)
    assert truth is not None
    assert (truth.complete, truth.actual, truth.expected) == (True, 20, 20)


def test_integer_prices_are_recognised(tmp_path: Path) -> None:
    """112674 of USDJPY is 112.674; a price that no power of ten makes plausible is refused."""
    bars = many_sessions(Timeframe.H1, *WEEK)
    whole = replace(bars, **{name: np.rint(getattr(bars, name) * 1000) for name in ("open", "high", "low", "close")})

    (found,) = look(write_week(tmp_path, bars=whole)).series

    assert found.scale.divisor == 1000
    assert np.array_equal(found.bars.close, np.round(bars.close, 3))


@pytest.mark.parametrize("price", [1.1, 4_000.5])
def test_prices_of_another_pair_are_refused(tmp_path: Path, price: float) -> None:
    """A file under the wrong name is found out by its prices."""
    flat = many_sessions(Timeframe.H1, *WEEK)
    column = np.full(len(flat), price)

    examined = look(write_week(tmp_path, bars=replace(flat, open=column, high=column, low=column, close=column)))

    assert "prices of USDJPY lie in 40 to 400" in examined.refused[0][1]


def test_a_name_that_lies_about_its_rows_is_refused(tmp_path: Path) -> None:
    """Rows an hour apart in a file called M5 are refused, unless the length is stated."""
    file = write_text(tmp_path / "USDJPY_M5.csv", csv_lines(many_sessions(Timeframe.H1, *WEEK)))

    assert "its rows lie 60 minutes apart" in look(file).refused[0][1]
    assert len(look(file, step_min=60).series) == 1


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    """A pair that the settings do not know is refused by file, the rest is found."""
    write_week(tmp_path)
    write_text(tmp_path / "USDMXN_H1.csv", csv_lines(session_bars()))

    examined = look(tmp_path)

    assert [series.symbol for series in examined.series] == [USDJPY]
    assert "USDMXN" in examined.refused[0][1]


def test_only_chosen_days_are_imported(tmp_path: Path) -> None:
    """`--from` and `--to` limit the trading dates; days at these limits are whole, for the file goes on."""
    found, store = look(write_week(tmp_path)), MemoryBarStore()

    fates(store, found, replace(RULES, first=MONDAY + DAY, last=MONDAY + 2 * DAY))

    assert store.trading_dates(USDJPY, Timeframe.D1) == (MONDAY + DAY, MONDAY + 2 * DAY)


def test_planning_writes_nothing(tmp_path: Path) -> None:
    """A plan says what would be done and leaves the store as it is."""
    found, store = look(write_week(tmp_path)), MemoryBarStore()

    planned: list[Fate] = [one.fate for one in plan(store, found.series, RULES)]

    assert planned == [Fate.NEW] * 15
    assert store.trading_dates(USDJPY, Timeframe.H1) == ()


def test_a_final_import_is_final(tmp_path: Path) -> None:
    """`--final` marks the bars as no source's stand-in, and a source of its own name is kept with them."""
    store, found = MemoryBarStore(), look(write_week(tmp_path))

    fates(store, found, ImportRules(final=True, source_name="broker-export"))

    truth = store.truth(USDJPY, Timeframe.H1, MONDAY)
    assert truth is not None
    assert (truth.source, truth.provisional) == ("import:broker-export:unknown", False)
