"""The sources of bars that the settings' policy names, composed: each is opened by the first call that needs it.

For the resources of the pipelines and for `axia_core.reading`; which source a series has is the policy's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from axia_core.adapters.by_policy import MarketSources, Resting
from axia_core.adapters.clock import SystemClock
from axia_core.domain.source_policy import MT5, YFINANCE
from axia_core.ports import Clock, MarketData
from axia_core.settings import Settings


@contextmanager
def market_sources(settings: Settings) -> Iterator[MarketSources]:
    """Every source that the policy names; each is opened by its first call."""
    policy, clock = settings.source_policy, SystemClock(settings.clock_shift)
    names = policy.names()
    with ExitStack() as opened:
        by_name = {name: opened.enter_context(_SOURCES[name](settings, clock)) for name in names}
        # A rest is for going elsewhere meanwhile; a source without a second is asked again by the step's retry.
        alone = len(names) == 1
        yield MarketSources(policy, by_name if alone else {n: Resting(s, clock) for n, s in by_name.items()})


@contextmanager
def _mt5(settings: Settings, clock: Clock) -> Iterator[MarketData]:
    from axia_core.adapters.mt5.market import Mt5MarketData
    from axia_core.adapters.mt5.terminal import open_terminal
    from axia_core.adapters.secrets import with_credentials

    with open_terminal(with_credentials(settings)) as terminal:
        yield Mt5MarketData(terminal, clock, settings)


@contextmanager
def _yfinance(settings: Settings, clock: Clock) -> Iterator[MarketData]:
    from axia_core.adapters.yfinance.market import YfinanceMarketData

    yield YfinanceMarketData(clock, settings.home.absolute() / YFINANCE)


_SOURCES = {MT5: _mt5, YFINANCE: _yfinance}
