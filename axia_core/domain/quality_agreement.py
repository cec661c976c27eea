"""Checks of two series against each other: a longer timeframe against a shorter one, a source against another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import PRICES, Bars, aggregate, instant
from axia_core.domain.quality import Code, Finding, QualityRules, Severity
from axia_core.domain.session_index import SessionIndex
from axia_core.errors import InvalidInput

Mask = NDArray[np.bool_]
LAGS = 13  # bars to each side that a shifted clock is looked for in


def agreement(
    shorter: Bars, longer: Bars, *, provisional: bool = False, rules: QualityRules | None = None
) -> tuple[Finding, ...]:
    """Longer bars whose prices are not those of the shorter bars inside them, one finding per trading day.

    Only longer bars whose shorter ones are all there are compared. Bars of a final source agree to the point,
    those of a provisional one within a tolerance.
    """
    if shorter.symbol != longer.symbol or shorter.timeframe.minutes >= longer.timeframe.minutes:
        said = f"{shorter.symbol} {shorter.timeframe} and {longer.symbol} {longer.timeframe}"
        raise InvalidInput("series", said, "the first must be a shorter timeframe of the same pair")
    rules = rules or QualityRules()
    built = _whole(shorter, longer)
    _, ours, theirs = np.intersect1d(longer.time_us, built.time_us, assume_unique=True, return_indices=True)
    points = rules.provisional_tolerance_points if provisional else rules.final_tolerance_points
    apart = _furthest(longer, ours, built, theirs)
    wrong = apart > points * float(longer.symbol.point)
    severity = Severity.WARN if provisional else Severity.ERROR
    return _by_day(longer, ours[wrong], apart[wrong], shorter, severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two sources of one series lie to each other over the bars both have; prices in pips, left minus right."""

    left: Bars
    right: Bars
    common: int
    offset_pips: float
    deviation_pips: float
    largest_pips: float
    largest_at: datetime | None
    correlation: float
    lag_bars: int

    @property
    def enough(self) -> bool:
        """Whether there are bars enough to say anything."""
        return self.common > 4 * LAGS


def compare(left: Bars, right: Bars) -> Comparison:
    """Two sources of one series, bar by bar: median offset, spread of it, largest deviation, correlation, best lag.

    `lag_bars` is by how many bars *left* is late where it fits *right* best; raises InvalidInput for two series.
    """
    if (left.symbol, left.timeframe) != (right.symbol, right.timeframe):
        said = f"{left.symbol} {left.timeframe} and {right.symbol} {right.timeframe}"
        raise InvalidInput("series", said, "two sources of one series are compared, not two series")
    _, ours, theirs = np.intersect1d(left.time_us, right.time_us, assume_unique=True, return_indices=True)
    apart = (left.close[ours] - right.close[theirs]) / float(left.symbol.pip)
    offset = float(np.median(apart)) if len(apart) else 0.0
    furthest = int(np.argmax(np.abs(apart - offset))) if len(apart) else None
    correlations = {lag: _correlation(left, right, lag) for lag in range(-LAGS, LAGS + 1)}
    return Comparison(
        left=left,
        right=right,
        common=len(apart),
        offset_pips=offset,
        deviation_pips=float(np.std(apart)) if len(apart) else 0.0,
        largest_pips=0.0 if furthest is None else float(apart[furthest]),
        largest_at=None if furthest is None else instant(int(left.time_us[ours[furthest]])),
        correlation=correlations[0],
        lag_bars=max(correlations, key=lambda lag: (correlations[lag], -abs(lag))),
    )


def sources(left: Bars, right: Bars, rules: QualityRules | None = None) -> tuple[Finding, ...]:
    """Where *left* differs from *right*: a shifted clock in any week, and prices that are too far away."""
    rules = rules or QualityRules()
    shifted = tuple(one for week in _weeks(left) for one in _lagging(compare(week, right), rules))
    whole = compare(left, right)
    if shifted or not whole.enough:
        return shifted
    far = abs(whole.offset_pips) > rules.source_tolerance_pips or whole.correlation < rules.source_correlation
    return (_differing(whole),) if far else ()


def _lagging(found: Comparison, rules: QualityRules) -> tuple[Finding, ...]:
    """A clear maximum elsewhere than at lag 0."""
    at_best = _correlation(found.left, found.right, found.lag_bars)
    if not found.enough or not found.lag_bars or at_best < found.correlation + rules.clock_gain:
        return ()
    minutes = found.lag_bars * found.left.timeframe.minutes
    said = f"the other source fits best when this one is moved by {-minutes} minutes ({at_best:.2f} correlated)"
    figures = {"shift_minutes": minutes, "correlation": at_best, "correlation_unmoved": found.correlation}
    return (_of(found.left, Code.CLOCK_SHIFTED, Severity.ERROR, said, figures),)


def _differing(found: Comparison) -> Finding:
    said = (
        f"{found.offset_pips:.2f} pips from the other source (largest {found.largest_pips:.2f}), "
        f"changes {found.correlation:.2f} correlated over {found.common} bars"
    )
    figures = {
        "offset_pips": found.offset_pips,
        "deviation_pips": found.deviation_pips,
        "largest_pips": found.largest_pips,
        "correlation": found.correlation,
    }
    return _of(found.left, Code.SOURCES_DIFFER, Severity.WARN, said, figures)


def _weeks(bars: Bars) -> list[Bars]:
    weeks = SessionIndex.of(bars.time_us).week
    return [bars.take(weeks == week) for week in np.unique(weeks)]


def _correlation(left: Bars, right: Bars, lag: int) -> float:
    """Correlation of the changes inside each bar, *left* moved back by *lag* bars; 0 where there is too little."""
    moved = left.time_us - lag * left.timeframe.minutes * 60_000_000
    _, ours, theirs = np.intersect1d(moved, right.time_us, assume_unique=True, return_indices=True)
    one, other = (left.close - left.open)[ours], (right.close - right.open)[theirs]
    if len(one) < LAGS or not one.any() or not other.any() or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _whole(shorter: Bars, longer: Bars) -> Bars:
    """Longer bars built from the shorter ones, those alone that have all of theirs."""
    built = aggregate(shorter, longer.timeframe)
    starts = np.searchsorted(shorter.time_us, built.time_us)
    counts = np.diff(np.r_[starts, len(shorter)])
    return built.take(counts == longer.timeframe.minutes // shorter.timeframe.minutes)


def _furthest(longer: Bars, ours: NDArray[np.intp], built: Bars, theirs: NDArray[np.intp]) -> NDArray[np.float64]:
    apart = [np.abs(getattr(longer, name)[ours] - getattr(built, name)[theirs]) for name in PRICES]
    result: NDArray[np.float64] = np.max(apart, axis=0)
    return result


def _by_day(
    longer: Bars, rows: NDArray[np.intp], apart: NDArray[np.float64], shorter: Bars, severity: Severity
) -> tuple[Finding, ...]:
    chosen = longer.take(np.isin(np.arange(len(longer)), rows))
    days = SessionIndex.of(chosen.time_us).day
    each = [(chosen.take(days == day), float(apart[days == day].max())) for day in np.unique(days)]
    return tuple(_disagreeing(bars, furthest, shorter, severity) for bars, furthest in each)


def _disagreeing(bars: Bars, furthest: float, shorter: Bars, severity: Severity) -> Finding:
    pips = furthest / float(bars.symbol.pip)
    said = f"{len(bars)} bars are not those of {shorter.timeframe}, {pips:.1f} pips at most"
    return _of(bars, Code.DISAGREES, severity, said, {"bars": len(bars), "pips": pips})


def _of(bars: Bars, code: Code, severity: Severity, said: str, figures: Mapping[str, float]) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        start=instant(int(bars.time_us[0])),
        end=instant(int(bars.time_us[-1])) + bars.timeframe.duration,
        said=said,
        figures=figures,
    )
