"""A server clock that is an hour off for some weeks, in recorded data: found where it is, and nowhere else."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from axia_core.domain.bars import Bars, aggregate
from axia_core.domain.quality import Code, Finding, Severity
from axia_core.domain.quality_clock import clock_shifts
from axia_core.domain.session_index import SessionIndex
from axia_core.domain.timeframes import Timeframe
from tests.quality_examples import ejtrader, generated, moved, needs_data, orkad

PAIRS = ("USDJPY", "GBPUSD", "AUDUSD", "EURJPY", "GBPJPY")
# Mondays of the weeks in which America is on daylight-saving time and Europe is not.
BETWEEN = (
    *(date(2018, 3, 12), date(2018, 3, 19), date(2018, 10, 29)),
    *(date(2019, 3, 11), date(2019, 3, 18), date(2019, 3, 25), date(2019, 10, 28)),
)


def stored(bars: Bars) -> Bars:
    """What partitions would hold: nothing that opens on a weekend."""
    return bars.take(~SessionIndex.of(bars.time_us).is_closed)


@cache
def misread(symbol: str) -> tuple[Finding, ...]:
    """What is found in two years of a broker whose clock was read with America's dates."""
    return clock_shifts(stored(ejtrader(symbol, "ny+7")))


def mondays(findings: tuple[Finding, ...]) -> set[date]:
    """The Mondays of the weeks that findings speak of."""
    starts = ((one.start + timedelta(hours=12)).date() for one in findings)
    return {
        monday + timedelta(days=7 * week)
        for one, start in zip(findings, starts, strict=True)
        for monday in [start - timedelta(days=start.weekday())]
        for week in range(int(one.figures["weeks"]))
    }


@needs_data
@pytest.mark.parametrize("symbol", PAIRS)
def test_right_clock(symbol: str) -> None:
    """Two years of a broker read with its own clock raise no alarm, though every March its week opens an hour late."""
    assert clock_shifts(stored(ejtrader(symbol, "eet"))) == ()


@needs_data
@pytest.mark.parametrize("symbol", PAIRS)
def test_wrong_daylight_saving_rule(symbol: str) -> None:
    """The same file read with America's dates is found to be an hour early, in weeks between the switches alone."""
    findings = misread(symbol)

    assert mondays(findings) <= set(BETWEEN)
    assert len(mondays(findings)) >= 4
    assert {(one.code, one.severity) for one in findings} == {(Code.CLOCK_SHIFTED, Severity.ERROR)}
    assert {one.figures["shift_minutes"] for one in findings} == {-60}


@needs_data
def test_wrong_rule_over_all_pairs() -> None:
    """Among five pairs of that file every week between the switches is found."""
    found = [mondays(misread(symbol)) for symbol in PAIRS]

    assert set().union(*found) == set(BETWEEN)


@needs_data
@pytest.mark.parametrize("symbol", ["USDJPY", "EURUSD"])
def test_recorded_half_year(symbol: str) -> None:
    """Half a year with UTC times, both switches in it, raises no alarm, whole or in hours."""
    assert clock_shifts(orkad(symbol)) == ()
    assert clock_shifts(aggregate(orkad(symbol), Timeframe.H1)) == ()


@needs_data
@pytest.mark.parametrize("symbol", ["USDJPY", "EURUSD"])
@pytest.mark.parametrize("hours", [-1, 1, 2])
@pytest.mark.parametrize("first", [date(2026, 3, 9), date(2026, 4, 13)], ids=["between switches", "april"])
def test_injected_shift(symbol: str, hours: int, first: date) -> None:
    """Three weeks moved by whole hours are found, with the right weeks and hours, and no other week."""
    findings = clock_shifts(stored(moved(orkad(symbol), first, 3, hours)))

    assert mondays(findings) == {first + timedelta(days=7 * week) for week in range(3)}
    assert {one.figures["shift_minutes"] for one in findings} == {60 * hours}


@pytest.mark.parametrize("hours", [-1, 1])
def test_generated_shift(hours: int) -> None:
    """A shift is found in the paper terminal's prices as well, with nothing recorded at hand."""
    bars = generated("EURUSD", date(2026, 4, 6), date(2026, 6, 26))

    findings = clock_shifts(stored(moved(bars, date(2026, 5, 4), 2, hours)))

    assert mondays(findings) == {date(2026, 5, 4), date(2026, 5, 11)}


def test_too_little_to_say() -> None:
    """A few weeks, bars without any movement, no bars, and daily bars say nothing."""
    short = generated("EURUSD", date(2026, 5, 4), date(2026, 5, 29))
    long = generated("EURUSD", date(2026, 4, 6), date(2026, 6, 26))
    still = Bars.build(long.symbol, long.timeframe, long.time_us, *[np.ones(len(long))] * 5)

    for bars in (short, still, Bars.empty(long.symbol, Timeframe.M5), aggregate(long, Timeframe.D1)):
        assert clock_shifts(bars) == ()
