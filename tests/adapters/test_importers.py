"""Readers of history files on tiny samples of each format: what is found in them, and how what is not is told."""

from __future__ import annotations

import gzip
import json
import struct
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from axia_core.adapters.importers.find import FoundFiles, find
from axia_core.adapters.importers.options import ReadOptions, Side
from axia_core.adapters.s3 import parquet
from axia_core.domain.bars import instant
from axia_core.domain.history_rows import Rows
from axia_core.domain.names import object_key
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import UnreadableHistory
from tests.bar_examples import FRIDAY, session_bars, truth_of
from tests.history_files import export_lines, write_candles_bi5, write_lean_zip, write_text, write_ticks_bi5

LEAN_ROW = "75600000,1.38800,1.38850,1.38750,1.38810,0,1.38820,1.38870,1.38770,1.38840,0"


def look(path: Path, side: Side | None = None, symbol: str | None = None, day: date | None = None) -> FoundFiles:
    return find([path], ReadOptions(symbols=DEFAULT_SYMBOLS, side=side, symbol=symbol, day=day))


def rows_of(path: Path, side: Side | None = None, day: date | None = None) -> Rows:
    """The rows of the only file there."""
    (file,) = look(path, side, day=day).files
    rows, faults = file.read(0)
    assert faults == []
    return rows


def times(rows: Rows) -> list[datetime]:
    return [instant(int(at)) for at in rows.time_us]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("real_volume", [True, False])
def test_mt5_export(tmp_path: Path, encoding: str, real_volume: bool) -> None:
    """An MT5 export reads alike in every encoding and with or without the real volume; its name tells the series."""
    bars = session_bars()
    write_text(tmp_path / "USDJPY.raw_H1_202607020000_202607032300.csv",
               export_lines(bars, "EET", real_volume=real_volume), encoding)  # fmt: skip

    (file,) = look(tmp_path).files
    rows, faults = file.read(0)

    facts = file.facts
    assert (facts.form, facts.symbol, facts.step_min, facts.side) == ("mt5-export", "USDJPY", 60, "bid")
    assert (facts.encoding, facts.clock, faults) == (encoding, "", [])
    assert np.allclose(rows.close, bars.close, atol=0.0005)
    assert rows.spread.tolist() == bars.spread.tolist()
    assert rows.line.tolist() == list(range(2, 26))


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Comments and empty lines have numbers too, so that a refused line can be found."""
    header = "time,open,high,low,close,volume"
    write_text(tmp_path / "EURUSD_1m.csv", ["# comment", "", header, "2026-07-02T12:00:00Z,1,1,1,1,1", "oops"])

    (file,) = look(tmp_path).files
    rows, faults = file.read(0)

    assert (rows.line.tolist(), [fault.line for fault in faults]) == ([4], [5])


def test_histdata_zip(tmp_path: Path) -> None:
    """HistData's zip is read through to the file inside, which names the pair and states its clock by its form."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "HISTDATA_COM_ASCII_EURUSD_M1_2012.zip", "w") as opened:
        opened.writestr("DAT_ASCII_EURUSD_M1_2012.csv", "20120201 000000;1.306600;1.306600;1.306560;1.306560;0\n")
        opened.writestr("DAT_ASCII_EURUSD_M1_2012.txt", "gaps")

    (file,) = look(tmp_path).files

    facts = file.facts
    assert (facts.form, facts.symbol, facts.step_min, facts.clock) == ("histdata", "EURUSD", 1, "UTC-5")
    assert times(file.read(0)[0]) == [datetime(2012, 2, 1, tzinfo=UTC)]


def test_bi5_candles(tmp_path: Path) -> None:
    """A `.bi5` day counts from its path, whose months begin at 0; a record has open, close, low, high."""
    file = tmp_path / "EURUSD" / "2026" / "06" / "09" / "BID_candles_min_1.bi5"
    write_candles_bi5(file, [(0, (114_543, 114_570, 114_542, 114_569), 293.76), (60, (114_569,) * 4, 0.0)])

    rows = rows_of(file)

    assert times(rows) == [datetime(2026, 7, 9, 0, minute, tzinfo=UTC) for minute in (0, 1)]
    assert [column[0] for column in (rows.open, rows.high, rows.low, rows.close)] == [
        114_543,
        114_570,
        114_542,
        114_569,
    ]
    assert rows.volume.tolist() == [294, 0]


@pytest.mark.parametrize(
    ("side", "prices"),
    [(None, (100, 104, 100, 104)), (Side.ASK, (103, 106, 103, 106)), (Side.MID, (101.5, 105, 101.5, 105))],
)
def test_bi5_ticks(tmp_path: Path, side: Side | None, prices: tuple[float, ...]) -> None:
    """Ticks become minutes of the chosen side; the volume counts them, the spread is the narrowest."""
    file = tmp_path / "EURUSD" / "2026" / "00" / "05" / "07h_ticks.bi5"
    write_ticks_bi5(file, [(500, 103, 100), (59_999, 106, 104), (60_000, 105, 103)])

    rows = rows_of(file, side)

    assert times(rows) == [datetime(2026, 1, 5, 7, minute, tzinfo=UTC) for minute in (0, 1)]
    assert tuple(column[0] for column in (rows.open, rows.high, rows.low, rows.close)) == prices
    assert (rows.volume.tolist(), rows.spread.tolist()) == ([2, 1], [2, 2])


def test_bi5_needs_a_day(tmp_path: Path) -> None:
    """Without folders a `.bi5` has only its hour: it is refused with the remedy, and read once the day is stated."""
    file = write_ticks_bi5(tmp_path / "07h_ticks.bi5", [(0, 103, 100)])

    (refusal,) = look(file, symbol="EURUSD").refused

    assert "State --date" in refusal[1]
    assert times(rows_of(file, day=date(2026, 1, 5))) == [datetime(2026, 1, 5, 7, tzinfo=UTC)]


@pytest.mark.parametrize("content", [b"", b"not LZMA"])
def test_bi5_without_records(tmp_path: Path, content: bytes) -> None:
    """An empty hour is a valid answer; what is no LZMA is refused."""
    (tmp_path / "EURUSD_2026_00_05_07h_ticks.bi5").write_bytes(content)
    (file,) = look(tmp_path).files

    if content:
        with pytest.raises(UnreadableHistory, match="no LZMA"):
            file.read(0)
    else:
        assert len(file.read(0)[0]) == 0


def test_dukascopy_json_candles(tmp_path: Path) -> None:
    """The JSON candles are changes from one to the next, times in shifts; an empty day has no rows."""
    start = datetime(2026, 7, 10, tzinfo=UTC)
    said = {"timestamp": int(start.timestamp() * 1000), "multiplier": 1e-5, "shift": 60_000, "times": [0, 1, 2],
            "open": 1.14331, "high": 1.14334, "low": 1.14322, "close": 1.14324, "opens": [0, -8, 9],
            "highs": [0, 1, 4], "lows": [0, -4, 5], "closes": [0, 9, -2], "volumes": [1.4, 2, 3]}  # fmt: skip
    empty = said | {"times": [], "opens": [], "open": None}
    (tmp_path / "candles-minute-EUR-USD-BID-2026-7-10.json").write_text(json.dumps(said))
    (tmp_path / "candles-minute-EUR-USD-BID-2026-7-11.json").write_text(json.dumps(empty))
    (tmp_path / "other.json").write_text('{"a": 1}')

    found = look(tmp_path)
    rows = [file.read(0)[0] for file in found.files]

    assert times(rows[0]) == [start + timedelta(minutes=minute) for minute in (0, 1, 3)]
    assert (rows[0].open.tolist(), rows[0].close.tolist()) == ([114331, 114323, 114332], [114324, 114333, 114331])
    assert len(rows[1]) == 0
    assert [Path(name).name for name in found.ignored] == ["other.json"]
    assert {(file.facts.symbol, file.facts.side, file.facts.step_min) for file in found.files} == {("EURUSD", "bid", 1)}


@pytest.mark.parametrize(("side", "first"), [(None, 1.388), (Side.BID, 1.388), (Side.ASK, 1.3882), (Side.MID, 1.3881)])
def test_quantconnect(tmp_path: Path, side: Side | None, first: float) -> None:
    """A QuantConnect zip has both sides; the bid is taken unless another is asked for, and the facts say which."""
    write_lean_zip(tmp_path, date(2014, 5, 4), [LEAN_ROW])

    (file,) = look(tmp_path, side).files
    rows, _ = file.read(0)

    assert times(rows) == [datetime(2014, 5, 4, 21, tzinfo=UTC)]
    assert (rows.open[0], rows.spread[0], rows.volume[0]) == (pytest.approx(first), 20, 0)
    assert (file.facts.side, file.facts.symbol, file.facts.clock) == (side or "bid", "EURUSD", "")


def test_quantconnect_rows_without_a_side(tmp_path: Path) -> None:
    """A minute in which one side had no quote is named and not filled."""
    write_lean_zip(
        tmp_path, date(2014, 5, 4), [LEAN_ROW, "75660000,,,,,,1.3,1.3,1.3,1.3,0", "x,1", "-1" + LEAN_ROW[8:]]
    )

    (file,) = look(tmp_path).files
    rows, faults = file.read(0)

    assert (len(rows), [fault.line for fault in faults]) == (1, [2, 3, 4])


def test_own_parquet(tmp_path: Path) -> None:
    """Objects as they lie in the bucket read back as the bars that were written."""
    bars = session_bars()
    file = tmp_path / object_key(bars.symbol, bars.timeframe, FRIDAY)
    file.parent.mkdir(parents=True)
    file.write_bytes(parquet.encode(bars, truth_of(bars)))

    (found,) = look(tmp_path).files
    rows, _ = found.read(0)

    assert (found.facts.symbol, found.facts.step_min, found.facts.clock) == ("USDJPY", 60, "UTC")
    for name in ("time_us", "open", "high", "low", "close", "volume", "spread"):
        assert np.array_equal(getattr(rows, name), getattr(bars, name))


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_other_parquet(tmp_path: Path, zone: str | None) -> None:
    """Any Parquet with a time and four prices is read; only times with a zone state a clock."""
    table = pa.table({
        "Date": pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ns", zone)),
        "Open": [1.1], "High": [1.2], "Low": [1.0], "Close": [1.15],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "EURUSD_H1.parquet")

    (file,) = look(tmp_path).files

    assert file.facts.clock == (zone or "")
    assert times(file.read(0)[0]) == [NOON]


NOON = datetime(2026, 7, 2, 12, tzinfo=UTC)


def test_parquet_without_prices(tmp_path: Path) -> None:
    """A Parquet file of something else is refused by what it lacks."""
    pq.write_table(pa.table({"time": [1], "open": [1.0]}), tmp_path / "EURUSD_H1.parquet")

    ((_, reason),) = look(tmp_path).refused

    assert "it has no column for high, low, close" in reason


def test_folders_hold_other_things_too(tmp_path: Path) -> None:
    """Notes, licences and archives of other things are listed as ignored; a broken CSV is refused, the rest goes on."""
    write_text(tmp_path / "README.md", ["# notes"])
    write_text(tmp_path / "notes.txt", ["some notes"])
    (tmp_path / "EURUSD_M1.csv.gz").write_bytes(gzip.compress(b"x"))
    (tmp_path / "broken.zip").write_bytes(struct.pack("<I", 7))
    write_text(tmp_path / "empty.csv", [])

    found = look(tmp_path)

    assert found.files == ()
    assert {Path(name).name for name in found.ignored} == {"README.md", "notes.txt", "EURUSD_M1.csv.gz"}
    assert {Path(name).name for name, _ in found.refused} == {"broken.zip", "empty.csv"}


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A misspelt path is refused at once."""
    with pytest.raises(UnreadableHistory, match="no such file"):
        look(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "symbol", "step_min"),
    [
        ("EURUSD_M15_202401020000_202406282345.csv", "EURUSD", 15),
        ("USDJPYh1_2018_2019.csv", "USDJPY", 60),
        ("DAT_MT_GBPUSD_M1_202001.csv", "GBPUSD", 1),
        ("EURUSD_Candlestick_5_M_BID_01.01.2020-31.01.2020.csv", "EURUSD", 5),
        ("AUDUSD_Candlestick_1_Hour_BID_01.01.2020-31.01.2020.csv", "AUDUSD", 60),
        ("usd-jpy-daily.csv", "USDJPY", 1440),
        ("forex/oanda/minute/eurusd/prices.csv", "EURUSD", 1),
        ("EUR_USD/2020/bars.csv", "EURUSD", None),
        ("bars.csv", None, None),
    ],
)
def test_names_tell_the_series(tmp_path: Path, name: str, symbol: str | None, step_min: int | None) -> None:
    """Pair and length of a row are taken from the name, or else from the folders."""
    write_text(tmp_path / name, ["time,open,high,low,close", "2026-07-02T12:00:00Z,1,1,1,1"])

    (file,) = look(tmp_path).files

    assert (file.facts.symbol, file.facts.step_min) == (symbol, step_min)
