"""One state, many processes: shared books, kill -9 in the middle of orders, the running terminal."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.store import STATE_FILE, Store

from .conftest import PAIR, PaperTerminal, request, send, tick

FAR = 2**31 - 1

SENDER = """
import sys
from axia_core.adapters.paper import metatrader5 as mt5
assert mt5.initialize(sys.argv[1]), mt5.last_error()
for number in range(int(sys.argv[2])):
    result = mt5.order_send({"action": 1, "symbol": "USDJPY", "volume": 0.01, "type": 0, "type_filling": 1, "magic": 7})
    print(result.order, flush=True)
"""


def _sender(folder: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, str(folder), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _check_books(folder: Path) -> None:
    """Every order has its deal and its position, and the file is whole."""
    with sqlite3.connect(folder / STATE_FILE) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    orders = {order.ticket for order in mt5.history_orders_get(0, FAR)}
    assert orders == {deal.order for deal in mt5.history_deals_get(0, FAR)} - {0}
    assert orders == {position.ticket for position in mt5.positions_get()}


def test_shared_state(terminal: PaperTerminal) -> None:
    """Two processes send at once: every order gets a ticket of its own and all are seen here."""
    senders = [_sender(terminal.folder, 20) for _ in range(2)]
    printed = [sender.communicate(timeout=60)[0].split() for sender in senders]

    tickets = [int(ticket) for output in printed for ticket in output]
    assert len(set(tickets)) == 40
    assert {position.ticket for position in mt5.positions_get()} == set(tickets)
    _check_books(terminal.folder)


def test_kill_in_the_middle(terminal: PaperTerminal) -> None:
    """Killed while it sends, a process leaves each order whole or absent, and what it was told is there."""
    sender = _sender(terminal.folder, 10_000)
    assert sender.stdout is not None
    told = [int(sender.stdout.readline()) for _ in range(10)]

    sender.kill()
    told += [int(line) for line in sender.stdout.read().split("\n")[:-1]]
    sender.wait(timeout=60)
    sender.stdout.close()

    _check_books(terminal.folder)
    assert set(told) <= {position.ticket for position in mt5.positions_get()}
    assert send().retcode == 10009


def test_death_after_the_effect(terminal: PaperTerminal) -> None:
    """A process that dies after the order took effect leaves it there; before, it leaves nothing."""
    for after, expected in ((False, 0), (True, 1)):
        write_plan(terminal.folder, Fault(function="order_send", every=1, die=True, after=after))
        sender = _sender(terminal.folder, 1)
        output, _ = sender.communicate(timeout=120)
        write_plan(terminal.folder)

        assert (output, sender.returncode) == ("", 9)
        assert mt5.positions_total() == expected
        _check_books(terminal.folder)


def test_running_terminal_fires_stops(terminal: PaperTerminal) -> None:
    """The running terminal closes a position at its stop with no caller, and ends cleanly when told to."""
    ticket = send(sl=round(tick().bid - 0.001, 3)).order
    terminal.move(timedelta(hours=6))
    running = subprocess.Popen([sys.executable, "-m", "axia_core.adapters.paper", str(terminal.folder)])

    store = Store.open(terminal.folder, 0.0, 2)
    deadline = time.monotonic() + 60
    while store.count("positions") and time.monotonic() < deadline:
        time.sleep(0.1)
    running.terminate() if sys.platform == "win32" else running.send_signal(signal.SIGTERM)

    assert store.rows("deals", "position_id = ?", ticket)[-1]["reason"] == 4
    store.close()
    assert sys.platform == "win32" or running.wait(timeout=60) == 0


def test_running_needs_a_terminal(tmp_path: Path) -> None:
    """In a folder without terminal.json the process ends with 2 and says what to do."""
    done = subprocess.run(
        [sys.executable, "-m", "axia_core.adapters.paper", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "Create the terminal with create_terminal" in done.stderr


def test_every_function_is_audited(terminal: PaperTerminal) -> None:
    """No call goes unwritten: not the ones that ask the terminal nothing, not a login that is refused."""
    mt5.last_error()
    mt5.shutdown()
    mt5.initialize(str(terminal.folder), password="wrong")

    store = Store.open(terminal.folder, 0.0, 2)
    rows = store.audited()
    store.close()

    assert [(row["function"], row["error"]) for row in rows[-3:]] == [
        ("last_error", 1),
        ("shutdown", 1),
        ("initialize", -6),
    ]
    assert not any("wrong" in row["arguments"] for row in rows)


def test_calls_are_audited(terminal: PaperTerminal) -> None:
    """Every call is written down with its outcome, the password never."""
    mt5.initialize(str(terminal.folder), password="paper")
    send(magic=12_345)
    mt5.symbol_info("NONE")

    store = Store.open(terminal.folder, 0.0, 2)
    rows = store.audited()
    store.close()

    assert [(row["function"], row["error"]) for row in rows[-2:]] == [("order_send", 1), ("symbol_info", -4)]
    assert "12345" in rows[-2]["arguments"]
    assert "retcode=10009" in rows[-2]["answer"]
    assert not any("password" in row["arguments"] for row in rows)
    assert request()["symbol"] == PAIR
