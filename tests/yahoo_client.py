"""yfinance in a process of its own, whose environment leads it to a local Yahoo; and the port that speaks to it.

The library reads certificates when it is imported and keeps one session per process: a test's own will not do.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from axia_core import errors
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.yfinance.market import YfinanceMarketData
from axia_core.domain.bars import Bars
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError
from axia_core.ports import Clock, MarketData


class ForwardedMarketData(MarketData):
    """YfinanceMarketData over there: its `bars` run in the other process, against a clock that stands at *now*."""

    name = YfinanceMarketData.name
    provisional = YfinanceMarketData.provisional

    def __init__(self, process: subprocess.Popen[bytes], clock: Clock) -> None:
        self._process = process
        self._here = YfinanceMarketData(clock, Path("unused"))

    def now(self) -> datetime:
        return self._here.now()

    def reaches_back_to(self, timeframe: Timeframe) -> datetime | None:
        return self._here.reaches_back_to(timeframe)

    def bars(self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime) -> Bars:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((symbol, timeframe, start, end), self._process.stdin)
        self._process.stdin.flush()
        kind, value = pickle.load(self._process.stdout)
        if kind == "bars":
            assert isinstance(value, Bars)
            return value
        raise _error(kind, value)


@contextmanager
def yfinance_running(environment: dict[str, str], now: datetime, folder: Path) -> Iterator[ForwardedMarketData]:
    """The real library behind *environment*, for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.yahoo_client", now.isoformat(), str(folder)]
    unchanged = {name: value for name, value in os.environ.items() if name.upper() not in ("ALL_PROXY", "HTTP_PROXY")}
    process = subprocess.Popen(
        command,
        env=unchanged | environment,
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield ForwardedMarketData(process, SteppedClock(now))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def _error(name: str, text: str) -> AxiaError:
    kind = getattr(errors, name, None)
    if kind is None:
        raise AssertionError(f"{name} is no error of AXIA: {text}")
    made: AxiaError = kind.__new__(kind)
    made.args = (text,)
    return made


def _serve(market: MarketData) -> None:
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # what the library prints must not get between the answers
    while True:
        try:
            asked: tuple[Any, ...] = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: tuple[str, Any] = ("bars", market.bars(*asked))
        except Exception as error:  # noqa: BLE001 - it is told over there, whatever it is
            answer = (type(error).__name__, str(error))
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    _serve(YfinanceMarketData(SteppedClock(datetime.fromisoformat(sys.argv[1])), Path(sys.argv[2])))
