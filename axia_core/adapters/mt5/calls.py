"""What goes over the pipe between a terminal's parent and its worker. Its own file: both sides must unpickle it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENDING = "order_send"


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """Which terminal to drive, and as whom; the password is never part of the text form."""

    module: str
    path: Path
    login: int
    password: str
    server: str
    deadline_s: float

    def __repr__(self) -> str:
        return f"TerminalSpec({self.module}, {self.path}, login {self.login} at {self.server})"


@dataclass(frozen=True, slots=True)
class Call:
    """One function of the module; with `send_by` (wall clock, epoch seconds) it is refused at or after that moment."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    send_by: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the module returned, structs as dicts, and its last_error read right after, in the same breath."""

    result: Any
    error: tuple[int, str]
    not_sent: bool = False
