"""Checks of one series by itself: each a pure function from bars to findings, at most one per trading day and code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import PRICES, Bars, RefusedBar, instant, microseconds, screen
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.quality import Code, Finding, QualityRules, Severity
from axia_core.domain.session_index import Ints, SessionIndex, ordinal_of
from axia_core.domain.sessions import Session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

Mask = NDArray[np.bool_]
_OFF_GRID = "the open time is off the session's grid"
_MICROSECOND = timedelta(microseconds=1)


def inspect_series(
    bars: Bars,
    first: date,
    last: date,
    *,
    rules: QualityRules | None = None,
    holidays: Holidays = NONE,
) -> tuple[Finding, ...]:
    """What is wrong with the trading days *first* to *last* of a series, oldest first.

    Bars outside these days serve as the measure of what is usual for the series; nothing is found in them.
    """
    rules = rules or QualityRules()
    sound = near_level(screen(bars).bars, rules)
    found = [*incoherent(bars), *out_of_session(bars), *gaps(bars, first, last, rules, holidays)]
    found += levels(bars, rules)
    for check in (flat, no_volume, spikes, jumps):
        found += check(sound, rules)
    return tuple(sorted((one for one in found if _within(one, first, last)), key=lambda one: one.start))


def time_order(symbol: Symbol, timeframe: Timeframe, time_us: Ints) -> tuple[Finding, ...]:
    """Rows that go back in time or repeat one, in times as they came: `Bars` itself takes no such rows."""
    steps = np.diff(time_us)
    wrong = np.flatnonzero(steps <= 0) + 1
    if not len(wrong):
        return ()
    repeated = int((steps == 0).sum())
    said = f"{len(wrong) - repeated} rows go back in time and {repeated} repeat the one before"
    at = instant(int(time_us[wrong].min()))
    figures = {"backward": len(wrong) - repeated, "repeated": repeated}
    end = at + timeframe.duration
    return (_finding(Code.DISORDER, Severity.ERROR, (symbol, timeframe), (at, end), said, figures),)


def incoherent(bars: Bars) -> tuple[Finding, ...]:
    """Rows whose prices do not hold together, and rows off the grid: those that `screen` refuses."""
    refused = screen(bars).refused
    off_grid = [bar for bar in refused if bar.reason == _OFF_GRID]
    others = [bar for bar in refused if bar.reason != _OFF_GRID]
    return (*_refusals(Code.OFF_GRID, bars, off_grid), *_refusals(Code.INCOHERENT, bars, others))


def out_of_session(bars: Bars) -> tuple[Finding, ...]:
    """Bars that open while the market is closed for the weekend."""
    closed = SessionIndex.of(bars.time_us).is_closed
    return daily_findings(Code.OUT_OF_SESSION, Severity.ERROR, bars, closed, "{n} bars open while the market is closed")


def gaps(bars: Bars, first: date, last: date, rules: QualityRules, holidays: Holidays = NONE) -> tuple[Finding, ...]:
    """Bars that the session calendar expects and that are not there, and days without any.

    The pause at the roll and times of day that this broker never quotes are no gaps; nothing is expected of holidays.
    """
    counted = _present(bars)
    habit = _habit(counted, bars.timeframe, rules)
    days = [holidays.session(day) for day in trading_days(first, last, holidays.dates)]
    return tuple(
        one for day in days for one in _gaps_of_day(bars, day, counted.get(ordinal_of(day.trading_date)), habit)
    )


def flat(bars: Bars, rules: QualityRules) -> tuple[Finding, ...]:
    """Runs of bars identical to the one before them: the source stood still while the market was open."""
    least = max(rules.flat_bars, rules.flat_for // bars.timeframe.duration)
    same = np.all([np.diff(getattr(bars, name), prepend=np.nan) == 0 for name in PRICES], axis=0)
    return tuple(_flat_run(bars, begin - 1, end, rules) for begin, end in _runs(same) if end - begin + 1 >= least)


def no_volume(bars: Bars, rules: QualityRules) -> tuple[Finding, ...]:
    """Bars without a tick in a series that counts ticks; a source without any volume has none to miss."""
    nothing = bars.volume == 0
    if not len(bars) or float(nothing.mean()) > rules.habit_share:
        return ()
    return daily_findings(Code.NO_VOLUME, Severity.WARN, bars, nothing, "{n} bars have no volume")


def spikes(bars: Bars, rules: QualityRules) -> tuple[Finding, ...]:
    """Bars that stand out from both neighbours by far: up and back within one bar.

    A move that stays is the market's (news, a Monday's opening); one that is gone a bar later may be a bad tick.
    """
    scale = _usual_change(bars, rules)
    if not scale:
        return ()
    above = bars.high[1:-1] - np.maximum(bars.high[:-2], bars.high[2:])
    below = np.minimum(bars.low[:-2], bars.low[2:]) - bars.low[1:-1]
    size = np.r_[0.0, np.maximum(above, below), 0.0]
    rows = np.flatnonzero(size > rules.spike_sigmas * scale)
    return tuple(_spike(bars, int(row), float(size[row]), scale, rules) for row in rows)


def jumps(bars: Bars, rules: QualityRules) -> tuple[Finding, ...]:
    """Bars that open far from where the bar just before them closed, with no time between the two."""
    scale = _usual_change(bars, rules)
    if not scale:
        return ()
    adjoin = np.diff(bars.time_us) == bars.timeframe.duration // _MICROSECOND
    size = np.r_[0.0, np.where(adjoin, np.abs(bars.open[1:] - bars.close[:-1]), 0.0)]
    rows = np.flatnonzero(size > rules.jump_sigmas * scale)
    return tuple(_jump(bars, int(row), float(size[row]), scale) for row in rows)


def levels(bars: Bars, rules: QualityRules) -> tuple[Finding, ...]:
    """Days whose prices are of another size than the series': integer prices, other digits, another pair."""
    if not len(bars):
        return ()
    off = _off_level(bars, rules)
    said = f"{{n}} bars are not near the series' median of {np.median(bars.close):g}"
    return daily_findings(Code.LEVEL, Severity.ERROR, bars, off, said)


def near_level(bars: Bars, rules: QualityRules) -> Bars:
    """The bars that `levels` does not find: what the other checks may measure by."""
    return bars.take(~_off_level(bars, rules)) if len(bars) else bars


def _off_level(bars: Bars, rules: QualityRules) -> Mask:
    ratio = bars.close / np.median(bars.close)
    off: Mask = (ratio > rules.level_ratio) | (ratio < 1 / rules.level_ratio)
    return off


def day_of_rows(bars: Bars) -> Ints:
    """The ordinal of each row's trading date."""
    return SessionIndex.of(bars.time_us).day


def _within(finding: Finding, first: date, last: date) -> bool:
    """Whether it lies in these days; what opens on a weekend belongs to the trading day next to it."""
    index = SessionIndex.of(np.array([microseconds(finding.start)], dtype=np.int64))
    beside = {5: -1, 6: 1}.get(int(index.weekday[0]), 0)
    return ordinal_of(first) <= int(index.day[0]) + beside <= ordinal_of(last)


def _usual_change(bars: Bars, rules: QualityRules) -> float:
    """Robust standard deviation of the change from close to close, at least a pip; 0 where too little is known."""
    if len(bars) < rules.fewest_bars:
        return 0.0
    change = np.diff(bars.close)
    return max(1.4826 * float(np.median(np.abs(change - np.median(change)))), float(bars.symbol.pip))


def _spike(bars: Bars, row: int, size: float, scale: float, rules: QualityRules) -> Finding:
    severity = Severity.ERROR if size > rules.spike_error_share * bars.close[row - 1] else Severity.WARN
    pips = size / float(bars.symbol.pip)
    said = f"{pips:.1f} pips beyond both neighbours, {size / scale:.0f} times the usual change"
    return _of_rows(Code.SPIKE, severity, bars, row, row + 1, said, {"pips": pips, "sigmas": size / scale})


def _jump(bars: Bars, row: int, size: float, scale: float) -> Finding:
    pips = size / float(bars.symbol.pip)
    said = f"opens {pips:.1f} pips from the close just before it, {size / scale:.0f} times the usual change"
    return _of_rows(Code.JUMP, Severity.WARN, bars, row, row + 1, said, {"pips": pips, "sigmas": size / scale})


def _flat_run(bars: Bars, begin: int, end: int, rules: QualityRules) -> Finding:
    count = end - begin
    stale = count >= rules.flat_error_share * bars.timeframe.bars_per_session
    severity = Severity.ERROR if stale and bars.timeframe.bars_per_session > 1 else Severity.WARN
    return _of_rows(Code.FLAT, severity, bars, begin, end, f"{count} identical bars in a row", {"bars": count})


def _refusals(code: Code, bars: Bars, refused: Sequence[RefusedBar]) -> tuple[Finding, ...]:
    rows = np.isin(bars.time_us, [microseconds(bar.at) for bar in refused])
    reasons = "; ".join(sorted({bar.reason for bar in refused}))
    return daily_findings(code, Severity.ERROR, bars, rows, f"{{n}} bars: {reasons}")


def _present(bars: Bars) -> dict[int, Mask]:
    """For each day that has bars, by its ordinal: which slots of the session are filled."""
    index = SessionIndex.of(bars.time_us)
    slots = (bars.time_us - index.open_us) // (bars.timeframe.duration // _MICROSECOND)
    found: dict[int, Mask] = {}
    parts = np.split(slots, np.flatnonzero(np.diff(index.day)) + 1)
    for day, part in zip(np.unique(index.day).tolist(), parts, strict=False):  # of no bars the only part is empty
        found[day] = np.zeros(bars.timeframe.bars_per_session, dtype=bool)
        found[day][part] = True
    return found


def _habit(present: dict[int, Mask], timeframe: Timeframe, rules: QualityRules) -> Mask:
    """Slots that may be missing: the pause at the roll, and what is missing on most days."""
    habit = np.zeros(timeframe.bars_per_session, dtype=bool)
    if timeframe.duration <= rules.roll_pause:
        habit[: rules.roll_pause // timeframe.duration] = True
    if len(present) >= rules.habit_days:
        habit |= np.mean(list(present.values()), axis=0) <= 1 - rules.habit_share
    return habit


def _gaps_of_day(bars: Bars, day: Session, present: Mask | None, habit: Mask) -> Iterator[Finding]:
    series = (bars.symbol, bars.timeframe)
    if present is None:
        said = f"{day.trading_date} has no bar"
        yield _finding(Code.MISSING_DAY, Severity.WARN, series, (day.open, day.close), said, {})
        return
    opens = day.bar_opens(bars.timeframe)  # fewer on a day that closes early
    missing = np.flatnonzero(~present[: len(opens)] & ~habit[: len(opens)])
    if len(missing):
        span = opens[missing[0]], opens[missing[-1]] + bars.timeframe.duration
        said = f"{len(missing)} of {len(opens)} bars of {day.trading_date} are missing"
        yield _finding(Code.GAP, Severity.WARN, series, span, said, {"missing": len(missing)})


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Half-open ranges of rows where *mask* holds."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    yield from ((int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True))


def daily_findings(code: Code, severity: Severity, bars: Bars, rows: Mask, said: str) -> tuple[Finding, ...]:
    """One finding for each trading day that has such rows; *said* may count them as `{n}`."""
    chosen = np.flatnonzero(rows)
    if not len(chosen):
        return ()
    changes = np.flatnonzero(np.diff(day_of_rows(bars)[chosen])) + 1
    return tuple(_of_day(code, severity, bars, rows, said) for rows in np.split(chosen, changes))


def _of_day(code: Code, severity: Severity, bars: Bars, rows: Ints, said: str) -> Finding:
    text = said.format(n=len(rows))
    return _of_rows(code, severity, bars, int(rows[0]), int(rows[-1]) + 1, text, {"bars": len(rows)})


def _of_rows(
    code: Code, severity: Severity, bars: Bars, begin: int, end: int, said: str, figures: Mapping[str, float]
) -> Finding:
    start, until = instant(int(bars.time_us[begin])), instant(int(bars.time_us[end - 1])) + bars.timeframe.duration
    return _finding(code, severity, (bars.symbol, bars.timeframe), (start, until), said, figures)


def _finding(
    code: Code,
    severity: Severity,
    series: tuple[Symbol, Timeframe],
    span: tuple[datetime, datetime],
    said: str,
    figures: Mapping[str, float],
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        symbol=series[0],
        timeframe=series[1],
        start=span[0],
        end=span[1],
        said=said,
        figures=figures,
    )
