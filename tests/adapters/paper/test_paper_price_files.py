"""Prices from what AXIA stores and from what MetaTrader 5 exports: our Parquet objects, and "Export bars" files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.clock import SESSION_CLOCK, ServerClock
from axia_core.adapters.paper.history_files import covered_ranges, load_history
from axia_core.adapters.paper.profile import Prices, ServerProfile
from axia_core.adapters.s3 import parquet
from axia_core.domain.bars import Bars
from axia_core.domain.names import object_key
from axia_core.domain.sessions import session, trading_date_at, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import UnreadableHistory
from tests.bar_examples import session_bars, truth_of, without

from .conftest import PaperTerminal, send

ATHENS = ServerClock("Europe/Athens", 0)
THURSDAY, FRIDAY = date(2026, 7, 2), date(2026, 7, 3)
HEADER = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"


def store(folder: Path, *partitions: Bars) -> None:
    """Objects as they lie in the bucket."""
    for bars in partitions:
        day = trading_date_at(datetime.fromtimestamp(int(bars.time_us[-1]) // 10**6, UTC))
        assert day is not None
        file = folder / object_key(bars.symbol, bars.timeframe, day)
        file.parent.mkdir(parents=True)
        file.write_bytes(parquet.encode(bars, truth_of(bars, day)))


def export(
    folder: Path, clock: ServerClock, days: list[date], name: str = "EURUSD_M15_202603020000_202603312345"
) -> Path:
    """What the terminal of a broker with this clock exports of these sessions."""
    lines = [HEADER]
    for day in days:
        bars = session_bars(Timeframe.M15, day, Symbol("EURUSD"), 1.1)
        for at, price in zip(bars.time_us // 10**6, bars.close, strict=True):
            wall = datetime.fromtimestamp(clock.to_server_s(int(at)), UTC)
            lines.append(f"{wall:%Y.%m.%d\t%H:%M:%S}\t{price:.5f}\t{price:.5f}\t{price:.5f}\t{price:.5f}\t{40}\t0\t7")
    file = folder / f"{name}.csv"
    file.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return file


def test_own_objects_are_served(tmp_path: Path, new_terminal: Callable[..., PaperTerminal]) -> None:
    """A folder in the bucket's layout is a price source: its bars come out of the module, which trades on them."""
    stored = [session_bars(Timeframe.M5, day) for day in (THURSDAY, FRIDAY)]
    store(tmp_path / "bars", *stored)
    terminal = new_terminal(prices=Prices(files=(tmp_path / "bars",)))
    terminal.move(session(FRIDAY).close - timedelta(minutes=1) - terminal.now)

    start_s = SESSION_CLOCK.to_server_s(int(session(THURSDAY).open.timestamp()))
    served = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_M5, start_s, start_s + 86_399)

    for name in ("open", "high", "low", "close"):
        assert np.array_equal(served[name], getattr(stored[0], name))
    assert served["tick_volume"].tolist() == stored[0].volume.tolist()
    assert send().retcode == 10009


def test_finest_stored_timeframe_is_the_base(tmp_path: Path) -> None:
    """Of a pair's series the finest up to H1 counts, H4 and D1 are built; what else lies there is left alone."""
    store(tmp_path, *(session_bars(timeframe) for timeframe in Timeframe))
    (tmp_path / "notes" / "data.parquet").parent.mkdir()
    (tmp_path / "notes" / "data.parquet").write_bytes(b"no object of ours")

    (covered,) = covered_ranges([tmp_path])

    assert (covered.pair, covered.base_s, covered.last_complete_session) == ("USDJPY", 300, FRIDAY)


def test_gap_of_an_object_stays(tmp_path: Path) -> None:
    """A bar that the object lacks is no bar of the source."""
    store(tmp_path, without(session_bars(Timeframe.H1), [3, 4]))

    history = load_history([tmp_path])

    assert len(history.base_bars("USDJPY", 0, 2**31)) == 22


def test_damaged_object_is_refused(tmp_path: Path) -> None:
    """An object that is no Parquet is refused by its key."""
    store(tmp_path, session_bars(Timeframe.H1))
    (tmp_path / object_key(Symbol("USDJPY"), Timeframe.H1, FRIDAY)).write_bytes(b"PAR1 but no more")

    with pytest.raises(UnreadableHistory, match=r"USDJPY/H1/2026/07/03/data\.parquet"):
        load_history([tmp_path])


@pytest.mark.parametrize("clock", [SESSION_CLOCK, ATHENS, ServerClock("Etc/UTC", 2)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_export_is_read_on_its_server_s_clock(tmp_path: Path, clock: ServerClock, encoding: str) -> None:
    """An "Export bars" file of any server clock gives UTC bars, across the weeks in which US and EU clocks differ."""
    days = list(trading_days(date(2026, 3, 2), date(2026, 4, 3)))
    file = export(tmp_path, clock, days)
    file.write_text(file.read_text(encoding="utf-8"), encoding=encoding)

    history = load_history([file], server_clock=clock)

    bars = history.base_bars("EURUSD", 0, 2**31)
    assert len(bars) == 96 * len(days)
    assert bars.time_s[0] == session(days[0]).open.timestamp()
    assert bars.time_s[-1] + 900 == session(days[-1]).close.timestamp()
    assert set(bars.volume.tolist()) == {40}


def test_export_in_a_terminal(tmp_path: Path, new_terminal: Callable[..., PaperTerminal]) -> None:
    """The profile says whose clock the export has; by default it is the terminal's own server."""
    export(tmp_path, ATHENS, [THURSDAY, FRIDAY])
    prices = Prices(files=(tmp_path,), exported_by=ServerProfile(zone="Europe/Athens", shift_h=0))

    terminal = new_terminal(prices=prices)
    terminal.move(session(FRIDAY).open + timedelta(hours=2) - terminal.now)

    assert send(symbol="EURUSD").retcode == 10009
    start_s = SESSION_CLOCK.to_server_s(int(session(THURSDAY).open.timestamp()))
    assert len(mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_H1, start_s, start_s + 86_399)) == 24


def test_export_on_a_wrong_clock_is_refused(tmp_path: Path) -> None:
    """Read on a clock that is not its own, an export has bars in the closed weekend and is refused with the shift."""
    file = export(tmp_path, ServerClock("Etc/UTC", 0), list(trading_days(date(2026, 6, 1), FRIDAY)))

    with pytest.raises(UnreadableHistory, match="closed weekend"):
        load_history([file], server_clock=SESSION_CLOCK)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("2.7.2026\t00:00:00\t1\t1\t1\t1\t1\t0\t1", "line 2: time: '2.7.2026 00:00:00'"),
        ("2026.07.02\t00:00:00\t1\tx\t1\t1\t1\t0\t1", "line 2: high: 'x'"),
        ("2026.07.02\t00:00:00\t1", "a row has 9 fields"),
    ],
)
def test_bad_export_rows_are_named(tmp_path: Path, line: str, text: str) -> None:
    """A row of an export that cannot be read is refused by file, line and value."""
    file = tmp_path / "EURUSD_M15_1_2.csv"
    file.write_text(f"{HEADER}\n{line}\n", encoding="utf-8")

    with pytest.raises(UnreadableHistory) as refused:
        load_history([file])

    assert text in str(refused.value)


def test_daily_export_has_no_clock(tmp_path: Path) -> None:
    """An export without times (D1 and above) is refused."""
    file = tmp_path / "EURUSD_H1_1_2.csv"
    file.write_text(HEADER.replace("\t<TIME>", "") + "\n2026.07.02\t1\t1\t1\t1\t1\t0\t1\n", encoding="utf-8")

    with pytest.raises(UnreadableHistory, match="parted by tabs"):
        load_history([file])


@given(st.sampled_from([SESSION_CLOCK, ATHENS, ServerClock("Etc/UTC", 3)]), st.sampled_from(range(2010, 2031)))
def test_server_clocks_keep_the_open_week(clock: ServerClock, year: int) -> None:
    """No open session of any year is ambiguous on a server's clock, so an export converts to exactly its UTC times."""
    opens = [int(session(day).open.timestamp()) for day in trading_days(date(year, 1, 4), date(year, 12, 20))]
    hours = [at + hour * 3_600 for at in opens for hour in (0, 7, 23)]

    assert [clock.to_utc_s(clock.to_server_s(at)) for at in hours] == hours
