"""What a reader gets: bars of a range, what is missing of them, and both as pandas, Arrow or Polars.

Each library is imported by the method that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from axia_core.domain.archive import ArchivedDay
from axia_core.domain.bars import NO_SPREAD, PRICES, Bars
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.quality import Finding
from axia_core.domain.sessions import trading_date_at
from axia_core.errors import IncompleteHistory, InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SourceDay:
    """A day that the store lacks and a source gave for this read alone."""

    trading_date: date
    source: str
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Bars of a range, and what a complete one would have had besides (of sessions that have closed).

    `missing_days` are those of which there is no bar, those in `archived` and those that are `left_out` because their
    stored bars are certainly wrong included. Days of `from_sources` were read
    from a source and are stored nowhere. `notes` say why a source had nothing.
    """

    bars: Bars
    missing_days: tuple[date, ...]
    gaps: tuple[datetime, ...]
    cache: CacheUse
    archived: tuple[ArchivedDay, ...] = ()
    left_out: tuple[Finding, ...] = ()
    from_sources: tuple[SourceDay, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return not (self.missing_days or self.gaps)

    def __len__(self) -> int:
        return len(self.bars)

    def require_complete(self) -> Loaded:
        """Itself; raises IncompleteHistory, which has the lists, when something is missing."""
        if self.complete:
            return self
        text = f"{self.bars.symbol} {self.bars.timeframe}: {self.what_is_missing()}"
        away = [day.trading_date for day in self.archived]
        raise IncompleteHistory(text, self.missing_days, self.gaps, away)

    def what_is_missing(self) -> str:
        """What is missing and what to do about it, in words; nothing when nothing is."""
        archived = [day.trading_date for day in self.archived]
        wrong = sorted({day for one in self.left_out if (day := trading_date_at(one.start))})
        absent = [day for day in self.missing_days if day not in archived and day not in wrong]
        said = [
            f"{_listed(absent, 'trading day')} without bars (`axia collect` them)" if absent else "",
            f"{_listed(archived, 'trading day')} in an archive class (`axia ohlcv restore`)" if archived else "",
            f"{_listed(wrong, 'trading day')} left out as certainly wrong (`axia ohlcv check`)" if wrong else "",
            f"{_listed(self.gaps, 'bar')} missing inside other days" if self.gaps else "",
            *self.notes,
        ]
        return "; ".join(filter(None, said))

    def to_arrow(self) -> pa.Table:
        """A table with the columns of the stored objects (docs/data.md)."""
        import pyarrow as pa

        time_us, *prices, volume, spread = self.bars.columns().values()
        columns = [
            pa.array(time_us.view("datetime64[us]"), pa.timestamp("us", tz="UTC")),
            *(pa.array(price, pa.float64()) for price in prices),
            pa.array(volume, pa.int64()),
            pa.array(spread, pa.int32(), mask=spread == NO_SPREAD),
        ]
        return pa.Table.from_arrays(columns, names=["timestamp_utc", *PRICES, "volume", "spread"])

    def to_pandas(self) -> pd.DataFrame:
        """A frame indexed by `timestamp_utc` (UTC); a spread that the source lacks is <NA>."""
        import pandas as pd

        bars = self.bars
        columns: dict[str, Any] = {name: getattr(bars, name) for name in (*PRICES, "volume")}
        columns["spread"] = pd.arrays.IntegerArray(bars.spread.astype(np.int32), bars.spread == NO_SPREAD)
        index = pd.DatetimeIndex(bars.time_us.view("datetime64[us]"), name="timestamp_utc").tz_localize("UTC")
        return pd.DataFrame(columns, index=index)

    def to_polars(self) -> pl.DataFrame:
        """A frame with the columns of the stored objects; raises InvalidInput where Polars is not installed."""
        try:
            import polars as pl
        except ImportError as error:
            raise InvalidInput("to_polars", "polars", "it is not installed", "Run `pip install polars`.") from error
        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)  # from_arrow answers a Series for arrays only
        return frame


def _listed(found: list[date] | tuple[datetime, ...], what: str) -> str:
    shown = ", ".join(f"{one:%Y-%m-%d %H:%M}" if isinstance(one, datetime) else f"{one}" for one in found[:_SHOWN])
    more = " ..." if len(found) > _SHOWN else ""
    return f"{len(found)} {what}{'s' if len(found) != 1 else ''} ({shown}{more})"
