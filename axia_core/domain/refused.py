"""Bars that a source gave and AXIA did not take: the rows as they came, each with the reason. Storage is elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from axia_core.domain.bars import Bars, RefusedBar, microseconds
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """The refused bars of one trading day of a series; no rows says that the day is clean."""

    trading_date: date
    source: str
    bars: Bars
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.bars) != len(self.reasons):
            rule = f"{len(self.bars)} refused bars need as many reasons"
            raise InvalidInput("reasons", len(self.reasons), rule)

    def __len__(self) -> int:
        return len(self.bars)

    @property
    def symbol(self) -> Symbol:
        return self.bars.symbol

    @property
    def timeframe(self) -> Timeframe:
        return self.bars.timeframe

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all of it: equal exactly when nothing changed."""
        said = "\n".join((self.source, self.trading_date.isoformat(), self.bars.digest(), *self.reasons))
        return hashlib.sha256(said.encode()).hexdigest()


def refused_rows(offered: Bars, refused: tuple[RefusedBar, ...], trading_date: date, source: str) -> Refused:
    """The rows of *offered* that were refused, all their columns kept."""
    reasons = {microseconds(bar.at): bar.reason for bar in refused}
    rows = offered.take(np.isin(offered.time_us, list(reasons)))
    return Refused(trading_date, source, rows, tuple(reasons[time_us] for time_us in rows.time_us.tolist()))
