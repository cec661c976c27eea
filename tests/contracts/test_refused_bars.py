"""What every store promises of refused bars, over memory and over S3 (a local AWS server)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.bars import Bars, screen
from axia_core.domain.refused import Refused, refused_rows
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.ports import BarStore
from tests.bar_examples import FRIDAY, USDJPY, broken, same, session_bars, truth_of
from tests.quality_examples import changed

H1 = Timeframe.H1


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> BarStore:
    """An empty store of the kind under test."""
    if request.param == "memory":
        return MemoryBarStore()
    s3 = request.getfixturevalue("aws").client("s3")
    bucket = f"refused-{abs(hash(request.node.name)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return S3BarStore(s3, bucket)


def refused(rows: tuple[int, ...] = (3, 5), day: date = FRIDAY) -> Refused:
    """Bars of a session that were refused, one of them with prices that are no numbers."""
    offered = broken(session_bars(H1, day), list(rows))
    if rows:
        offered = changed(offered, slice(rows[0], rows[0] + 1), close=lambda close: close * np.nan)
    return refused_rows(offered, screen(offered).refused, day, "mt5")


def test_reads_what_was_kept(store: BarStore) -> None:
    """Refused bars come back with every column, NaN included, with their reasons and their source."""
    kept = refused()

    assert store.keep_refused(kept)

    found = store.refused(USDJPY, H1, FRIDAY)
    assert found is not None
    assert same(found.bars, kept.bars)
    assert (found.reasons, found.source, found.trading_date) == (kept.reasons, "mt5", FRIDAY)
    assert "not finite" in found.reasons[0]


def test_same_again_changes_nothing(store: BarStore) -> None:
    """Keeping the same bars again says False."""
    store.keep_refused(refused())

    assert not store.keep_refused(refused())
    assert store.keep_refused(refused((3,)))


def test_a_day_that_turns_out_clean(store: BarStore) -> None:
    """Nothing refused takes the place of what was kept, once; a day that was always clean is not noted at all."""
    store.keep_refused(refused())

    assert store.keep_refused(refused(()))
    assert not store.keep_refused(refused(()))
    assert not store.keep_refused(refused((), date(2026, 7, 2)))

    assert store.refused(USDJPY, H1, FRIDAY) is None
    assert store.refused_dates(USDJPY, H1) == ()


def test_dates(store: BarStore) -> None:
    """The days of a series that have refused bars, oldest first, those of other series left out."""
    for day in (FRIDAY, date(2026, 7, 1)):
        store.keep_refused(refused(day=day))

    assert store.refused_dates(USDJPY, H1) == (date(2026, 7, 1), FRIDAY)
    assert store.refused_dates(USDJPY, Timeframe.M5) == ()
    assert store.refused(USDJPY, H1, date(2026, 7, 2)) is None


def test_partitions_are_not_disturbed(store: BarStore) -> None:
    """Refused bars are no partitions: no listing of a series shows them."""
    bars = session_bars(H1)
    store.write(bars, truth_of(bars))
    store.keep_refused(refused(day=date(2026, 7, 2)))

    assert store.trading_dates(USDJPY, H1) == (FRIDAY,)
    assert len(store.newest(USDJPY, H1, 1_000)) == 1


def test_key() -> None:
    """The key stands beside the series' own prefix, and says its date."""
    key = names.refused_key(USDJPY, H1, FRIDAY)

    assert key == "refused/USDJPY/H1/2026/07/03/refused.parquet"
    assert names.refused_date(key) == FRIDAY
    assert names.refused_date(names.object_key(USDJPY, H1, FRIDAY)) is None


def test_each_bar_has_its_reason() -> None:
    """Bars and reasons that do not pair are refused."""
    with pytest.raises(InvalidInput, match="need as many reasons"):
        Refused(FRIDAY, "mt5", Bars.empty(USDJPY, H1), ("why",))
