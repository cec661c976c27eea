"""Bars from text files: our CSV with UTC times, and what MetaTrader 5's "Export bars" writes, in server time.

An export is tab-separated with the columns <DATE> <TIME> <OPEN> <HIGH> <LOW> <CLOSE> <TICKVOL> <VOL> <SPREAD>; its
clock is not in the file, so the caller says it. Which files are read, and what they may hold, is elsewhere.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from axia_core.adapters.paper.bars import Bars
from axia_core.adapters.paper.clock import ServerClock
from axia_core.adapters.paper.history_checks import REMEDY, check_clock, check_order
from axia_core.errors import UnreadableHistory

COLUMNS = ["time", "open", "high", "low", "close", "volume"]
EXPORT_COLUMNS = ["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>"]

Rows = list[list[str]]


def read_text(file: Path, base_s: int, server_clock: ServerClock) -> Bars:
    """The rows of a CSV file or an MT5 export, with UTC times; raises UnreadableHistory."""
    numbered = _lines(file)
    if numbered and numbered[0][1].startswith("<"):
        return _read_export(file, numbered, base_s, server_clock)
    return _read_csv(file, numbered, base_s)


def _lines(file: Path) -> list[tuple[int, str]]:
    """Line numbers and lines that are neither empty nor comments."""
    try:
        raw = file.read_bytes()
        # Some builds of the terminal export UTF-16; both begin with a mark then.
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableHistory("file", file.name, f"it cannot be read: {error}", "Give a UTF-8 CSV file.") from error
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]


def _read_csv(file: Path, numbered: list[tuple[int, str]], base_s: int) -> Bars:
    rows = list(csv.reader(line for _, line in numbered))
    if not rows or [name.strip().lower() for name in rows[0]] != COLUMNS:
        found = ",".join(rows[0]) if rows else ""
        raise UnreadableHistory(f"{file.name}: header", found, f"the header is {','.join(COLUMNS)}", REMEDY)
    where = [f"{file.name}, line {n}" for n, _ in numbered[1:]]
    return _checked(file, where, _to_bars(where, rows[1:], _utc_s), base_s)


def _read_export(file: Path, numbered: list[tuple[int, str]], base_s: int, server_clock: ServerClock) -> Bars:
    rows = [line.split("\t") for _, line in numbered]
    if rows[0][: len(EXPORT_COLUMNS)] != EXPORT_COLUMNS:
        rule = f"the header of an export begins with {' '.join(EXPORT_COLUMNS)}, parted by tabs"
        raise UnreadableHistory(f"{file.name}: header", " ".join(rows[0]), rule, "Export bars of M1 to H1 again.")
    where = [f"{file.name}, line {n}" for n, _ in numbered[1:]]
    kept = [[" ".join(row[:2]), *row[2 : len(EXPORT_COLUMNS)]] for row in rows[1:]]

    def server_to_utc_s(place: str, text: str) -> int:
        return server_clock.to_utc_s(_wall_s(place, text))

    return _checked(file, where, _to_bars(where, kept, server_to_utc_s), base_s)


def _checked(file: Path, where: list[str], bars: Bars, base_s: int) -> Bars:
    check_order(where, bars.time_s, base_s)
    check_clock(file.name, bars.time_s)
    return bars


def _to_bars(where: list[str], rows: Rows, time_s: Callable[[str, str], int]) -> Bars:
    if not rows:
        raise UnreadableHistory("file", "", "it holds no bar", "Give a file with rows.")
    times, numbers = np.empty(len(rows), dtype=np.int64), np.empty((5, len(rows)), dtype=np.float64)
    for index, row in enumerate(rows):
        if len(row) != len(COLUMNS):
            raise UnreadableHistory(where[index], ",".join(row), f"a row has {len(COLUMNS)} fields", REMEDY)
        times[index] = time_s(where[index], row[0])
        numbers[:, index] = [_number(where[index], *field) for field in zip(COLUMNS[1:], row[1:], strict=True)]
    return Bars(times, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4].astype(np.int64))


def _utc_s(where: str, text: str) -> int:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UnreadableHistory(f"{where}: time", text, "a time is ISO 8601", "Like 2026-01-05T07:00:00Z.") from error
    if instant.tzinfo is None:
        raise UnreadableHistory(f"{where}: time", text, "a time without a zone is ambiguous", "Append Z if it is UTC.")
    return int(instant.timestamp())


def _number(where: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UnreadableHistory(f"{where}: {column}", text, "it is not a number", REMEDY) from error
    good = 0 <= value < float("inf") if column == "volume" else 0 < value < float("inf")
    if not good:
        rule = "a volume is zero or more" if column == "volume" else "a price is a finite number above zero"
        raise UnreadableHistory(f"{where}: {column}", text, rule, REMEDY)
    return value


def _wall_s(where: str, text: str) -> int:
    """A wall clock written as seconds since 1970, as MetaTrader writes times."""
    try:
        return int(datetime.strptime(text, "%Y.%m.%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        remedy = "Like 2026.01.05 and 07:00:00."
        raise UnreadableHistory(f"{where}: time", text, "an export's time is a date and a time", remedy) from error
