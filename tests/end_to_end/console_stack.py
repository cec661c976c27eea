"""A whole stack with the console, inside an open session, and a year of H1 in its store to draw."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from axia_cli.demo import plan_for
from axia_cli.stack.ports import free_ports
from axia_cli.stack.supervisor import running_stack
from axia_core.adapters import s3
from axia_core.domain.bars import Bars, microseconds
from axia_core.domain.sessions import last_due_trading_day, session, trading_days
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from tests.bar_examples import truth_of
from tests.end_to_end.conftest import STRANGE, Running

YEAR = timedelta(days=380)  # some more than the console shows, so that the cache can hold what it shows


@contextmanager
def stack_with_console(home: Path) -> Iterator[Running]:
    """It runs inside the `with`; a developer's own settings do not reach it."""
    aws, redis, web, code, console = free_ports(5)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(STRANGE)]:
            patch.delenv(name)
        settings = Settings(
            home=home,
            aws_port=aws,
            redis_port=redis,
            webserver_port=web,
            code_server_port=code,
            console_port=console,
            clock_shift_s=plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift.total_seconds(),
        )
        with running_stack(settings, console=True) as started:
            running = Running(started.settings, started.urls, {**os.environ, **started.environment})
            fill_a_year(running)
            yield running


def fill_a_year(stack: Running) -> None:
    """A random walk, the same in each run."""
    store, rng, last = s3.connect(stack.settings), np.random.default_rng(7), last_due_trading_day(stack.now())
    days = list(trading_days(last - YEAR, last))
    walk = rng.normal(0, 0.12, (len(days), 24))
    price = 155.7 - float(walk.sum())  # it ends about where the paper terminal begins
    for day, steps in zip(days, walk, strict=True):
        opens = session(day).bar_opens(Timeframe.H1)
        starts = price + np.concatenate([[0.0], np.cumsum(steps)[:-1]])
        ends, price = starts + steps, float(starts[-1] + steps[-1])
        wicks = np.abs(rng.normal(0, 0.05, (2, len(opens))))
        highs, lows = np.maximum(starts, ends) + wicks[0], np.minimum(starts, ends) - wicks[1]
        times, volumes = np.array([microseconds(at) for at in opens]), rng.integers(200, 4_000, len(opens))
        prices = (np.round(column, 3) for column in (starts, highs, lows, ends))
        bars = Bars.build(Symbol("USDJPY"), Timeframe.H1, times, *prices, volumes, np.full(len(opens), 12))
        store.write(bars, truth_of(bars, day, source="mt5"))
