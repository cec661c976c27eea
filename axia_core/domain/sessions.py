"""The FX trading day: which dates have one, when it opens and closes, and which bars it must hold.

Trading date D is the session from 17:00 America/New_York on the calendar day before D to 17:00 on D, Monday to
Friday. Both daylight-saving switches of New York fall on a Sunday at 02:00, while the market is closed, so every
session lasts exactly 24 hours. No clock and no I/O here: callers pass `now`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotATradingDay

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
ROLL = time(17, 0)
COLLECTION = time(7, 0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day: half-open `[open, close)` in UTC, 24 hours long; trading ends sooner at an early close."""

    trading_date: date
    open: datetime
    close: datetime
    early_close: datetime | None = None

    def bar_opens(self, timeframe: Timeframe) -> tuple[datetime, ...]:
        """UTC open times of every bar the session must hold, oldest first."""
        step, end = timeframe.duration, self.early_close or self.close
        opens = (self.open + i * step for i in range(timeframe.bars_per_session))
        return tuple(at for at in opens if at < end)

    def bar_count(self, timeframe: Timeframe) -> int:
        """How many bars those are."""
        length = (self.early_close or self.close) - self.open
        return min(timeframe.bars_per_session, max(0, -(-length // timeframe.duration)))

    def __contains__(self, instant: datetime) -> bool:
        return self.open <= instant < self.close


def is_trading_day(day: date, holidays: frozenset[date] = frozenset()) -> bool:
    """Monday to Friday, holidays excepted."""
    return day.weekday() < 5 and day not in holidays


def session(day: date, holidays: frozenset[date] = frozenset()) -> Session:
    """The session of trading date *day*; raises NotATradingDay."""
    if not is_trading_day(day, holidays):
        what = "a holiday" if day.weekday() < 5 else f"a {day:%A}"
        remedy = f"The trading day before it is {previous_trading_day(day, holidays)}."
        raise NotATradingDay("date", day.isoformat(), f"it is {what}, the market does not trade", remedy)
    return Session(day, _new_york(day - DAY, ROLL), _new_york(day, ROLL))


def trading_date_at(instant: datetime) -> date | None:
    """The trading date whose session holds *instant*, or None while the market is closed for the weekend."""
    local = require_aware(instant).astimezone(NEW_YORK)
    day = local.date() + DAY if local.time() >= ROLL else local.date()
    return day if is_trading_day(day) else None


def is_open(instant: datetime, holidays: frozenset[date] = frozenset()) -> bool:
    """Whether the market is open at *instant* by the session calendar (brokers may pause minutes at the roll)."""
    day = trading_date_at(instant)
    return day is not None and day not in holidays


def next_close(now: datetime, holidays: frozenset[date] = frozenset()) -> datetime:
    """The first New York close of a trading day strictly after *now*."""
    day = require_aware(now).astimezone(NEW_YORK).date()
    while not (is_trading_day(day, holidays) and _new_york(day, ROLL) > now):
        day += DAY
    return _new_york(day, ROLL)


def loss_day(now: datetime) -> date:
    """The trading date on which a loss counts now: the one whose close comes next, on a weekend Monday's."""
    return next_close(now).astimezone(NEW_YORK).date()


def next_open(now: datetime, holidays: frozenset[date] = frozenset()) -> datetime:
    """The first open of a session at or after *now*."""
    day = require_aware(now).astimezone(NEW_YORK).date()
    while not (is_trading_day(day, holidays) and _new_york(day - DAY, ROLL) >= now):
        day += DAY
    return _new_york(day - DAY, ROLL)


def collection_time(day: date) -> datetime:
    """When trading date *day* is collected: 07:00 Tokyo on the calendar day after it, in UTC."""
    return datetime.combine(day + DAY, COLLECTION, TOKYO).astimezone(UTC)


def previous_trading_day(day: date, holidays: frozenset[date] = frozenset()) -> date:
    """The last trading day strictly before *day*."""
    day -= DAY
    while not is_trading_day(day, holidays):
        day -= DAY
    return day


def trading_days_before(
    day: date, count: int, since: date, holidays: frozenset[date] = frozenset()
) -> tuple[date, ...]:
    """The newest *count* trading days strictly before *day* and not before *since*, oldest first."""
    found: list[date] = []
    for _ in range(count):
        day = previous_trading_day(day, holidays)
        found.append(day)
    return tuple(reversed([each for each in found if each >= since]))


def last_closed_trading_days(now: datetime, count: int, holidays: frozenset[date] = frozenset()) -> tuple[date, ...]:
    """The newest *count* trading dates whose session has closed by *now*, oldest first."""
    day = require_aware(now).astimezone(NEW_YORK).date() + DAY
    found: list[date] = []
    while len(found) < count:
        day = previous_trading_day(day, holidays)
        if session(day, holidays).close <= now:
            found.append(day)
    return tuple(reversed(found))


def last_due_trading_day(now: datetime, holidays: frozenset[date] = frozenset()) -> date:
    """The newest trading date whose collection time has come by *now*."""
    day = require_aware(now).astimezone(TOKYO).date()
    while not (is_trading_day(day, holidays) and collection_time(day) <= now):
        day -= DAY
    return day


def trading_days(first: date, last: date, holidays: frozenset[date] = frozenset()) -> Iterator[date]:
    """Every trading date from *first* to *last*, both included."""
    day = first
    while day <= last:
        if is_trading_day(day, holidays):
            yield day
        day += DAY


def parse_trading_date(text: str, holidays: frozenset[date] = frozenset()) -> date:
    """The trading date written as YYYY-MM-DD; raises InvalidInput or NotATradingDay."""
    try:
        day = date.fromisoformat(text)
        if day.isoformat() != text:
            raise ValueError(text)  # other ISO forms (20260703, 2026-W27-5) would read as typing errors
    except ValueError as error:
        raise InvalidInput("date", text, "a trading date is written YYYY-MM-DD", "Example: 2026-07-03.") from error
    return session(day, holidays).trading_date


def require_aware(instant: datetime) -> datetime:
    """*instant* unchanged when it carries a time zone; raises InvalidInput for a naive one."""
    if instant.tzinfo is None:
        raise InvalidInput("instant", instant, "a time without a zone is ambiguous", "Pass a UTC-aware datetime.")
    return instant


def _new_york(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
