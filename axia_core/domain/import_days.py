"""A trading day of imported bars: its partitions in every timeframe that they build. Pure; the store is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from axia_core.domain.bars import (
    PRICES,
    Bars,
    PartitionTruth,
    RefusedBar,
    aggregate,
    instant,
    microseconds,
    missing_opens,
)
from axia_core.domain.sessions import Session, trading_date_at
from axia_core.domain.timeframes import Timeframe

HOUR_US = 3_600_000_000
# A week opens some minutes late and ends some minutes early; a file that is cut there lacks more than that.
TOLERATED_EDGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, eq=False)
class ImportedDay:
    """Bars of one session in the shortest timeframe, and the rows of it that were not taken.

    `cut` where the files begin or end with this day; `completed` where an earlier import gave some of the bars.
    """

    session: Session
    bars: Bars
    refused: tuple[RefusedBar, ...]
    cut: bool = False
    completed: bool = False

    def partitions(self, source: str, provisional: bool) -> Iterator[tuple[Bars, PartitionTruth]]:
        """Each timeframe from the shortest up with what is true of it; longer bars only where the files cover them."""
        for timeframe in built_from(self.bars.timeframe):
            bars = self.bars if timeframe is self.bars.timeframe else self._longer(timeframe)
            if len(bars):
                yield bars, self._truth(bars, source, provisional)

    def _longer(self, timeframe: Timeframe) -> Bars:
        bars = aggregate(self.bars, timeframe)
        start, end = self._covered()
        inside = bars.time_us >= microseconds(start)
        inside &= bars.time_us + timeframe.minutes * 60_000_000 <= microseconds(end)
        return bars.take(inside)

    def _covered(self) -> tuple[datetime, datetime]:
        first = instant(int(self.bars.time_us[0]))
        last = instant(int(self.bars.time_us[-1])) + self.bars.timeframe.duration
        begins_late = self.cut and first - self.session.open > TOLERATED_EDGE
        ends_early = self.cut and self.session.close - last > TOLERATED_EDGE
        return first if begins_late else self.session.open, last if ends_early else self.session.close

    def _truth(self, bars: Bars, source: str, provisional: bool) -> PartitionTruth:
        return PartitionTruth(
            symbol=bars.symbol,
            timeframe=bars.timeframe,
            trading_date=self.session.trading_date,
            source=source,
            provisional=provisional,
            expected=len(self.session.bar_opens(bars.timeframe)),
            actual=len(bars),
            gaps=missing_opens(bars, self.session),
            refused=self.refused,
            digest=bars.digest(),
        )

    def completed_by(self, bars: Bars, refused: Sequence[RefusedBar]) -> ImportedDay:
        """The day with those bars of an earlier import that it lacks; itself where the two are not of one feed."""
        if not _agree(bars, self.bars):
            return self
        both = {*self.refused, *refused}
        ordered = tuple(sorted(both, key=lambda bar: (bar.at, bar.reason)))
        return ImportedDay(self.session, _union(self.bars, bars), ordered, cut=self.cut, completed=True)


def built_from(base: Timeframe) -> list[Timeframe]:
    """The timeframes that bars of *base* build, itself first."""
    return [timeframe for timeframe in Timeframe if timeframe.minutes >= base.minutes]


def trading_dates_of(bars: Bars) -> list[date]:
    """The trading dates on which there are bars, oldest first."""
    hours = np.unique(bars.time_us // HOUR_US) * HOUR_US
    found = {trading_date_at(instant(int(hour))) for hour in hours}
    return sorted(day for day in found if day is not None)


def _agree(stored: Bars, new: Bars) -> bool:
    """Whether both are of one feed: where they have the same bar, they have the same prices."""
    _, left, right = np.intersect1d(stored.time_us, new.time_us, return_indices=True)
    return all(np.array_equal(getattr(stored, name)[left], getattr(new, name)[right]) for name in PRICES)


def _union(first: Bars, second: Bars) -> Bars:
    """Bars of either, those of *first* where both have one."""
    more = second.take(~np.isin(second.time_us, first.time_us))
    columns = [np.concatenate(both) for both in zip(first.columns().values(), more.columns().values(), strict=True)]
    order = np.argsort(columns[0])
    return Bars.build(first.symbol, first.timeframe, *(column[order] for column in columns))
