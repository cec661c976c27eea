"""Parquet files: our own objects as they lie in the bucket, and any other with a time and four prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.importers.options import ReadOptions
from axia_core.domain import bar_text, file_names, names
from axia_core.domain.bars import NO_SPREAD
from axia_core.domain.history_rows import FileFacts, RowFault, Rows
from axia_core.errors import UnreadableHistory
from axia_core.parquet_file import column_names, read_columns, states_zone
from axia_core.ports import HistoryFile

KEY_PARTS = 6


class ParquetHistory(HistoryFile):
    """One Parquet file; `columns` are its names for time, open, high, low, close and, where it has them, the rest."""

    def __init__(self, path: Path, columns: dict[str, str], options: ReadOptions) -> None:
        self._path, self._columns = path, columns
        ours = names.is_object_key("/".join(path.parts[-KEY_PARTS:]))
        self.facts = FileFacts(
            name="/".join(path.parts[-KEY_PARTS:]) if ours else path.name,
            # One folder for all days of a series, so that they are read as one.
            folder=str(path.parents[3] if ours else path.parent),
            form="parquet",
            symbol=options.symbol or file_names.symbol_of(path.parts, options.symbols),
            step_min=file_names.step_min_of(path.parts),
            side=file_names.side_of(path.parts) or (options.side or ""),
            clock="UTC" if states_zone(path, path.name, columns["time"]) else "",
            volume_unit="ticks" if ours else "as the file has it",
        )

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> ParquetHistory:
        """The file at a path; raises UnreadableHistory."""
        columns = bar_text.named_columns(column_names(path, path.name))
        lacking = [role for role in ("time", *bar_text.PRICE_NAMES) if role not in columns]
        if lacking:
            rule = f"it has no column for {', '.join(lacking)}"
            raise UnreadableHistory("file", path.name, rule, "See docs/data.md for the names.")
        return cls(path, columns, options)

    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        wanted = [self._columns[role] for role in ("time", *bar_text.PRICE_NAMES)]
        more = [role for role in ("volume", "spread") if role in self._columns]
        columns = read_columns(self._path, self.facts.name, [*wanted, *(self._columns[role] for role in more)])
        self._check_times(columns[0], wanted[0])
        extra = dict(zip(more, columns[5:], strict=True))
        count = len(columns[0])
        spread = extra.get("spread", np.full(count, NO_SPREAD))
        rows = Rows.build(
            columns[0],
            columns[1:5],
            extra.get("volume", np.zeros(count)),
            np.arange(1, count + 1),
            spread=np.where(np.isfinite(spread), spread, NO_SPREAD),
            file_no=file_no,
        )
        return rows, []

    def _check_times(self, times: NDArray[Any], name: str) -> None:
        if times.dtype != np.int64:
            raise UnreadableHistory("column", name, "a time is a timestamp without nulls", "Store it as a timestamp.")
