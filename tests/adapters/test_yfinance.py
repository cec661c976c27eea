"""yfinance, unpatched, against a local Yahoo: its errors told apart, its traps avoided, its caches emptied."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.by_policy import Resting
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory_bars import MemoryBarStore, MemoryMarketData
from axia_core.adapters.yfinance import library, parsing
from axia_core.adapters.yfinance.market import YfinanceMarketData
from axia_core.domain.bars import NO_SPREAD, aggregate
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import (
    AxiaError,
    HistoryNotReady,
    HistoryOutOfReach,
    InvalidInput,
    SourceRateLimited,
    SourceUnavailable,
    UnknownSymbol,
)
from axia_core.services.collect import collect_days
from tests.bar_examples import FRIDAY, USDJPY, many_sessions, same, session_bars
from tests.yahoo import INTERVALS, Mood, Yahoo, chart, rows_of, yahoo_running
from tests.yahoo_client import ForwardedMarketData, yfinance_running

NOW = session(FRIDAY).close + timedelta(hours=13)
MONDAY = date(2026, 3, 2)
FIVES = many_sessions(Timeframe.M5, MONDAY, FRIDAY)
RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "fixtures" / "chart_EURUSD=X_1d_20200101.json"
DAY = session(FRIDAY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yahoo]:
    with yahoo_running([FIVES], NOW, tmp_path_factory.mktemp("yahoo")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library") / "yfinance"


@pytest.fixture(scope="module")
def client(server: Yahoo, folder: Path) -> Iterator[ForwardedMarketData]:
    with yfinance_running(server.environment, NOW, folder) as running:
        yield running


@pytest.fixture
def yahoo(server: Yahoo) -> Iterator[Yahoo]:
    """The local Yahoo in good health, with nothing asked yet."""
    server.mood, server.live_price = Mood.WELL, False
    server.asked.clear()
    yield server
    server.mood = Mood.WELL


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_bars_as_they_are_there(yahoo: Yahoo, client: ForwardedMarketData, timeframe: Timeframe) -> None:
    """Prices come as Yahoo has them, volume is 0, the spread is none; a day is one request."""
    bars = client.bars(USDJPY, timeframe, DAY.open, DAY.close)

    expected = aggregate(FIVES, timeframe).between(DAY.open, DAY.close)
    assert rows_of(bars) == list(DAY.bar_opens(timeframe))
    assert bars.close.tolist() == expected.close.tolist()
    assert set(bars.volume.tolist()) == {0}
    assert set(bars.spread.tolist()) == {NO_SPREAD}
    assert len(yahoo.asked) == 1


@pytest.mark.parametrize("timeframe", [Timeframe.H4, Timeframe.D1])
@pytest.mark.parametrize("day", [date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 30)], ids=str)
def test_days_are_cut_at_new_york(yahoo: Yahoo, client: ForwardedMarketData, timeframe: Timeframe, day: date) -> None:
    """H4 and D1 are built from hours and open with the session, also while only New York has summer."""
    cut = session(day)

    bars = client.bars(USDJPY, timeframe, cut.open, cut.close)

    assert rows_of(bars) == list(cut.bar_opens(timeframe))
    assert {interval for _, interval, *_ in yahoo.asked} == {"1h"}


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        (Mood.RATE_LIMITED, SourceRateLimited),
        (Mood.BROKEN, SourceUnavailable),
        (Mood.BROKEN_JSON, SourceUnavailable),
        (Mood.DOWN, SourceUnavailable),
        (Mood.CUT, SourceUnavailable),
    ],
)
def test_errors_are_told_apart(yahoo: Yahoo, client: ForwardedMarketData, mood: Mood, error: type[AxiaError]) -> None:
    """A rate limit and a disturbance are each what they are, and neither is a pair that was delisted."""
    yahoo.mood = mood

    with pytest.raises(error) as caught:
        client.bars(USDJPY, Timeframe.M5, DAY.open, DAY.close)
    assert type(caught.value) is error
    assert mood is Mood.BROKEN_JSON or "delisted" not in str(caught.value)


@pytest.mark.parametrize("mood", [Mood.EMPTY, Mood.NO_ROWS])
def test_no_rows_are_no_error(yahoo: Yahoo, client: ForwardedMarketData, mood: Mood) -> None:
    """A range of which Yahoo has nothing is empty, whichever way it says so."""
    yahoo.mood = mood

    assert len(client.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close)) == 0


def test_unknown_pair(yahoo: Yahoo, client: ForwardedMarketData) -> None:
    """A pair that Yahoo does not list is named, with Yahoo's words."""
    with pytest.raises(UnknownSymbol, match=r"EURNOK=X.*No data found"):
        client.bars(Symbol("EURNOK"), Timeframe.H1, DAY.open, DAY.close)


def test_a_disturbance_is_not_remembered(yahoo: Yahoo, client: ForwardedMarketData) -> None:
    """The library keeps answers of past ranges for good; what was broken or empty is asked for again all the same."""
    for mood in (Mood.BROKEN_JSON, Mood.EMPTY):
        yahoo.mood = mood
        with contextlib.suppress(SourceUnavailable):
            assert not len(client.bars(USDJPY, Timeframe.M15, DAY.open, DAY.close))
        yahoo.mood = Mood.WELL
        assert len(client.bars(USDJPY, Timeframe.M15, DAY.open, DAY.close)) == 96


def test_the_live_price_is_no_bar(yahoo: Yahoo, client: ForwardedMarketData) -> None:
    """The row of this moment, which Yahoo appends under its own time, is left out."""
    yahoo.live_price = True

    bars = client.bars(USDJPY, Timeframe.M5, DAY.open, DAY.close - timedelta(minutes=5))

    assert rows_of(bars) == list(DAY.bar_opens(Timeframe.M5))[:-1]


def test_rows_off_the_grid_are_no_bars() -> None:
    """A live row that the library leaves as it is, more than a bar behind the last one, is left out as well."""
    import pandas

    opens = [*DAY.bar_opens(Timeframe.H1)[:3], DAY.open + timedelta(hours=4, minutes=10)]
    index = pandas.DatetimeIndex([pandas.Timestamp(at).tz_convert("Europe/London") for at in opens])
    frame = pandas.DataFrame({name: [150.0] * 4 for name in ("Open", "High", "Low", "Close")}, index=index)

    assert rows_of(parsing.bars(frame, USDJPY, Timeframe.H1)) == opens[:3]


@pytest.mark.parametrize(("timeframe", "days"), [("M5", 60), ("M15", 60), ("H1", 730), ("H4", 730), ("D1", 730)])
def test_reach_is_refused_before_asking(yahoo: Yahoo, client: ForwardedMarketData, timeframe: str, days: int) -> None:
    """What lies beyond Yahoo's reach is refused with the reach and what to do, and Yahoo is not asked."""
    start = NOW - timedelta(days=days)

    with pytest.raises(HistoryOutOfReach, match=rf"last {days} days only.*import them"):
        client.bars(USDJPY, Timeframe(timeframe), start, start + timedelta(days=1))
    assert yahoo.asked == []
    assert client.reaches_back_to(Timeframe(timeframe)) == start + timedelta(minutes=5)


def test_collects_a_week(yahoo: Yahoo, client: ForwardedMarketData) -> None:
    """A week of every timeframe becomes complete, provisional partitions, one request each."""
    store, days = MemoryBarStore(), list(trading_days(date(2026, 6, 29), FRIDAY))

    found = [
        one
        for timeframe in Timeframe
        for one in collect_days(client, store, SteppedClock(NOW), USDJPY, timeframe, days)
    ]

    assert len(found) == 25
    assert all(one.truth.complete and one.truth.provisional for one in found)
    assert len(yahoo.asked) == 5


def test_open_sessions_are_not_collected(yahoo: Yahoo, client: ForwardedMarketData) -> None:
    """Yahoo tells no time: by our clock less a minute the session must have closed."""
    assert client.now() == NOW - timedelta(minutes=1)
    with pytest.raises(InvalidInput, match="forming bar"):
        collect_days(client, MemoryBarStore(), SteppedClock(NOW), USDJPY, Timeframe.H1, [date(2026, 7, 6)])


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_cookies_lie_in_a_private_folder(client: ForwardedMarketData, folder: Path) -> None:
    """The library keeps its pickled cookies in our folder, which nobody else may read."""
    client.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} >= {"cookies.db", "tkr-tz.db"}


def test_every_error_of_the_library_is_known() -> None:
    """Each exception class that yfinance has becomes one of ours, so that a new one cannot pass unseen."""
    from yfinance import exceptions as theirs

    made: dict[str, Any] = {
        "YFTickerMissingError": ("USDJPY=X", "why"),
        "YFTzMissingError": ("USDJPY=X",),
        "YFPricesMissingError": ("USDJPY=X", ""),
        "YFEarningsDateMissing": ("USDJPY=X",),
        "YFInvalidPeriodError": ("USDJPY=X", "1x", "1d"),
        "YFNotImplementedError": ("this",),
        "YFRateLimitError": (),
    }
    for name, kind in inspect.getmembers(theirs, inspect.isclass):
        error = kind(*made.get(name, ("text",)))
        assert isinstance(library.translate(error, "USDJPY=X", "1h", answered=False), SourceUnavailable), name


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("5m data not available for startTime=1 and endTime=2. The requested range must be within the last 60 days.",
         HistoryOutOfReach),
        ("Invalid input - interval=7m is not supported. Valid intervals: [1m, 2m]", InvalidInput),
        ("No data found, symbol may be delisted", UnknownSymbol),
        ("No data found for this date range, symbol may be delisted", UnknownSymbol),
        ("Internal server error", SourceUnavailable),
    ],
)  # fmt: skip
def test_yahoo_s_reasons(reason: str, kind: type[AxiaError]) -> None:
    """What Yahoo gives as its reason decides which error it is."""
    from yfinance.exceptions import YFPricesMissingError

    error = YFPricesMissingError("USDJPY=X", "", yahoo_reason=reason)

    assert type(library.translate(error, "USDJPY=X", "5m", answered=False)) is kind


def test_local_charts_look_like_yahoo_s() -> None:
    """The local Yahoo's chart has the keys of a recorded one, a few figures of the past year excepted."""
    if not RECORDED.exists():
        pytest.skip("the recorded chart lies in ../shared/data, which is not here")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["bodyJson"]

    made = chart("EURUSD=X", "1d", [(1577836800, 1.1, 1.2, 1.0, 1.1)])

    lacking = _paths(recorded) - _paths(made)
    assert {path for path in lacking if not path.endswith(("Change", "ChangePercent", "Price"))} == set()
    assert _paths(made) - _paths(recorded) == set()
    assert set(INTERVALS) == {"5m", "15m", "60m", "1h"}


def _paths(document: Any, at: str = "") -> set[str]:
    if isinstance(document, dict):
        return {path for name, value in document.items() for path in _paths(value, f"{at}/{name}")}
    if isinstance(document, list):
        return _paths(document[0], at) if document else {at}
    return {at}


def test_nothing_is_loaded_before_the_first_call(tmp_path: Path) -> None:
    """Making the source loads no library and makes no folder."""
    YfinanceMarketData(SteppedClock(NOW), tmp_path / "yfinance")

    assert not (tmp_path / "yfinance").exists()


def test_a_source_that_failed_rests() -> None:
    """After a failure a source is left alone for a minute, in which it fails at once; then it is asked again."""
    clock = SteppedClock(NOW)
    source = MemoryMarketData(clock, [session_bars()], failures=[SourceUnavailable("down")])
    resting = Resting(source, clock)

    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="down"):
            resting.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close)
    assert len(source.calls) == 1
    clock.step(timedelta(seconds=61))
    assert same(resting.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close), session_bars())


def test_history_that_is_not_ready_needs_no_rest() -> None:
    """A source that lacks the history of one series is asked for the next one at once."""
    clock = SteppedClock(datetime(2026, 7, 4, tzinfo=UTC))
    source = MemoryMarketData(clock, [session_bars()], failures=[HistoryNotReady("downloading")])
    resting = Resting(source, clock)

    with pytest.raises(HistoryNotReady):
        resting.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close)
    assert len(resting.bars(USDJPY, Timeframe.H1, DAY.open, DAY.close)) == 24
