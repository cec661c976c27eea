"""Real files as a price source: what is served, what is refused and how the refusal reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.clock import SESSION_CLOCK
from axia_core.adapters.paper.history_files import covered_ranges, load_history, read_csv
from axia_core.adapters.paper.profile import Prices, TerminalProfile, create_terminal
from axia_core.errors import InvalidInput, UnreadableHistory

from .conftest import PaperTerminal, send

ORKAD = Path(__file__).parents[4] / "shared" / "data" / "orkad"
MONDAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

needs_orkad = pytest.mark.skipif(not ORKAD.is_dir(), reason="../shared/data/orkad (real recorded bars) is not here")


def write(
    folder: Path, rows: list[str], name: str = "USDJPY_15m.csv", header: str = "time,open,high,low,close,volume"
) -> Path:
    """A history file of these rows."""
    file = folder / name
    file.write_text("\n".join(["# a comment", header, *rows]) + "\n", encoding="utf-8")
    return file


def row(step: int, prices: str = "150.0,150.2,149.9,150.1", start: datetime = MONDAY, minutes: int = 15) -> str:
    """The *step*th row after *start*."""
    return f"{(start + timedelta(minutes=minutes * step)).isoformat()},{prices},10"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([row(0), row(1, "150.0,x,149.9,150.1")], "line 4: high: 'x' was refused: it is not a number"),
        ([row(0), row(1, "150.0,nan,149.9,150.1")], "line 4: high: 'nan' was refused: a price is a finite number"),
        ([row(0), row(1, "-1,150.2,149.9,150.1")], "line 4: open: '-1'"),
        ([row(0), "2026-01-05T12:15:00,1,1,1,1,1"], "a time without a zone is ambiguous. Append Z"),
        ([row(0), "yesterday,1,1,1,1,1"], "line 4: time: 'yesterday' was refused: it is no time"),
        ([row(1), row(0)], "line 4: time: '2026-01-05T12:00:00+00:00' was refused: times must ascend"),
        ([row(0), row(0)], "the same time comes twice"),
        ([row(0), row(1, start=MONDAY + timedelta(minutes=1))], "on a grid of 900 s"),
        ([row(0), "2026-01-05T12:15:00Z,1,1"], "a row has 6 fields"),
        ([], "it holds no bar"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: list[str], text: str) -> None:
    """A file that cannot be trusted is refused with file, line, value, rule and remedy."""
    file = write(tmp_path, rows)

    with pytest.raises(UnreadableHistory) as refused:
        read_csv(file, 900)

    assert text in str(refused.value)
    assert refused.value.remedy


def test_bad_header(tmp_path: Path) -> None:
    """Another header is refused."""
    with pytest.raises(UnreadableHistory, match="the header is time,open"):
        read_csv(write(tmp_path, [row(0)], header="date,o,h,l,c,v"), 900)


@pytest.mark.parametrize("name", ["bars.csv", "USDJPY_4h.csv", "USDJPY_7m.csv"])
def test_bad_name(tmp_path: Path, name: str) -> None:
    """A name that does not state pair and timeframe is refused."""
    with pytest.raises(UnreadableHistory, match="states pair and timeframe"):
        load_history([write(tmp_path, [row(0)], name)])


@pytest.mark.parametrize("shift_h", [-5, -1, 2, 3])
def test_another_clock(tmp_path: Path, shift_h: int) -> None:
    """Rows of a broker's clock written as UTC fall into the closed weekend and are refused with the shift."""
    opens = datetime(2026, 1, 4, 22, 0, tzinfo=UTC) + timedelta(hours=shift_h)
    rows = [row(step, start=opens + timedelta(weeks=week), minutes=60) for week in range(6) for step in range(120)]

    with pytest.raises(UnreadableHistory, match="closed weekend") as refused:
        read_csv(write(tmp_path, rows, "USDJPY_1h.csv"), 3_600)

    assert f"UTC{shift_h:+d} h" in refused.value.remedy


def test_finest_file_is_the_base(tmp_path: Path) -> None:
    """Of several files of a pair the finest counts; a folder is read whole, in every spelling."""
    write(tmp_path, [row(0)], "USDJPY_15m.csv")
    write(tmp_path, [row(0, minutes=5)], "USDJPY_M5.csv")
    write(tmp_path, [row(0)], "EURUSD_H1.csv")

    assert {entry.pair: entry.base_s for entry in covered_ranges([tmp_path])} == {"USDJPY": 300, "EURUSD": 3_600}


def test_broken_rows_are_served_as_they_are(tmp_path: Path, new_terminal: Callable[..., PaperTerminal]) -> None:
    """A row with a high under its close is not repaired, a missing row makes no bar, lower timeframes do not exist."""
    broken = "150.0,150.05,149.9,150.1"
    write(tmp_path, [row(0), row(1, broken), row(3), row(4)])
    terminal = new_terminal(prices=Prices(files=(tmp_path,)))
    terminal.move(MONDAY + timedelta(minutes=70) - terminal.now)
    start = SESSION_CLOCK.to_server_s(int(MONDAY.timestamp()))

    bars = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_M15, start, start + 3_599)
    hours = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_H1, start, start)
    minutes = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_M5, start, start + 3_599)

    assert [int(time - start) // 900 for time in bars["time"]] == [0, 1, 3]
    assert (bars["high"][1], bars["close"][1]) == (150.05, 150.1)
    assert (hours["high"][0], hours["tick_volume"][0]) == (150.2, 30)
    assert len(minutes) == 0
    assert mt5.last_error() == (1, "Success")
    assert mt5.symbols_total() == 1
    assert mt5.symbol_info("EURUSD") is None


def test_unreadable_files_stop_initialize(tmp_path: Path) -> None:
    """A terminal whose files are refused does not open, and last_error says why."""
    write(tmp_path, [row(0), row(0)])
    create_terminal(tmp_path / "terminal", TerminalProfile(prices=Prices(files=(tmp_path,))))

    assert mt5.initialize(str(tmp_path / "terminal")) is False
    code, text = mt5.last_error()
    assert code == -10003
    assert "the same time comes twice" in text


@pytest.mark.parametrize(
    "profile",
    [
        {"prices": {}},
        {"server": {"zone": "Mars"}},
        {"clock": {"fixed": "2026-01-01T00:00:00"}},
        {"rules": {"spread": 1}},
        {"symbols": ["usd"]},
    ],
)
def test_wrong_profile(tmp_path: Path, profile: dict[str, Any]) -> None:
    """A profile with a wrong value is refused before anything is written."""
    with pytest.raises((ValueError, InvalidInput)):
        create_terminal(tmp_path, TerminalProfile.model_validate(profile))


@needs_orkad
def test_real_files() -> None:
    """Both real files load, across both clock changes, and say what they cover."""
    covered = {entry.pair: entry for entry in covered_ranges([ORKAD])}

    assert {pair: entry.base_s for pair, entry in covered.items()} == {"USDJPY": 900, "EURUSD": 300}
    assert {entry.last_complete_session for entry in covered.values()} == {date(2026, 7, 3)}


@needs_orkad
@pytest.mark.parametrize("day", [date(2026, 2, 11), date(2026, 3, 18), date(2026, 6, 17)])
def test_real_sessions(new_terminal: Callable[..., PaperTerminal], day: date) -> None:
    """A session of a real file is one server day in winter, between the clock changes and in summer."""
    terminal = new_terminal(prices=Prices(files=(ORKAD,)))
    start = int(np.datetime64(day, "s").astype(np.int64))
    terminal.move(datetime.fromtimestamp(SESSION_CLOCK.to_utc_s(start) + 30 * 3_600, UTC) - terminal.now)

    quarters = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_M15, start, start + 86_399)
    days = mt5.copy_rates_range("USDJPY", mt5.TIMEFRAME_D1, start, start + 86_399)

    assert 80 < len(quarters) <= 96
    assert (days["time"][0], len(days)) == (start, 1)
    assert days["tick_volume"][0] == quarters["tick_volume"].sum()
    assert days["high"][0] == quarters["high"].max()


def test_trades_on_files(tmp_path: Path, new_terminal: Callable[..., PaperTerminal]) -> None:
    """With the clock in the last whole session that the files cover, the terminal trades on their prices."""
    opens = datetime(2026, 1, 4, 22, 0, tzinfo=UTC)
    write(tmp_path, [row(step, start=opens) for step in range(96 * 2 + 10)])
    (covered,) = covered_ranges([tmp_path])
    terminal = new_terminal(prices=Prices(files=(tmp_path,)))

    terminal.move(opens + timedelta(hours=36) - terminal.now)

    assert (covered.first, covered.last_complete_session) == (opens, date(2026, 1, 6))
    assert 149.9 <= send().price <= 150.3
