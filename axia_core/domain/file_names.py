"""What the name and folders of a history file say: symbol, bar length, price side, day and hour. Pure text rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

STEPS_MIN = (1, 5, 15, 30, 60, 240, 1440)

_CURRENCIES = "AUD|CAD|CHF|CNH|CZK|DKK|EUR|GBP|HKD|HUF|JPY|MXN|NOK|NZD|PLN|SEK|SGD|THB|TRY|USD|ZAR"
_PAIR = re.compile(rf"(?<![A-Z])({_CURRENCIES})[-_./ ]?({_CURRENCIES})")
_UNIT_MIN = {"M": 1, "MIN": 1, "MINUTE": 1, "MINS": 1, "H": 60, "HOUR": 60, "D": 1440, "DAY": 1440}
_LENGTH = re.compile(
    r"(?<![A-Z0-9])(?:(?P<unit>[MHD])(?P<count>\d{1,2})|(?P<n>\d{1,2})[_ -]?(?P<word>MINUTE|MINS?|M|HOUR|H|DAY|D))"
    r"(?![A-Z0-9])"
)
_WORDS = {"MINUTE": 1, "HOUR": 60, "HOURLY": 60, "DAY": 1440, "DAILY": 1440}
_SIDE = re.compile(r"(?<![A-Z])(BID|ASK|MID)(?![A-Z])")
# Dukascopy counts the months of its paths from 0.
_DUKASCOPY_DAY = re.compile(r"(?<!\d)(\d{4})[/_-](\d\d)[/_-](\d\d)[/_-]")
_DUKASCOPY_HOUR = re.compile(r"(?<!\d)(\d\d)h_ticks", re.IGNORECASE)


def symbol_of(parts: Sequence[str], known: Iterable[str]) -> str | None:
    """The pair that a path names, looked for from its last part backwards: one of *known*, else any pair."""
    wanted = tuple(known)
    for part in reversed(parts):
        text = part.upper()
        found = {name for name in wanted if name in text} or {a + b for a, b in _PAIR.findall(text) if a != b}
        if len(found) == 1:
            return found.pop()
    return None


def step_min_of(parts: Sequence[str]) -> int | None:
    """The bar length in minutes that a path states, as in `EURUSD_M15_...`, `USDJPY_15m`, `minute/eurusd`."""
    for part in reversed(parts):
        text = _PAIR.sub("_", part.upper())
        lengths = {_minutes(match) for match in _LENGTH.finditer(text)} & set(STEPS_MIN)
        lengths |= {_WORDS[word] for word in re.findall(r"[A-Z]+", text) if word in _WORDS and not lengths}
        if len(lengths) == 1:
            return lengths.pop()
    return None


def side_of(parts: Sequence[str]) -> str:
    """`bid`, `ask` or `mid` where the last part of a path says so."""
    found = set(_SIDE.findall(parts[-1].upper())) if parts else set()
    return found.pop().lower() if len(found) == 1 else ""


def dukascopy_start(parts: Sequence[str]) -> datetime | None:
    """The UTC instant from which a `.bi5` file counts: its day by the path, its hour by the name."""
    text = "/".join(parts)
    match = _DUKASCOPY_DAY.search(text)
    if match is None:
        return None
    try:
        day = datetime(int(match[1]), int(match[2]) + 1, int(match[3]), tzinfo=UTC)
    except ValueError:
        return None
    return day.replace(hour=bi5_hour(parts))


def bi5_hour(parts: Sequence[str]) -> int:
    """The hour in a name like `08h_ticks.bi5`; 0 for a day's candles."""
    hour = _DUKASCOPY_HOUR.search(parts[-1])
    return int(hour[1]) % 24 if hour else 0


def _minutes(match: re.Match[str]) -> int:
    if match["unit"]:
        return int(match["count"]) * _UNIT_MIN[match["unit"]]
    return int(match["n"]) * _UNIT_MIN[match["word"]]
