"""Bars from our own Parquet objects, one file per trading day as they lie in the bucket: docs/data.md says their form.

They are read for their columns only; whether a day is whole is not asked, a gap is served as a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from axia_core.adapters.paper.bars import Bars, concat
from axia_core.adapters.paper.history_checks import check_clock, check_order
from axia_core.errors import UnreadableHistory
from axia_core.parquet_file import read_columns

COLUMNS = ["timestamp_utc", "open", "high", "low", "close", "volume"]


def read_parquet(files: Sequence[Path], base_s: int) -> Bars:
    """The rows of one series in all its files, with UTC times; raises UnreadableHistory."""
    parts = [_read(file) for file in sorted(files)]
    where = [_shown(file) for file, part in zip(sorted(files), parts, strict=True) for _ in range(len(part))]
    bars = concat(parts)
    if not len(bars):
        raise UnreadableHistory("files", _shown(files[0]), "they hold no bar", "Give a series that has bars.")
    check_order(where, bars.time_s, base_s)
    check_clock(_shown(files[0]), bars.time_s)
    return bars


def _read(file: Path) -> Bars:
    time_us, first, high, low, last, volume = read_columns(file, _shown(file), COLUMNS)
    return Bars(time_us // 1_000_000, first, high, low, last, volume)


def _shown(file: Path) -> str:
    return "/".join(file.parts[-6:])
