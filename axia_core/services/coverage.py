"""Coverage of a series: what is known of every trading day of a range, without reading a bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from axia_core.domain.bars import PartitionTruth
from axia_core.domain.holidays import NONE, Holidays
from axia_core.domain.sessions import trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.ports import BarStore

# So many series agreeing that a day has no bars is a hint; two may both have failed.
FEWEST_SERIES = 3


class Status(StrEnum):
    """What is true of one trading day of a series."""

    COMPLETE = "complete"
    PROVISIONAL = "provisional"  # whole, from a source that a final one will replace
    GAPS = "gaps"
    MISSING = "missing"
    HOLIDAY = "holiday"  # nothing stored, and nothing expected
    BEFORE_START = "before start"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One trading day of a series; `truth` is None when it was never stored, `gaps` are those inside trading hours."""

    trading_date: date
    truth: PartitionTruth | None
    gaps: tuple[datetime, ...] = ()
    holiday: str = ""
    before_start: bool = False

    @property
    def complete(self) -> bool:
        """Stored, with every bar there that was expected."""
        return self.truth is not None and not self.gaps and not self.truth.refused

    @property
    def status(self) -> Status:
        if self.truth is not None:
            whole = Status.PROVISIONAL if self.truth.provisional else Status.COMPLETE
            return whole if self.complete else Status.GAPS
        if self.before_start:
            return Status.BEFORE_START
        return Status.HOLIDAY if self.holiday else Status.MISSING

    @property
    def traded_on_a_holiday(self) -> bool:
        """Bars came on a day on which none were expected: what was seen wins over what was configured."""
        return bool(self.holiday) and self.truth is not None and self.truth.actual > 0


def coverage(
    store: BarStore,
    symbol: Symbol,
    timeframe: Timeframe,
    first: date,
    last: date,
    *,
    holidays: Holidays = NONE,
    start: date = date.min,
) -> tuple[Coverage, ...]:
    """Every weekday from *first* to *last* with what is known of it; raises InvalidInput, StoreUnavailable.

    What lies before *start* is expected no more than a holiday is, and told all the same where it is stored.
    """
    if first > last:
        raise InvalidInput("from", first.isoformat(), f"it is after the last day, {last}", "Exchange the two dates.")
    stored = set(store.trading_dates(symbol, timeframe))
    days = tuple(trading_days(first, last))
    known = [day for day in days if day in stored]
    truths = dict(zip(known, store.truths(symbol, timeframe, known), strict=True))
    return tuple(_covered(day, truths.get(day), holidays, start) for day in days)


def probable_holidays(series: Iterable[Sequence[Coverage]]) -> tuple[date, ...]:
    """Days that every series lacks (three at least) though each has a day before and a day after: a holiday, likely."""
    found = list(series)
    lacking = Counter(day for one in found for day in _holes(one))
    enough = max(FEWEST_SERIES, len(found))
    return tuple(sorted(day for day, count in lacking.items() if count >= enough))


def _covered(day: date, truth: PartitionTruth | None, holidays: Holidays, start: date) -> Coverage:
    # An early close may have been configured after the day was stored with its gaps.
    end = holidays.session(day).early_close
    gaps = tuple(at for at in (truth.gaps if truth else ()) if end is None or at < end)
    return Coverage(day, truth, gaps, holidays.name_of(day), day < start)


def _holes(days: Sequence[Coverage]) -> list[date]:
    stored = [day.trading_date for day in days if day.truth is not None]
    inner = [day for day in days if stored and stored[0] < day.trading_date < stored[-1]]
    return [day.trading_date for day in inner if day.status is Status.MISSING]
