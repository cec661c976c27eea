"""Bars from our own Parquet objects, one file per trading day as they lie in the bucket: docs/data.md says their form.

They are read for their columns only; whether a day is whole is not asked, a gap is served as a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from axia_core.adapters.paper.bars import Bars, concat
from axia_core.adapters.paper.history_checks import check_clock, check_order
from axia_core.errors import UnreadableHistory

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
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # As a file object: a path with a `=` in it would be taken for a partitioned data set.
        with file.open("rb") as opened:
            table = pq.ParquetFile(opened).read(columns=COLUMNS)
        time_us = table.column(COLUMNS[0]).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
        prices = [table.column(name).cast(pa.float64()).to_numpy() for name in COLUMNS[1:5]]
        volume = table.column("volume").cast(pa.int64()).to_numpy()
    except (OSError, KeyError, pa.ArrowException) as error:
        rule = f"it is no Parquet file with the columns {', '.join(COLUMNS)} ({error})"
        raise UnreadableHistory("file", _shown(file), rule, "See docs/data.md.") from error
    return Bars(np.asarray(time_us // 1_000_000), prices[0], prices[1], prices[2], prices[3], volume)


def _shown(file: Path) -> str:
    return "/".join(file.parts[-6:])
