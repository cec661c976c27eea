"""How AXIA reads a Parquet file that lies on a disk: its columns as numpy arrays. What they mean is the adapters'."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from axia_core.errors import UnreadableHistory

REMEDY = "docs/data.md says what a Parquet file of bars holds."


def column_names(file: Path, shown: str) -> list[str]:
    """The names of its columns; raises UnreadableHistory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as opened:
            return list(pq.ParquetFile(opened).schema_arrow.names)
    except (OSError, pa.ArrowException) as error:
        raise UnreadableHistory("file", shown, f"it is no Parquet file ({error})", REMEDY) from error


def read_columns(file: Path, shown: str, names: Sequence[str]) -> list[NDArray[Any]]:
    """These columns: times as microseconds (UTC where they state a zone), numbers as float64 or int64.

    Raises UnreadableHistory, with *shown* for the file's name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # As a file object: a path with a `=` in it would be taken for a partitioned data set.
        with file.open("rb") as opened:
            table = pq.ParquetFile(opened).read(columns=list(names))
        return [_numbers(table.column(name).combine_chunks()) for name in names]
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        rule = f"it is no Parquet file with the columns {', '.join(names)} ({error})"
        raise UnreadableHistory("file", shown, rule, REMEDY) from error


def states_zone(file: Path, shown: str, name: str) -> bool:
    """Whether the times of a column state a zone, and so are UTC; raises UnreadableHistory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as opened:
            kind = pq.ParquetFile(opened).schema_arrow.field(name).type
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UnreadableHistory("file", shown, f"it has no column {name} ({error})", REMEDY) from error
    return bool(pa.types.is_timestamp(kind) and kind.tz is not None)


def _numbers(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        unzoned = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)))
        column = unzoned.cast(pa.int64())
    kind = pa.int64() if pa.types.is_integer(column.type) and not column.null_count else pa.float64()
    numbers: NDArray[Any] = column.cast(kind).to_numpy(zero_copy_only=False)
    return numbers
