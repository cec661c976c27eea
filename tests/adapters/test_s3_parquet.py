"""One partition as Parquet bytes: round trip, determinism, the columns of the design, and bytes that are none."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from axia_core.adapters.s3 import parquet, truth
from axia_core.domain.bars import NO_SPREAD, Bars, PartitionTruth, RefusedBar
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CorruptObject
from tests.bar_examples import partitions, same, session_bars, truth_of


@given(partitions())
def test_round_trip(partition: tuple[Bars, PartitionTruth]) -> None:
    """Any bars and their truth read back as they were, from the file and from the object's metadata alike."""
    bars, told = partition

    bars_back, truth_back = parquet.decode(parquet.encode(bars, told), "here")

    assert same(bars_back, bars)
    assert truth_back == told
    assert truth.from_metadata(truth.to_metadata(told)) in (told, None)


@given(partitions())
def test_same_bars_same_bytes(partition: tuple[Bars, PartitionTruth]) -> None:
    """The same partition gives the same bytes and the same fingerprint, every time."""
    bars, told = partition
    copy = bars.take(slice(None))

    assert parquet.encode(copy, replace(told)) == parquet.encode(bars, told)
    assert truth.fingerprint(replace(told)) == truth.fingerprint(told)


def test_two_row_groups_read_back() -> None:
    """A file that another program wrote in pieces, some spreads unknown, reads back like one in a piece."""
    bars = session_bars(Timeframe.H1)
    spread = np.where(np.arange(len(bars)) % 3 == 1, NO_SPREAD, bars.spread)
    bars = replace(bars, spread=spread.astype(np.int32))
    truth_told = truth_of(bars)
    table = pq.read_table(io.BytesIO(parquet.encode(bars, truth_told)))
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=7)

    read, told = parquet.decode(sink.getvalue(), "there")

    assert same(read, bars)
    assert told == truth_told


def test_no_pandas() -> None:
    """Writing and reading a partition loads no pandas, which would cost each run half a second and 40 MB."""
    program = """
import sys
from axia_core.adapters.s3 import parquet
from tests.bar_examples import session_bars, truth_of
bars = session_bars()
parquet.decode(parquet.encode(bars, truth_of(bars)), "there")
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_columns_and_codec_of_the_design() -> None:
    """Names, types, nullability, zstd and one row group are as documented."""
    bars = session_bars(Timeframe.M5)

    file = pq.ParquetFile(io.BytesIO(parquet.encode(bars, truth_of(bars))))

    fields = [(field.name, str(field.type), field.nullable) for field in file.schema_arrow]
    prices = [(name, "double", False) for name in ("open", "high", "low", "close")]
    assert fields == [
        ("timestamp_utc", "timestamp[us, tz=UTC]", False),
        *prices,
        ("volume", "int64", False),
        ("spread", "int32", True),
    ]
    assert file.metadata.num_row_groups == 1
    assert {file.metadata.row_group(0).column(i).compression for i in range(7)} == {"ZSTD"}


def test_every_gap_fits_no_header() -> None:
    """The metadata of the worst partition stays under S3's 2 KB and says all counts."""
    bars = session_bars(Timeframe.M5).take(slice(0, 0))
    worst = truth_of(bars)
    worst = replace(worst, refused=tuple(RefusedBar(at, "a price is not finite; " * 4) for at in worst.gaps))

    metadata = truth.to_metadata(worst)

    assert sum(len(name) + len(value) for name, value in metadata.items()) < 2_048
    assert '"gap_count":288' in metadata["truth"]
    assert truth.from_metadata(metadata) is None


def rewritten(change: Any) -> bytes:
    """A partition whose table was changed by *change* before it was written."""
    bars = session_bars()
    table = pq.read_table(io.BytesIO(parquet.encode(bars, truth_of(bars))))
    sink = io.BytesIO()
    pq.write_table(change(table), sink)
    return sink.getvalue()


def _other_close(table: pa.Table) -> pa.Table:
    at = table.schema.get_field_index("close")
    closes = [*table.column("close").to_pylist()[:-1], 1.0]
    return table.set_column(at, table.schema.field(at), [closes])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not parquet at all",
        parquet.encode(session_bars(), truth_of(session_bars()))[:-20],
        rewritten(lambda table: table.replace_schema_metadata(None)),
        rewritten(lambda table: table.replace_schema_metadata({"axia.truth": "{}"})),
        rewritten(lambda table: table.drop_columns(["spread"])),
        rewritten(lambda table: table.slice(1)),
        rewritten(_other_close),
    ],
    ids=["empty", "text", "cut off", "no truth", "empty truth", "no spread", "a row less", "another price"],
)
def test_anything_else_is_corrupt(data: bytes) -> None:
    """Bytes that are not a partition, or not the one their truth tells of, are refused by their place."""
    with pytest.raises(CorruptObject, match=r"s3://b/key does not read back.*Collect that day again"):
        parquet.decode(data, "s3://b/key")


def test_no_flipped_byte_gives_other_bars() -> None:
    """Wherever one byte is another one, the partition reads back as it was, or CorruptObject says that it does not."""
    bars = session_bars()
    data = parquet.encode(bars, truth_of(bars))

    for place in range(0, len(data), 5):
        damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        try:
            read, _ = parquet.decode(damaged, "there")
        except CorruptObject:
            continue
        assert same(read, bars), place
