"""The researcher's call, composed from settings: real S3, Redis and paper terminal."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from axia_core.adapters.paper.profile import TerminalClock, TerminalProfile, create_terminal
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.sessions import is_open, last_closed_trading_days, session
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import IncompleteHistory, InvalidInput
from axia_core.reading import Reader, reader
from axia_core.settings import Settings
from tests.bar_examples import USDJPY, session_bars, truth_of

BUCKET = "reading"
H1 = Timeframe.H1


@pytest.fixture
def reading(tmp_path: Path, aws: Any, redis_url: str) -> Reader:
    """A reader of an empty bucket and an empty cache, beside a paper terminal inside an open session."""
    shift = timedelta()
    while not is_open(datetime.now(UTC) + shift):
        shift -= timedelta(hours=1)
    s3 = aws.client("s3")
    if BUCKET not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])
    url = redis_url.removesuffix("/0") + "/4"
    redis.Redis.from_url(url).flushdb()
    clock = TerminalClock(shift_s=shift.total_seconds())
    create_terminal(tmp_path / "paper", TerminalProfile(symbols=("USDJPY",), clock=clock))
    return reader(
        Settings(
            home=tmp_path,
            aws_endpoint_url=aws.endpoint_url,
            redis_url=url,
            bucket=BUCKET,
            symbols=("USDJPY",),
            clock_shift_s=shift.total_seconds(),
            history_start=date(2026, 1, 1),
        )
    )


def last_two_days(reading: Reader) -> tuple[date, date]:
    first, second = last_closed_trading_days(reading.clock.now(), 2)
    return first, second


def test_cache_store_and_terminal_in_one_call(reading: Reader, aws: Any) -> None:
    """A stored day comes from S3, the other from MT5, and nothing of the latter is stored; by name or by value."""
    stored, missing = last_two_days(reading)
    bars = session_bars(H1, stored)
    S3BarStore(aws.client("s3"), BUCKET).write(bars, truth_of(bars, stored))
    window = session(stored).open, session(missing).close

    loaded = reading.load("USDJPY", "h1", *window)
    again = reading.load(USDJPY, H1, *window, sources=False)

    assert loaded.complete
    assert [(day.trading_date, day.source, day.provisional) for day in loaded.from_sources] == [(missing, "mt5", False)]
    assert again.missing_days == (missing,)
    assert (loaded.cache, again.cache) == (CacheUse.MISS, CacheUse.HIT)
    assert reading.store.trading_dates(USDJPY, H1) == (stored,)


def test_complete_can_be_required(reading: Reader) -> None:
    """Without sources an empty bucket lacks both days, and that is an error where all are required."""
    first, second = last_two_days(reading)

    with pytest.raises(IncompleteHistory) as raised:
        reading.load("USDJPY", "D1", session(first).open, session(second).close, sources=False, require_complete=True)

    assert raised.value.missing_days == (first, second)


def test_times_carry_a_zone(reading: Reader) -> None:
    """A naive time is refused, because nobody knows what it means."""
    naive = datetime(2026, 7, 1)  # noqa: DTZ001  # that is the point

    with pytest.raises(InvalidInput, match="without a zone"):
        reading.load("USDJPY", "H1", naive, naive + timedelta(days=1))
