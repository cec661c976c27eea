"""What every MarketData promises: over memory, over MT5 (the paper terminal) and over yfinance (a local Yahoo)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryMarketData
from axia_core.adapters.mt5.market import Mt5MarketData
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.bars import aggregate, microseconds, screen
from axia_core.domain.sessions import last_closed_trading_days, session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import UnknownSymbol
from axia_core.ports import MarketData
from axia_core.settings import Settings
from tests.bar_examples import USDJPY, many_sessions
from tests.yahoo import yahoo_running
from tests.yahoo_client import yfinance_running

# Two closed trading days of the recent past: the paper terminal has nothing of the future.
FIRST, LAST = last_closed_trading_days(datetime.now(UTC) - timedelta(days=2), 2)
NOW = session(LAST).close + timedelta(hours=3)
LACKED = Symbol("EURNOK")

timeframes = pytest.mark.parametrize("timeframe", list(Timeframe))


@pytest.fixture(scope="module", params=["memory", "mt5", "yfinance"])
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketData]:
    """A source that has USDJPY of the two days, and not EURNOK."""
    folder = tmp_path_factory.mktemp("market")
    fives = many_sessions(Timeframe.M5, _before(FIRST), LAST)
    if request.param == "memory":
        yield MemoryMarketData(SteppedClock(NOW), [aggregate(fives, each) for each in Timeframe])
    elif request.param == "mt5":
        create_terminal(folder, TerminalProfile())
        settings = Settings(mt5_path=folder, mt5_deadline_s=30.0)
        with open_terminal(settings) as terminal:
            yield Mt5MarketData(terminal, SteppedClock(datetime.now(UTC)), settings)
    else:
        with (
            yahoo_running([fives], NOW, folder) as yahoo,
            yfinance_running(yahoo.environment, NOW, folder / "yfinance") as forwarded,
        ):
            yield forwarded


def _before(day: date) -> date:
    return next(iter(trading_days(day - timedelta(days=4), day)))


@timeframes
def test_whole_days_are_whole(market: MarketData, timeframe: Timeframe) -> None:
    """Two closed days have every bar, each coherent, on the session's grid, in UTC, sorted and unique."""
    bars = market.bars(USDJPY, timeframe, session(FIRST).open, session(LAST).close)

    expected = [microseconds(at) for day in (FIRST, LAST) for at in session(day).bar_opens(timeframe)]
    assert bars.time_us.tolist() == expected
    assert (bars.symbol, bars.timeframe) == (USDJPY, timeframe)
    assert screen(bars).refused == ()


@timeframes
def test_ranges_are_half_open(market: MarketData, timeframe: Timeframe) -> None:
    """A bar that opens at the start is in, one that opens at the end is out, wherever the range is cut."""
    opens = [*session(FIRST).bar_opens(timeframe), *session(LAST).bar_opens(timeframe)]

    bars = market.bars(USDJPY, timeframe, opens[1], opens[-1])

    assert bars.time_us.tolist() == [microseconds(at) for at in opens[1:-1]]


@timeframes
def test_bars_are_never_cut(market: MarketData, timeframe: Timeframe) -> None:
    """A bar that opens just before the end of the range is the whole bar."""
    opens = session(LAST).bar_opens(timeframe)
    whole = market.bars(USDJPY, timeframe, opens[0], session(LAST).close)

    bars = market.bars(USDJPY, timeframe, opens[0], opens[-1] + timedelta(minutes=1))

    assert bars.time_us.tolist() == whole.time_us.tolist()
    assert (bars.high[-1], bars.close[-1]) == (whole.high[-1], whole.close[-1])


def test_parts_make_the_whole(market: MarketData) -> None:
    """Two adjoining ranges hold what the whole holds."""
    start, middle, end = session(LAST).open, session(LAST).open + timedelta(hours=7), session(LAST).close

    whole = market.bars(USDJPY, Timeframe.M15, start, end)
    parts = [market.bars(USDJPY, Timeframe.M15, *part) for part in ((start, middle), (middle, end))]

    assert np.concatenate([part.close for part in parts]).tolist() == whole.close.tolist()


@pytest.mark.parametrize("longer", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_longer_bars_agree_with_shorter(market: MarketData, longer: Timeframe) -> None:
    """Longer bars are what the shorter ones make when cut at the New York close."""
    day = session(LAST)

    built = aggregate(market.bars(USDJPY, Timeframe.M5, day.open, day.close), longer)

    bars = market.bars(USDJPY, longer, day.open, day.close)
    assert [getattr(bars, name).tolist() for name in ("time_us", "open", "high", "low", "close")] == [
        getattr(built, name).tolist() for name in ("time_us", "open", "high", "low", "close")
    ]


def test_weekend_is_empty(market: MarketData) -> None:
    """A range in which the market is closed has no bars."""
    friday = next(day for day in (LAST - timedelta(days=n) for n in range(7)) if day.weekday() == 4)
    closed = session(friday).close + timedelta(hours=2)

    assert len(market.bars(USDJPY, Timeframe.H1, closed, closed + timedelta(hours=20))) == 0


def test_unknown_pairs_are_told(market: MarketData) -> None:
    """A pair that the source does not have is an error of its own."""
    with pytest.raises(UnknownSymbol):
        market.bars(LACKED, Timeframe.H1, session(LAST).open, session(LAST).close)


def test_tells_the_time(market: MarketData) -> None:
    """The source's clock is past the close of the newest day, and aware."""
    assert market.now() > session(LAST).close
