"""Times as programs write them into history files, as microseconds: ISO, dotted, compact, epoch; zone or none.

A file repeats its days and its times of day, so both halves are read once each and remembered.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from axia_core.domain.bars import EPOCH

EXAMPLES = "Like 2026-01-05T07:00:00Z, or 2026.01.05 07:00:00."

_MICROSECOND = timedelta(microseconds=1)
_DAY_US = 86_400_000_000
_EPOCH_TEXT = re.compile(r"(\d{10})(\d{3})?(\.0*)?")
_YMD = re.compile(r"(?P<y>\d{4})(?P<sep>[-./]?)(?P<m>\d\d)(?P=sep)(?P<d>\d\d)")
_DMY = re.compile(r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d{4})")
_CLOCK = re.compile(r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?(?: (GMT|UTC)([+-]\d{4})?)?")
_COMPACT_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)")


def parse_time(text: str) -> tuple[int, bool]:
    """Microseconds since the epoch, and whether *text* states its zone; without one the wall clock is put as if UTC.

    Raises ValueError for what is no time.
    """
    if text.isdigit() and len(text) > 8:
        return _epoch_us(text)
    day, _, clock = text.partition("T" if "T" in text[:11] else " ")
    if not clock:
        return (_epoch_us(day)) if _EPOCH_TEXT.fullmatch(day) else (_day_us(day), False)
    clock_us, zoned = _clock_us(clock)
    return _day_us(day) + clock_us, zoned


def is_bare_date(text: str) -> bool:
    """Whether a time that could be read is a day without a time of day."""
    return " " not in text and "T" not in text and not _EPOCH_TEXT.fullmatch(text)


def _epoch_us(text: str) -> tuple[int, bool]:
    match = _EPOCH_TEXT.fullmatch(text)
    if match is None:
        raise ValueError("it is neither seconds nor milliseconds since 1970")
    return int(match[1]) * 1_000_000 + int(match[2] or 0) * 1_000, True


@lru_cache(maxsize=20_000)
def _day_us(text: str) -> int:
    match = _YMD.fullmatch(text) or _DMY.fullmatch(text)
    if match is None:
        raise ValueError("its day is written in no known form")
    return (date(int(match["y"]), int(match["m"]), int(match["d"])) - EPOCH.date()).days * _DAY_US


@lru_cache(maxsize=20_000)
def _clock_us(text: str) -> tuple[int, bool]:
    """Microseconds after midnight in UTC, which may lie beside the day where a zone is stated."""
    compact = _COMPACT_CLOCK.fullmatch(text)
    match = _CLOCK.fullmatch(":".join(compact.groups()) if compact else text)
    if match is None:
        raise ValueError("its time of day is written in no known form")
    clock, zone, named, offset = match.groups()
    stated = zone or offset or ("Z" if named else "")
    at = datetime.fromisoformat(f"1970-01-01T{clock}{stated or 'Z'}")
    return (at - EPOCH) // _MICROSECOND, bool(stated)
