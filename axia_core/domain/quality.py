"""What a quality check says: findings, how bad each is, what to do about it, and the thresholds of the checks.

`quality_series` looks at one series, `quality_agreement` at two, `quality_clock` at weeks of one, `quality_gate` says
what the cache must not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe


class Severity(StrEnum):
    """ERROR: these bars are wrong. WARN: a person should look, the market may have been like that."""

    ERROR = "ERROR"
    WARN = "WARN"


class Code(StrEnum):
    """What can be wrong with bars."""

    INCOHERENT = "incoherent"
    OFF_GRID = "off_grid"
    OUT_OF_SESSION = "out_of_session"
    DISORDER = "disorder"
    GAP = "gap"
    MISSING_DAY = "missing_day"
    FLAT = "flat"
    NO_VOLUME = "no_volume"
    SPIKE = "spike"
    JUMP = "jump"
    LEVEL = "level"
    DISAGREES = "disagrees"
    SOURCES_DIFFER = "sources_differ"
    CLOCK_SHIFTED = "clock_shifted"
    UNREADABLE = "unreadable"


_AGAIN = "Collect the day again (`axia collect`)"
REMEDIES: Mapping[Code, str] = {
    Code.INCOHERENT: f"{_AGAIN}; if the source still gives such bars, they stay refused (`axia ohlcv refused`).",
    Code.OFF_GRID: "Look at the source's clock and at the timeframe it was asked for, then collect the day again.",
    Code.OUT_OF_SESSION: "Look at the server clock's zone and shift, then collect or import the days again.",
    Code.DISORDER: "Sort the rows and decide which of each repeated time is right before they are imported.",
    Code.GAP: f"{_AGAIN}; a gap that stays is the broker's: it quoted nothing.",
    Code.MISSING_DAY: f"{_AGAIN}; if the market was closed, add the date to the `holidays` setting.",
    Code.FLAT: f"{_AGAIN}: the feed stood still while the market was open.",
    Code.NO_VOLUME: f"{_AGAIN}: a bar without a tick has no price of its own.",
    Code.SPIKE: "Compare with another source; if nobody traded there, collect the day again or leave it out.",
    Code.JUMP: "Compare with another source: bars may be missing, or of another instrument.",
    Code.LEVEL: "Look at the source's scale (integer prices, digits) and symbol name, then collect the day again.",
    Code.DISAGREES: "Collect the day again in both timeframes: one of the two was changed after it was read.",
    Code.SOURCES_DIFFER: "Look at price side (bid, ask, mid), symbol name and scale of both sources.",
    Code.CLOCK_SHIFTED: "Correct the server clock's zone and shift for these weeks, then collect or import them again.",
    Code.UNREADABLE: f"{_AGAIN}; an archived object must be restored first.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with the bars of a series that open in `[start, end)`."""

    code: Code
    severity: Severity
    symbol: Symbol
    timeframe: Timeframe
    start: datetime
    end: datetime
    said: str
    figures: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.code]

    def __str__(self) -> str:
        return f"{self.severity} {self.symbol} {self.timeframe} {self.start:%Y-%m-%d %H:%M} {self.code}: {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRules:
    """Thresholds of the checks. The defaults were set on recorded data of several brokers (docs/data.md says how)."""

    # Brokers pause for some minutes at the New York close: bars that open so soon after it may be missing.
    roll_pause: timedelta = timedelta(minutes=15)
    # A time of day that is missing on this share of the days is the broker's habit, once that many days are known.
    habit_share: float = 0.5
    habit_days: int = 5
    # Identical bars in a row that mean a feed that stands still.
    flat_for: timedelta = timedelta(minutes=60)
    flat_bars: int = 4
    flat_error_share: float = 0.5
    # In robust standard deviations of the series' own changes.
    spike_sigmas: float = 15.0
    jump_sigmas: float = 25.0
    # A spike of this share of the price that is gone one bar later was not traded.
    spike_error_share: float = 0.05
    fewest_bars: int = 30
    # A day whose median is this many times the series' is of another scale or symbol.
    level_ratio: float = 2.0
    # Bars of a final source agree to the point; those of a provisional one were quoted by somebody else.
    final_tolerance_points: float = 0.5
    provisional_tolerance_points: float = 20.0
    source_tolerance_pips: float = 5.0
    source_correlation: float = 0.8
    # Weeks that must say the same, and how much better the shifted clock must fit, summed over them.
    clock_weeks: int = 2
    clock_gain: float = 0.15
    clock_furthest_h: int = 3


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The worst severity among *findings*, or None when there are none."""
    found = {finding.severity for finding in findings}
    return min(found, default=None)  # ERROR sorts before WARN


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each code."""
    return dict(sorted(Counter(finding.code.value for finding in findings).items()))
