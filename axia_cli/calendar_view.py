"""Coverage as a calendar for people: a line for each month, a character for each day. No command's own logic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axia_core.services.coverage import Coverage

# From good to bad: of several series the calendar shows the last one that is true of any.
SIGNS = {
    "before start": "-",
    "holiday": "h",
    "complete": "#",
    "provisional": "p",
    "gaps": "g",
    "missing": "!",
}
NOT_ASKED = " "
_DAYS = range(1, 32)


def legend() -> str:
    """What the characters mean, the usual ones first."""
    order = ("complete", "provisional", "gaps", "missing", "holiday", "before start")
    return "   ".join(f"{SIGNS[status]} {status}" for status in order)


def worst(series: Iterable[Sequence[Coverage]]) -> dict[date, str]:
    """Of every day the status that most needs a person, over all series."""
    ranks = list(SIGNS)
    found: dict[date, str] = {}
    for day in (day for days in series for day in days):
        before = found.get(day.trading_date, ranks[0])
        found[day.trading_date] = max(before, day.status.value, key=ranks.index)
    return found


def calendar(statuses: Mapping[date, str]) -> list[str]:
    """A head with the days of the month, then a line for each month that has a day; weekends stay empty."""
    months = sorted({(day.year, day.month) for day in statuses})
    head = "        " + "".join(str(day // 10) if day % 10 == 0 else " " for day in _DAYS)
    digits = "        " + "".join(str(day % 10) for day in _DAYS)
    return [head, digits, *(_line(year, month, statuses) for year, month in months)]


def _line(year: int, month: int, statuses: Mapping[date, str]) -> str:
    of_month = {day.day: status for day, status in statuses.items() if (day.year, day.month) == (year, month)}
    signs = (SIGNS[of_month[day]] if day in of_month else NOT_ASKED for day in _DAYS)
    return f"{year}-{month:02} {''.join(signs)}".rstrip()
