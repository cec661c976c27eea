"""The killable process that holds the MT5 module: deadlines, deaths, predecessors, and one send at most."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from axia_core.adapters.mt5.calls import Call, TerminalSpec
from axia_core.adapters.mt5.terminal import Terminal, open_terminal, wall_clock_deadline
from axia_core.adapters.mt5.worker import connect
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.errors import SourceUnavailable, WrongAccount
from axia_core.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_terminal(tmp_path / "paper", TerminalProfile.model_validate({"clock": {"fixed": "2026-07-01T12:00:00Z"}}))
    return tmp_path / "paper"


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    settings = Settings(mt5_path=folder, mt5_deadline_s=1.0)
    with open_terminal(settings, pid_file=folder / "terminal.pid") as opened:
        yield opened


def buy(terminal: Terminal) -> dict[str, Any]:
    terminal.call("symbol_select", "USDJPY", True)
    tick, _ = terminal.call("symbol_info_tick", "USDJPY")
    return {
        "action": 1,
        "symbol": "USDJPY",
        "volume": 0.1,
        "type": 0,
        "price": tick["ask"],
        "deviation": 20,
        "magic": 7,
    }


def deals(terminal: Terminal) -> int:
    found, _ = terminal.call("positions_get")
    return len(found)


def test_structs_come_as_dicts(terminal: Terminal) -> None:
    """A caller gets plain dicts, so that no vendor type leaves the process."""
    account, error = terminal.call("account_info")

    assert (account["login"], error[0]) == (50_000_001, 1)


def test_hang_is_ended_on_its_deadline(terminal: Terminal, folder: Path) -> None:
    """A call that hangs is given up, its process is gone, and the next call works in a new one."""
    terminal.call("terminal_info")
    write_plan(folder, Fault(function="account_info", calls=(1,), hang=True))

    with pytest.raises(SourceUnavailable, match="did not answer"):
        terminal.call("account_info")
    assert terminal.call("account_info")[0]["login"] == 50_000_001


def test_death_in_mid_read_is_an_error(terminal: Terminal, folder: Path) -> None:
    """A process that dies during a read raises, and the next call starts a new one."""
    write_plan(folder, Fault(function="positions_get", calls=(1,), die=True))

    with pytest.raises(SourceUnavailable, match="died"):
        terminal.call("positions_get")
    assert terminal.call("positions_get")[0] == ()


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("how", ["die", "hang"])
def test_lost_send_is_none_and_happens_at_most_once(terminal: Terminal, folder: Path, how: str, after: bool) -> None:
    """When the answer of a send is lost the caller gets None, and nothing is ever sent again."""
    request = buy(terminal)
    write_plan(folder, Fault(function="order_send", every=1, die=how == "die", hang=how == "hang", after=after))

    assert terminal.send(request, wall_clock_deadline(5)) is None
    assert deals(terminal) == int(after)


def test_lost_connection_is_not_resent(terminal: Terminal, folder: Path) -> None:
    """A send that answers None with an IPC error is handed to the caller as it is, after one try."""
    request = buy(terminal)
    write_plan(folder, Fault(function="order_send", every=1, error=(-10001, "IPC send failed"), after=True))

    answer = terminal.send(request, wall_clock_deadline(5))

    assert answer is not None
    assert (answer.result, answer.error[0], deals(terminal)) == (None, -10001, 1)


def test_lost_connection_of_a_read_is_asked_again(terminal: Terminal, folder: Path) -> None:
    """A read whose connection broke is asked once more over a new one."""
    terminal.call("account_info")
    write_plan(folder, Fault(function="positions_get", calls=(1,), error=(-10002, "IPC recv failed")))

    assert terminal.call("positions_get") == ((), (1, "Success"))


def test_send_after_its_time_is_refused(terminal: Terminal) -> None:
    """A request whose deadline has passed is not sent."""
    answer = terminal.send(buy(terminal), wall_clock_deadline(-0.001))

    assert answer is not None
    assert answer.not_sent
    assert deals(terminal) == 0


def test_refused_argument_leaves_the_process_alive(terminal: Terminal) -> None:
    """What Python's conversion of an argument refuses is an answer with -2, for a send proof that nothing was sent."""
    sent = terminal.send(buy(terminal) | {"magic": -1}, wall_clock_deadline(5))

    assert sent is not None
    assert (sent.result, sent.error[0]) == (None, -2)
    assert terminal.call("positions_get", ticket=1 << 64)[0] is None
    assert deals(terminal) == 0


def test_send_at_another_account_is_refused(terminal: Terminal, folder: Path) -> None:
    """A terminal that somebody switched to another account meanwhile gets nothing sent."""
    request = buy(terminal)
    changed = {"clock": {"fixed": "2026-07-01T12:00:00Z"}, "account": {"login": 999}}
    create_terminal(folder, TerminalProfile.model_validate(changed))

    answer = terminal.send(request, wall_clock_deadline(5))

    assert answer is not None
    assert answer.not_sent
    assert "999" in answer.error[1]


def test_order_send_cannot_go_through_call(terminal: Terminal) -> None:
    """There is one way to send, and it knows its deadline."""
    with pytest.raises(ValueError, match="send"):
        terminal.call("order_send", {})
    with pytest.raises(ValueError, match="send"):
        terminal.call_together(Call("account_info"), Call("order_send", ({},)))


def test_calls_together_are_answered_in_turn(terminal: Terminal) -> None:
    """Each call has its own answer with its own last_error, also after one that failed."""
    first, failed, last = terminal.call_together(
        Call("account_info"), Call("symbol_info_tick", ("NOSUCH",)), Call("positions_get")
    )

    assert first.result["currency"]
    assert (failed.result, failed.error[0] < 0) == (None, True)
    assert (last.result, last.error[0]) == ((), 1)


def test_predecessor_is_ended_first(folder: Path) -> None:
    """A new terminal ends the process that a dead desk left behind before it starts its own."""
    settings, pid_file = Settings(mt5_path=folder), folder / "terminal.pid"
    left_behind = open_terminal(settings, pid_file)
    left_behind.call("account_info")
    pid = json.loads(pid_file.read_text(encoding="utf-8"))["pid"]

    with open_terminal(settings, pid_file) as successor:
        successor.call("account_info")
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    left_behind.close()


def test_a_late_close_leaves_the_successor_s_file(folder: Path) -> None:
    """A desk that ends late does not remove the file by which its successor's terminal is found."""
    settings, pid_file = Settings(mt5_path=folder), folder / "terminal.pid"
    late = open_terminal(settings, pid_file)
    late.call("account_info")

    with open_terminal(settings, pid_file) as successor:
        successor.call("account_info")
        late.close()
        assert pid_file.exists()


def test_a_stale_desk_does_not_take_the_terminal_back(folder: Path) -> None:
    """A desk whose terminal was ended by its successor starts no new one, and leaves the successor's alone."""
    settings, pid_file = Settings(mt5_path=folder), folder / "terminal.pid"
    stale = open_terminal(settings, pid_file)
    stale.call("account_info")

    with open_terminal(settings, pid_file) as successor:
        successor.call("account_info")
        with pytest.raises(SourceUnavailable, match="taken over"):
            stale.call("account_info")
        assert successor.call("positions_get")[0] == ()
    stale.close()


def test_a_pid_file_from_before_the_boot_is_done_with(folder: Path) -> None:
    """A damaged file that is older than the machine's boot names nothing that can still live."""
    pid_file = folder / "terminal.pid"
    pid_file.write_text("", encoding="utf-8")
    before_boot = psutil.boot_time() - 3_600
    os.utime(pid_file, (before_boot, before_boot))

    with open_terminal(Settings(mt5_path=folder), pid_file) as terminal:
        assert terminal.call("account_info")[0] is not None


def test_pid_of_another_process_is_left_alone(folder: Path) -> None:
    """A noted pid that now belongs to another process is not ended."""
    pid_file = folder / "terminal.pid"
    pid_file.write_text(json.dumps({"pid": psutil.Process().pid, "started": 1.0}), encoding="utf-8")

    with open_terminal(Settings(mt5_path=folder), pid_file) as terminal:
        assert terminal.call("account_info")[0] is not None


def test_damaged_pid_file_fails_closed(folder: Path) -> None:
    """A pid file that cannot be read proves nothing, so nothing is opened."""
    pid_file = folder / "terminal.pid"
    pid_file.write_text("{", encoding="utf-8")

    with (
        open_terminal(Settings(mt5_path=folder), pid_file) as terminal,
        pytest.raises(SourceUnavailable, match="by hand"),
    ):
        terminal.call("account_info")


def test_wrong_login_is_refused(folder: Path) -> None:
    """A login that the terminal does not take raises WrongAccount, and the remedy is named."""
    with open_terminal(Settings(mt5_path=folder, mt5_login=5)) as terminal, pytest.raises(WrongAccount, match="login"):
        terminal.call("account_info")


class OtherAccount:
    """A module whose terminal opens whatever it is told, and is at an account of its own."""

    def __init__(self, login: int, server: str) -> None:
        self.open = False
        self._account = SimpleNamespace(login=login, server=server)

    def initialize(self, **_: Any) -> bool:
        self.open = True
        return True

    def account_info(self) -> Any:
        return self._account

    def last_error(self) -> tuple[int, str]:
        return 1, "Success"

    def shutdown(self) -> None:
        self.open = False


@pytest.mark.parametrize(("login", "server"), [(2, "Ours"), (1, "Theirs")])
def test_terminal_at_another_account_is_let_go(login: int, server: str) -> None:
    """Whatever initialize says, a terminal that is at another login or server is closed and never asked."""
    module = OtherAccount(login, server)
    spec = TerminalSpec(module="m", path=Path("p"), login=1, password="x", server="Ours", deadline_s=1)

    answer = connect(module, spec)

    assert (answer.result, answer.error) == (False, (-6, f"the terminal is at {login} on {server}"))
    assert not module.open


def test_missing_terminal_is_an_error(tmp_path: Path) -> None:
    """A path without a terminal raises SourceUnavailable that names it."""
    with (
        open_terminal(Settings(mt5_path=tmp_path / "nowhere")) as terminal,
        pytest.raises(SourceUnavailable, match="nowhere"),
    ):
        terminal.call("account_info")


def test_password_is_not_in_the_text_form() -> None:
    """The spec can be logged."""
    spec = TerminalSpec(module="m", path=Path("p"), login=1, password="secret", server="s", deadline_s=1)

    assert "secret" not in repr(spec)
