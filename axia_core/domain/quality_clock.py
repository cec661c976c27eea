"""A server clock that is off by hours for some weeks, found from the bars of one series alone.

Every market has hours of its own: New York's, London's and Tokyo's activity follow the clocks of those cities, each
with its own daylight-saving rule. A week whose activity fits the other weeks better when it is moved by whole hours,
in New York's hours as in all others, was read with another clock. (Weeks in which only America has switched look
shifted in London's hours when counted in New York's, and are not.) How late the week opens and how early it closes
corroborates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import Bars, instant
from axia_core.domain.quality import Code, Finding, QualityRules, Severity
from axia_core.domain.session_index import DAY_US, HOUR_US, Ints, SessionIndex, offsets_us
from axia_core.domain.sessions import NEW_YORK, TOKYO

LONDON = ZoneInfo("Europe/London")
Floats = NDArray[np.float64]

# Local hours in which a city makes the market, New York's first; its close belongs to no other.
_HOURS = (
    (NEW_YORK, (7, 8, 9, 10, 11, 15, 16, 17, 18, 19)),
    (LONDON, (5, 6, 7, 8, 9, 10)),
    (TOKYO, (6, 7, 8, 9, 10, 11)),
)
_FEWEST_WEEKS = 4
_NEAR_WEEKS = 26
_FEWEST_DAYS = 3  # a week of holidays says nothing
_EDGE_SLACK_H = 0.3


@dataclass(frozen=True, slots=True)
class _Week:
    """What one week says: the hours that fit best, how much better than none, and whether its edges agree."""

    number: int
    shift_h: int
    gain: float
    corroborated: bool


def clock_shifts(bars: Bars, rules: QualityRules | None = None) -> tuple[Finding, ...]:
    """Stretches of weeks whose times are off by whole hours; nothing for less than five weeks, or for H4 and D1.

    The other weeks of the series are the measure, so that a clock that is wrong in most of them is not found here:
    then the bars lie outside the sessions.
    """
    rules = rules or QualityRules()
    if not len(bars) or bars.timeframe.minutes > 60:
        return ()
    weeks = list(_judged(bars, rules))
    return tuple(_finding(bars, stretch) for stretch in _stretches(weeks) if _convincing(stretch, rules))


def _judged(bars: Bars, rules: QualityRules) -> Iterator[_Week]:
    hours = _Hours.of(bars)
    lags = [lag for lag in range(-rules.clock_furthest_h, rules.clock_furthest_h + 1) if lag]
    if len(hours.weeks) <= _FEWEST_WEEKS:
        return
    gains, edges = hours.gains(lags), _edges(bars)
    for row, number in enumerate(hours.weeks.tolist()):
        here = {lag: float(gains[lag][row]) for lag in lags}
        said = [lag for lag in lags if here[lag] > 0 and _edges_say(lag, *edges[number])]
        best = max(said or lags, key=lambda lag: here[lag])
        yield _Week(number, best, here[best], bool(said))


def _edges_say(lag: int, late_h: float, early_h: float) -> bool:
    """Whether the week opens late, or closes early, by as much."""
    return abs(late_h - lag) <= _EDGE_SLACK_H or abs(early_h + lag) <= _EDGE_SLACK_H


def _stretches(weeks: Sequence[_Week]) -> Iterator[list[_Week]]:
    """Neighbouring weeks that gain by the same shift."""
    stretch: list[_Week] = []
    for week in weeks:
        joins = stretch and week.number == stretch[-1].number + 1 and week.shift_h == stretch[-1].shift_h
        if stretch and not (joins and week.gain > 0):
            yield stretch
            stretch = []
        if week.gain > 0:
            stretch.append(week)
    if stretch:
        yield stretch


def _convincing(stretch: Sequence[_Week], rules: QualityRules) -> bool:
    """Enough weeks, or edges that say the same, and a gain beyond chance."""
    gain = sum(week.gain for week in stretch)
    if all(week.corroborated for week in stretch):
        return gain > rules.clock_gain / 3
    return len(stretch) >= rules.clock_weeks and gain > rules.clock_gain


def _finding(bars: Bars, stretch: Sequence[_Week]) -> Finding:
    weeks = SessionIndex.of(bars.time_us).week
    rows = np.flatnonzero((weeks >= stretch[0].number) & (weeks <= stretch[-1].number))
    shift_h, gain = stretch[0].shift_h, sum(week.gain for week in stretch)
    direction = "late" if shift_h > 0 else "early"
    return Finding(
        code=Code.CLOCK_SHIFTED,
        severity=Severity.ERROR,
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        start=instant(int(bars.time_us[rows[0]])),
        end=instant(int(bars.time_us[rows[-1]])) + bars.timeframe.duration,
        said=f"{len(stretch)} weeks are {abs(shift_h)} h {direction}, by the hours of their activity",
        figures={"shift_minutes": 60 * shift_h, "weeks": len(stretch), "gain": gain},
    )


@dataclass(frozen=True, slots=True)
class _Hours:
    """Activity by the hour: one row per UTC hour that has bars."""

    time_us: Ints
    week_of: Ints
    weeks: Ints
    activity: tuple[Floats, ...]

    @classmethod
    def of(cls, bars: Bars) -> _Hours:
        """Range, and volume where the source has one, of each hour; weeks with few days are left out."""
        index = SessionIndex.of(bars.time_us)
        enough = [week for week in np.unique(index.week) if len(set(index.day[index.week == week])) >= _FEWEST_DAYS]
        bars = bars.take(np.isin(index.week, enough))
        hours, starts = np.unique(bars.time_us // HOUR_US * HOUR_US, return_index=True)
        spread = float(bars.symbol.pip) / 3
        reach = np.maximum.reduceat(bars.high, starts) - np.minimum.reduceat(bars.low, starts) if len(bars) else hours
        volume = np.add.reduceat(bars.volume, starts) if len(bars) else hours
        features = [np.log(reach + spread)] + ([np.log1p(volume)] if np.ptp(volume) > 0 else []) if len(bars) else []
        return cls(hours, SessionIndex.of(hours).week, np.array(enough, dtype=np.int64), tuple(features))

    def gains(self, lags: Sequence[int]) -> dict[int, Floats]:
        """For each lag and week: how much better it correlates with its neighbours when moved back by *lag* hours.

        The smaller gain of New York's hours alone and of all hours: a real shift moves both.
        """
        usual = [_usual(self._in_hours(feature, 0)) for feature in self.activity]
        unmoved = self._fit(0, usual)
        return {lag: np.min(self._fit(lag, usual) - unmoved, axis=0) for lag in lags}

    def _fit(self, lag_h: int, usual: Sequence[Floats]) -> Floats:
        """Correlation of each week, moved back, with what is usual: (New York's hours, all hours) by weeks."""
        ours = len(_HOURS[0][1])
        found = []
        for feature, template in zip(self.activity, usual, strict=True):
            weekly = self._in_hours(feature, lag_h)
            found.append([_correlations(weekly[:, :ours], template[:, :ours]), _correlations(weekly, template)])
        result: Floats = np.mean(found, axis=0)
        return result

    def _in_hours(self, feature: Floats, lag_h: int) -> Floats:
        """Weeks by the cities' hours."""
        return np.hstack([self._in_hours_of(feature, lag_h, zone, hours) for zone, hours in _HOURS])

    def _in_hours_of(self, feature: Floats, lag_h: int, zone: ZoneInfo, chosen: Sequence[int]) -> Floats:
        """Weeks by local hours of a city: the mean activity, NaN where a week has fewer than two such hours."""
        moved = self.time_us - lag_h * HOUR_US
        local = (moved + offsets_us(moved, zone)) % DAY_US // HOUR_US
        cell = np.searchsorted(self.weeks, self.week_of) * 24 + local
        size = 24 * len(self.weeks)
        counts = np.bincount(cell, minlength=size)
        sums = np.bincount(cell, feature, minlength=size)
        means = np.where(counts >= 2, sums / np.maximum(counts, 1), np.nan)
        result: Floats = means.reshape(-1, 24)[:, list(chosen)]
        return result


def _usual(weekly: Floats) -> Floats:
    """For each week the median of the weeks around it, itself left out."""
    rows = range(len(weekly))
    return np.stack([_median_without(weekly[max(0, row - _NEAR_WEEKS) :], min(row, _NEAR_WEEKS)) for row in rows])


def _median_without(weekly: Floats, row: int) -> Floats:
    near = np.delete(weekly[: row + _NEAR_WEEKS + 1], row, axis=0)
    known = ~np.all(np.isnan(near), axis=0)
    result = np.full(weekly.shape[1], np.nan)
    result[known] = np.nanmedian(near[:, known], axis=0)
    return result


def _correlations(weekly: Floats, usual: Floats) -> Floats:
    return np.array([_correlation(one, other) for one, other in zip(weekly, usual, strict=True)])


def _correlation(one: Floats, other: Floats) -> float:
    known = ~np.isnan(one) & ~np.isnan(other)
    if known.sum() < 6 or np.ptp(one[known]) == 0 or np.ptp(other[known]) == 0:
        return 0.0
    return float(np.corrcoef(one[known], other[known])[0, 1])


def _edges(bars: Bars) -> dict[int, tuple[float, float]]:
    """For each week: hours from Monday's session open to its first bar, and from its last bar to Friday's close."""
    weeks = SessionIndex.of(bars.time_us).week
    numbers, starts = np.unique(weeks, return_index=True)
    ends = np.r_[starts[1:], len(bars)] - 1
    length_h = bars.timeframe.duration / timedelta(hours=1)
    opens, closes = (_session_opens(numbers, weekday) for weekday in (0, 5))
    late = (bars.time_us[starts] - opens) / HOUR_US
    early = (closes - bars.time_us[ends]) / HOUR_US - length_h
    found = zip(numbers.tolist(), late.tolist(), early.tolist(), strict=True)
    return {number: (late_h, early_h) for number, late_h, early_h in found}


def _session_opens(weeks: Ints, weekday: int) -> Ints:
    """When the session of a weekday of each week opens; a Saturday's would open at Friday's close."""
    day = weeks * 7 - 3 + weekday
    return SessionIndex.of(day * DAY_US).open_us
