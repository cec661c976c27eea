"""Refused bars in S3: one small Parquet object per trading day that has any, under `refused/`.

A day that turns out clean later is overwritten with no rows, not deleted: AXIA's role cannot delete, and in the
versioned bucket every earlier state stays readable. A day that was always clean has no object.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from axia_core.aws import error_code, translated
from axia_core.domain import names
from axia_core.domain.bars import NO_SPREAD, PRICES, Bars
from axia_core.domain.refused import Refused
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CorruptObject, InvalidInput
from axia_core.ports import RefusedBars

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 16
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3RefusedBars(RefusedBars):
    """The part of the store that keeps what it does not take; safe for use from several threads."""

    _s3: Any
    _bucket: str

    def keep_refused(self, refused: Refused) -> bool:
        key = names.refused_key(refused.symbol, refused.timeframe, refused.trading_date)
        kept = self._said_of(key)
        if kept.get("fingerprint") == refused.fingerprint or (not len(refused) and not _rows(kept)):
            return False
        said = {"fingerprint": refused.fingerprint, "source": refused.source, "rows": str(len(refused))}
        with translated(f"keeping s3://{self._bucket}/{key}"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=encode(refused), Metadata=said)
        return True

    def refused(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> Refused | None:
        key = names.refused_key(symbol, timeframe, trading_date)
        place = f"s3://{self._bucket}/{key}"
        with translated(f"reading {place}"):
            answer = _found(self._s3.get_object, Bucket=self._bucket, Key=key)
            body = b"" if answer is None else answer["Body"].read()
        if answer is None or not _rows(answer["Metadata"]):
            return None
        return decode(body, symbol, timeframe, trading_date, place)

    def refused_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        prefix = names.refused_prefix(symbol, timeframe)
        pages = self._s3.get_paginator("list_objects_v2")
        with translated(f"listing s3://{self._bucket}/{prefix}"):
            keys = [each["Key"] for page in pages.paginate(Bucket=self._bucket, Prefix=prefix) for each in _of(page)]
        dated = [(key, day) for key in keys if (day := names.refused_date(key)) is not None]
        with ThreadPoolExecutor(READERS) as pool:
            said = pool.map(lambda each: self._said_of(each[0]), dated)
            return tuple(day for (_, day), known in zip(dated, said, strict=True) if _rows(known))

    def _said_of(self, key: str) -> dict[str, str]:
        """The object's own metadata; empty when there is no such object."""
        with translated(f"looking at s3://{self._bucket}/{key}"):
            answer = _found(self._s3.head_object, Bucket=self._bucket, Key=key)
        return {} if answer is None else dict(answer["Metadata"])


def encode(refused: Refused) -> bytes:
    """Parquet bytes: the columns of a partition, any prices allowed, and the reason; the source in the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    bars = refused.bars
    columns: dict[str, Any] = {
        "timestamp_utc": pa.array(bars.time_us.view("datetime64[us]"), pa.timestamp("us", tz="UTC")),
        **{name: pa.array(getattr(bars, name), pa.float64(), from_pandas=False) for name in PRICES},
        "volume": pa.array(bars.volume, pa.int64()),
        "spread": pa.array(bars.spread, pa.int32(), mask=bars.spread == NO_SPREAD),
        "reason": pa.array(refused.reasons, pa.string()),
    }
    table = pa.table(columns).replace_schema_metadata({"axia.source": refused.source})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def decode(data: bytes, symbol: Symbol, timeframe: Timeframe, trading_date: date, where: str) -> Refused:
    """The inverse of `encode`; *where* names the object in the CorruptObject that anything else raises."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        source = (table.schema.metadata or {})[b"axia.source"].decode()
        return Refused(trading_date, source, _bars(table, symbol, timeframe), tuple(table["reason"].to_pylist()))
    except (pa.ArrowException, KeyError, TypeError, ValueError, InvalidInput) as error:
        raise CorruptObject(f"{where} does not read back as refused bars: {error}. Collect that day again.") from error


def _bars(table: pa.Table, symbol: Symbol, timeframe: Timeframe) -> Bars:
    times = table["timestamp_utc"].cast("int64").to_numpy()
    spread = table["spread"].fill_null(NO_SPREAD).to_numpy()
    columns = [np.asarray(table[name].to_numpy()) for name in (*PRICES, "volume")]
    return Bars.build(symbol, timeframe, *(times, *columns, spread))


def _rows(said: Mapping[str, str]) -> int:
    return int(said.get("rows", "0"))


def _of(page: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.get("Contents", [])
    return found


def _found(call: Any, **request: str) -> dict[str, Any] | None:
    """The answer, or None when there is no such object."""
    from botocore.exceptions import ClientError

    try:
        answer: dict[str, Any] = call(**request)
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return None
        raise
    return answer
