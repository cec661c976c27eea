"""Rows of a history file as columns, as they were read: in the file's clock, unsorted, unjudged; and rows not taken.

How a format is read is `bar_text`'s or an adapter's; what becomes of rows is `import_rows`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import NO_SPREAD

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one series; `file_no` counts the series' files from 0, `line` is a row's number in its file from 1."""

    time_us: Int64s
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Int64s
    spread: NDArray[np.int32]
    line: NDArray[np.int32]
    file_no: NDArray[np.int16]

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Every column, in the order of the fields."""
        return tuple(getattr(self, name) for name in _NAMES)

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, chosen: NDArray[Any]) -> Rows:
        """The rows that a mask or an order of indexes chooses."""
        return Rows(*(column[chosen] for column in self.columns()))

    @classmethod
    def build(
        cls,
        time_us: NDArray[Any],
        prices: Sequence[NDArray[Any]],
        volume: NDArray[Any],
        line: NDArray[Any],
        *,
        spread: NDArray[Any] | None = None,
        file_no: int = 0,
    ) -> Rows:
        """Rows from arrays of any numeric type; volumes are rounded to whole numbers."""
        points = np.full(len(time_us), NO_SPREAD) if spread is None else spread
        first, high, low, last = (np.asarray(price, dtype=np.float64) for price in prices)
        return cls(
            np.asarray(time_us, dtype=np.int64),
            first,
            high,
            low,
            last,
            np.rint(np.nan_to_num(np.asarray(volume, dtype=np.float64), posinf=0.0)).astype(np.int64),
            np.asarray(points, dtype=np.int32),
            np.asarray(line, dtype=np.int32),
            np.full(len(time_us), file_no, dtype=np.int16),
        )

    @classmethod
    def join(cls, parts: Iterable[Rows]) -> Rows:
        """All of *parts* as one, in the order given."""
        columns = [part.columns() for part in parts]
        if not columns:
            return cls.build(np.empty(0), [np.empty(0)] * 4, np.empty(0), np.empty(0))
        return cls(*(np.concatenate(column) for column in zip(*columns, strict=True)))


_NAMES = tuple(Rows.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Neighbouring rows of a file that were not taken for one reason; `at` is UTC, None where it cannot be read."""

    file: str
    first_line: int
    last_line: int
    at: datetime | None
    reason: str

    @property
    def count(self) -> int:
        return self.last_line - self.first_line + 1


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one line of a text file, in the words of an InvalidInput."""

    line: int
    field: str
    value: str
    rule: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.field} {self.value[:60]!r}: {self.rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a history file before its rows are read; empty or None where nothing says it.

    `clock` and `integer_prices` are what the form itself fixes; `volume_unit` is what a volume of it counts.
    """

    name: str
    folder: str
    form: str
    encoding: str = ""
    symbol: str | None = None
    step_min: int | None = None
    side: str = ""
    clock: str = ""
    integer_prices: bool = False
    volume_unit: str = "as the file has it"
