"""Dukascopy's own files, all UTC: `.bi5` (LZMA of big-endian records; an hour's ticks or a day's minutes) and its JSON.

A `.bi5` counts from the day and hour of its path, whose months begin at 0; the JSON is delta-coded and dates itself.
An empty file is a valid answer: nothing was traded.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.importers.options import ReadOptions, Side
from axia_core.adapters.importers.ticks import minutes_of
from axia_core.domain import file_names
from axia_core.domain.bars import microseconds
from axia_core.domain.history_rows import FileFacts, RowFault, Rows
from axia_core.errors import UnreadableHistory
from axia_core.ports import HistoryFile

TICK = np.dtype([("ms", ">u4"), ("ask", ">u4"), ("bid", ">u4"), ("ask_volume", ">f4"), ("bid_volume", ">f4")])
CANDLE = np.dtype([("s", ">u4"), ("open", ">u4"), ("close", ">u4"), ("low", ">u4"), ("high", ">u4"), ("volume", ">f4")])
UNITS = {"ticks": "ticks", "candles": "millions traded, rounded"}


class Bi5File(HistoryFile):
    """One `.bi5` file; prices are whole points."""

    def __init__(self, path: Path, start: datetime, side: str, facts: FileFacts) -> None:
        self._path, self._start, self._side = path, start, side
        self.facts = facts

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> Bi5File:
        """The file at a path; raises UnreadableHistory where nothing says its day."""
        ticks = "ticks" in path.name.lower()
        facts = _facts(path, "dukascopy-bi5", ticks, options)
        return cls(path, _start(path, options), facts.side, facts)

    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        packed = _bytes(self._path)
        try:
            raw = lzma.decompress(packed) if packed else b""
            records = np.frombuffer(raw, TICK if self.facts.volume_unit == "ticks" else CANDLE)
        except (lzma.LZMAError, ValueError) as error:
            rule = f"it is no LZMA of whole records ({error})"
            raise UnreadableHistory("file", self._path.name, rule, "Download it again.") from error
        start_us = microseconds(self._start)
        if self.facts.volume_unit == "ticks":
            time_us = start_us + records["ms"].astype(np.int64) * 1_000
            return minutes_of(time_us, records["bid"], records["ask"], self._side, file_no), []
        return _candles(records, start_us, file_no), []


class JsonFile(HistoryFile):
    """One answer of Dukascopy's JSON interface of 2026: candles or ticks, each value the change from the one before."""

    def __init__(self, path: Path, content: dict[str, Any], facts: FileFacts) -> None:
        self._content = content
        self.facts = facts

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> JsonFile | None:
        """The file at a path, or None for any other JSON; raises UnreadableHistory."""
        try:
            content = json.loads(_bytes(path))
        except ValueError as error:
            raise UnreadableHistory("file", path.name, f"it is no JSON ({error})", "Download it again.") from error
        if not isinstance(content, dict) or not {"timestamp", "multiplier", "times"} <= content.keys():
            return None
        return cls(path, content, _facts(path, "dukascopy-json", "asks" in content, options))

    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        try:
            return self._rows(file_no), []
        except (KeyError, TypeError, ValueError) as error:
            rule = f"it is no answer with times, prices and a multiplier ({error!r})"
            raise UnreadableHistory("file", self.facts.name, rule, "Download it again.") from error

    def _rows(self, file_no: int) -> Rows:
        said = self._content
        if not said["times"]:
            return Rows.join([])
        time_us = (said["timestamp"] + np.cumsum(said["times"]) * said.get("shift", 1)) * 1_000
        if "asks" in said:
            bid, ask = (_undone(said[name], said[f"{name}s"], said["multiplier"]) for name in ("bid", "ask"))
            return minutes_of(time_us, bid, ask, self.facts.side, file_no)
        prices = [
            _undone(said[name], said[f"{name}s"], said["multiplier"]) for name in ("open", "high", "low", "close")
        ]
        return Rows.build(time_us, prices, np.array(said["volumes"]), np.arange(1, len(time_us) + 1), file_no=file_no)


def _undone(first: float, changes: Sequence[int], multiplier: float) -> NDArray[np.int64]:
    """Prices in whole points."""
    points: NDArray[np.int64] = round(first / multiplier) + np.cumsum(np.array(changes, dtype=np.int64))
    return points


def _candles(records: NDArray[Any], start_us: int, file_no: int) -> Rows:
    prices = [records[name] for name in ("open", "high", "low", "close")]
    time_us = start_us + records["s"].astype(np.int64) * 1_000_000
    return Rows.build(time_us, prices, records["volume"], np.arange(1, len(records) + 1), file_no=file_no)


def _facts(path: Path, form: str, ticks: bool, options: ReadOptions) -> FileFacts:
    stated = file_names.side_of(path.parts)
    return FileFacts(
        name=path.name,
        folder=str(path.parent) if form.endswith("json") else str(path.parents[min(3, len(path.parents) - 1)]),
        form=form,
        symbol=options.symbol or file_names.symbol_of(path.parts, options.symbols),
        step_min=1,
        side=(options.side or Side.BID) if ticks else stated or (options.side or ""),
        clock="UTC",
        integer_prices=True,
        volume_unit=UNITS["ticks" if ticks else "candles"],
    )


def _start(path: Path, options: ReadOptions) -> datetime:
    if options.day is not None:
        return datetime(
            options.day.year, options.day.month, options.day.day, file_names.bi5_hour(path.parts), tzinfo=UTC
        )
    start = file_names.dukascopy_start(path.parts)
    if start is None:
        rule = "a .bi5 file says only the hour, and its path has no day (EURUSD/2026/06/09/08h_ticks.bi5 is July 9th)"
        raise UnreadableHistory(
            "file", path.name, rule, "State --date YYYY-MM-DD, or keep the folders of the download."
        )
    return start


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableHistory("file", path.name, f"it cannot be read ({error})") from error
