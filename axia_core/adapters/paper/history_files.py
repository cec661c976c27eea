"""Real bars from files as a price source: found, read, checked for what would make them lie, served as they are.

A row whose high is below its close is served as it stands (the collector refuses it by name); a file whose clock,
order or grid cannot be trusted is refused whole. Names say what a file holds: `USDJPY_15m.csv`, `EURUSD_M5.csv`,
`EURUSD_M15_202401020000_202406282345.csv` (an MT5 export), `USDJPY/H1/2026/07/03/data.parquet` (our own object).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from axia_core.adapters.paper.bars import Bars, empty
from axia_core.adapters.paper.clock import HOUR_S, SESSION_CLOCK, ServerClock, from_s
from axia_core.adapters.paper.history_parquet import read_parquet
from axia_core.adapters.paper.history_text import read_text
from axia_core.domain import names, sessions
from axia_core.errors import UnreadableHistory

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")

_NAME = re.compile(r"([A-Za-z]{6})[_\-.](?:(\d+)(m|min|h)|([MH])(\d+))", re.IGNORECASE)
_GRIDS_S = {60 * minutes for minutes in (1, 5, 15, 30, 60)}
_KEY_PARTS = 6
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one pair's file covers: UTC, from the open of its first bar to the end of its last."""

    pair: str
    base_s: int
    first: datetime
    end: datetime
    last_complete_session: date | None


@dataclass(frozen=True, slots=True)
class Series:
    """Files that together hold one pair in one timeframe."""

    pair: str
    base_s: int
    files: tuple[Path, ...]

    def read(self, server_clock: ServerClock) -> Bars:
        """Their rows, with UTC times; raises UnreadableHistory."""
        if self.files[0].suffix == ".parquet":
            return read_parquet(self.files, self.base_s)
        return read_text(self.files[0], self.base_s, server_clock)


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


def covered_ranges(paths: Iterable[Path], server_clock: ServerClock = SESSION_CLOCK) -> tuple[Coverage, ...]:
    """What these files and folders cover, one entry per pair; raises UnreadableHistory."""
    return load_history(list(paths), server_clock=server_clock).coverage()


def load_history(
    paths: Sequence[Path], only: Iterable[str] | None = None, server_clock: ServerClock = SESSION_CLOCK
) -> FileHistory:
    """Read files and folders; of a pair with several files the finest timeframe counts. Raises UnreadableHistory.

    *server_clock* is that of MT5 exports among them; every other file states UTC.
    """
    wanted = None if only is None else set(only)
    found = [series for series in _series(paths) if wanted is None or series.pair in wanted]
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise UnreadableHistory("files", shown, "no history file of a known pair is there", "Name it USDJPY_15m.csv.")
    # The first of equals stays, so the order in which paths are given decides.
    chosen = {series.pair: series for series in sorted(reversed(found), key=lambda one: -one.base_s)}
    return FileHistory({pair: (one.base_s, one.read(server_clock)) for pair, one in chosen.items()})


def read_csv(file: Path, base_s: int) -> Bars:
    """The rows of one CSV file, with UTC times; raises UnreadableHistory."""
    return read_text(file, base_s, SESSION_CLOCK)


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


def _series(paths: Sequence[Path]) -> Iterator[Series]:
    for path in paths:
        if path.is_dir():
            yield from _series_in(path)
        elif path.is_file():
            yield Series(*parse_name(path), (path,))
        else:
            raise UnreadableHistory("files", str(path), "there is no such file or folder", "Give an existing path.")


def _series_in(folder: Path) -> Iterator[Series]:
    """The text files of a folder whose names say what they hold, and the series of objects in the bucket's layout."""
    for file in sorted(folder.glob("*.*")):
        if file.suffix in TEXT_SUFFIXES and _NAME.match(file.stem):
            yield Series(*parse_name(file), (file,))
    objects: dict[tuple[str, int], list[Path]] = {}
    for file in sorted(folder.rglob("data.parquet")):
        key = "/".join(file.parts[-_KEY_PARTS:])
        if names.is_object_key(key):
            symbol, timeframe, _ = names.parse_object_key(key)
            objects.setdefault((symbol.name, timeframe.duration // _SECOND), []).append(file)
    yield from (Series(*named, tuple(files)) for named, files in objects.items() if named[1] in _GRIDS_S)
