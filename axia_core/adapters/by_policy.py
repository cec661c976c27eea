"""Several sources of bars as one thing to ask for: which of them a series has, and a rest for one that fails.

Nothing here knows a vendor. What is done when a source has no bars is `services.collect`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from axia_core.domain.source_policy import ANY, MT5, SourcePolicy
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import ServerClockMismatch, SourceUnavailable
from axia_core.ports import Clock, MarketData

if TYPE_CHECKING:
    from axia_core.domain.bars import Bars

REST = timedelta(seconds=60)


@dataclass(frozen=True)
class MarketSources:
    """The sources that the policy names, each by its name."""

    policy: SourcePolicy
    by_name: Mapping[str, MarketData]

    def of(self, symbol: Symbol, timeframe: Timeframe) -> tuple[MarketData, ...]:
        """The sources of a series, the first choice first."""
        return tuple(self.by_name[name] for name in self.policy.of(symbol, timeframe))

    def final(self, symbol: Symbol, timeframe: Timeframe) -> MarketData | None:
        """The source whose bars nothing replaces, if the series has one: it heals what a provisional one gave."""
        return next((source for source in self.of(symbol, timeframe) if not source.provisional), None)


def single_source(market: MarketData) -> MarketSources:
    """One source for every series, whatever it is called."""
    return MarketSources(SourcePolicy({ANY: (MT5,)}), {MT5: market})


class Resting(MarketData):
    """A source that is left alone for a minute after it did not answer.

    With another source to go to, forty series must not each wait for the deadline of a terminal that is down, and a
    source that limits the rate must not be asked on and on. The error is raised again meanwhile.
    """

    def __init__(self, source: MarketData, clock: Clock, rest: timedelta = REST) -> None:
        self.name = source.name
        self.provisional = source.provisional
        self._source = source
        self._clock = clock
        self._rest = rest
        self._failure: SourceUnavailable | ServerClockMismatch | None = None
        self._until: datetime | None = None

    def now(self) -> datetime:
        self._raise_while_resting()
        try:
            return self._source.now()
        except (SourceUnavailable, ServerClockMismatch) as error:
            self._begin_rest(error)
            raise

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        self._raise_while_resting()
        try:
            return self._source.bars(symbol, timeframe, start, end)
        except (SourceUnavailable, ServerClockMismatch) as error:
            self._begin_rest(error)
            raise

    def reaches_back_to(self, timeframe: Timeframe) -> datetime | None:
        return self._source.reaches_back_to(timeframe)

    def _begin_rest(self, error: SourceUnavailable | ServerClockMismatch) -> None:
        self._failure, self._until = error, self._clock.now() + self._rest

    def _raise_while_resting(self) -> None:
        if self._failure is not None and self._until is not None and self._clock.now() < self._until:
            text = f"{self._failure} It is asked again after {self._until:%H:%M:%S} UTC."
            raise type(self._failure)(text) from self._failure
