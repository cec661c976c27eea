"""The clock of a history file: which wall clock its times were written by, as stated or as its weekend gaps tell.

The FX week ends on Friday 17:00 New York, to a few minutes, everywhere; so the hour at which a file's week ends gives
the offset of its clock, and a change of that hour between the weeks before and after each daylight-saving switch gives
its rules: none, those of the United States, or those of Europe. No files here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import instant, microseconds
from axia_core.domain.sessions import DAY, NEW_YORK, session
from axia_core.errors import InvalidInput

HOUR = timedelta(hours=1)
HOUR_US = 3_600_000_000
QUARTER_US = HOUR_US // 4
SHORTEST_WEEKEND = timedelta(hours=24)
LONGEST_WEEKEND = timedelta(days=5)
# On every clock from UTC-12 to UTC+14 the market is closed at this hour of a Sunday.
DEAD_HOUR = 5
REMEDY = 'Write --clock like "UTC", "UTC-5", "EET", "Europe/Athens" or "America/New_York+7".'

_EUROPE = ZoneInfo("Europe/London")
_NAME = re.compile(r"([A-Za-z_]+(?:/[A-Za-z_]+)*)([+-]\d{1,2})?")
_ALIASES = {"GMT": "UTC", "Z": "UTC", "EET": "Europe/Athens", "CET": "Europe/Berlin"}
_SHORT = {"Europe/Athens": "EET", "Europe/Berlin": "CET"}


@dataclass(frozen=True)
class FileClock:
    """The wall clock of an IANA zone plus whole hours."""

    zone: str = "UTC"
    shift_h: int = 0

    @property
    def name(self) -> str:
        """As `--clock` takes it."""
        return _SHORT.get(self.zone, self.zone) + (f"{self.shift_h:+d}" if self.shift_h else "")

    @cached_property
    def _rules(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def offset(self, at: datetime) -> timedelta:
        """How far this clock is ahead of UTC at an instant."""
        return (at.astimezone(self._rules).utcoffset() or timedelta()) + self.shift_h * HOUR

    def to_utc_us(self, wall_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Wall-clock microseconds as UTC; of an hour that happens twice the first, which falls into a weekend."""
        quarters, inverse = np.unique(wall_us // QUARTER_US, return_inverse=True)
        starts = np.array([self._quarter_us(int(quarter)) for quarter in quarters], dtype=np.int64)
        utc: NDArray[np.int64] = (starts[inverse] if len(starts) else 0) + wall_us % QUARTER_US
        return utc

    def _quarter_us(self, quarter: int) -> int:
        wall = instant(quarter * QUARTER_US) - self.shift_h * HOUR
        return microseconds(wall.replace(tzinfo=self._rules).astimezone(UTC))

    def __str__(self) -> str:
        return self.name


UTC_CLOCK = FileClock()


@dataclass(frozen=True, slots=True)
class Weekend:
    """One weekend gap of a file: the hours its clock is ahead of UTC if the week ended, or began, on time."""

    friday: date
    by_close_h: int
    by_open_h: int

    @property
    def close(self) -> datetime:
        return session(self.friday).close

    @property
    def regime(self) -> str:
        """Which of the two daylight-saving rules were in summer time when the week ended."""
        seasons = ("summer" if self.close.astimezone(zone).dst() else "winter" for zone in (NEW_YORK, _EUROPE))
        return "US {}, EU {}".format(*seasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeEvidence:
    """What the weekends of one daylight-saving regime say of the clock."""

    regime: str
    weekends: int
    agreeing: int
    offset_h: int
    late_open_h: int

    def __str__(self) -> str:
        late_or_early = "late" if self.late_open_h > 0 else "early"
        opens = f" (opening {abs(self.late_open_h)} h {late_or_early})" if self.late_open_h else ""
        return f"{self.regime}: UTC{self.offset_h:+d} in {self.agreeing} of {self.weekends} weekends{opens}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFinding:
    """What the weekend gaps tell; `clock` is None where they leave several that differ on some row, or none."""

    clock: FileClock | None
    candidates: tuple[FileClock, ...]
    evidence: tuple[RegimeEvidence, ...]


def parse_clock(text: str) -> FileClock:
    """The clock called *text*; raises InvalidInput."""
    match = _NAME.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("clock", text, "it is no time zone with whole hours", REMEDY)
    zone, shift_h = _ALIASES.get(match[1].upper(), match[1]), int(match[2] or 0)
    if zone.upper() == "UTC":
        zone = "UTC"
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError) as error:
        raise InvalidInput("clock", text, "it is no IANA time zone", REMEDY) from error
    if not -14 <= shift_h <= 14:
        raise InvalidInput("clock", text, "a shift is at most 14 hours", REMEDY)
    return FileClock(zone, shift_h)


def weekends(wall_us: NDArray[np.int64], step: timedelta) -> tuple[Weekend, ...]:
    """Every weekend gap of bars (ascending times of the file's clock) that are *step* long."""
    if not len(wall_us):
        return ()
    first, last = instant(int(wall_us[0])), instant(int(wall_us[-1]))
    found = (_weekend(wall_us, sunday, step) for sunday in _sundays(first.date(), last.date()))
    return tuple(weekend for weekend in found if weekend is not None)


def detect(wall_us: NDArray[np.int64], step: timedelta) -> ClockFinding:
    """The clock by which these bars were written, as far as their weekends tell."""
    seen = weekends(wall_us, step)
    evidence = _evidence(seen)
    # A week that is too short by some hours in every season may begin late or end early: nothing says which.
    unsure_h = max(0, min((one.late_open_h for one in evidence), default=0))
    early = ((clock, _early_close_h(clock, seen)) for clock in _known_clocks(evidence, unsure_h))
    candidates = tuple(clock for clock, hours in early if hours is not None and hours <= unsure_h)
    return ClockFinding(
        clock=candidates[0] if candidates and _same_times(candidates, wall_us) else None,
        candidates=candidates,
        evidence=evidence,
    )


def contradiction(clock: FileClock, wall_us: NDArray[np.int64], step: timedelta) -> str:
    """Why these bars cannot have been written by *clock*, or nothing.

    A week that ends early by the same hours all year does not contradict; one that ends late, or an hour that changes
    with the season, does.
    """
    seen = weekends(wall_us, step)
    if not seen or _early_close_h(clock, seen) is not None:
        return ""
    said = "; ".join(map(str, _evidence(seen)))
    return f"by {clock} the week would not end on Friday 17:00 New York, but the weekend gaps say {said}"


def _weekend(wall_us: NDArray[np.int64], sunday: date, step: timedelta) -> Weekend | None:
    dead = datetime(sunday.year, sunday.month, sunday.day, DEAD_HOUR, tzinfo=UTC)
    after = int(np.searchsorted(wall_us, microseconds(dead)))
    if not 0 < after < len(wall_us):
        return None
    ends, opens = instant(int(wall_us[after - 1])) + step, instant(int(wall_us[after]))
    if not SHORTEST_WEEKEND <= opens - ends <= LONGEST_WEEKEND:
        return None
    friday = sunday - 2 * DAY
    by_close_h = -((session(friday).close - ends) // HOUR)
    return Weekend(friday, by_close_h, (opens - session(friday + 3 * DAY).open) // HOUR)


def _sundays(first: date, last: date) -> Iterator[date]:
    sunday = first + (6 - first.weekday()) * DAY
    while sunday <= last:
        yield sunday
        sunday += 7 * DAY


def _by_regime(seen: Iterable[Weekend]) -> dict[str, list[Weekend]]:
    grouped: dict[str, list[Weekend]] = {}
    for weekend in seen:
        grouped.setdefault(weekend.regime, []).append(weekend)
    return grouped


def _evidence(seen: Sequence[Weekend]) -> tuple[RegimeEvidence, ...]:
    return tuple(_evidence_of(regime, found) for regime, found in sorted(_by_regime(seen).items()))


def _evidence_of(regime: str, found: Sequence[Weekend]) -> RegimeEvidence:
    offset_h, agreeing = Counter(weekend.by_close_h for weekend in found).most_common(1)[0]
    return RegimeEvidence(
        regime=regime,
        weekends=len(found),
        agreeing=agreeing,
        offset_h=offset_h,
        late_open_h=_usual(weekend.by_open_h - weekend.by_close_h for weekend in found),
    )


def _usual(values: Iterable[int]) -> int:
    return Counter(values).most_common(1)[0][0]


def _early_close_h(clock: FileClock, seen: Sequence[Weekend]) -> int | None:
    """How many hours before Friday 17:00 New York the week ends by this clock, all year; None where it cannot be."""
    early: set[int] = set()
    for found in _by_regime(seen).values():
        hours = _usual(clock.offset(weekend.close) // HOUR - weekend.by_close_h for weekend in found)
        late_open_h = _usual(weekend.by_open_h - weekend.by_close_h for weekend in found)
        if not 0 <= hours <= max(late_open_h, 0):
            return None
        early.add(hours)
    return early.pop() if len(early) == 1 else None


def _known_clocks(evidence: Sequence[RegimeEvidence], unsure_h: int) -> Iterator[FileClock]:
    """Fixed, American and European clocks whose offset occurs, the simplest first."""
    winters = sorted({one.offset_h + hours for one in evidence for hours in range(-1, unsure_h + 1)})
    yield from (FileClock("UTC", hours) for hours in winters)
    yield from (FileClock("America/New_York", hours + 5) for hours in winters)
    named = {1: FileClock("Europe/Berlin"), 2: FileClock("Europe/Athens")}
    yield from (named.get(hours, FileClock("Europe/London", hours)) for hours in winters)


def _same_times(candidates: Sequence[FileClock], wall_us: NDArray[np.int64]) -> bool:
    """Whether all candidates read every row as the same instant: then it is no question which of them it is."""
    hours = np.unique(wall_us // HOUR_US) * HOUR_US
    first = candidates[0].to_utc_us(hours)
    return all(np.array_equal(first, other.to_utc_us(hours)) for other in candidates[1:])
