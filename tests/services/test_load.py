"""Reading through the cache, the store and the sources: what is filled in, what is left out, and what is said of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryBarStore, MemoryMarketData
from axia_core.domain.bars import Bars
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.holidays import Holidays
from axia_core.domain.quality import Code
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import IncompleteHistory, SourceUnavailable
from axia_core.loaded import Loaded
from axia_core.ports import MarketData, Partition
from axia_core.services.load import MOST_SOURCE_DAYS, load
from axia_core.services.publish import publish
from tests.bar_examples import FRIDAY, USDJPY, many_sessions, same, session_bars, truth_of, without

MONDAY = date(2026, 6, 29)
WEEK = list(trading_days(MONDAY, FRIDAY))
WEDNESDAY, THURSDAY = WEEK[2], WEEK[3]
NOW = session(FRIDAY).close + timedelta(hours=1)
H1 = Timeframe.H1


class World:
    """A store with a week of H1 bars but for some days, a cache and a clock."""

    def __init__(self, missing: Sequence[date] = (), wrong: Sequence[date] = ()) -> None:
        self.clock = SteppedClock(NOW)
        self.store = MemoryBarStore()
        self.cache = MemoryBarCache(self.clock)
        for day in WEEK:
            if day not in missing:
                bars = session_bars(H1, day, price=15_000.0 if day in wrong else 150.0)
                self.store.write(bars, truth_of(bars, day))

    def load(self, *sources: MarketData, **options: Any) -> Loaded:
        window = session(MONDAY).open, session(FRIDAY).close
        return load(
            self.cache,
            self.store,
            self.clock,
            USDJPY,
            H1,
            *window,
            sources=(lambda: sources) if sources else None,
            **options,
        )

    def source(self, *, name: str = "mt5", **options: Any) -> MemoryMarketData:
        return MemoryMarketData(self.clock, [many_sessions(H1, MONDAY, FRIDAY)], name=name, **options)


def test_a_missing_day_comes_from_a_source() -> None:
    """A closed day that is stored nowhere is read from the first source that has it, and marked."""
    world = World(missing=[WEDNESDAY])

    loaded = world.load(world.source(provisional=True))

    assert same(loaded.bars, many_sessions(H1, MONDAY, FRIDAY))
    assert loaded.complete
    assert [(day.trading_date, day.source, day.provisional) for day in loaded.from_sources] == [
        (WEDNESDAY, "mt5", True)
    ]


def test_what_a_source_gave_is_not_stored() -> None:
    """Neither store nor cache has a day that a source gave for a read."""
    world = World(missing=[WEDNESDAY])

    world.load(world.source())

    assert WEDNESDAY not in world.store.trading_dates(USDJPY, H1)
    cached = world.cache.read(USDJPY, H1)
    assert cached is not None
    assert len(cached) == 96


def test_sources_are_asked_for_what_is_missing_only() -> None:
    """One call for each unbroken run of missing days, and none when nothing is missing."""
    gaps, whole = World(missing=[MONDAY, WEDNESDAY, THURSDAY]), World()
    asked, spared = gaps.source(), whole.source()

    gaps.load(asked)
    whole.load(spared)

    assert [call[2:] for call in asked.calls] == [
        (session(MONDAY).open, session(MONDAY).close),
        (session(WEDNESDAY).open, session(THURSDAY).close),
    ]
    assert spared.calls == []


def test_the_next_source_is_asked_when_one_fails() -> None:
    """A source that does not answer is noted, and the next one gives the day."""
    world = World(missing=[WEDNESDAY])
    down = world.source(failures=[SourceUnavailable("no terminal")])

    loaded = world.load(down, world.source(name="yfinance"))

    assert [day.source for day in loaded.from_sources] == ["yfinance"]
    assert "mt5: no terminal" in loaded.notes


def test_without_any_source_the_day_is_missing() -> None:
    """What no source has stays missing, and it is said why."""
    world = World(missing=[WEDNESDAY])

    loaded = world.load(world.source(failures=[SourceUnavailable("no terminal")]))

    assert loaded.missing_days == (WEDNESDAY,)
    assert "no terminal" in loaded.what_is_missing()


def test_years_are_collected_not_read() -> None:
    """Of many missing days only the newest are asked of a source, and that is said."""
    world = World()
    source = world.source()
    window = session(date(2026, 3, 2)).open, session(FRIDAY).close

    loaded = load(world.cache, world.store, world.clock, USDJPY, H1, *window, sources=lambda: [source])

    asked_days = sum(len(list(trading_days(call[2].date(), call[3].date()))) - 1 for call in source.calls)
    assert asked_days <= MOST_SOURCE_DAYS
    assert any("only the newest" in note for note in loaded.notes)


def test_archived_days_are_all_named() -> None:
    """Every day of the range in an archive class is named; the others are read, and no source takes their place."""
    world = World()
    source = world.source()
    for day in (MONDAY, THURSDAY):
        world.store.archive(USDJPY, H1, day)

    loaded = world.load(source)

    assert [day.trading_date for day in loaded.archived] == [MONDAY, THURSDAY]
    assert loaded.missing_days == (MONDAY, THURSDAY)
    assert len(loaded.bars) == 72
    assert source.calls == []
    assert "axia ohlcv restore" in loaded.what_is_missing()


def test_incomplete_is_refused_when_complete_is_required() -> None:
    """Requiring a complete range raises with every missing day, gap and archived day."""
    world = World(missing=[WEDNESDAY])
    world.store.archive(USDJPY, H1, MONDAY)
    gappy = without(session_bars(H1, THURSDAY), [5])
    world.store.write(gappy, truth_of(gappy, THURSDAY))

    with pytest.raises(IncompleteHistory, match=r"1 trading day \(2026-07-01\) without bars") as raised:
        world.load(require_complete=True)

    assert raised.value.missing_days == (MONDAY, WEDNESDAY)
    assert raised.value.archived == (MONDAY,)
    assert raised.value.gaps == (session(THURSDAY).bar_opens(H1)[5],)


def test_a_holiday_is_not_missing() -> None:
    """A holiday without bars lacks nothing and asks nobody."""
    world = World(missing=[WEDNESDAY])
    source = world.source()

    loaded = world.load(source, holidays=Holidays({WEDNESDAY: "a holiday"}), require_complete=True)

    assert loaded.complete
    assert source.calls == []


@pytest.mark.parametrize("state", ["up", "filled", "down"])
def test_a_wrong_day_is_left_out_whatever_the_cache(state: str) -> None:
    """A stored day of another scale is left out and named, no source is asked, the cache up, filled or down."""
    world = World(wrong=[WEDNESDAY])
    source = world.source()
    if state == "filled":
        publish(world.store, world.cache, world.clock, USDJPY, H1, 8_000)
    world.cache.down = state == "down"

    loaded = world.load(source)

    assert loaded.missing_days == (WEDNESDAY,)
    assert {one.code for one in loaded.left_out} == {Code.LEVEL}
    assert "certainly wrong" in loaded.what_is_missing()
    assert source.calls == []


@pytest.mark.parametrize("filled", [False, True])
def test_a_wrong_day_can_be_read_all_the_same(filled: bool) -> None:
    """Whoever asks for unfit days gets what is stored, also past a cache that lacks them."""
    world = World(wrong=[WEDNESDAY])
    if filled:
        publish(world.store, world.cache, world.clock, USDJPY, H1, 8_000)

    loaded = world.load(unfit_too=True)

    assert loaded.complete
    assert float(loaded.bars.high.max()) > 1_000


def test_loads_are_counted() -> None:
    """Each load counts as what the cache did for it."""
    world = World()
    world.load()
    world.load()

    assert world.cache.status().loads == {CacheUse.MISS: 1, CacheUse.HIT: 1}


class CountingStore(MemoryBarStore):
    """Counts how often the newest partitions are read, which is what a refill does."""

    refills = 0

    def newest(self, *asked: Any) -> tuple[Partition, ...]:
        self.refills += 1
        return super().newest(*asked)


def test_of_many_readers_one_refills() -> None:
    """Readers that miss at the same time all get their bars, and one of them fills the cache."""
    world = World()
    world.store = store = CountingStore()
    for day in WEEK:
        store.write(session_bars(H1, day), truth_of(session_bars(H1, day), day))
    world.cache.write = lambda *_: False  # type: ignore[method-assign]  # nothing is ever held, so that all miss
    found: list[int] = []

    readers = [threading.Thread(target=lambda: found.append(len(world.load().bars))) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert found == [120] * 8
    assert store.refills == 1


def test_frames_hold_the_same_bars() -> None:
    """pandas, Arrow and Polars have the stored columns, UTC times, and nothing for a spread that is unknown."""
    bars = session_bars(H1)
    unknown = replace(bars, spread=np.where(np.arange(24) == 3, -1, bars.spread).astype(np.int32))
    loaded = Loaded(bars=unknown, missing_days=(), gaps=(), cache=CacheUse.HIT)

    arrow, pandas, polars = loaded.to_arrow(), loaded.to_pandas(), loaded.to_polars()

    columns = ["timestamp_utc", "open", "high", "low", "close", "volume", "spread"]
    assert arrow.column_names == polars.columns == [pandas.index.name, *pandas.columns] == columns
    assert arrow.to_pylist() == polars.to_dicts()
    assert [at.to_pydatetime() for at in pandas.index] == arrow.column("timestamp_utc").to_pylist()
    assert pandas["close"].tolist() == bars.close.tolist()
    assert arrow.column("spread").null_count == pandas["spread"].isna().sum() == 1


def test_frames_of_nothing() -> None:
    """No bars are frames without rows and with every column."""
    loaded = Loaded(bars=Bars.empty(USDJPY, H1), missing_days=(), gaps=(), cache=CacheUse.MISS)

    assert (loaded.to_pandas().shape, loaded.to_polars().shape, loaded.to_arrow().num_rows) == ((0, 6), (0, 7), 0)
