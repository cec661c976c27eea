"""Days on which the market does not trade, or closes early: what a desk expects, until bars say otherwise.

Brokers differ, so this is configuration and observation corrects it: bars of a holiday are stored like any other day's.
What a date's session is without holidays is `sessions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from axia_core.domain.sessions import NEW_YORK, ROLL, Session, is_trading_day, session
from axia_core.errors import InvalidInput

# What a settings file writes in the place of a name where a broker does trade on one of the usual holidays.
OPEN = "open"
USUAL_YEARS = range(2010, 2031)
USUAL = {(1, 1): "New Year's Day", (12, 25): "Christmas Day"}


@dataclass(frozen=True, slots=True)
class Holidays:
    """Names of whole holidays and New York times of early closes, by trading date; raises InvalidInput."""

    named: Mapping[date, str] = field(default_factory=dict)
    early_closes: Mapping[date, time] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for day, name in self.named.items():
            _check_weekday("holidays", day)
            if not name.strip():
                raise InvalidInput("holidays", f"{day} = ''", "a holiday has a name", 'Example: "Christmas Day".')
        for day, at in self.early_closes.items():
            _check_weekday("early_closes", day)
            _check_early_close(day, at)
            if day in self.named:
                rule = f"that day is a holiday, {self.named[day]}, so nothing closes early"
                raise InvalidInput("early_closes", f"{day} = {at:%H:%M}", rule, "Keep one of the two.")

    @property
    def dates(self) -> frozenset[date]:
        """Trading dates without any trading, for the functions of `sessions`."""
        return frozenset(self.named)

    def name_of(self, day: date) -> str:
        """What *day* is called, or nothing when the market trades."""
        return self.named.get(day, "")

    def session(self, day: date) -> Session:
        """The session of *day* with its early close, a holiday's included (its bars may come all the same)."""
        whole, at = session(day), self.early_closes.get(day)
        return whole if at is None else replace(whole, early_close=_in_utc(day, at))

    def expects(self, day: date) -> bool:
        """Whether a complete history has bars of *day*."""
        return is_trading_day(day, self.dates)


NONE = Holidays()


def usual_holidays() -> dict[date, str]:
    """Christmas Day and New Year's Day of 2010 to 2030, where a weekday: nearly every broker is closed then."""
    days = {date(year, month, day): name for year in USUAL_YEARS for (month, day), name in USUAL.items()}
    return {day: name for day, name in sorted(days.items()) if is_trading_day(day)}


def holidays_from(
    named: Mapping[date, str], early_closes: Mapping[date, time], usual: Mapping[date, str] | None = None
) -> Holidays:
    """The *usual* ones with what a settings file says of its own: more names, other names, or `open`.

    Raises InvalidInput, also where `open` is said of a day that was no holiday before.
    """
    before = usual_holidays() if usual is None else dict(usual)
    for day, name in named.items():
        if name == OPEN and day not in before:
            rule = "that day is no holiday to begin with"
            raise InvalidInput("holidays", f"{day} = '{OPEN}'", rule, "Remove the line, or correct its date.")
    told = before | dict(named)
    return Holidays({day: name for day, name in told.items() if name != OPEN}, early_closes)


def _check_weekday(key: str, day: date) -> None:
    if not is_trading_day(day):
        rule = f"it is a {day:%A}, on which the market never trades"
        raise InvalidInput(key, day.isoformat(), rule, "Remove the line, or correct its date.")


def _check_early_close(day: date, at: time) -> None:
    shown = f"{day} = {at:%H:%M}"
    if not time(0, 0) < at < ROLL:
        rule = "an early close is a New York time after 00:00 and before the regular close at 17:00"
        raise InvalidInput("early_closes", shown, rule, 'Example: "13:00".')
    if at.minute % 5 or at.second or at.microsecond:
        raise InvalidInput("early_closes", shown, "bars begin on whole five minutes", 'Example: "13:00".')


def _in_utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
