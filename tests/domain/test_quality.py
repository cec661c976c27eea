"""Quality checks of one series: each fault is found by its own check, and clean bars by none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axia_core.domain.bars import Bars, instant
from axia_core.domain.holidays import Holidays
from axia_core.domain.quality import Code, QualityRules, Severity, counted, worst
from axia_core.domain.quality_agreement import agreement
from axia_core.domain.quality_clock import clock_shifts
from axia_core.domain.quality_gate import fit_for_cache
from axia_core.domain.quality_series import inspect_series, time_order
from axia_core.domain.session_index import SessionIndex, trading_date
from axia_core.domain.sessions import session, trading_date_at
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import USDJPY, many_sessions, session_bars, trading_dates
from tests.quality_examples import FAULTS, changed, ejtrader, generated, needs_data, orkad

FIRST, LAST = date(2026, 5, 4), date(2026, 5, 29)
MONTHS = date(2026, 1, 26), date(2026, 5, 29)


def found(bars: Bars, first: date = FIRST, last: date = LAST, **rules: object) -> dict[str, int]:
    """Counts of findings by code."""
    return counted(inspect_series(bars, first, last, rules=QualityRules(**rules)))  # type: ignore[arg-type]


@pytest.mark.parametrize("symbol", DEFAULT_SYMBOLS)
def test_clean_bars_have_no_findings(symbol: str) -> None:
    """Four months of the paper terminal's prices, two daylight-saving switches among them, raise no alarm at all."""
    series = [generated(symbol, *MONTHS, timeframe) for timeframe in Timeframe]

    assert [finding for bars in series for finding in inspect_series(bars, *MONTHS)] == []
    assert [finding for one, longer in pairwise(series) for finding in agreement(one, longer)] == []
    assert [finding for bars in series for finding in clock_shifts(bars)] == []


@settings(max_examples=60)
@given(
    code=st.sampled_from(sorted(FAULTS)),
    at=st.integers(300, 5_000).filter(lambda at: 30 < at % 288 < 250),
    symbol=st.sampled_from(DEFAULT_SYMBOLS),
)
def test_each_fault_is_found_by_its_check(code: Code, at: int, symbol: str) -> None:
    """One fault of any kind in clean bars is found where it is, by the check of that kind and by no other."""
    clean = generated(symbol, FIRST, LAST)

    findings = inspect_series(FAULTS[code](clean, at), FIRST, LAST)

    day = trading_date_at(instant(int(clean.time_us[at])))
    assert {finding.code for finding in findings} == {code}
    assert [trading_date_at(finding.start) for finding in findings] == [day]


@given(day=trading_dates, minutes=st.integers(0, 24 * 60 - 1))
def test_index_is_the_calendar(day: date, minutes: int) -> None:
    """The index of an instant is the trading date and session open that the calendar says."""
    at = session(day).open + timedelta(minutes=minutes)

    index = SessionIndex.of(np.array([int(at.timestamp() * 1_000_000)]))

    assert trading_date(int(index.day[0])) == day
    assert instant(int(index.open_us[0])) == session(day).open


def test_missing_day() -> None:
    """A day without a bar is one finding, and none when it is a holiday."""
    bars = generated("EURUSD", FIRST, LAST)
    day = session(date(2026, 5, 14))
    lacking = bars.take((bars.time_us < day.open.timestamp() * 1e6) | (bars.time_us >= day.close.timestamp() * 1e6))

    (finding,) = inspect_series(lacking, FIRST, LAST)

    assert (finding.code, finding.start) == (Code.MISSING_DAY, day.open)
    assert inspect_series(lacking, FIRST, LAST, holidays=Holidays({date(2026, 5, 14): "Ascension"})) == ()


def test_early_close() -> None:
    """A day that closes early lacks nothing after it."""
    bars = generated("EURUSD", FIRST, LAST)
    early = Holidays(early_closes={LAST: time(13, 0)})
    until = bars.between(session(FIRST).open, session(LAST).close - timedelta(hours=4))

    assert found(until) == {"gap": 1}
    assert inspect_series(until, FIRST, LAST, holidays=early) == ()


def test_pause_at_the_roll() -> None:
    """Bars that are missing in the first minutes after the New York close are no gap; later ones are."""
    bars = generated("EURUSD", FIRST, LAST)
    slots = np.arange(len(bars)) % 288

    assert found(bars.take(slots >= 3)) == {}
    assert found(bars.take(slots >= 6), habit_days=100) == {"gap": 20}


def test_habit_of_the_broker() -> None:
    """What is missing at the same time on most days is what this broker does, and what it lacks once is a gap."""
    bars = generated("EURUSD", FIRST, LAST)
    slots, days = np.arange(len(bars)) % 288, np.arange(len(bars)) // 288

    assert found(bars.take((slots >= 8) & ~((slots == 100) & (days == 7)))) == {"gap": 1}


def test_weekend_bars() -> None:
    """Bars that open while the market is closed are wrong."""
    friday = session_bars(Timeframe.H1, date(2026, 5, 8))
    late = replace(friday, time_us=friday.time_us + 3 * 3_600_000_000)

    findings = inspect_series(late, date(2026, 5, 8), date(2026, 5, 8))

    assert (Code.OUT_OF_SESSION, Severity.ERROR) in {(one.code, one.severity) for one in findings}


def test_disorder() -> None:
    """Rows that go back in time or repeat one are counted, each kind by itself."""
    times = session_bars().time_us

    (finding,) = time_order(USDJPY, Timeframe.H1, times[[0, 1, 1, 3, 2, 4]])

    assert finding.figures == {"backward": 1, "repeated": 1}
    assert time_order(USDJPY, Timeframe.H1, times) == ()


def test_news_is_no_spike() -> None:
    """A move that stays is the market's, however large within reason."""
    bars = generated("EURUSD", FIRST, LAST)
    moved = changed(bars, slice(3_000, 3_001), close=lambda price: price + 0.004, high=lambda price: price + 0.004)
    up = {name: lambda price: price + 0.004 for name in ("open", "high", "low", "close")}

    assert found(changed(moved, slice(3_001, None), **up)) == {}


@pytest.mark.parametrize(
    ("factor", "severity"), [(1.02, Severity.WARN), (1.3, Severity.ERROR)], ids=["perhaps", "certainly"]
)
def test_spike_severity(factor: float, severity: Severity) -> None:
    """A spike is for a person to look at, unless nobody can have traded there."""
    spiked = changed(generated("EURUSD", FIRST, LAST), slice(3_000, 3_001), high=lambda high: high * factor)

    assert worst(inspect_series(spiked, FIRST, LAST)) == severity


def test_context_is_not_judged() -> None:
    """Days outside the asked ones are the measure only: their faults are not told."""
    broken = FAULTS[Code.INCOHERENT](generated("EURUSD", FIRST, LAST), 400)

    assert found(broken, date(2026, 5, 18), LAST) == {}


@pytest.mark.parametrize("code", [Code.LEVEL, Code.INCOHERENT])
def test_gate_leaves_out_the_bad_day(code: Code) -> None:
    """Of a series with one wrong day every other day may be cached, and the reason is said."""
    bars = FAULTS[code](many_sessions(Timeframe.M5, FIRST, LAST), 5 * 288 + 40)
    days = [bars.take(slice(start, start + 288)) for start in range(0, len(bars), 288)]

    fit = fit_for_cache(days)

    assert [len(day) for day in fit.days] == [288] * 19
    assert {finding.code for finding in fit.left_out} == {code}
    assert days[5] not in fit.days


def test_gate_passes_doubtful_days() -> None:
    """A gap or a spike that may have been traded keeps no day out of the cache."""
    bars = FAULTS[Code.SPIKE](FAULTS[Code.GAP](generated("EURUSD", FIRST, LAST), 700), 1_500)

    assert fit_for_cache([bars]).left_out == ()


@needs_data
@pytest.mark.parametrize(("symbol", "share"), [("USDJPY", 0.021), ("EURUSD", 0.029)])
def test_recorded_faults(symbol: str, share: float) -> None:
    """Of half a year of recorded bars the rows that break high and low are found, and nothing is called stale."""
    bars = orkad(symbol)
    findings = inspect_series(bars, date(2026, 1, 5), date(2026, 7, 3))
    counts = counted(findings)

    rows = sum(one.figures["bars"] for one in findings if one.code is Code.INCOHERENT)

    assert rows / len(bars) == pytest.approx(share, abs=0.001)
    assert counts.keys() <= {"incoherent", "gap", "spike"}
    assert counts.get("spike", 0) <= 2


@needs_data
@pytest.mark.parametrize("symbol", ["USDJPY", "GBPUSD", "AUDUSD", "EURJPY", "GBPJPY"])
def test_recorded_years(symbol: str) -> None:
    """Two recorded years give holidays, shortened days and the flash crash of 2019, and no error."""
    findings = inspect_series(ejtrader(symbol, "eet"), date(2018, 1, 2), date(2019, 12, 30))
    weekend = Code.OUT_OF_SESSION  # one hour of one pair, really in the file

    spikes = {one.start.date() for one in findings if one.code is Code.SPIKE}

    assert {one.code for one in findings if one.severity is Severity.ERROR} <= {weekend}
    assert spikes <= {date(2019, 1, 2)}
    assert len(findings) < 25
