"""Dagster's partitions against the calendar of the domain."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.sessions import TOKYO, collection_time, is_trading_day, session, trading_days
from axia_pipelines.partitions import days_by_symbol, partition_key, range_tags, series_days, trading_dates

START, END = date(2020, 1, 1), date(2029, 12, 31)
DATES = trading_dates(START)
DAYS = st.dates(START, END)
SECOND = timedelta(seconds=1)


def keys_at(now: datetime) -> list[str]:
    with dg.partition_loading_context(effective_dt=now):
        return list(DATES.get_partition_keys())


def last_key_at(now: datetime) -> str | None:
    with dg.partition_loading_context(effective_dt=now):
        return DATES.get_last_partition_key()


def test_keys_are_trading_days() -> None:
    """The keys of ten years are exactly the trading days, in order."""
    keys = keys_at(collection_time(END))

    assert keys == [day.isoformat() for day in trading_days(START, END)]


@given(DAYS.filter(is_trading_day))
def test_key_appears_at_collection_time(day: date) -> None:
    """Key D exists exactly from 07:00 Tokyo on D+1, in every season."""
    due = collection_time(day)

    assert last_key_at(due) == day.isoformat()
    assert last_key_at(due - SECOND) != day.isoformat()


@given(DAYS.filter(is_trading_day))
def test_session_is_over_when_key_appears(day: date) -> None:
    """A key never exists while its session is still trading, and at most one hour passes in between."""
    wait = collection_time(day) - session(day).close

    assert timedelta() <= wait <= timedelta(hours=1)


@given(
    st.sampled_from(["2024-03-08", "2024-03-11", "2024-03-29", "2024-04-01", "2024-10-25", "2024-10-28", "2024-11-01"])
)
def test_window_around_clock_changes(key: str) -> None:
    """The window of a key is 24 hours of Tokyo time around both daylight-saving switches of New York and London."""
    day = date.fromisoformat(key)

    window = DATES.time_window_for_partition_key(key)

    assert window.start == datetime(day.year, day.month, day.day, 7, tzinfo=TOKYO)
    assert window.end.astimezone(TOKYO).time().hour == 7
    assert DATES.has_partition_key(key)


@given(st.integers(0, 23))
def test_weekend_keeps_friday(hour: int) -> None:
    """From Saturday 07:00 to Tuesday 06:59 Tokyo the newest key is Friday's."""
    sunday = datetime(2025, 6, 15, hour, tzinfo=TOKYO)

    assert last_key_at(sunday) == "2025-06-13"
    assert last_key_at(sunday + timedelta(days=1)) == "2025-06-13"


@given(st.lists(DAYS.filter(is_trading_day), min_size=1, max_size=10, unique=True))
def test_keys_round_trip(days: list[date]) -> None:
    """Days and symbols written as partition keys read back as the same days and symbols."""
    keys = [partition_key(day, symbol) for day in days for symbol in ("USDJPY", "EURUSD")]

    assert days_by_symbol(keys) == {"EURUSD": tuple(sorted(days)), "USDJPY": tuple(sorted(days))}


def test_keys_are_made_once_a_day() -> None:
    """The list of keys is that of Dagster's own class, before and after a new day appears, and nobody can spoil it."""
    dates, symbols = trading_dates(date(2026, 6, 1)), ("EURUSD", "USDJPY")
    ours = series_days(dates, symbols)
    plain = dg.MultiPartitionsDefinition({"date": dates, "symbol": dg.StaticPartitionsDefinition(list(symbols))})
    before, after = (datetime(2026, 7, 3, hour, tzinfo=TOKYO) for hour in (6, 8))

    for at in (before, after, after, before):
        keys = list(ours.get_partition_keys(at))
        ours.get_partition_keys(at).clear()  # type: ignore[attr-defined]  # a caller that takes the list for its own
        assert keys == list(plain.get_partition_keys(at)) == list(ours.get_partition_keys(at))
    assert len(ours.get_partition_keys(after)) == len(ours.get_partition_keys(before)) + len(symbols)


def test_keys_of_a_range_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A range asked for again is not listed again, is what Dagster lists, and belongs to whoever asked."""
    symbols = ("EURUSD", "USDJPY")
    ours = series_days(DATES, symbols)
    plain = dg.MultiPartitionsDefinition({"date": DATES, "symbol": dg.StaticPartitionsDefinition(symbols)})
    week, day = (
        dg.PartitionKeyRange(str(partition_key(first, symbols[0])), str(partition_key(last, symbols[-1])))
        for first, last in ((date(2026, 6, 29), date(2026, 7, 3)), (date(2026, 7, 1), date(2026, 7, 1)))
    )
    wanted = [list(plain.get_partition_keys_in_range(one)) for one in (week, day)]

    ours.get_partition_keys_in_range(week).clear()  # type: ignore[attr-defined]  # as above
    again = ours.get_partition_keys_in_range(week)
    other = ours.get_partition_keys_in_range(day)
    monkeypatch.setattr(
        dg.MultiPartitionsDefinition, "get_partition_keys_in_range", lambda *_: pytest.fail("listed again")
    )

    assert [list(again), list(other)] == wanted
    assert list(ours.get_partition_keys_in_range(day)) == wanted[1]


def test_range_is_a_rectangle() -> None:
    """Range tags from a Friday to a Monday ask for both days of every symbol between the two, and nothing else."""
    symbols = ("EURUSD", "GBPUSD", "USDCAD", "USDJPY")
    partitions = series_days(DATES, symbols)
    tags = range_tags(date(2025, 6, 13), date(2025, 6, 16), symbols[1:3])
    wanted = dg.PartitionKeyRange(*tags.values())

    keys = partitions.get_partition_keys_in_range(wanted)

    assert days_by_symbol(keys) == {symbol: (date(2025, 6, 13), date(2025, 6, 16)) for symbol in ("GBPUSD", "USDCAD")}
