"""What the module keeps per process, as the real one does: one connection, one last_error; and the frame of every call.

A call resets last_error, plays the faults, turns CallFailed into the function's failure value, and is audited.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from axia_core.adapters.paper.arguments import CallFailed
from axia_core.adapters.paper.profile import PROFILE_FILE
from axia_core.adapters.paper.terminal import Terminal
from axia_core.errors import AxiaError

P = ParamSpec("P")
R = TypeVar("R")

SUCCESS = (1, "Success")
_LONGEST_AUDIT = 400
_REFUSED = -2
_AS_FAILURE = object()


@dataclass(frozen=True, slots=True)
class Failures:
    """What a function answers when it fails: in general, and for an argument that the module itself refuses.

    A silent one leaves last_error at success when the terminal fails.
    """

    failure: object
    refused: object
    silent: bool = False

    def of(self, failed: CallFailed) -> object:
        """The answer of a call that failed so."""
        return self.refused if _by_the_module(failed) else self.failure

    def error_of(self, failed: CallFailed) -> tuple[int, str]:
        """The last_error of a call that failed so."""
        return SUCCESS if self.silent and not _by_the_module(failed) else failed.last_error


def _by_the_module(failed: CallFailed) -> bool:
    code, text = failed.last_error
    return code == _REFUSED and not text.startswith("Terminal")


class Connection:
    """The process's link to a terminal."""

    def __init__(self) -> None:
        self.last_error: tuple[int, str] = SUCCESS
        self._terminal: Terminal | None = None

    @property
    def terminal(self) -> Terminal:
        """The open terminal; raises CallFailed when there is none."""
        if self._terminal is None:
            raise CallFailed(-10004, "No IPC connection")
        return self._terminal

    def open(self, folder: Path | None, login: int | None, password: str | None, server: str | None) -> None:
        """Connect to the terminal in *folder*; raises CallFailed."""
        self.close()
        if folder is None or not (folder / PROFILE_FILE).is_file():
            raise CallFailed(-10003, "IPC initialize failed, MetaTrader 5 x64 not found")
        try:
            terminal = Terminal.open(folder)
        except AxiaError as error:
            raise CallFailed(-10003, f"IPC initialize failed, {error}") from error
        self._terminal = terminal
        try:
            terminal.begin("initialize")
            self.log_in(login, password, server)
        except CallFailed as failed:
            self.last_error = failed.last_error
            self._audit(terminal, "initialize", "", False)
            self.close()
            raise

    def log_in(self, login: int | None, password: str | None, server: str | None) -> None:
        """Compare with the terminal's account; what is None is taken as saved in the terminal."""
        account = self.terminal.profile.account
        for given, saved in ((login, account.login), (password, account.password), (server, account.server)):
            if given is not None and given != saved:
                raise CallFailed(-6, "Terminal: Authorization failed")

    def note(self, name: str) -> None:
        """Write down a call that the terminal has no part in."""
        if self._terminal is not None:
            self._audit(self._terminal, name, "", None)

    def close(self) -> None:
        """Disconnect."""
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None

    def run(self, name: str, body: Callable[[], Any], failures: Failures, shown: Callable[[], str]) -> Any:
        """Make one call of the module; raises SystemError where the real one leaves a Python exception behind."""
        self.last_error, left_behind = SUCCESS, None
        try:
            answer = self._played(name, body)
        except CallFailed as failed:
            self.last_error, answer = failures.error_of(failed), failures.of(failed)
            left_behind = failed if failed.left_behind else None
        except (sqlite3.Error, AxiaError) as error:
            # The folder cannot be used any more (a broken profile, plan or state): the terminal fails, nobody raises.
            self.last_error, answer = (-1, f"Terminal: Call failed, {error}"), failures.failure
        if self._terminal is not None:
            self._audit(self._terminal, name, shown(), answer)
        if left_behind is not None:
            raise SystemError(f"<built-in function {name}> returned a result with an exception set") from left_behind
        return answer

    def _played(self, name: str, body: Callable[[], Any]) -> Any:
        if self._terminal is not None and name not in ("initialize", "shutdown"):
            self._terminal.begin(name)
            answer = body()
            self._terminal.end()
            return answer
        return body()

    def _audit(self, terminal: Terminal, name: str, arguments: str, answer: object) -> None:
        said = repr(answer) if name in ("order_send", "order_check") else type(answer).__name__
        try:
            terminal.store.audit(name, arguments, self.last_error[0], said[:2_000])
        except sqlite3.Error:
            self.last_error = (-1, "Terminal: Call failed")


CONNECTION = Connection()

# Their arguments carry the password.
_UNSHOWN = ("initialize", "login")


def mt5_function(
    failure: object = None, refused: object = _AS_FAILURE, *, silent: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a body one of the module's functions: what it raises as CallFailed is answered with *failure*.

    *refused* is the answer to a wrong argument where that differs; a *silent* function says no last_error.
    """
    failures = Failures(failure, failure if refused is _AS_FAILURE else refused, silent)

    def wrap(body: Callable[P, R]) -> Callable[P, R]:
        name = body.__name__

        @functools.wraps(body)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            def shown() -> str:
                return "" if name in _UNSHOWN else f"{args!r} {kwargs!r}"[:_LONGEST_AUDIT]

            answer: R = CONNECTION.run(name, lambda: body(*args, **kwargs), failures, shown)
            return answer

        return call

    return wrap
