"""What becomes of the rows of a history file: bars of the shortest timeframe that AXIA keeps, and rows not taken, why.

The clock and the scale are known here; `file_clock` and `price_scale` find them. Nothing about files or the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.bars import Bars, RefusedBar, aggregate, instant, microseconds, price_faults
from axia_core.domain.history_rows import Int64s, RefusedRows, RowFault, Rows
from axia_core.domain.sessions import session, trading_date_at
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
REPEATED = "the same time comes twice; the first row counts"
OTHERWISE = "the same time comes twice with other prices; the first row counts"
CLOSED = "the market is closed then (Friday 17:00 to Sunday 17:00 New York)"


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Rows that became bars, and those that did not: by place in the files, and by time for the partitions.

    `refused_rows` are the latter as they stood, where a row is a bar of one of AXIA's timeframes.
    """

    bars: Bars
    refused: tuple[RefusedRows, ...]
    refused_bars: tuple[RefusedBar, ...]
    refused_rows: Bars


def base_timeframe(step_min: int) -> Timeframe:
    """The shortest of AXIA's timeframes that rows of *step_min* minutes build."""
    return next(timeframe for timeframe in Timeframe if timeframe.minutes % step_min == 0)


def settle(rows: Rows, symbol: Symbol, step_min: int, files: Sequence[str]) -> Settled:
    """Judge rows (UTC times, scaled prices) and build bars from those that hold."""
    rows = rows.take(np.argsort(rows.time_us, kind="stable"))
    reasons = _reasons(rows, step_min)
    broken = np.any(list(reasons.values()), axis=0) if len(rows) else np.zeros(0, dtype=bool)
    missed = _in_sessions(broken, reasons)
    timeframe = base_timeframe(step_min)
    is_kept = timeframe.minutes == step_min
    bars = _bars(rows.take(~broken), symbol, timeframe)
    return Settled(
        bars=bars if is_kept else aggregate(bars, timeframe),
        refused=tuple(_runs(rows, broken, reasons, files)),
        refused_bars=tuple(RefusedBar(instant(int(rows.time_us[row])), _said(int(row), reasons)) for row in missed),
        refused_rows=_bars(_first_of_each_time(rows.take(missed if is_kept else missed[:0])), symbol, timeframe),
    )


def _bars(rows: Rows, symbol: Symbol, timeframe: Timeframe) -> Bars:
    prices = (rows.open, rows.high, rows.low, rows.close)
    return Bars.build(symbol, timeframe, rows.time_us, *prices, rows.volume, rows.spread)


def _first_of_each_time(rows: Rows) -> Rows:
    return rows.take(np.unique(rows.time_us, return_index=True)[1])


def unreadable(faults: Sequence[RowFault], file: str) -> Iterator[RefusedRows]:
    """Lines that are no rows, as rows that were not taken."""
    for fault in faults:
        yield RefusedRows(file, fault.line, fault.line, None, str(fault))


def step_minutes(time_us: Int64s) -> int | None:
    """The most frequent distance between ascending times in whole minutes, or None for fewer than two rows."""
    distances = np.diff(time_us)
    distances = distances[distances > 0]
    if not len(distances):
        return None
    values, counts = np.unique(distances, return_counts=True)
    return int(values[np.argmax(counts)]) // MINUTE_US


def session_opens(time_us: Int64s) -> Int64s:
    """The open of the session that holds each time; 0 where the market is closed."""
    hours, inverse = np.unique(time_us // HOUR_US, return_inverse=True)
    opens = np.array([_session_open_us(int(hour) * HOUR_US) for hour in hours], dtype=np.int64)
    result: Int64s = opens[inverse] if len(opens) else np.empty(0, dtype=np.int64)
    return result


def _session_open_us(at_us: int) -> int:
    day = trading_date_at(instant(at_us))
    return 0 if day is None else microseconds(session(day).open)


def _reasons(rows: Rows, step_min: int) -> dict[str, NDArray[np.bool_]]:
    opens = session_opens(rows.time_us)
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[1:] = rows.time_us[1:] == rows.time_us[:-1]
    closed = opens == 0
    off = ~closed & ((rows.time_us - opens) % (step_min * MINUTE_US) != 0)
    otherwise = repeated & ~_as_before(rows)
    return {
        REPEATED: repeated & ~otherwise,
        OTHERWISE: otherwise,
        CLOSED: closed,
        _off_grid(step_min): off,
        **{reason: found for reason, found in price_faults(rows).items()},
    }


def _off_grid(step_min: int) -> str:
    length = timedelta(minutes=step_min)
    if length < timedelta(hours=4):
        return f"it opens off the grid of {step_min} minutes"
    return "it opens beside the session's grid: its day is not cut at the New York close"


def _as_before(rows: Rows) -> NDArray[np.bool_]:
    """Whether each row has the prices of the row before it."""
    same = np.zeros(len(rows), dtype=bool)
    prices = (rows.open, rows.high, rows.low, rows.close)
    same[1:] = np.all([price[1:] == price[:-1] for price in prices], axis=0)
    return same


def _said(row: int, reasons: dict[str, NDArray[np.bool_]]) -> str:
    return "; ".join(reason for reason, rows in reasons.items() if rows[row])


def _runs(
    rows: Rows, broken: NDArray[np.bool_], reasons: dict[str, NDArray[np.bool_]], files: Sequence[str]
) -> Iterator[RefusedRows]:
    """Refused rows, neighbours of one file with one reason together."""
    found = np.flatnonzero(broken)
    found = found[np.lexsort((rows.line[found], rows.file_no[found]))]
    codes = _codes(found, reasons)
    follows = np.zeros(len(found), dtype=bool)
    follows[1:] = (np.diff(rows.line[found]) == 1) & (np.diff(rows.file_no[found]) == 0) & (codes[1:] == codes[:-1])
    starts = np.flatnonzero(~follows)
    for start, end in zip(starts, [*starts[1:], len(found)][: len(starts)], strict=True):
        first, last = int(found[start]), int(found[end - 1])
        file, at = files[int(rows.file_no[first])], instant(int(rows.time_us[first]))
        yield RefusedRows(file, int(rows.line[first]), int(rows.line[last]), at, _said(first, reasons))


def _codes(found: NDArray[np.intp], reasons: dict[str, NDArray[np.bool_]]) -> Int64s:
    """A number for each row that is equal for equal reasons."""
    codes = np.zeros(len(found), dtype=np.int64)
    for bit, rows in enumerate(reasons.values()):
        codes += rows[found].astype(np.int64) << bit
    return codes


def _in_sessions(broken: NDArray[np.bool_], reasons: dict[str, NDArray[np.bool_]]) -> NDArray[np.intp]:
    """Refused rows that a session should have had: not what lies outside, and not what came twice."""
    beside = reasons[REPEATED] | reasons[CLOSED]
    return np.flatnonzero(broken & ~beside)
