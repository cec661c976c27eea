"""Which partitions a recovery check looks at this hour: chosen by a seed that is the hour, so anybody can repeat it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from axia_core.domain.safeguards import Series
from axia_core.domain.sessions import last_due_trading_day
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.universe import Universe

SAMPLED_SERIES = 8
SAMPLED_DAYS = 12
SAMPLED_ITEMS = 300
COLLECTING = timedelta(hours=1)  # a day that fell due within it may still be collected


def seed_of(now: datetime) -> str:
    """`2026-11-24T22`: the hour, in UTC."""
    return f"{now:%Y-%m-%dT%H}"


def number_of(seed: str) -> int:
    """A seed as a number, for those who need one."""
    return random.Random(seed).getrandbits(32)


def due_series(universe: Universe, now: datetime) -> tuple[Series, ...]:
    """Every series that has a trading day whose collection is over by *now*."""
    newest = last_due_trading_day(now - COLLECTING, universe.holidays.dates)
    found = (
        Series(symbol, timeframe, newest, universe.start_of(symbol))
        for timeframe in Timeframe
        for symbol in universe.symbols_with(timeframe)
    )
    return tuple(one for one in found if one.start <= newest)


def sampled(series: Sequence[Series], seed: str) -> tuple[tuple[Series, date], ...]:
    """Some of the series, each with the day from which on it is looked at."""
    chance = random.Random(seed)
    chosen = chance.sample(list(series), min(SAMPLED_SERIES, len(series)))
    return tuple((one, _day_in(one, chance)) for one in chosen)


def _day_in(series: Series, chance: random.Random) -> date:
    return series.start + timedelta(days=chance.randint(0, (series.newest_due - series.start).days))
