"""Bars of one series as columns, and what can be said of them: coherence, gaps, aggregation, digest. No storage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from axia_core.domain.differences import Replaced
from axia_core.domain.sessions import Session, session, trading_date_at
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

NO_SPREAD = -1  # in memory; null in Parquet
PRICES = ("open", "high", "low", "close")
_COLUMNS = ("time_us", *PRICES, "volume", "spread")
_DIGESTED = ("<i8", "<f8", "<f8", "<f8", "<f8", "<i8", "<i4")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_US = 60_000_000


class PricedRows(Protocol):
    """Anything with columns of prices and volumes."""

    @property
    def open(self) -> NDArray[np.float64]: ...
    @property
    def high(self) -> NDArray[np.float64]: ...
    @property
    def low(self) -> NDArray[np.float64]: ...
    @property
    def close(self) -> NDArray[np.float64]: ...
    @property
    def volume(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one series, oldest first, times unique.

    `time_us` is the UTC bar-open time in microseconds since the epoch; prices are float64; `volume` counts ticks;
    `spread` is in points, NO_SPREAD where the source has none. Coherence of the prices is `screen`'s business.
    """

    symbol: Symbol
    timeframe: Timeframe
    time_us: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.int64]
    spread: NDArray[np.int32]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self._columns()}
        if len(lengths) != 1:
            raise InvalidInput("bars", sorted(lengths), "all columns must have the same length")
        if not (self.time_us[1:] > self.time_us[:-1]).all():
            raise InvalidInput("time_us", "unsorted or repeated", "bar times must be ascending and unique")

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Every column by its name, time first."""
        return dict(zip(_COLUMNS, self._columns(), strict=True))

    def _columns(self) -> tuple[NDArray[np.generic], ...]:
        return (self.time_us, self.open, self.high, self.low, self.close, self.volume, self.spread)

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, chosen: NDArray[np.bool_] | slice) -> Bars:
        """The rows that a mask or slice chooses."""
        return Bars.build(self.symbol, self.timeframe, *(column[chosen] for column in self._columns()))

    def between(self, start: datetime, end: datetime) -> Bars:
        """The bars that open in `[start, end)`."""
        low, high = np.searchsorted(self.time_us, [microseconds(start), microseconds(end)])
        return self.take(slice(int(low), int(high)))

    def digest(self) -> str:
        """SHA-256 over series name and column bytes: equal exactly when the content is equal."""
        sha = hashlib.sha256(f"{self.symbol}:{self.timeframe}:{len(self)}".encode())
        for column, kind in zip(self._columns(), _DIGESTED, strict=True):
            sha.update(np.ascontiguousarray(column, dtype=kind).data)
        return sha.hexdigest()

    @classmethod
    def empty(cls, symbol: Symbol, timeframe: Timeframe) -> Bars:
        """No bars of this series."""
        nothing = np.empty(0)
        return cls.build(symbol, timeframe, nothing, nothing, nothing, nothing, nothing, nothing)

    @classmethod
    def build(
        cls,
        symbol: Symbol,
        timeframe: Timeframe,
        time_us: NDArray[np.generic],
        open: NDArray[np.generic],
        high: NDArray[np.generic],
        low: NDArray[np.generic],
        close: NDArray[np.generic],
        volume: NDArray[np.generic],
        spread: NDArray[np.generic] | None = None,
    ) -> Bars:
        """Bars from arrays of any numeric type, cast to the types above; no *spread* means unknown."""
        spread_points = np.full(len(time_us), NO_SPREAD) if spread is None else spread
        return cls(
            symbol,
            timeframe,
            time_us.astype(np.int64, copy=False),
            open.astype(np.float64, copy=False),
            high.astype(np.float64, copy=False),
            low.astype(np.float64, copy=False),
            close.astype(np.float64, copy=False),
            volume.astype(np.int64, copy=False),
            spread_points.astype(np.int32, copy=False),
        )

    @classmethod
    def join(cls, parts: Iterable[Bars]) -> Bars:
        """Several stretches of one series, given oldest first, as one; raises InvalidInput when they overlap."""
        stretches = list(parts)
        first = stretches[0]
        columns = (np.concatenate([part.columns()[name] for part in stretches]) for name in first.columns())
        return cls.build(first.symbol, first.timeframe, *columns)


@dataclass(frozen=True, slots=True)
class RefusedBar:
    """A bar that was not taken, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionTruth:
    """What is known about one stored partition; kept in the object's own metadata, so known without Dagster."""

    symbol: Symbol
    timeframe: Timeframe
    trading_date: date
    source: str
    provisional: bool
    expected: int
    actual: int
    gaps: tuple[datetime, ...]
    refused: tuple[RefusedBar, ...]
    digest: str
    # Of the revision, not of the bars: the same bars again are the same write, whatever they would replace.
    replaced: Replaced | None = field(default=None, compare=False)

    @property
    def complete(self) -> bool:
        """Every expected bar is there and none was refused."""
        return not self.gaps and not self.refused


@dataclass(frozen=True, slots=True)
class Screened:
    """Bars that hold together, and those that do not."""

    bars: Bars
    refused: tuple[RefusedBar, ...]


def screen(bars: Bars) -> Screened:
    """Part coherent bars (finite, positive, low <= open, close <= high, on the grid) from those that are not."""
    reasons = price_faults(bars) | {"the open time is off the session's grid": ~_on_grid(bars)}
    broken = np.logical_or.reduce(list(reasons.values()))
    if not broken.any():
        return Screened(bars, ())
    refused = tuple(_refused(bars, int(row), reasons) for row in np.flatnonzero(broken))
    return Screened(bars.take(~broken), refused)


def price_faults(rows: PricedRows) -> dict[str, NDArray[np.bool_]]:
    """Each way in which a row's numbers may contradict one another, and the rows in which they do."""
    prices = np.stack([rows.open, rows.high, rows.low, rows.close])
    return {
        "a price is not finite": np.any(~np.isfinite(prices), axis=0),
        "a price is not positive": np.any(prices <= 0, axis=0),
        "high is below open or close": rows.high < np.maximum(rows.open, rows.close),
        "low is above open or close": rows.low > np.minimum(rows.open, rows.close),
        "volume is negative": rows.volume < 0,
    }


def missing_opens(bars: Bars, day: Session) -> tuple[datetime, ...]:
    """Open times that the session expects and *bars* lack."""
    steps = np.arange(day.bar_count(bars.timeframe), dtype=np.int64)
    expected = microseconds(day.open) + steps * bars.timeframe.minutes * _MINUTE_US
    if np.array_equal(expected, bars.time_us):
        return ()
    return tuple(instant(int(at)) for at in np.setdiff1d(expected, bars.time_us, assume_unique=True))


def check_describes(bars: Bars, truth: PartitionTruth) -> None:
    """Raises InvalidInput unless *truth* tells of exactly these bars."""
    told = (truth.symbol, truth.timeframe, truth.actual, truth.digest)
    if told != (bars.symbol, bars.timeframe, len(bars), bars.digest()):
        subject = f"{truth.symbol} {truth.timeframe} {truth.trading_date}, {truth.actual} bars, {truth.digest[:12]}"
        raise InvalidInput("truth", subject, "it must describe the bars it is kept with (series, count, digest)")


def aggregate(bars: Bars, timeframe: Timeframe) -> Bars:
    """Longer bars built from shorter ones, cut at the New York close; a bar without rows does not exist."""
    if len(bars) == 0:
        return Bars.empty(bars.symbol, timeframe)
    opens = _bar_opens_us(bars, timeframe)
    starts = np.flatnonzero(np.r_[True, np.diff(opens) > 0])
    ends = np.r_[starts[1:], len(bars)] - 1
    return Bars.build(
        bars.symbol,
        timeframe,
        opens[starts],
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[ends],
        np.add.reduceat(bars.volume, starts),
        np.minimum.reduceat(bars.spread, starts),
    )


def microseconds(instant: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(time_us: int) -> datetime:
    """The inverse of `microseconds`."""
    return EPOCH + timedelta(microseconds=time_us)


def _bar_opens_us(bars: Bars, timeframe: Timeframe) -> NDArray[np.int64]:
    """The open time of the longer bar that each row falls into."""
    session_open = _session_opens_us(bars)
    step = timeframe.minutes * _MINUTE_US
    opens: NDArray[np.int64] = session_open + (bars.time_us - session_open) // step * step
    return opens


def _session_opens_us(bars: Bars) -> NDArray[np.int64]:
    """Session open of each row; rows on a closed weekend count from the UTC hour, so that they stay visible."""
    hours = bars.time_us // 3_600_000_000 * 3_600_000_000
    unique, inverse = np.unique(hours, return_inverse=True)
    opens = np.array([_session_open_us(int(hour)) for hour in unique], dtype=np.int64)
    result: NDArray[np.int64] = opens[inverse]
    return result


@lru_cache(maxsize=65_536)
def _session_open_us(hour_us: int) -> int:
    day = trading_date_at(instant(hour_us))
    return hour_us if day is None else microseconds(session(day).open)


def _on_grid(bars: Bars) -> NDArray[np.bool_]:
    if len(bars) == 0:
        return np.zeros(0, dtype=bool)
    step = bars.timeframe.minutes * _MINUTE_US
    result: NDArray[np.bool_] = (bars.time_us - _session_opens_us(bars)) % step == 0
    return result


def _refused(bars: Bars, row: int, reasons: dict[str, NDArray[np.bool_]]) -> RefusedBar:
    said = "; ".join(reason for reason, rows in reasons.items() if rows[row])
    return RefusedBar(instant(int(bars.time_us[row])), said)
