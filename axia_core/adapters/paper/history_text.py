"""Bars from text files for the paper terminal: our CSV with UTC times, and MetaTrader 5's "Export bars" in server time.

How the lines are read is `domain.bar_text`'s. Here a file with one line that is no row is refused whole: a price source
with holes of its own making would lie. The clock of an export is not in the file, so the caller says it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axia_core.adapters.paper.bars import Bars
from axia_core.adapters.paper.clock import ServerClock
from axia_core.adapters.paper.history_checks import REMEDY, check_clock, check_order
from axia_core.domain import bar_text
from axia_core.domain.bar_text import Layout, TextForm
from axia_core.domain.history_rows import Rows
from axia_core.errors import UnreadableHistory

HEADER = "time,open,high,low,close,volume"
SECOND_US = 1_000_000


def read_text(file: Path, base_s: int, server_clock: ServerClock) -> Bars:
    """The rows of a CSV file or an MT5 export, with UTC times; raises UnreadableHistory."""
    numbered = _lines(file)
    layout = _layout(file, numbered)
    rows = _rows(file, numbered[1:], layout)
    time_s = rows.time_us // SECOND_US
    if layout.form is TextForm.MT5_EXPORT:
        time_s = np.array([server_clock.to_utc_s(int(wall_s)) for wall_s in time_s], dtype=np.int64)
    check_order([_place(file, int(line)) for line in rows.line], time_s, base_s)
    check_clock(file.name, time_s)
    return Bars(time_s, rows.open, rows.high, rows.low, rows.close, rows.volume)


def _lines(file: Path) -> list[tuple[int, str]]:
    """Line numbers and lines that are neither empty nor comments."""
    try:
        raw = file.read_bytes()
        text = raw.decode(bar_text.encoding_of(raw))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableHistory("file", file.name, f"it cannot be read: {error}", "Give a UTF-8 CSV file.") from error
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if bar_text.is_content(line)]


def _layout(file: Path, numbered: list[tuple[int, str]]) -> Layout:
    header = numbered[0][1].strip() if numbered else ""
    plain = [name.strip().lower() for name in header.split(",")] == HEADER.split(",")
    if not plain and not header.startswith("<"):
        raise UnreadableHistory(f"{file.name}: header", header, f"the header is {HEADER}", REMEDY)
    layout = bar_text.recognise([line for _, line in numbered[:2]])
    if header.startswith("<") and not (layout.delimiter == "\t" and layout.has_time_of_day):
        rule = f"the header of an export begins with {bar_text.EXPORT_HEADER}, parted by tabs"
        raise UnreadableHistory(f"{file.name}: header", header, rule, "Export bars of M1 to H1 again.")
    return layout


def _rows(file: Path, numbered: list[tuple[int, str]], layout: Layout) -> Rows:
    rows, faults = bar_text.parse_rows(numbered, layout)
    for fault in faults[:1]:
        place = f"{_place(file, fault.line)}: {fault.field}"
        raise UnreadableHistory(place, fault.value, fault.rule, fault.remedy or REMEDY)
    if not len(rows):
        raise UnreadableHistory("file", file.name, "it holds no bar", "Give a file with rows.")
    if _lacks_zone(layout):
        rule = "a time without a zone is ambiguous"
        raise UnreadableHistory(f"{file.name}: time", numbered[0][1].split(",")[0], rule, "Append Z if it is UTC.")
    return rows


def _lacks_zone(layout: Layout) -> bool:
    return layout.form is not TextForm.MT5_EXPORT and layout.clock != "UTC"


def _place(file: Path, line: int) -> str:
    return f"{file.name}, line {line}"
