"""The S3 adapter alone: errors, concurrent writers, archives, foreign objects; and what no store in memory has."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from axia_core.adapters.s3 import S3BarStore, connect
from axia_core.domain.sessions import trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, AxiaError, CorruptObject, InvalidInput, StoreUnavailable, VersionConflict
from axia_core.settings import Settings
from tests.bar_examples import FRIDAY, USDJPY, session_bars, truth_of, without

KEY = "USDJPY/H1/2026/07/03/data.parquet"


@pytest.fixture
def s3(aws: Any) -> Any:
    """A client of the local AWS server."""
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """An empty versioned bucket."""
    name = f"alone-{abs(hash(request.node.name)) % 10**12}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


class Failing:
    """An S3 client whose every call fails with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("SlowDown", 503), StoreUnavailable),
        (refusal("ThrottlingException"), StoreUnavailable),
        (refusal("InternalError", 500), StoreUnavailable),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), StoreUnavailable),
        (refusal("AccessDenied", 403), InvalidInput),
        (refusal("NoSuchBucket", 404), InvalidInput),
        (refusal("InvalidObjectState", 403), ArchivedObject),
    ],
    ids=["slow down", "throttled", "internal", "refused connection", "denied", "no bucket", "archived"],
)
def test_errors_are_translated(error: Exception, ours: type[AxiaError]) -> None:
    """Each way for S3 to fail is an error of ours that names the object."""
    with pytest.raises(ours, match=KEY):
        S3BarStore(Failing(error), "bars").read(USDJPY, Timeframe.H1, FRIDAY)


def test_nothing_listens() -> None:
    """With no server at the endpoint reading and writing are StoreUnavailable, with the remedy."""
    quick = Config(connect_timeout=1, retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "ap-northeast-1"}
    store = S3BarStore(boto3.client("s3", endpoint_url="http://127.0.0.1:1", config=quick, **keys), "bars")

    with pytest.raises(StoreUnavailable, match="axia up"):
        store.read(USDJPY, Timeframe.H1, FRIDAY)
    with pytest.raises(StoreUnavailable, match="axia up"):
        store.write(session_bars(), truth_of(session_bars()))


def test_connecting_calls_nothing() -> None:
    """A store is made without a server."""
    assert connect(Settings(aws_endpoint_url="http://127.0.0.1:1"))


def test_missing_bucket_is_named(s3: Any) -> None:
    """A bucket that is not there is an error that names it, for reading, listing and writing."""
    store = S3BarStore(s3, "no-such-bucket-here")

    with pytest.raises(InvalidInput, match="NoSuchBucket"):
        store.read(USDJPY, Timeframe.H1, FRIDAY)
    with pytest.raises(InvalidInput, match="NoSuchBucket"):
        store.trading_dates(USDJPY, Timeframe.H1)
    with pytest.raises(InvalidInput, match="NoSuchBucket"):
        store.write(session_bars(), truth_of(session_bars()))


def test_same_again_makes_no_version(s3: Any, bucket: str) -> None:
    """Writing the same partition again adds no version to the bucket; other bars add one."""
    store = S3BarStore(s3, bucket)
    for bars in (session_bars(), session_bars(), without(session_bars(), [2])):
        store.write(bars, truth_of(bars))

    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2


def test_revision_is_the_version(s3: Any, bucket: str) -> None:
    """A partition's revision is the object's version id, so that it can be found again."""
    store = S3BarStore(s3, bucket)
    store.write(session_bars(), truth_of(session_bars()))

    partition = store.read(USDJPY, Timeframe.H1, FRIDAY)

    assert partition is not None
    assert partition.revision == s3.head_object(Bucket=bucket, Key=KEY)["VersionId"]


class Overtaken:
    """An S3 client before whose every put another writer puts something."""

    def __init__(self, s3: Any, before_put: Any) -> None:
        self._s3 = s3
        self._before_put = before_put

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **request: Any) -> Any:
        self._before_put()
        return self._s3.put_object(**request)


@pytest.mark.parametrize("there_before", [False, True], ids=["new", "existing"])
def test_concurrent_write_is_not_lost(s3: Any, bucket: str, there_before: bool) -> None:
    """Who was overtaken by another writer is told, and the other's partition stays."""
    store = S3BarStore(s3, bucket)
    first, others, ours = (without(session_bars(), [row]) for row in (1, 2, 3))
    if there_before:
        store.write(first, truth_of(first))
    overtaken = S3BarStore(Overtaken(s3, lambda: store.write(others, truth_of(others))), bucket)

    with pytest.raises(VersionConflict, match="another writer"):
        overtaken.write(ours, truth_of(ours))

    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) == truth_of(others)


def test_overtaken_by_the_same_is_fine(s3: Any, bucket: str) -> None:
    """Who was overtaken by a writer of the same partition has nothing left to do."""
    store = S3BarStore(s3, bucket)
    bars = session_bars()

    assert not S3BarStore(Overtaken(s3, lambda: store.write(bars, truth_of(bars))), bucket).write(bars, truth_of(bars))


def test_race_has_one_winner(s3: Any, bucket: str) -> None:
    """Of writers with different bars at once exactly one wins; the others are told or come later."""
    outcomes: list[object] = []

    def write(row: int) -> None:
        bars = without(session_bars(), [row])
        try:
            outcomes.append(S3BarStore(s3, bucket).write(bars, truth_of(bars)))
        except VersionConflict as error:
            outcomes.append(error)

    writers = [threading.Thread(target=write, args=(row,)) for row in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(outcomes) == 6
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == outcomes.count(True) >= 1


def test_archived_is_named(s3: Any, bucket: str) -> None:
    """A partition in an archive class is an error that names it; its truth can still be told."""
    store = S3BarStore(s3, bucket)
    store.write(session_bars(), truth_of(session_bars()))
    told = s3.head_object(Bucket=bucket, Key=KEY)["Metadata"]
    body = s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    s3.put_object(Bucket=bucket, Key=KEY, Body=body, Metadata=told, StorageClass="DEEP_ARCHIVE")

    with pytest.raises(ArchivedObject, match=rf"{KEY}.*restore"):
        store.read(USDJPY, Timeframe.H1, FRIDAY)
    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) == truth_of(session_bars())


def test_wrong_place_is_corrupt(s3: Any, bucket: str) -> None:
    """A partition under another day's key is refused by that key."""
    store = S3BarStore(s3, bucket)
    store.write(session_bars(), truth_of(session_bars()))
    other = "USDJPY/H1/2026/07/02/data.parquet"
    s3.copy_object(Bucket=bucket, Key=other, CopySource={"Bucket": bucket, "Key": KEY})

    with pytest.raises(CorruptObject, match=rf"{other} holds USDJPY H1 2026-07-03"):
        store.read(USDJPY, Timeframe.H1, FRIDAY - timedelta(days=1))


def test_foreign_object_is_corrupt_and_healed(s3: Any, bucket: str) -> None:
    """An object that is no partition is refused when read, and the next collection writes over it."""
    store = S3BarStore(s3, bucket)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"something else")

    with pytest.raises(CorruptObject, match=KEY):
        store.read(USDJPY, Timeframe.H1, FRIDAY)
    with pytest.raises(CorruptObject, match=KEY):
        store.truth(USDJPY, Timeframe.H1, FRIDAY)
    assert store.write(session_bars(), truth_of(session_bars()))


def test_other_objects_are_no_partitions(s3: Any, bucket: str) -> None:
    """Objects with other names beside the partitions are not listed."""
    store = S3BarStore(s3, bucket)
    store.write(session_bars(), truth_of(session_bars()))
    s3.put_object(Bucket=bucket, Key="USDJPY/H1/readme.txt", Body=b"hello")

    assert store.trading_dates(USDJPY, Timeframe.H1) == (FRIDAY,)


def test_lists_more_than_a_page(s3: Any, bucket: str) -> None:
    """A listing goes on past S3's thousand keys a page."""
    days = list(trading_days(date(2020, 1, 1), date(2024, 1, 10)))
    for day in days:
        s3.put_object(Bucket=bucket, Key=f"USDJPY/D1/{day:%Y/%m/%d}/data.parquet", Body=b"x")

    assert len(days) > 1_000
    assert list(S3BarStore(s3, bucket).trading_dates(USDJPY, Timeframe.D1)) == days


def test_a_deletion_is_a_revision(s3: Any, bucket: str) -> None:
    """A deleted partition is listed as such, reads as None, and what was there before it still reads."""
    store, bars = S3BarStore(s3, bucket), session_bars()
    store.write(bars, truth_of(bars))
    s3.delete_object(Bucket=bucket, Key=KEY)

    before, deletion = store.revisions(USDJPY, Timeframe.H1, FRIDAY)

    assert (deletion.is_deletion, deletion.is_current, deletion.truth) == (True, True, None)
    assert (before.is_deletion, before.is_current) == (False, False)
    assert store.read(USDJPY, Timeframe.H1, FRIDAY) is None
    assert store.read(USDJPY, Timeframe.H1, FRIDAY, deletion.id) is None
    assert store.read(USDJPY, Timeframe.H1, FRIDAY, before.id) is not None


def test_a_damaged_revision_does_not_hide_the_others(s3: Any, bucket: str) -> None:
    """A version that is no partition is listed without a truth beside those that are."""
    store, bars = S3BarStore(s3, bucket), session_bars()
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"nothing that reads back")
    store.write(bars, truth_of(bars))

    damaged, sound = store.revisions(USDJPY, Timeframe.H1, FRIDAY)

    assert damaged.truth is None
    assert not damaged.is_deletion
    assert sound.truth == truth_of(bars)
