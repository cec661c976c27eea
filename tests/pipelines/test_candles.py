"""The picture of a stored day: what it shows, how large it is, and that it never costs a step anything."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import unquote

import pytest
from hypothesis import given

from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.domain.bars import Bars, PartitionTruth, RefusedBar
from axia_core.domain.holidays import NONE
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import StoreUnavailable
from axia_core.ports import Partition
from axia_pipelines.candles import FALLING, MISSING, REFUSED, RISING, day_picture
from axia_pipelines.pictures import MOST_PICTURES, day_pictures
from tests.bar_examples import FRIDAY, USDJPY, partitions, session_bars, truth_of, without

IN_PLACE = 1_000  # characters below which Dagster shows Markdown in the table itself


def picture(bars: Bars, truth: PartitionTruth) -> tuple[ET.Element, str]:
    """The image and the words of a picture."""
    markdown = day_picture(bars, truth, session(truth.trading_date))
    address = re.fullmatch(r"!\[candles\]\(data:image/svg\+xml,([^()\s]+)\)\n\n(.*)", markdown)
    assert address is not None
    return ET.fromstring(unquote(address[1])), address[2]


def strokes(image: ET.Element, colour: str) -> list[str]:
    return [line for path in image if path.get("stroke") == colour for line in path.attrib["d"].split("M")[1:]]


@pytest.mark.parametrize(("timeframe", "candles"), [("M5", 24), ("M15", 24), ("H1", 24), ("H4", 6), ("D1", 1)])
def test_a_whole_day(timeframe: str, candles: int) -> None:
    """A day has a candle an hour at most, nothing red, its figures in words, and is shown in place."""
    bars = session_bars(Timeframe(timeframe))

    image, words = picture(bars, truth_of(bars))

    assert len(strokes(image, RISING)) == candles
    assert strokes(image, FALLING) == strokes(image, MISSING) == []
    assert words.startswith(f"{len(bars)} of {len(bars)} bars, 149.990 to ")
    assert len(day_picture(bars, truth_of(bars), session(FRIDAY))) < IN_PLACE


def test_missing_bars_are_red_and_refused_ones_amber() -> None:
    """Hours in a row are one stroke below their candles, and a refused bar has a colour of its own."""
    bars = without(session_bars(), [3, 4, 9])
    truth = truth_of(bars)
    refused = replace(truth, refused=(RefusedBar(truth.gaps[2], "high is below open or close"),))

    image, words = picture(bars, refused)

    assert strokes(image, MISSING) == ["30,76h20"]
    assert strokes(image, REFUSED) == ["90,76h10"]
    assert words.startswith("21 of 24 bars")


@given(partitions())
def test_any_day_has_a_picture(partition: tuple[Bars, PartitionTruth]) -> None:
    """Whatever was stored, also nothing or a single price, is drawn inside the frame."""
    image, _ = picture(*partition)

    numbers = [int(number) for path in image for number in re.findall(r"[V,](\d+)", path.attrib["d"])]
    assert all(0 <= number <= 80 for number in numbers)


def test_few_partitions_are_drawn() -> None:
    """Up to forty partitions of a step have pictures, by symbol and day; more of them have none and are not read."""
    days = list(trading_days(date(2026, 5, 1), FRIDAY))[-MOST_PICTURES - 1 :]
    store = ReadStore()
    truths = [truth_of(session_bars(day=day), day) for day in days]
    for truth in truths:
        store.write(session_bars(day=truth.trading_date), truth)

    few = day_pictures(store, truths[1:], NONE)
    reads = store.reads
    many = day_pictures(store, truths, NONE)

    assert sorted(few) == [(USDJPY, day) for day in days[1:]]
    assert many == {}
    assert store.reads == reads


def test_a_store_that_fails_costs_the_picture_only() -> None:
    """When the bars cannot be read just now there is no picture, and no error."""
    assert day_pictures(ReadStore(down=True), [truth_of(session_bars())], NONE) == {}


class ReadStore(MemoryBarStore):
    """Counts its reads; while down it cannot be reached."""

    def __init__(self, down: bool = False) -> None:
        super().__init__()
        self.down = down
        self.reads = 0

    def read_days(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[Partition | None, ...]:
        self.reads += 1
        if self.down:
            raise StoreUnavailable("no network")
        return super().read_days(symbol, timeframe, days)
