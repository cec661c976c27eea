"""Timeframes against each other and sources against each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from axia_core.domain.bars import Bars, aggregate
from axia_core.domain.quality import Code, Severity
from axia_core.domain.quality_agreement import agreement, compare, sources
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from tests.bar_examples import without
from tests.quality_examples import changed, generated, lean, moved, needs_data

FIRST, LAST = date(2026, 5, 4), date(2026, 5, 29)


def m5() -> Bars:
    return generated("EURUSD", FIRST, LAST)


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_longer_bars_are_made_of_shorter_ones(timeframe: Timeframe) -> None:
    """A single price that is a point off in a longer timeframe is found on its day; what agrees is not."""
    longer = aggregate(m5(), timeframe)
    off = changed(longer, slice(7, 8), high=lambda high: high + 0.00001)

    (finding,) = agreement(m5(), off)

    assert (finding.code, finding.severity) == (Code.DISAGREES, Severity.ERROR)
    assert finding.start.timestamp() * 1e6 == longer.time_us[7]
    assert agreement(m5(), longer) == ()


def test_a_bar_with_gaps_inside_is_not_compared() -> None:
    """Where shorter bars are missing nothing can be said of the longer one."""
    hours = changed(aggregate(m5(), Timeframe.H1), slice(0, 1), high=lambda high: high + 0.01)

    assert agreement(without(m5(), [5]), hours) == ()


def test_provisional_bars_may_differ_a_little() -> None:
    """Bars of a provisional source agree within a tolerance, and beyond it a person should look."""
    hours = aggregate(m5(), Timeframe.H1)
    near = replace(hours, close=hours.close + 0.00001, high=hours.high + 0.00001)
    far = replace(hours, high=hours.high + 0.001)

    assert agreement(m5(), near, provisional=True) == ()
    assert {one.severity for one in agreement(m5(), far, provisional=True)} == {Severity.WARN}


def test_only_one_pair_is_compared() -> None:
    """Two pairs, or timeframes the wrong way round, are refused."""
    with pytest.raises(InvalidInput, match="a shorter timeframe of the same pair"):
        agreement(aggregate(m5(), Timeframe.H1), m5())


def test_two_honest_sources() -> None:
    """A source with its own noise and a fixed offset of some points raises no alarm."""
    noise = np.random.default_rng(3).normal(0, 0.00002, len(m5()))
    other = replace(m5(), close=m5().close + noise + 0.00003)

    found = compare(other, m5())

    assert sources(other, m5()) == ()
    assert found.offset_pips == pytest.approx(0.3, abs=0.05)
    assert found.correlation > 0.9


def test_another_price_side() -> None:
    """A source that is pips away throughout is told, with the figures."""
    (finding,) = sources(replace(m5(), close=m5().close + 0.001), m5())

    assert (finding.code, round(finding.figures["offset_pips"], 1)) == (Code.SOURCES_DIFFER, 10.0)


@pytest.mark.parametrize("hours", [-1, 1])
def test_clock_against_another_source(hours: int) -> None:
    """Weeks in which one source is an hour off are found by the lag that fits the other best."""
    shifted = moved(m5(), date(2026, 5, 11), 2, hours)

    findings = sources(shifted, m5())

    assert {finding.code for finding in findings} == {Code.CLOCK_SHIFTED}
    assert [finding.figures["shift_minutes"] for finding in findings] == [60 * hours] * 2


@needs_data
def test_two_recorded_brokers() -> None:
    """Two real brokers' mids of the same days agree as the data's README says, and an hour's shift does not."""
    oanda, fxcm = lean("oanda", 0), lean("fxcm", 5)

    found = compare(oanda, fxcm)

    assert abs(found.offset_pips) < 0.1
    assert abs(found.largest_pips) < 3
    assert found.correlation > 0.9
    assert sources(oanda, fxcm) == ()
    assert {one.code for one in sources(lean("fxcm", 4), oanda)} == {Code.CLOCK_SHIFTED}


def test_sources_of_one_series() -> None:
    """Two series are not two sources."""
    with pytest.raises(InvalidInput, match="two sources of one series"):
        compare(m5(), replace(m5(), symbol=Symbol("USDJPY")))
