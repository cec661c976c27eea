"""What every BarStore promises, over memory and over S3: moto in this process, and a local AWS server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.differences import Replaced, difference
from axia_core.domain.sessions import trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, VersionConflict
from axia_core.ports import BarStore
from tests.bar_examples import FRIDAY, USDJPY, broken, same, session_bars, truth_of, without


@pytest.fixture(params=["memory", "moto", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[BarStore]:
    """An empty store of the kind under test."""
    if request.param == "memory":
        yield MemoryBarStore()
    elif request.param == "s3":
        yield _versioned(request.getfixturevalue("aws").client("s3"), request.node.name)
    else:
        with mock_aws():
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            yield _versioned(boto3.client("s3", region_name="ap-northeast-1", **keys), request.node.name)


def _versioned(s3: Any, test: str) -> S3BarStore:
    bucket = f"bars-{abs(hash(test)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return S3BarStore(s3, bucket)


def test_reads_what_was_written(store: BarStore) -> None:
    """A partition reads back with the same bars and the same truth."""
    bars = without(session_bars(Timeframe.M5), [3, 4, 200])
    truth = truth_of(bars)

    assert store.write(bars, truth)

    partition = store.read(USDJPY, Timeframe.M5, FRIDAY)
    assert partition is not None
    assert same(partition.bars, bars)
    assert partition.truth == truth
    assert partition.revision


def test_nothing_is_none(store: BarStore) -> None:
    """What was never written is None, not an error."""
    assert store.read(USDJPY, Timeframe.H1, FRIDAY) is None
    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) is None
    assert store.trading_dates(USDJPY, Timeframe.H1) == ()
    assert store.newest(USDJPY, Timeframe.H1, 10) == ()


def test_same_again_changes_nothing(store: BarStore) -> None:
    """Writing the same partition again says False and leaves the revision as it was."""
    bars = session_bars()
    store.write(bars, truth_of(bars))
    before = store.read(USDJPY, Timeframe.H1, FRIDAY)

    assert not store.write(bars, truth_of(bars))

    after = store.read(USDJPY, Timeframe.H1, FRIDAY)
    assert before is not None
    assert after is not None
    assert after.revision == before.revision


def test_other_bars_replace(store: BarStore) -> None:
    """Other bars of the same day replace the stored ones as a whole."""
    less, full = without(session_bars(), [5]), session_bars()
    store.write(less, truth_of(less))

    assert store.write(full, truth_of(full))

    truth = store.truth(USDJPY, Timeframe.H1, FRIDAY)
    assert truth == truth_of(full)
    assert truth.complete


def test_a_new_day_is_not_written_over_another(store: BarStore) -> None:
    """What is written as new does not replace bars that somebody else has stored meanwhile; the same again is fine."""
    less, full = without(session_bars(), [5]), session_bars()
    assert store.write(less, truth_of(less), new=True)

    assert not store.write(less, truth_of(less), new=True)
    with pytest.raises(VersionConflict):
        store.write(full, truth_of(full), new=True)

    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) == truth_of(less)


def test_other_truth_replaces(store: BarStore) -> None:
    """The same bars from a final source replace those of a provisional one."""
    bars = session_bars()
    store.write(bars, truth_of(bars, provisional=True))

    assert store.write(bars, truth_of(bars, provisional=False))
    assert store.truth(USDJPY, Timeframe.H1, FRIDAY) == truth_of(bars, provisional=False)


def test_long_truth_is_whole(store: BarStore) -> None:
    """A truth with hundreds of gaps comes back whole."""
    bars = session_bars(Timeframe.M5).take(slice(0, 2))
    truth = truth_of(bars)
    store.write(bars, truth)

    assert store.truth(USDJPY, Timeframe.M5, FRIDAY) == truth
    assert len(truth.gaps) == 286


def test_truth_must_describe_bars(store: BarStore) -> None:
    """Bars with the truth of other bars are refused and nothing is stored."""
    bars = session_bars()

    with pytest.raises(InvalidInput, match="truth"):
        store.write(bars, truth_of(broken(bars, [1])))
    assert store.read(USDJPY, Timeframe.H1, FRIDAY) is None


def test_lists_dates_of_one_series(store: BarStore) -> None:
    """Trading dates come oldest first and only those of the series that was asked for."""
    days = tuple(trading_days(date(2025, 12, 30), date(2026, 1, 6)))
    for day in reversed(days):
        bars = session_bars(Timeframe.D1, day)
        store.write(bars, truth_of(bars, day))
    other = session_bars(Timeframe.D1, FRIDAY, Symbol("EURUSD"))
    store.write(other, truth_of(other))

    assert store.trading_dates(USDJPY, Timeframe.D1) == days
    assert store.trading_dates(Symbol("EURUSD"), Timeframe.D1) == (FRIDAY,)
    assert store.trading_dates(USDJPY, Timeframe.H4) == ()


def test_many_days_in_order(store: BarStore) -> None:
    """Several days are answered in the order they were asked for, absent ones as None."""
    bars = session_bars(Timeframe.H4)
    store.write(bars, truth_of(bars))
    days = [FRIDAY - timedelta(days=1), FRIDAY, FRIDAY + timedelta(days=3)]

    found = store.read_days(USDJPY, Timeframe.H4, days)
    truths = store.truths(USDJPY, Timeframe.H4, days)

    assert [partition and partition.truth.trading_date for partition in found] == [None, FRIDAY, None]
    assert [truth and truth.trading_date for truth in truths] == [None, FRIDAY, None]


def test_newest_reads_as_many_as_needed(store: BarStore) -> None:
    """The newest partitions are as many as hold the wanted bars, more where some have gaps, oldest first."""
    days = list(trading_days(date(2026, 6, 22), FRIDAY))
    for day in days:
        bars = session_bars(Timeframe.H4, day)
        bars = without(bars, [0, 1, 2]) if day == FRIDAY else bars
        store.write(bars, truth_of(bars, day))

    found = [p.truth.trading_date for p in store.newest(USDJPY, Timeframe.H4, 12)]

    assert found == days[-3:]
    assert len(store.newest(USDJPY, Timeframe.H4, 1_000)) == len(days)


def test_source_of_a_rewrite_is_kept(store: BarStore) -> None:
    """The stored truth names the source of the last write."""
    bars = session_bars()
    store.write(bars, truth_of(bars, source="one"))
    store.write(bars, replace(truth_of(bars), source="two"))

    truth = store.truth(USDJPY, Timeframe.H1, FRIDAY)

    assert truth is not None
    assert truth.source == "two"


def test_revisions_tell_what_was_stored(store: BarStore) -> None:
    """Every version is listed oldest first with its truth, and only the last one is current."""
    less, full = without(session_bars(), [5]), session_bars()
    store.write(less, truth_of(less, source="yfinance", provisional=True))
    store.write(full, truth_of(full))

    found = store.revisions(USDJPY, Timeframe.H1, FRIDAY)

    assert [each.truth and each.truth.actual for each in found] == [23, 24]
    assert [each.truth and each.truth.source for each in found] == ["yfinance", "example"]
    assert [each.is_current for each in found] == [False, True]
    assert [each.is_deletion for each in found] == [False, False]
    assert all(each.size_bytes > 0 and each.written_at.tzinfo is not None for each in found)


def test_any_revision_reads_back(store: BarStore) -> None:
    """A version is read by its id with the bars and the truth of its time; without an id the current one is."""
    less, full = without(session_bars(), [5]), session_bars()
    store.write(less, truth_of(less))
    store.write(full, truth_of(full))
    old, current = store.revisions(USDJPY, Timeframe.H1, FRIDAY)

    then = store.read(USDJPY, Timeframe.H1, FRIDAY, old.id)
    now = store.read(USDJPY, Timeframe.H1, FRIDAY)

    assert then is not None
    assert same(then.bars, less)
    assert (then.truth, then.revision) == (truth_of(less), old.id)
    assert now is not None
    assert now.revision == current.id


def test_no_such_revision_is_none(store: BarStore) -> None:
    """A version that is not there reads as None, and a day never stored has no versions."""
    bars = session_bars()
    store.write(bars, truth_of(bars))

    assert store.read(USDJPY, Timeframe.H1, FRIDAY, "00000000-0000-4000-8000-000000000000") is None
    assert store.read(USDJPY, Timeframe.H1, FRIDAY, "nonsense") is None
    assert store.revisions(USDJPY, Timeframe.D1, FRIDAY) == ()


def test_a_write_that_changes_nothing_is_no_revision(store: BarStore) -> None:
    """The same partition written twice is one version."""
    bars = session_bars()
    store.write(bars, truth_of(bars))
    store.write(bars, truth_of(bars))

    assert len(store.revisions(USDJPY, Timeframe.H1, FRIDAY)) == 1


def test_what_a_revision_replaced_is_kept(store: BarStore) -> None:
    """What a revision took the place of comes back with it, and is no reason to write the same bars again."""
    bars = session_bars()
    changes = difference(without(bars, [5]), replace(bars, close=bars.close + 0.002))
    replaced = Replaced(source="yfinance", provisional=True, digest="abc", difference=changes)
    store.write(bars, replace(truth_of(bars), replaced=replaced))

    assert not store.write(bars, truth_of(bars))

    truth, partition = store.truth(USDJPY, Timeframe.H1, FRIDAY), store.read(USDJPY, Timeframe.H1, FRIDAY)
    assert truth is not None
    assert partition is not None
    assert truth.replaced == partition.truth.replaced == replaced
