"""Which series a command reads: those of the universe, and those that have left it and are stored still."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from axia_core.domain.symbols import Symbol, parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings

if TYPE_CHECKING:
    from axia_core.ports import BarStore


def bar_store(settings: Settings) -> BarStore:
    """The bucket that the settings name."""
    from axia_core.adapters import s3

    return s3.connect(settings)


def known_symbol(settings: Settings, name: str) -> Symbol:
    """A pair of the universe, or one that has left it and is stored still."""
    if name not in settings.symbols and re.fullmatch("[A-Z]{6}", name):
        store, pair = bar_store(settings), Symbol(name)
        if any(store.trading_dates(pair, timeframe) for timeframe in Timeframe):
            return pair
    return parse_symbol(name, settings.symbols)


def chosen_series(
    settings: Settings, symbols: Sequence[str], timeframes: Sequence[str]
) -> list[tuple[Symbol, Timeframe]]:
    """What was asked for; where nothing was, the series that are collected."""
    wanted = [Timeframe.parse(name) for name in timeframes]
    plans = settings.universe.plans
    return [
        (known_symbol(settings, name), timeframe)
        for name in symbols or settings.symbols
        for timeframe in wanted or (plans[name].timeframes if name in plans else Timeframe)
    ]


def first_stored(settings: Settings, series: Iterable[tuple[Symbol, Timeframe]]) -> str:
    """The earliest day that any of the series has, or nothing."""
    store = bar_store(settings)
    stored = [days[0] for one in series if (days := store.trading_dates(*one))]
    return min(stored).isoformat() if stored else ""
