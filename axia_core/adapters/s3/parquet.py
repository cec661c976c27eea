"""One partition as the bytes of one Parquet file, and back. Nothing about S3; pyarrow is loaded only when needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.s3 import truth as truths
from axia_core.domain.bars import NO_SPREAD, PRICES, Bars, PartitionTruth, check_describes
from axia_core.errors import CorruptObject, InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

TRUTH_KEY = b"axia.truth"
# Nothing that the few bars of a day do not repay: dictionaries, bounds of prices, Arrow's copy of the schema. Without
# them the bytes are half as many, and written and read in two thirds of the time.
_LAYOUT: dict[str, Any] = {
    "compression": "zstd",
    "version": "2.6",
    "use_dictionary": False,
    "write_statistics": ["timestamp_utc"],
    "store_schema": False,
}
_KINDS = {"timestamp_utc": "<i8", **dict.fromkeys(PRICES, "<f8"), "volume": "<i8", "spread": "<i4"}


def encode(bars: Bars, truth: PartitionTruth) -> bytes:
    """Parquet bytes: zstd, one row group, the truth in the file's metadata; the same bars give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, _schema(), **_LAYOUT) as file:
        file.add_key_value_metadata(_metadata(truth))
        file.write_table(_table(bars), row_group_size=max(len(bars), 1))
    return bytes(sink.getvalue())


def decode(data: bytes, where: str) -> tuple[Bars, PartitionTruth]:
    """The inverse of `encode`; *where* names the object in the CorruptObject that anything else raises."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)  # read_table takes twice as long
        truth = truths.from_json((table.schema.metadata or {})[TRUTH_KEY].decode())
        bars = _bars(table, truth)
        check_describes(bars, truth)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, InvalidInput) as error:  # OSError: Thrift
        said = f"its metadata lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CorruptObject(f"{where} does not read back as a partition: {said}. Collect that day again.") from error
    return bars, truth


def _table(bars: Bars) -> pa.Table:
    import pyarrow as pa

    unknown = bars.spread == NO_SPREAD
    known = pa.py_buffer(np.packbits(~unknown, bitorder="little")) if unknown.any() else None
    # Not by `pa.array`, which loads pandas (half a second, 40 MB) to find out that none of these is a Series.
    columns = [
        pa.Array.from_buffers(field.type, len(bars), [known if name == "spread" else None, pa.py_buffer(column)])
        for field, (name, column) in zip(_schema(), _contiguous(bars).items(), strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=_schema())


def _contiguous(bars: Bars) -> dict[str, NDArray[np.generic]]:
    return {name: np.ascontiguousarray(column) for name, column in bars.columns().items()}


@cache
def _schema() -> pa.Schema:
    import pyarrow as pa

    prices = [pa.field(name, pa.float64(), nullable=False) for name in PRICES]
    return pa.schema(
        [
            pa.field("timestamp_utc", pa.timestamp("us", tz="UTC"), nullable=False),
            *prices,
            pa.field("volume", pa.int64(), nullable=False),
            pa.field("spread", pa.int32()),
        ]
    )


def _metadata(truth: PartitionTruth) -> dict[bytes, bytes]:
    """Each fact under a name of its own, for other readers, and the whole truth for ours."""
    facts = {
        "axia.schema_version": str(truths.SCHEMA_VERSION),
        "axia.symbol": truth.symbol.name,
        "axia.timeframe": truth.timeframe.value,
        "axia.trading_date": truth.trading_date.isoformat(),
        "axia.source": truth.source,
        "axia.digest": truth.digest,
        TRUTH_KEY.decode(): truths.to_json(truth),
    }
    return {name.encode(): fact.encode() for name, fact in facts.items()}


def _bars(table: pa.Table, truth: PartitionTruth) -> Bars:
    if not table.schema.equals(_schema()):
        raise ValueError(f"its columns are {', '.join(f'{field.name} {field.type}' for field in table.schema)}")
    return Bars.build(truth.symbol, truth.timeframe, *(_numbers(table, name, kind) for name, kind in _KINDS.items()))


def _numbers(table: pa.Table, name: str, kind: str) -> NDArray[np.generic]:
    """The column as it lies in memory, NO_SPREAD for null; `to_numpy` and `fill_null` would load pandas."""
    chunks = table.column(name)
    if not len(chunks):
        return np.empty(0, dtype=kind)
    column = chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
    validity, values = column.buffers()
    rows = slice(column.offset, column.offset + len(column))
    numbers: NDArray[np.generic] = np.frombuffer(values, dtype=kind, count=rows.stop)[rows]
    if not column.null_count:
        return numbers
    known = np.unpackbits(np.frombuffer(validity, dtype=np.uint8), bitorder="little")[rows]
    return np.where(known, numbers, NO_SPREAD)
