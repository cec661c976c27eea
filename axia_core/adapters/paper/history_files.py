"""Real bars from CSV files as a price source: read, checked for what would make them lie, and then served as they are.

A row whose high is below its close is served as it stands (the collector refuses it by name); a file whose clock,
order or grid cannot be trusted is refused whole. Names say what a file holds: `USDJPY_15m.csv`, `EURUSD_M5.csv`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from axia_core.adapters.paper.bars import Bars, Ints, empty
from axia_core.adapters.paper.clock import DAY_S, HOUR_S, SESSION_CLOCK, from_s
from axia_core.domain import sessions
from axia_core.errors import UnreadableHistory

COLUMNS = ["time", "open", "high", "low", "close", "volume"]
TOLERATED_CLOSED_SHARE = 0.005

_NAME = re.compile(r"([A-Za-z]{6})[_\-.](?:(\d+)(m|min|h)|([MH])(\d+))", re.IGNORECASE)
_GRIDS_S = {60 * minutes for minutes in (1, 5, 15, 30, 60)}
_REMEDY = "Correct or remove the row; nothing of this file was read."


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one pair's file covers: UTC, from the open of its first bar to the end of its last."""

    pair: str
    base_s: int
    first: datetime
    end: datetime
    last_complete_session: date | None


@dataclass(frozen=True, slots=True)
class FileHistory:
    """A price source (see `market.PriceSource`) over files that were read whole."""

    series: dict[str, tuple[int, Bars]]

    @property
    def pairs(self) -> tuple[str, ...]:
        """The pairs that have a file."""
        return tuple(sorted(self.series))

    def base_s(self, pair: str) -> int:
        """Length of a row's bar."""
        return self.series[pair][0]

    def first_s(self, pair: str) -> int:
        """UTC open of the oldest row."""
        return int(self.series[pair][1].time_s[0])

    def base_bars(self, pair: str, first_s: int, end_s: int) -> Bars:
        """The rows that open in `[first_s, end_s)`."""
        return self.series[pair][1].between(first_s, end_s)

    def last_bar(self, pair: str, at_s: int) -> Bars:
        """The newest row that opened at or before *at_s*."""
        bars = self.series[pair][1]
        index = int(np.searchsorted(bars.time_s, at_s, side="right"))
        return bars[index - 1 : index] if index else empty()

    def coverage(self) -> tuple[Coverage, ...]:
        """What each pair covers, so that a clock can be set inside it."""
        return tuple(self._coverage_of(pair) for pair in self.pairs)

    def _coverage_of(self, pair: str) -> Coverage:
        base_s, bars = self.series[pair]
        first, end = from_s(int(bars.time_s[0])), from_s(int(bars.time_s[-1]) + base_s)
        day = sessions.last_closed_trading_days(end, 1)[0]
        return Coverage(pair, base_s, first, end, day if sessions.session(day).open >= first else None)


def covered_ranges(paths: Iterable[Path]) -> tuple[Coverage, ...]:
    """What these files and folders cover, one entry per pair; raises UnreadableHistory."""
    return load_history(list(paths)).coverage()


def load_history(paths: Sequence[Path], only: Iterable[str] | None = None) -> FileHistory:
    """Read files and folders; of a pair with several files the finest timeframe counts. Raises UnreadableHistory."""
    wanted = None if only is None else set(only)
    chosen: dict[str, tuple[int, Path]] = {}
    for file in _files(paths):
        pair, base_s = parse_name(file)
        if (wanted is None or pair in wanted) and (pair not in chosen or base_s < chosen[pair][0]):
            chosen[pair] = base_s, file
    if not chosen:
        shown = ", ".join(str(path) for path in paths)
        raise UnreadableHistory("files", shown, "no history file of a known pair is there", "Name it USDJPY_15m.csv.")
    return FileHistory({pair: (base_s, read_csv(file, base_s)) for pair, (base_s, file) in chosen.items()})


def parse_name(file: Path) -> tuple[str, int]:
    """The pair and the bar length in seconds that a file's name states."""
    match = _NAME.match(file.stem)
    rule = "a history file's name states pair and timeframe (1m, 5m, 15m, 30m or 1h)"
    if match is None:
        raise UnreadableHistory("file", file.name, rule, "Rename it like USDJPY_15m.csv.")
    count, unit = (match[2], match[3]) if match[2] else (match[5], match[4])
    length_s = int(count) * (HOUR_S if unit.lower() == "h" else 60)
    if length_s not in _GRIDS_S:
        raise UnreadableHistory("file", file.name, rule, "Export a finer timeframe; coarser bars are built from it.")
    return match[1].upper(), length_s


def read_csv(file: Path, base_s: int) -> Bars:
    """The rows of one file, with UTC times; raises UnreadableHistory."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableHistory("file", file.name, f"it cannot be read: {error}", "Give a UTF-8 CSV file.") from error
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(line for _, line in numbered))
    if not rows or [name.strip().lower() for name in rows[0]] != COLUMNS:
        found = ",".join(rows[0]) if rows else ""
        raise UnreadableHistory(f"{file.name}: header", found, f"the header is {','.join(COLUMNS)}", _REMEDY)
    where = [f"{file.name}, line {n}" for n, _ in numbered[1:]]
    bars = _to_bars(where, rows[1:])
    _check_order(where, bars.time_s, base_s)
    _check_clock(file.name, bars.time_s)
    return bars


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.glob("*.csv") if _NAME.match(file.stem))
        elif path.is_file():
            found.append(path)
        else:
            raise UnreadableHistory("files", str(path), "there is no such file or folder", "Give an existing path.")
    return found


def _to_bars(where: list[str], rows: list[list[str]]) -> Bars:
    if not rows:
        raise UnreadableHistory("file", "", "it holds no bar", "Give a file with rows.")
    times, numbers = np.empty(len(rows), dtype=np.int64), np.empty((5, len(rows)), dtype=np.float64)
    for index, row in enumerate(rows):
        if len(row) != len(COLUMNS):
            raise UnreadableHistory(where[index], ",".join(row), f"a row has {len(COLUMNS)} fields", _REMEDY)
        times[index] = _time_s(where[index], row[0])
        numbers[:, index] = [_number(where[index], *field) for field in zip(COLUMNS[1:], row[1:], strict=True)]
    return Bars(times, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4].astype(np.int64))


def _time_s(where: str, text: str) -> int:
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
        raise UnreadableHistory(f"{where}: {column}", text, "it is not a number", _REMEDY) from error
    good = 0 <= value < float("inf") if column == "volume" else 0 < value < float("inf")
    if not good:
        rule = "a volume is zero or more" if column == "volume" else "a price is a finite number above zero"
        raise UnreadableHistory(f"{where}: {column}", text, rule, _REMEDY)
    return value


def _check_order(where: list[str], time_s: Ints, base_s: int) -> None:
    for found, rule in (
        (np.flatnonzero(time_s[1:] == time_s[:-1]) + 1, "the same time comes twice"),
        (np.flatnonzero(time_s[1:] < time_s[:-1]) + 1, "times must ascend"),
        (np.flatnonzero(time_s % base_s), f"bars of this file open on a grid of {base_s} s"),
    ):
        if len(found):
            index = int(found[0])
            raise UnreadableHistory(f"{where[index]}: time", from_s(int(time_s[index])).isoformat(), rule, _REMEDY)


def _check_clock(name: str, time_s: Ints) -> None:
    """Refuse a file with bars in the closed weekend: its times are not UTC, whatever they say."""
    share = _closed_share(time_s)
    if share <= TOLERATED_CLOSED_SHARE:
        return
    shift_h = min(range(-14, 15), key=lambda hours: (_closed_share(time_s - hours * HOUR_S), abs(hours)))
    rule = f"{share:.1%} of its bars lie in the closed weekend (Friday 17:00 to Sunday 17:00 New York)"
    remedy = f"Its clock seems to be UTC{shift_h:+d} h in most weeks; convert the times to UTC."
    raise UnreadableHistory(name, "time", f"{rule}, so its clock is not UTC", remedy)


def _closed_share(time_s: Ints) -> float:
    # On the session clock the week is Monday 00:00 to Saturday 00:00; 1970-01-01 was a Thursday.
    weekday = (SESSION_CLOCK.array_to_server_s(time_s) // DAY_S + 3) % 7
    return float(np.mean(weekday >= 5))
