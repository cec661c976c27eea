"""Bars written as text: headers and times of many programs, and lines that are no rows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.bar_text import TextForm, encoding_of, parse_rows, recognise
from axia_core.domain.bars import Bars, instant
from axia_core.errors import UnreadableHistory
from tests.bar_examples import FRIDAY, USDJPY, session_bars
from tests.history_files import export_lines

NOON = datetime(2026, 7, 2, 12, 0, tzinfo=UTC)


def parse(*lines: str) -> tuple[list[datetime], list[str], TextForm]:
    """Times of the rows, what is wrong with the others, and the form."""
    layout = recognise(lines)
    rows, faults = parse_rows(enumerate(lines[1:] if layout.header else lines, 2 if layout.header else 1), layout)
    return [instant(int(at)) for at in rows.time_us], [f"{fault.line}: {fault}" for fault in faults], layout.form


@pytest.mark.parametrize(
    ("header", "row", "form"),
    [
        ("time,open,high,low,close,volume", "2026-07-02T12:00:00Z,1,1,1,1,5", TextForm.CSV),
        ("Date,Open,High,Low,Close,Tick_Volume", "2026-07-02 12:00:00,1.0,1.0,1.0,1.0,5", TextForm.CSV),
        ("Date;Time;Open;High;Low;Close;Volume", "2026/07/02;12:00;1;1;1;1;5", TextForm.CSV),
        ("timestamp,volume,close,low,high,open", "1782993600,5,1,1,1,1", TextForm.CSV),
        ("timestamp,volume,close,low,high,open", "1782993600000,5,1,1,1,1", TextForm.CSV),
        ("Gmt time,Open,High,Low,Close,Volume", "02.07.2026 12:00:00.000,1,1,1,1,5.25", TextForm.DUKASCOPY),
        ("UTC,Open,High,Low,Close,Volume", "02.07.2026 12:00:00.000 UTC,1,1,1,1,5.25", TextForm.DUKASCOPY),
        ("Local time,Open,High,Low,Close,Volume", "02.07.2026 14:00:00.000 GMT+0200,1,1,1,1,5", TextForm.CSV),
        ("<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
         "2026.07.02\t12:00:00\t1\t1\t1\t1\t5\t0\t7", TextForm.MT5_EXPORT),
        ("<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>",
         "2026.07.02\t12:00:00\t1\t1\t1\t1\t5\t7", TextForm.MT5_EXPORT),
    ],
)  # fmt: skip
def test_headers_and_times(header: str, row: str, form: TextForm) -> None:
    """Columns are found by name in any order and delimiter, times in the forms that programs write."""
    assert parse(header, row) == ([NOON], [], form)


@pytest.mark.parametrize(
    ("row", "form", "clock"),
    [
        ("20260702 120000;1.1;1.1;1.1;1.1;0", TextForm.HISTDATA, "UTC-5"),
        ("2026.07.02,12:00,1.1,1.1,1.1,1.1,0", TextForm.MT4_CSV, ""),
    ],
)
def test_files_without_a_header(row: str, form: TextForm, clock: str) -> None:
    """HistData's ASCII states its clock by its form; MetaTrader 4's CSV has a server's."""
    assert parse(row) == ([NOON], [], form)
    assert recognise([row]).clock == clock


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-07-02T12:00:00Z,1,x,1,1,5", "3: high 'x': it is not a number"),
        ("2026-07-02T12:00:00Z,1,inf,1,1,5", "3: high 'inf': a price is a finite number above zero"),
        ("2026-07-02T12:00:00Z,1,1,0,1,5", "3: low '0': a price is a finite number above zero"),
        ("2026-07-02T12:00:00Z,1,1,1,1,-5", "3: volume '-5': a volume is zero or more"),
        ("2026-07-02T12:00:00Z,1,1,1,1", "3: row '2026-07-02T12:00:00Z,1,1,1,1': a row has 6 fields"),
        ("2026-07-02T12:00:00,1,1,1,1,5", "3: time '2026-07-02T12:00:00': a time without a zone is ambiguous"),
        ("2026-02-30T12:00:00Z,1,1,1,1,5", "3: time '2026-02-30T12:00:00Z': it is no time (day is out of range"),
        ("02/07/2026 12:00,1,1,1,1,5", "3: time '02/07/2026 12:00': it is no time"),
    ],
)
def test_lines_that_are_no_rows(row: str, reason: str) -> None:
    """A line that cannot be read is named with its number, field, value and rule; the others are rows."""
    times, faults, _ = parse("time,open,high,low,close,volume", "2026-07-02T12:00:00Z,1,1,1,1,5", row)

    assert times == [NOON]
    assert [fault.startswith(reason) for fault in faults] == [True]


@pytest.mark.parametrize("lines", [[], ["a,b,c", "1,2,3"], ["time,open,high,low", "x"]])
def test_other_text_is_refused(lines: list[str]) -> None:
    """A file without rows or without the columns of a bar is none."""
    with pytest.raises(UnreadableHistory):
        recognise(lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    """A byte order mark tells the encoding."""
    text = "<DATE>\t<TIME>\r\n"

    assert text.encode(encoding).decode(encoding_of(text.encode(encoding))) == text


@given(st.integers(0, 2**32 - 1), st.sampled_from(["UTC", "EET", "America/New_York+7", "UTC-5"]))
def test_export_round_trip(seed: int, clock: str) -> None:
    """What is written as an MT5 export on any clock reads back as the same numbers, wall clock included."""
    bars = _random_bars(seed)

    lines = export_lines(bars, clock)
    rows, faults = parse_rows(enumerate(lines[1:], 2), recognise(lines))

    assert faults == []
    for name in ("open", "high", "low", "close", "volume", "spread"):
        assert np.array_equal(getattr(rows, name), getattr(bars, name))
    assert len(set((rows.time_us - bars.time_us).tolist())) == 1


def _random_bars(seed: int) -> Bars:
    """A session of H1 bars with prices on the pair's points."""
    random = np.random.default_rng(seed)
    prices = np.sort(random.integers(90_000, 180_000, (24, 4)), axis=1) / 1000
    like = session_bars(day=FRIDAY)
    columns = (prices[:, 1], prices[:, 3], prices[:, 0], prices[:, 2])
    return Bars.build(
        USDJPY, like.timeframe, like.time_us, *columns, random.integers(0, 9_999, 24), random.integers(0, 99, 24)
    )
