"""Daily partitions in one S3 bucket: an object per trading day, written conditionally, verified when read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

from axia_core.adapters.s3 import parquet
from axia_core.adapters.s3 import truth as truths
from axia_core.adapters.s3.archive import S3ArchivedBars
from axia_core.adapters.s3.refused import S3RefusedBars
from axia_core.aws import client, error_code, translated
from axia_core.domain import names
from axia_core.domain.bars import Bars, PartitionTruth, check_describes
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, CorruptObject, VersionConflict
from axia_core.ports import BarStore, Partition, Revision
from axia_core.settings import Settings

READERS = 8  # as fast as 16 where decoding takes the processors, and enough to hide tens of milliseconds of network
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
# Ids that S3 does not know or does not accept as one, and the id of a deletion, which has nothing to read.
NO_SUCH_REVISION = frozenset({"NoSuchVersion", "InvalidArgument", "MethodNotAllowed", "400", "405"})
OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class S3BarStore(S3RefusedBars, S3ArchivedBars, BarStore):
    """Partitions under `names.object_key` in one bucket; safe for use from several threads."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, bars: Bars, truth: PartitionTruth, *, new: bool = False) -> bool:
        """Writes over exactly what was seen before, so that no concurrent write is lost; one request where *new*."""
        check_describes(bars, truth)
        key = names.object_key(truth.symbol, truth.timeframe, truth.trading_date)
        seen = None if new else self._head(key)
        if _says(seen, truth):
            return False
        if self._put(key, parquet.encode(bars, truth), truths.to_metadata(truth), seen):
            return True
        if _says(self._head(key), truth):
            return False  # the other writer wrote the same
        raise VersionConflict(f"{self._place(key)} was changed by another writer meanwhile. Collect that day again.")

    def read(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, revision: str | None = None
    ) -> Partition | None:
        key = names.object_key(symbol, timeframe, trading_date)
        answer = self._get(key, revision)
        if answer is None:
            return None
        bars, truth = parquet.decode(answer["body"], self._place(key))
        if names.object_key(truth.symbol, truth.timeframe, truth.trading_date) != key:
            raise CorruptObject(f"{self._place(key)} holds {truth.symbol} {truth.timeframe} {truth.trading_date}")
        return Partition(bars, truth, _revision(answer))

    def truth(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> PartitionTruth | None:
        key = names.object_key(symbol, timeframe, trading_date)
        seen = self._head(key)
        if seen is None:
            return None
        try:
            told = truths.from_metadata(seen["Metadata"])
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptObject(f"{self._place(key)} has unreadable metadata: {error}") from error
        if told is not None:
            return told
        partition = self.read(symbol, timeframe, trading_date)
        return None if partition is None else partition.truth

    def revisions(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> tuple[Revision, ...]:
        """The lifecycle of the bucket decides how long a version that is not current is kept."""
        key = names.object_key(symbol, timeframe, trading_date)
        pages = self._s3.get_paginator("list_object_versions")
        with translated(f"listing the versions of {self._place(key)}"):
            found = [
                version | {"deleted": kind == "DeleteMarkers"}
                for page in pages.paginate(Bucket=self._bucket, Prefix=key)
                for kind in ("Versions", "DeleteMarkers")
                for version in page.get(kind, [])
                if version["Key"] == key
            ]
        # S3 lists each kind newest first, to the second; the other order keeps writes of one second in turn.
        return _side_by_side(lambda version: self._told(key, version), _oldest_first(found))

    def trading_dates(self, symbol: Symbol, timeframe: Timeframe) -> tuple[date, ...]:
        pages = self._s3.get_paginator("list_objects_v2")
        prefix = names.series_prefix(symbol, timeframe)
        with translated(f"listing {self._place(prefix)}"):
            keys = [found["Key"] for page in pages.paginate(Bucket=self._bucket, Prefix=prefix) for found in _of(page)]
        return tuple(names.parse_object_key(key)[2] for key in keys if names.is_object_key(key))

    def read_days(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[Partition | None, ...]:
        return _side_by_side(lambda day: self.read(symbol, timeframe, day), days)

    def truths(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[PartitionTruth | None, ...]:
        return _side_by_side(lambda day: self.truth(symbol, timeframe, day), days)

    def _head(self, key: str, revision: str | None = None) -> dict[str, Any] | None:
        with translated(f"looking at {self._place(key)}"), _refusal(_absent_codes(revision)) as absent:
            answer: dict[str, Any] = self._s3.head_object(Bucket=self._bucket, Key=key, **_version(revision))
        return None if absent else answer

    def _told(self, key: str, version: dict[str, Any]) -> Revision:
        """A version with its truth; one whose metadata says too little is read for it."""
        truth = None if version["deleted"] else self._truth_of(key, version["VersionId"])
        return Revision(
            id=version["VersionId"],
            written_at=version["LastModified"],
            size_bytes=version.get("Size", 0),
            is_current=version["IsLatest"],
            is_deletion=version["deleted"],
            truth=truth,
        )

    def _truth_of(self, key: str, revision: str) -> PartitionTruth | None:
        try:
            seen = self._head(key, revision)
            told = truths.from_metadata(seen["Metadata"]) if seen else None
            if told is None and (partition := self.read(*names.parse_object_key(key), revision)):
                return partition.truth
        except (KeyError, TypeError, ValueError, CorruptObject, ArchivedObject):
            return None  # the list goes on; reading that very version says what is wrong with it
        return told

    def _get(self, key: str, revision: str | None = None) -> dict[str, Any] | None:
        with translated(f"reading {self._place(key)}"), _refusal(_absent_codes(revision)) as absent, self._archive(key):
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **_version(revision))
            answer["body"] = answer["Body"].read()
        return None if absent else answer

    def _put(self, key: str, body: bytes, metadata: dict[str, str], seen: dict[str, Any] | None) -> bool:
        """False when somebody else wrote the object since it was *seen*."""
        condition = {"IfMatch": seen["ETag"]} if seen else {"IfNoneMatch": "*"}
        kind = "application/vnd.apache.parquet"
        with translated(f"writing {self._place(key)}"), _refusal(OVERTAKEN | ABSENT) as overtaken:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, Metadata=metadata, ContentType=kind, **condition
            )
        return not overtaken

    @contextmanager
    def _archive(self, key: str) -> Iterator[None]:
        from botocore.exceptions import ClientError

        try:
            yield
        except ClientError as error:
            if error_code(error) == "InvalidObjectState":
                remedy = "Ask S3 to restore it (hours), then read again."
                raise ArchivedObject(f"{self._place(key)} lies in an archive class. {remedy}") from error
            raise

    def _place(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def connect(settings: Settings) -> S3BarStore:
    """The store that the settings name; nothing is called yet."""
    return S3BarStore(client(settings, "s3"), settings.bucket)


def _says(seen: dict[str, Any] | None, truth: PartitionTruth) -> bool:
    return seen is not None and seen["Metadata"].get("fingerprint") == truths.fingerprint(truth)


def _revision(answer: dict[str, Any]) -> str:
    version = answer.get("VersionId")
    return str(version if version and version != "null" else answer["ETag"].strip('"'))


def _of(page: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.get("Contents", [])
    return found


def _side_by_side(ask: Callable[[Question], Answer], questions: Sequence[Question]) -> tuple[Answer, ...]:
    if len(questions) < 2:
        return tuple(ask(question) for question in questions)
    with ThreadPoolExecutor(min(READERS, len(questions))) as pool:
        return tuple(pool.map(ask, questions))


@contextmanager
def _refusal(codes: frozenset[str]) -> Iterator[list[str]]:
    """Swallows a ClientError of these codes and puts its code into the list."""
    from botocore.exceptions import ClientError

    found: list[str] = []
    try:
        yield found
    except ClientError as error:
        if error_code(error) not in codes:
            raise
        found.append(error_code(error))


def _absent_codes(revision: str | None) -> frozenset[str]:
    return ABSENT if revision is None else ABSENT | NO_SUCH_REVISION


def _version(revision: str | None) -> dict[str, str]:
    return {} if revision is None else {"VersionId": revision}


def _oldest_first(versions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(reversed(versions), key=lambda version: (version["LastModified"], version["IsLatest"]))
