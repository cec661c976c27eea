"""The library itself: loading it, its caches, and its errors as ours. Only `Ticker.history` is called.

`yfinance.download` never raises and answers every fault with an empty frame, so it is of no use here.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from axia_core.errors import (
    AxiaError,
    HistoryOutOfReach,
    InvalidInput,
    SourceRateLimited,
    SourceUnavailable,
    UnknownSymbol,
)

TIMEOUT_S = 10
# What every pair's chart says. Kept in the library's own cache of zones it saves a request per pair, which would call
# a pair unknown when Yahoo is only disturbed.
FX_ZONE = "Europe/London"
# What a disturbed or changed Yahoo makes the library raise: our own code does not run in there.
_UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError)

_NO_ROWS = re.compile(r"data doesn't exist for startdate", re.IGNORECASE)
_OUT_OF_REACH = re.compile(r"must be within the last|not available for starttime", re.IGNORECASE)
_BAD_INTERVAL = re.compile(r"interval.* is not supported|valid intervals", re.IGNORECASE)
_UNKNOWN = re.compile(r"no data found|not found|delisted", re.IGNORECASE)

_prepared: set[Path] = set()
_lock = threading.Lock()


def opened(folder: Path) -> Callable[[str, str, datetime, datetime], Any]:
    """`history` with the library's files in *folder*; nothing is loaded before the first call."""

    def history(ticker: str, interval: str, start: datetime, end: datetime) -> Any:
        _prepare(folder)
        return _history(ticker, interval, start, end)

    return history


def _history(ticker: str, interval: str, start: datetime, end: datetime) -> Any:
    """Rows of `[start, end)`, None when Yahoo has none. Raises only errors of ours."""
    import yfinance
    from yfinance.cache import get_tz_cache
    from yfinance.data import YfData

    # It keeps answers of ranges in the past, broken ones too, for as long as the process lives.
    YfData().cache_get.cache_clear()
    get_tz_cache().store(ticker, FX_ZONE)
    asked = yfinance.Ticker(ticker)
    try:
        return asked.history(
            start=start, end=end, interval=interval, auto_adjust=False, actions=False, prepost=True, timeout=TIMEOUT_S
        )
    except (yfinance.exceptions.YFException, OSError, *_UNREADABLE) as error:
        translated = translate(error, ticker, interval, answered=_has_answered(asked))
        if translated is None:
            return None
        raise translated from error


def translate(error: Exception, ticker: str, interval: str, answered: bool) -> AxiaError | None:
    """The library's error as one of ours; None when it only means that there are no rows.

    The library says "possibly delisted" of an empty range and of HTTP 500 alike: *answered* tells them apart.
    """
    from yfinance import exceptions as theirs

    if isinstance(error, theirs.YFRateLimitError):
        return SourceRateLimited("Yahoo limits the rate of requests from here. Wait some minutes before the next one.")
    if isinstance(error, theirs.YFPricesMissingError):
        return _missing(error, ticker, interval, answered)
    kind = type(error).__name__
    return SourceUnavailable(f"Yahoo did not answer {ticker} {interval}: {kind}: {str(error)[:300]}")


def _missing(error: Any, ticker: str, interval: str, answered: bool) -> AxiaError | None:
    reason = str(error.yahoo_reason or "")
    if _NO_ROWS.search(reason) or (not reason and answered):
        return None
    if _OUT_OF_REACH.search(reason):
        return HistoryOutOfReach(f"Yahoo does not go back so far for {ticker} {interval}: {reason}")
    if _BAD_INTERVAL.search(reason):
        return InvalidInput("interval", interval, f"Yahoo does not know it ({reason})")
    if _UNKNOWN.search(reason):
        return UnknownSymbol("symbol", ticker, f"Yahoo has no such pair ({reason})", "Leave yfinance out for it.")
    # Without a reason the library says "possibly delisted", which it cannot know.
    why = reason or "it sent neither rows nor a reason"
    return SourceUnavailable(f"Yahoo did not answer {ticker} {interval}: {why}")


def _has_answered(ticker: Any) -> bool:
    """Whether Yahoo described the pair, rows or not."""
    return "symbol" in ticker.get_history_metadata()


def _prepare(folder: Path) -> None:
    """Once per process and folder: where the library keeps its files, and that it raises instead of logging."""
    import yfinance

    with _lock:
        if folder in _prepared:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            folder.chmod(0o700)  # cookies lie there as pickles
        yfinance.set_tz_cache_location(str(folder))
        yfinance.config.debug.hide_exceptions = False
        _prepared.add(folder)
