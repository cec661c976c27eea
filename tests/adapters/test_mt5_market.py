"""Bars from MT5: the server clock, names of symbols, history that arrives late, and the paper terminal end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.clock import SteppedClock, SystemClock
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.mt5 import parsing
from axia_core.adapters.mt5.market import Mt5MarketData
from axia_core.adapters.mt5.server_clock import ServerClock, is_proved
from axia_core.adapters.mt5.symbols import resolve
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.bars import Bars, aggregate, microseconds
from axia_core.domain.sessions import last_closed_trading_days, session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import (
    HistoryNotReady,
    InvalidInput,
    ServerClockMismatch,
    SourceUnavailable,
    UnknownSymbol,
)
from axia_core.services.collect import collect_days
from axia_core.settings import Settings
from tests.bar_examples import FRIDAY, USDJPY, broken, many_sessions, same, session_bars, without

NEW_YORK_7 = ServerClock()
ATHENS = ServerClock("Europe/Athens", 0)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
RATES = [("time", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8")]
RATES += [("tick_volume", "<u8"), ("spread", "<i4"), ("real_volume", "<u8")]
CODES = {5: Timeframe.M5, 15: Timeframe.M15, 16385: Timeframe.H1, 16388: Timeframe.H4, 16408: Timeframe.D1}
OK = (1, "Success")

instants = st.timedeltas(timedelta(days=45 * 365), timedelta(days=65 * 365)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=since // timedelta(seconds=1))
)


def rates_of(bars: Bars, server_clock: ServerClock = NEW_YORK_7) -> Any:
    """Bars as MT5 gives them: a read-only packed array in server time."""
    rates = np.zeros(len(bars), dtype=RATES)
    rates["time"] = [server_clock.to_server(datetime.fromtimestamp(int(at) // 10**6, UTC)) for at in bars.time_us]
    for name in ("open", "high", "low", "close", "spread"):
        rates[name] = getattr(bars, name)
    rates["tick_volume"] = bars.volume
    rates.flags.writeable = False
    return rates


class Desk:
    """A scripted terminal: H1 bars it has, answers it gives first, ticks in server time; `asked` lists its requests."""

    def __init__(
        self,
        bars: Bars,
        clock: SteppedClock,
        server_clock: ServerClock = NEW_YORK_7,
        first_answers: Sequence[Any] = (),
        tick_age: Callable[[], timedelta] = timedelta,
        connected: bool = True,
    ) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.last_error = OK
        self._bars = bars
        self._clock = clock
        self._server_clock = server_clock
        self._first_answers = list(first_answers)
        self._tick_age = tick_age
        self._connected = connected

    def call(self, name: str, *args: Any, **_: Any) -> tuple[Any, tuple[int, str]]:
        return getattr(self, name)(*args), self.last_error

    def symbol_info(self, name: str) -> dict[str, Any]:
        return {"name": name}

    def symbol_select(self, *_: Any) -> bool:
        return True

    def terminal_info(self) -> dict[str, Any]:
        return {"connected": self._connected}

    def symbol_info_tick(self, _: str) -> dict[str, Any]:
        at = self._clock.now() - self._tick_age()
        return {"time_msc": self._server_clock.to_server(at) * 1000}

    def copy_rates_range(self, name: str, timeframe: int, first: int, last: int) -> Any:
        self.asked.append((name, CODES[timeframe], first, last))
        if self._first_answers:
            return self._first_answers.pop(0)
        bars = self._bars if CODES[timeframe] is self._bars.timeframe else aggregate(self._bars, CODES[timeframe])
        rates = rates_of(bars, self._server_clock)
        return rates[(rates["time"] >= first) & (rates["time"] <= last)]


def market(desk: Desk, clock: SteppedClock, server_clock: ServerClock = NEW_YORK_7) -> Mt5MarketData:
    settings = Settings(mt5_server_zone=server_clock.zone, mt5_server_shift_h=server_clock.shift_h)
    return Mt5MarketData(desk, clock, settings)


@given(instants, st.sampled_from([NEW_YORK_7, ATHENS, ServerClock("Etc/UTC", 2), ServerClock("Asia/Tokyo", -3)]))
def test_server_time_round_trip(instant: datetime, server_clock: ServerClock) -> None:
    """An instant written in server time reads back, the hour a year that a zone repeats excepted."""
    back = server_clock.to_utc(server_clock.to_server(instant))

    assert back == instant or server_clock.to_server(back) == server_clock.to_server(instant)


@given(st.lists(instants, max_size=50))
def test_arrays_convert_like_values(moments: list[datetime]) -> None:
    """A column of server times converts as each of them does."""
    server_s = np.array([ATHENS.to_server(at) for at in moments], dtype=np.int64)

    assert parsing.utc_us(server_s, ATHENS).tolist() == [microseconds(ATHENS.to_utc(int(at))) for at in server_s]


@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 3, 12), date(2026, 7, 3), date(2026, 10, 28)])
def test_midnight_of_new_york_plus_7_is_the_close(day: date) -> None:
    """New York plus seven has its midnight at the close all year; Athens only while both zones agree."""
    opening = session(day).open

    assert NEW_YORK_7.midnight_is_roll(opening)
    assert ATHENS.midnight_is_roll(opening) == (day.month in (1, 7))


def test_unknown_zone_is_refused() -> None:
    """A zone that does not exist is refused with an example."""
    with pytest.raises(InvalidInput, match="Europe/Athens"):
        ServerClock("Mars/Olympus")


@pytest.mark.parametrize("offset_h", [-3, -1, 1, 2, 7])
def test_wrong_clock_fails_closed(offset_h: int) -> None:
    """A moving tick that is whole hours off is a mismatch with the measured hours and the settings to correct."""
    clock = SteppedClock(NOON)
    desk = Desk(session_bars(), clock, ServerClock("America/New_York", 7 + offset_h))

    with pytest.raises(ServerClockMismatch, match=rf"\{offset_h:+d} h off.*Correct the two settings"):
        market(desk, clock).now()


def test_fresh_tick_proves_the_clock() -> None:
    """With a fresh tick the source's time is ours."""
    clock = SteppedClock(NOON)

    source = market(Desk(session_bars(), clock), clock)

    assert source.is_clock_proved()
    assert source.now() == NOON


def test_still_market_proves_nothing() -> None:
    """With an old tick that does not move the clock counts as unproved and a minute behind; history can be read."""
    clock = SteppedClock(session(FRIDAY).close + timedelta(hours=15))
    friday_evening = session(FRIDAY).close - timedelta(seconds=3)
    desk = Desk(session_bars(), clock, tick_age=lambda: clock.now() - friday_evening)

    source = market(desk, clock)

    assert not source.is_clock_proved()
    assert clock.now() - source.now() == timedelta(seconds=60)


class TickLess(Desk):
    """A terminal without any tick, or with ticks from the *patience*-th look on."""

    patience = 10**9

    def symbol_info_tick(self, name: str) -> dict[str, Any]:
        self.patience -= 1
        return super().symbol_info_tick(name) if self.patience < 0 else {"time_msc": 0}


def test_first_tick_is_awaited() -> None:
    """A symbol that was just selected may need a moment for its first tick."""
    clock = SteppedClock(NOON)
    desk = TickLess(session_bars(), clock)
    desk.patience = 2

    assert market(desk, clock).is_clock_proved()


def test_no_tick_at_all() -> None:
    """No tick in an open market is SourceUnavailable; on a weekend it only leaves the clock unproved."""
    clock, saturday = SteppedClock(NOON), SteppedClock(session(FRIDAY).close + timedelta(hours=15))

    with pytest.raises(SourceUnavailable, match="although the market is open"):
        market(TickLess(session_bars(), clock), clock).now()
    assert not market(TickLess(session_bars(), saturday), saturday).is_clock_proved()


def test_tick_after_the_week_is_a_mismatch() -> None:
    """On a weekend a tick later than Friday's close proves that the clock is wrong."""
    saturday = session(FRIDAY).close + timedelta(hours=15)
    late_tick = session(FRIDAY).close + timedelta(hours=1)

    with pytest.raises(ServerClockMismatch):
        is_proved(NEW_YORK_7, NEW_YORK_7.to_server(late_tick), saturday)


def test_bars_are_utc_and_half_open() -> None:
    """Bars come in UTC, from the start and without the end, signed and typed, from a read-only array."""
    clock = SteppedClock(NOON + timedelta(days=7))
    desk = Desk(many_sessions(Timeframe.H1, date(2026, 7, 1), date(2026, 7, 6)), clock)
    day = session(FRIDAY)

    bars = market(desk, clock).bars(USDJPY, Timeframe.H1, day.open, day.close)

    assert same(bars, session_bars())
    assert desk.asked == [("USDJPY", Timeframe.H1, NEW_YORK_7.to_server(day.open), NEW_YORK_7.to_server(day.close) - 1)]


def test_late_history_is_awaited() -> None:
    """None, an empty and a partial answer are followed by more; the whole is what is taken."""
    clock = SteppedClock(NOON + timedelta(days=7))
    whole = rates_of(session_bars())
    desk = Desk(session_bars(), clock, first_answers=[None, whole[:0], whole[20:], whole[8:], whole[8:]])
    desk.last_error = (-1, "Terminal: Call failed")

    bars = market(desk, clock).bars(USDJPY, Timeframe.H1, session(FRIDAY).open, session(FRIDAY).close)

    assert same(bars, session_bars())


def test_a_partial_answer_that_stays_is_taken() -> None:
    """An answer with gaps that three polls confirm is what the source has."""
    clock = SteppedClock(NOON + timedelta(days=7))
    desk = Desk(without(session_bars(), [0, 5]), clock)

    bars = market(desk, clock).bars(USDJPY, Timeframe.H1, session(FRIDAY).open, session(FRIDAY).close)

    assert same(bars, without(session_bars(), [0, 5]))
    assert len(desk.asked) == 3


def test_history_that_never_comes() -> None:
    """History that is still not there after all patience is HistoryNotReady."""
    clock = SteppedClock(NOON + timedelta(days=7))
    desk = Desk(session_bars(), clock, first_answers=[None] * 100)
    desk.last_error = (-1, "Terminal: Call failed")

    with pytest.raises(HistoryNotReady, match="USDJPY H1"):
        market(desk, clock).bars(USDJPY, Timeframe.H1, session(FRIDAY).open, session(FRIDAY).close)


def test_a_refusal_is_not_awaited() -> None:
    """A code that is no matter of time is an error at once, with the terminal's own words."""
    clock = SteppedClock(NOON)
    desk = Desk(session_bars(), clock, first_answers=[None])
    desk.last_error = (-2, "Terminal: Invalid params")

    with pytest.raises(SourceUnavailable, match=r"Invalid params \(-2\)"):
        market(desk, clock).bars(USDJPY, Timeframe.H1, session(FRIDAY).open, session(FRIDAY).close)
    assert len(desk.asked) == 1


def test_without_its_server_nothing_is_read() -> None:
    """A terminal that is cut off from its server is not believed to have everything."""
    clock = SteppedClock(NOON)
    desk = Desk(session_bars(), clock, connected=False)

    with pytest.raises(SourceUnavailable, match="no connection"):
        market(desk, clock).bars(USDJPY, Timeframe.H1, session(FRIDAY).open, session(FRIDAY).close)
    assert desk.asked == []


@pytest.mark.parametrize("timeframe", [Timeframe.H4, Timeframe.D1])
@pytest.mark.parametrize(("day", "native"), [(FRIDAY, True), (date(2026, 3, 12), False)], ids=["agree", "differ"])
def test_h4_and_d1_are_cut_at_the_close(timeframe: Timeframe, day: date, native: bool) -> None:
    """Where the server's midnight is not the close H4 and D1 are built from H1, elsewhere they are the source's own."""
    clock = SteppedClock(session(day).close + timedelta(hours=1))
    desk = Desk(session_bars(day=day), clock, ATHENS)

    bars = market(desk, clock, ATHENS).bars(USDJPY, timeframe, session(day).open, session(day).close)

    assert same(bars, aggregate(session_bars(day=day), timeframe))
    assert desk.asked[0][1] is (timeframe if native else Timeframe.H1)


def test_a_broken_hour_breaks_what_is_built_of_it() -> None:
    """A broken H1 bar makes its H4 bar unusable instead of vanishing in it; the other bars stay."""
    built = parsing.built(broken(session_bars(), [5]), Timeframe.H4)

    assert np.isnan(built.high).tolist() == [False, True, False, False, False, False]


def described(name: str, mode: int = 4) -> dict[str, Any]:
    pair = name.strip("m.raw")[:6]
    return {"name": name, "currency_base": pair[:3], "currency_profit": pair[3:], "trade_mode": mode}


class Listing:
    """A terminal with these symbols."""

    def __init__(self, *symbols: dict[str, Any], selectable: bool = True) -> None:
        self._symbols = {symbol["name"]: symbol for symbol in symbols}
        self._selectable = selectable
        self.selected: list[str] = []

    def call(self, name: str, *args: Any, group: str = "") -> tuple[Any, tuple[int, str]]:
        if name == "symbol_info":
            return self._symbols.get(args[0]), OK
        if name == "symbols_get":
            return tuple(s for s in self._symbols.values() if group.strip("*") in s["name"]), OK
        self.selected.append(args[0])
        return self._selectable, OK


def test_exact_name_wins() -> None:
    """The plain name is taken and selected when the broker has it, whatever else there is."""
    terminal = Listing(described("USDJPY"), described("USDJPY.raw"))

    assert resolve(terminal, "USDJPY") == "USDJPY"
    assert terminal.selected == ["USDJPY"]


def test_only_tradable_name_is_found() -> None:
    """A suffixed name is found when it is the only tradable one with the two currencies."""
    terminal = Listing(described("USDJPY.raw", mode=0), described("USDJPYm"), described("EURUSDm"))

    assert resolve(terminal, "USDJPY") == "USDJPYm"


def test_several_names_are_never_guessed() -> None:
    """Of several candidates none is taken: all are listed, and the setting names the right one."""
    terminal = Listing(described("USDJPYm"), described("USDJPY.raw"))

    with pytest.raises(UnknownSymbol, match=r"USDJPY.raw, USDJPYm.*mt5_symbol_names"):
        resolve(terminal, "USDJPY")
    assert resolve(terminal, "USDJPY", {"USDJPY": "USDJPYm"}) == "USDJPYm"


def test_unknown_and_unselectable_symbols() -> None:
    """A pair the broker lacks is UnknownSymbol, one that cannot be selected SourceUnavailable."""
    with pytest.raises(UnknownSymbol, match="no tradable symbol"):
        resolve(Listing(described("EURUSD")), "USDJPY")
    with pytest.raises(SourceUnavailable, match="Market Watch"):
        resolve(Listing(described("USDJPY"), selectable=False), "USDJPY")


def _next_friday_close(now: datetime) -> datetime:
    day = now.date() + timedelta(days=(4 - now.date().weekday()) % 7)
    return session(day).close


@pytest.mark.parametrize("weekend", [False, True], ids=["now", "weekend"])
@pytest.mark.parametrize("server", [("America/New_York", 7), ("Europe/Athens", 0), ("Etc/UTC", 0)])
def test_paper_terminal_collects(tmp_path: Path, server: tuple[str, int], weekend: bool) -> None:
    """Whatever the paper terminal's clock and suffix, days are complete and M5 adds up to every other timeframe."""
    shift = _next_friday_close(SystemClock().now()) + timedelta(hours=15) - SystemClock().now()
    clock = SystemClock(shift if weekend else timedelta())
    days = last_closed_trading_days(clock.now(), 3)
    zone, shift_h = server
    said: dict[str, Any] = {"symbol_suffix": ".x", "server": {"zone": zone, "shift_h": shift_h}}
    said["clock"] = {"shift_s": shift.total_seconds() if weekend else 0.0}
    create_terminal(tmp_path, TerminalProfile.model_validate(said))
    settings = Settings(mt5_path=tmp_path, mt5_server_zone=zone, mt5_server_shift_h=shift_h)
    store = MemoryBarStore()

    with open_terminal(settings) as terminal:
        source = Mt5MarketData(terminal, clock, settings)
        truths = [
            found.truth
            for timeframe in Timeframe
            for found in collect_days(source, store, clock, Symbol("USDJPY"), timeframe, days)
        ]

    assert all(truth.complete for truth in truths)
    assert len(truths) == 15
    stored = {tf: Bars.join(p.bars for p in store.newest(USDJPY, tf, 10_000)) for tf in Timeframe}
    assert all(
        np.array_equal(aggregate(stored[Timeframe.M5], tf).columns()[name], stored[tf].columns()[name])
        for tf in (Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
        for name in ("time_us", "open", "high", "low", "close", "volume")
    )


def test_paper_terminal_with_another_clock_is_refused(tmp_path: Path) -> None:
    """A terminal whose server clock is not the one of the settings is refused before anything is stored."""
    clock = SystemClock()
    create_terminal(tmp_path, TerminalProfile.model_validate({"server": {"zone": "Etc/UTC", "shift_h": 12}}))
    settings = Settings(mt5_path=tmp_path)
    days = list(trading_days(date(2026, 6, 29), FRIDAY))
    store = MemoryBarStore()

    with open_terminal(settings) as terminal, pytest.raises(ServerClockMismatch):
        collect_days(Mt5MarketData(terminal, clock, settings), store, clock, USDJPY, Timeframe.H1, days)
    assert store.writes == 0
