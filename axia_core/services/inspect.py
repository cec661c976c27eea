"""Inspect stored bars: read trading days of a series and say what is wrong with them. Nothing is read but the store.

What is wrong is the domain's; what to do about it is a person's, or the pipelines'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import Bars
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.quality import Code, Finding, QualityRules, Severity, worst
from axia_core.domain.quality_agreement import agreement
from axia_core.domain.quality_clock import clock_shifts
from axia_core.domain.quality_series import day_of_rows, inspect_series
from axia_core.domain.session_index import ordinal_of
from axia_core.domain.sessions import Session, previous_trading_day, session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ArchivedObject, CorruptObject, InvalidInput
from axia_core.ports import BarStore, Partition

# What is usual for a series is learned from the days before; a week of them knows the broker's pause at the roll.
CONTEXT_DAYS = 5
# For more days than this, one listing of the series tells cheaper which of them are stored at all.
FEW_DAYS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was looked at, and what was found, oldest first."""

    symbol: Symbol
    timeframe: Timeframe
    first: date
    last: date
    bars: int
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """The worst of the findings, or None when there are none."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What the store holds of some days of a series."""

    bars: Bars
    provisional: frozenset[date]
    unreadable: tuple[Finding, ...]

    def provisional_rows(self, bars: Bars) -> NDArray[np.bool_]:
        """Which of *bars* lie on a provisional day."""
        return np.isin(day_of_rows(bars), [ordinal_of(day) for day in self.provisional])


def inspect(
    store: BarStore,
    symbol: Symbol,
    timeframe: Timeframe,
    first: date,
    last: date,
    *,
    context_days: int = CONTEXT_DAYS,
    holidays: Holidays = NONE,
    rules: QualityRules | None = None,
) -> Inspection:
    """Looks at the stored days *first* to *last* of a series: by itself, against the next shorter timeframe, its clock.

    The clock is looked at where the days span some weeks. The *context_days* before *first* are the measure of what
    is usual. Raises InvalidInput, StoreUnavailable; a partition that cannot be read is a finding.
    """
    if first > last:
        raise InvalidInput("from", first.isoformat(), f"it is after the last day, {last}", "Exchange the two dates.")
    rules = rules or QualityRules()
    asked = list(trading_days(first, last))  # holidays may have bars all the same
    read = _read(store, symbol, timeframe, [*_days_before(first, context_days), *asked])
    found = [*read.unreadable, *_of_series(read, first, last, rules, holidays)]
    found += _disagreements(store, read.bars, read, asked, rules)
    found += clock_shifts(read.bars, rules)
    within = np.isin(day_of_rows(read.bars), [ordinal_of(day) for day in asked])
    return Inspection(
        symbol=symbol,
        timeframe=timeframe,
        first=first,
        last=last,
        bars=int(within.sum()),
        findings=tuple(sorted((one for one in found if _reaches(one, asked)), key=lambda one: one.start)),
    )


def _reaches(finding: Finding, asked: Sequence[date]) -> bool:
    """Whether it is not of the days before alone."""
    return bool(asked) and finding.end > session(asked[0]).open


def _of_series(read: _Stretch, first: date, last: date, rules: QualityRules, holidays: Holidays) -> Iterator[Finding]:
    """A day that cannot be read is not missing as well."""
    unread = {one.start for one in read.unreadable}
    found = inspect_series(read.bars, first, last, rules=rules, holidays=holidays)
    yield from (one for one in found if one.code is not Code.MISSING_DAY or one.start not in unread)


def _disagreements(
    store: BarStore, longer: Bars, read: _Stretch, days: Sequence[date], rules: QualityRules
) -> Iterator[Finding]:
    """The days against the next shorter timeframe that is stored; provisional ones with a tolerance."""
    other = next(_shorter(store, longer, days), None)
    if other is None:
        return
    for provisional in (False, True):
        ours = (read.provisional_rows(longer) | other.provisional_rows(longer)) == provisional
        theirs = (read.provisional_rows(other.bars) | other.provisional_rows(other.bars)) == provisional
        yield from agreement(other.bars.take(theirs), longer.take(ours), provisional=provisional, rules=rules)


def _shorter(store: BarStore, longer: Bars, days: Sequence[date]) -> Iterator[_Stretch]:
    """Shorter timeframes of the pair that have bars of these days, the longest of them first."""
    known = list(Timeframe)
    for timeframe in reversed(known[: known.index(longer.timeframe)]):
        read = _read(store, longer.symbol, timeframe, days)
        if len(read.bars):
            yield read


def _days_before(day: date, count: int) -> list[date]:
    days: list[date] = []
    for _ in range(count):
        day = previous_trading_day(day)
        days.append(day)
    return days[::-1]


def _read(store: BarStore, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> _Stretch:
    """The days side by side; only when one of them cannot be read, one by one."""
    if len(days) > FEW_DAYS:
        stored = set(store.trading_dates(symbol, timeframe))
        days = [day for day in days if day in stored]
    try:
        found: Sequence[Partition | Finding | None] = store.read_days(symbol, timeframe, days)
    except (CorruptObject, ArchivedObject):
        found = [_partition(store, symbol, timeframe, day) for day in days]
    partitions = [each for each in found if isinstance(each, Partition)]
    bars = Bars.join([Bars.empty(symbol, timeframe), *(each.bars for each in partitions)])
    provisional = frozenset(each.truth.trading_date for each in partitions if each.truth.provisional)
    return _Stretch(bars, provisional, tuple(each for each in found if isinstance(each, Finding)))


def _partition(store: BarStore, symbol: Symbol, timeframe: Timeframe, day: date) -> Partition | Finding | None:
    try:
        return store.read(symbol, timeframe, day)
    except (CorruptObject, ArchivedObject) as error:
        return _unreadable(symbol, timeframe, session(day), str(error))


def _unreadable(symbol: Symbol, timeframe: Timeframe, day: Session, said: str) -> Finding:
    return Finding(
        code=Code.UNREADABLE,
        severity=Severity.ERROR,
        symbol=symbol,
        timeframe=timeframe,
        start=day.open,
        end=day.close,
        said=said,
    )
