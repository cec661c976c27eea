"""The terminal's own clock: fixed, shifted, accelerated; and books whose clock is set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.clock import SESSION_CLOCK, real_ms
from axia_core.adapters.paper.profile import TerminalClock

from .conftest import NOON, PaperTerminal, send, tick


def test_fixed() -> None:
    """A fixed clock stands."""
    assert TerminalClock(fixed=NOON).now_ms() == NOON.timestamp() * 1000


def test_shifted() -> None:
    """A shifted clock is that far from the real one."""
    before = real_ms()

    shifted = TerminalClock(shift_s=-86_400).now_ms()

    assert before <= shifted + 86_400_000 <= real_ms()


def test_accelerated() -> None:
    """An accelerated clock has gone `rate` times as far from its origin as the real one."""
    origin = datetime.now(UTC) - timedelta(hours=1)

    ahead_ms = TerminalClock(origin=origin, rate=60).now_ms() - origin.timestamp() * 1000

    assert 59 * 3_600_000 <= ahead_ms < 60 * 3_660_000


def test_clock_set_back(terminal: PaperTerminal) -> None:
    """After the clock was set back by days, positions stay and the books go on from there."""
    ticket = send().order

    terminal.move(timedelta(days=-6))
    sl = round(tick().bid - 0.001, 3)
    second = send(sl=sl).order
    terminal.move(timedelta(hours=8))

    assert [position.ticket for position in mt5.positions_get()] == [ticket]
    assert mt5.history_deals_get(position=second)[-1].reason == 4


def test_tick_is_fresh(terminal: PaperTerminal) -> None:
    """While the market is open, the last tick is a few seconds old by the server's clock."""
    age_s = SESSION_CLOCK.to_server_s(int(NOON.timestamp())) - tick().time

    assert 0 <= age_s <= 6
