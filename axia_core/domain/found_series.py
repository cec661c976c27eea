"""What a series of history files was found to be: the value between examining files and importing them. No rules."""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.domain.bars import Bars, RefusedBar
from axia_core.domain.file_clock import FileClock, RegimeEvidence
from axia_core.domain.history_rows import FileFacts, RefusedRows
from axia_core.domain.price_scale import PriceScale
from axia_core.domain.symbols import Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAnswer:
    """The clock that rows were read by, and how it is known."""

    clock: FileClock
    how: str
    candidates: tuple[FileClock, ...]
    evidence: tuple[RegimeEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSeries:
    """One series of files as it would be imported: bars of the shortest timeframe it builds, and what was not taken."""

    facts: FileFacts
    files: tuple[str, ...]
    symbol: Symbol
    step_min: int
    clock: ClockAnswer
    scale: PriceScale
    rows: int
    bars: Bars
    refused: tuple[RefusedRows, ...]
    refused_bars: tuple[RefusedBar, ...]
    refused_rows: Bars

    @property
    def side(self) -> str:
        return self.facts.side or "unknown"
