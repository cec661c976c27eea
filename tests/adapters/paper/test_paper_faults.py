"""Faults on demand: each effect, when it comes, and that the same seed plays the same faults."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.faults import FAULTS_FILE, Fault, FaultPlan, write_plan

from .conftest import PaperTerminal, request, send, tick


def test_retcode_before(terminal: PaperTerminal) -> None:
    """A retcode before the effect answers with it and does nothing."""
    write_plan(terminal.folder, Fault(function="order_send", calls=(1,), retcode=10006))

    assert send().retcode == 10006
    assert mt5.positions_total() == 0
    assert send().retcode == 10009


def test_retcode_after(terminal: PaperTerminal) -> None:
    """A timeout after the effect says 10012 without a ticket, and the position is there."""
    write_plan(terminal.folder, Fault(function="order_send", calls=(1,), retcode=10012, after=True))

    result = send(magic=3)

    assert (result.retcode, result.order, result.deal) == (10012, 0, 0)
    assert mt5.positions_get()[0].magic == 3


@pytest.mark.parametrize(("after", "positions"), [(False, 0), (True, 1)])
def test_error(terminal: PaperTerminal, after: bool, positions: int) -> None:
    """An IPC error gives None before or after the order took effect."""
    write_plan(
        terminal.folder, Fault(function="order_send", calls=(1,), error=(-10002, "IPC recv failed"), after=after)
    )

    assert mt5.order_send(request()) is None
    assert mt5.last_error() == (-10002, "IPC recv failed")
    assert mt5.positions_total() == positions


def test_disconnected(terminal: PaperTerminal) -> None:
    """Without its broker the terminal says so and trades answer 10031."""
    write_plan(terminal.folder, Fault(function="*", every=1, disconnected=True))

    assert mt5.terminal_info().connected is False
    assert send().retcode == 10031
    assert mt5.order_check(request()).retcode == 10031


def test_stale_tick(terminal: PaperTerminal) -> None:
    """A stale quote is as old as the plan says."""
    fresh = tick()
    write_plan(terminal.folder, Fault(function="symbol_info_tick", every=1, stale_s=120))

    assert 119 <= fresh.time - tick().time <= 125


def test_delay(terminal: PaperTerminal) -> None:
    """A delayed call takes that long and succeeds."""
    write_plan(terminal.folder, Fault(function="account_info", calls=(1,), delay_s=0.2))

    started = time.monotonic()
    assert mt5.account_info() is not None

    assert time.monotonic() - started >= 0.2


def test_seed_decides() -> None:
    """By probability the same calls fail under the same seed, others under another."""
    fault = Fault(function="order_send", probability=0.3, retcode=10004)

    hits = [[bool(FaultPlan(seed=seed, faults=(fault,)).of("order_send", n)) for n in range(200)] for seed in (1, 1, 2)]

    assert hits[0] == hits[1] != hits[2]
    assert 30 < sum(hits[0]) < 90


def test_plan_removed(terminal: PaperTerminal) -> None:
    """Without a plan nothing goes wrong any more."""
    write_plan(terminal.folder, Fault(function="order_send", every=1, retcode=10006))
    assert send().retcode == 10006

    write_plan(terminal.folder)

    assert send().retcode == 10009


def test_broken_plan(terminal: PaperTerminal) -> None:
    """A plan that cannot be read fails the call and says why, and raises nothing."""
    (terminal.folder / FAULTS_FILE).write_text('{"faults": [{"function": 1}]}')

    assert mt5.account_info() is None
    code, text = mt5.last_error()
    assert code == -1
    assert "faults.json" in text


def test_late_history(terminal: PaperTerminal) -> None:
    """A deal younger than the plan's delay has not arrived in the history, while its position is there."""
    write_plan(terminal.folder, Fault(function="history_deals_get", every=1, late_s=3))
    ticket = send().order

    assert mt5.history_deals_get(position=ticket) == ()
    assert mt5.positions_total() == 1

    terminal.move(timedelta(seconds=3))
    assert len(mt5.history_deals_get(position=ticket)) == 1


def test_partial_bars(terminal: PaperTerminal) -> None:
    """A first request gives the newest rows only, the next one all of them."""
    write_plan(terminal.folder, Fault(function="copy_rates_from_pos", calls=(1,), rows=2))

    first, second = (mt5.copy_rates_from_pos("USDJPY", mt5.TIMEFRAME_M5, 0, 5) for _ in range(2))

    assert (len(first), len(second)) == (2, 5)
    assert (first == second[-2:]).all()


def test_rewritten_comment(terminal: PaperTerminal) -> None:
    """A broker that rewrites comments keeps the magic."""
    write_plan(terminal.folder, Fault(function="order_send", every=1, comment="broker"))
    send(comment="ours", magic=8)

    (position,) = mt5.positions_get()
    assert (position.comment, position.magic) == ("broker", 8)


def test_initialize_can_fail(terminal: PaperTerminal) -> None:
    """An initialize that times out leaves no connection; the next one connects."""
    write_plan(terminal.folder, Fault(function="initialize", calls=(1,), error=(-10005, "IPC timeout")))

    assert mt5.initialize(str(terminal.folder)) is False
    assert mt5.last_error() == (-10005, "IPC timeout")
    assert mt5.account_info() is None
    assert mt5.initialize(str(terminal.folder)) is True
