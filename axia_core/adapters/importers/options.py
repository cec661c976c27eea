"""What a person may say of history files, because the files do not, or to overrule them. No reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Side(StrEnum):
    """Which price of a source that has both."""

    BID = "bid"
    ASK = "ask"
    MID = "mid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How files are read; `day` dates a `.bi5` file whose path does not."""

    symbols: tuple[str, ...]
    symbol: str | None = None
    side: Side | None = None
    day: date | None = None
