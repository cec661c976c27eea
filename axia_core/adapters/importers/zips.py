"""Zip files: QuantConnect's quote bars (one day's minutes of bid and ask), or one text file as HistData packs it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.importers.options import ReadOptions, Side
from axia_core.adapters.importers.text import TextFile
from axia_core.domain import file_names
from axia_core.domain.bars import NO_SPREAD, microseconds
from axia_core.domain.history_rows import FileFacts, RowFault, Rows
from axia_core.domain.symbols import Symbol
from axia_core.errors import UnreadableHistory
from axia_core.ports import HistoryFile

QUOTES = re.compile(r"(\d{8})_([a-z]{6})_minute_quote\.csv")
FIELDS = 11
DAY_MS = 86_400_000


def open_zip(path: Path, options: ReadOptions) -> HistoryFile | None:
    """The reader of a zip, or None where it holds no text; raises UnreadableHistory."""
    try:
        with zipfile.ZipFile(path) as opened:
            members = [name for name in opened.namelist() if name.lower().endswith((".csv", ".tsv"))]
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableHistory("file", path.name, f"it is no zip file ({error})", "Download it again.") from error
    if len(members) != 1:
        return None
    match = QUOTES.fullmatch(members[0])
    if match is None:
        parts = (*path.parts, members[0])
        return TextFile.from_opener(lambda: _member(path, members[0]), parts, options)
    return LeanZip(path, match, options)


class LeanZip(HistoryFile):
    """One day of QuantConnect: milliseconds since midnight, bid O, H, L, C, size, ask O, H, L, C, size; no header.

    Its clock is the data vendor's and stated nowhere.
    """

    def __init__(self, path: Path, match: re.Match[str], options: ReadOptions) -> None:
        self._path, self._member = path, match[0]
        self._midnight = _day(match[1], path.name)
        self.facts = FileFacts(
            name=path.name,
            folder=str(path.parent),
            form="quantconnect",
            encoding="utf-8",
            symbol=options.symbol or file_names.symbol_of([match[2]], options.symbols),
            step_min=1,
            side=options.side or Side.BID,
            volume_unit="none",
        )

    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        try:
            with _member(self._path, self._member) as opened:
                lines = opened.read().decode().splitlines()
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise UnreadableHistory("file", self._path.name, f"it cannot be read ({error})") from error
        values: list[list[float]] = []
        faults: list[RowFault] = []
        for number, line in enumerate(lines, 1):
            try:
                values.append([number, *_values(line)])
            except ValueError as error:
                faults.append(RowFault(number, "row", line, str(error)))
        return self._rows(np.array(values, dtype=np.float64).reshape(-1, FIELDS + 1).T, file_no), faults

    def _rows(self, columns: NDArray[np.float64], file_no: int) -> Rows:
        line, at_ms = columns[:2]
        bid, ask = columns[2:6], columns[7:11]
        time_us = microseconds(self._midnight) + at_ms.astype(np.int64) * 1_000
        prices = _side(bid, ask, self.facts.side)
        spread = _points(np.minimum(ask[0] - bid[0], ask[3] - bid[3]), self.facts.symbol)
        return Rows.build(time_us, prices, np.zeros(len(line)), line, spread=spread, file_no=file_no)


def _member(path: Path, name: str) -> BinaryIO:
    """One file of a zip; closing it closes the zip as well."""
    with zipfile.ZipFile(path) as opened:
        return cast("BinaryIO", opened.open(name))


def _day(text: str, shown: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UnreadableHistory("file", shown, f"{text} is no day", "Name it like 20140501_quote.zip.") from error


def _values(line: str) -> list[float]:
    fields = line.split(",")
    if len(fields) != FIELDS:
        raise ValueError(f"a row has {FIELDS} fields")
    at_ms = int(fields[0])
    if not 0 <= at_ms < DAY_MS:
        raise ValueError("a time is milliseconds since midnight")
    if "" in fields[1:5] or "" in fields[6:10]:
        raise ValueError("a side has no quote")
    return [at_ms, *(float(field or 0) for field in fields[1:])]


def _side(bid: NDArray[np.float64], ask: NDArray[np.float64], side: str) -> Sequence[NDArray[np.float64]]:
    if side == Side.MID:
        # Six decimals: half a point is a price of the middle.
        return list(np.round((bid + ask) / 2, 6))
    return list(ask if side == Side.ASK else bid)


def _points(spread: NDArray[np.float64], symbol: str | None) -> NDArray[np.int32]:
    if symbol is None:
        return np.full(len(spread), NO_SPREAD, dtype=np.int32)
    points: NDArray[np.int32] = np.maximum(np.rint(spread * 10 ** Symbol(symbol).digits), 0).astype(np.int32)
    return points
