"""Loaded bars as bytes of a file in one of the common formats; where they are written is the caller's business."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, BinaryIO

from axia_core.loaded import Loaded


class FileFormat(StrEnum):
    """What an exported file may be."""

    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"
    JSON = "json"


def write(loaded: Loaded, form: FileFormat, sink: BinaryIO) -> None:
    """Writes the bars with the columns of the stored objects; not JSON, whose document is the command's own."""
    table = loaded.to_arrow().replace_schema_metadata(_metadata(loaded))
    _WRITERS[form](table, sink)


def _csv(table: Any, sink: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import csv

    # No bar opens within a second: six zeros in every row would only make the file longer.
    seconds = table.column("timestamp_utc").cast(pa.timestamp("s", "UTC"))
    whole = table.set_column(0, "timestamp_utc", seconds)
    csv.write_csv(whole, sink, csv.WriteOptions(quoting_style="none", quoting_header="none"))


def _parquet(table: Any, sink: BinaryIO) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, sink, compression="zstd")


def _arrow(table: Any, sink: BinaryIO) -> None:
    import pyarrow as pa

    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _metadata(loaded: Loaded) -> Mapping[str, str]:
    """A file must say of itself what it is and that it is not whole."""
    told = {"axia.symbol": loaded.bars.symbol.name, "axia.timeframe": loaded.bars.timeframe.value}
    missing = {} if loaded.complete else {"axia.missing": loaded.what_is_missing()}
    return told | {"axia.complete": str(loaded.complete).lower()} | missing


_WRITERS = {FileFormat.CSV: _csv, FileFormat.PARQUET: _parquet, FileFormat.ARROW: _arrow}
