"""One MT5 terminal as its callers see it: calls with deadlines, over a child process that can be killed.

What a call means is the business of `market.py` and `broker.py`; what it costs when it hangs is settled here.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Self

from axia_core.adapters.mt5 import predecessor
from axia_core.adapters.mt5.calls import SENDING, Answer, Call, TerminalSpec
from axia_core.errors import SourceUnavailable, WrongAccount
from axia_core.settings import Settings

AUTHORISATION_FAILED = -6
# A cold import of the module and of numpy on a busy laptop, before the terminal's own time-out starts to count.
START_MARGIN_S = 30.0


class Terminal:
    """Drives one terminal; not for use from several threads at once.

    With *pid_file* the process of a predecessor that still lives is ended first, so that nothing sent by it can
    arrive later.
    """

    def __init__(self, spec: TerminalSpec, pid_file: Path | None = None) -> None:
        self._spec = spec
        self._pid_file = pid_file
        self._noted: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[tuple[Answer, ...] | None] = queue.SimpleQueue()

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, tuple[int, str]]:
        """The result of a reading function of the module, and its last_error.

        Structs come as dicts, tuples of structs as tuples of dicts. Raises SourceUnavailable when the deadline passed
        or the process died (it is killed and the next call starts a new one), WrongAccount.
        """
        (answer,) = self.call_together(Call(name, args, tuple(kwargs.items())))
        return answer.result, answer.error

    def call_together(self, *calls: Call) -> tuple[Answer, ...]:
        """What `call` does, for several in one exchange with the process and within one deadline."""
        if any(call.name == SENDING for call in calls):
            raise ValueError("order_send goes through send(), which knows its deadline")
        self._ensure_running()
        return self._exchange(calls, self._spec.deadline_s)

    def send(self, request: dict[str, Any], send_by: float) -> Answer | None:
        """`order_send` at most once and never at or after *send_by* (wall clock, epoch seconds).

        None when the answer was lost: the process was killed on its deadline or died, so it may or may not have been
        sent. Raises SourceUnavailable only before anything was sent.
        """
        self._ensure_running()
        try:
            (answer,) = self._exchange((Call(SENDING, (request,), send_by=send_by),), self._spec.deadline_s)
        except SourceUnavailable:
            return None
        return answer

    def close(self) -> None:
        """Ends the child; the next call would start a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()  # end of input: the child leaves by itself
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._pid_file and predecessor.noted(self._pid_file) == process.pid:
            self._pid_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ensure_running(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._start()

    def _start(self) -> None:
        if self._pid_file:
            self._require_not_taken_over(self._pid_file)
            predecessor.end(self._pid_file)
        command = [sys.executable, "-m", "axia_core.adapters.mt5.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._pid_file:
            predecessor.note(self._pid_file, self._process.pid)
            self._noted = self._process.pid
        self._answers = queue.SimpleQueue()
        assert self._process.stdout is not None
        threading.Thread(target=_pump, args=(self._process.stdout, self._answers), daemon=True).start()
        (answer,) = self._exchange(self._spec, START_MARGIN_S + self._spec.deadline_s)
        if not answer.result:
            self._kill()
            self._refuse(answer.error)

    def _require_not_taken_over(self, pid_file: Path) -> None:
        """Once a successor has started its terminal, one that comes back late must not end that one in its turn."""
        if self._noted is not None and predecessor.noted(pid_file) not in (self._noted, None):
            raise SourceUnavailable("another desk has taken over the terminal; this one ends")

    def _refuse(self, error: tuple[int, str]) -> None:
        code, text = error
        if code == AUTHORISATION_FAILED:
            raise WrongAccount(
                f"login {self._spec.login} at {self._spec.server} was refused: {text}. Check login, password, server."
            )
        raise SourceUnavailable(f"the terminal at {self._spec.path} could not be opened: {text} ({code})")

    def _exchange(self, request: tuple[Call, ...] | TerminalSpec, deadline_s: float) -> tuple[Answer, ...]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            pickle.dump(request, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer = self._answers.get(timeout=deadline_s)
        except (OSError, queue.Empty) as error:
            self._kill()
            raise SourceUnavailable(f"the terminal did not answer within {deadline_s:g} s and was ended") from error
        if answer is None:
            self._kill()
            raise SourceUnavailable("the terminal's process died in mid-call")
        return answer

    def _kill(self) -> None:
        """Ends the child and waits until it is gone: only then is it certain that it sends nothing more."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def open_terminal(settings: Settings, pid_file: Path | None = None) -> Terminal:
    """The terminal that the settings name; it is started by the first call."""
    spec = TerminalSpec(
        module=settings.mt5_module,
        path=settings.terminal_path,
        login=settings.mt5_login,
        password=settings.mt5_password.get_secret_value(),
        server=settings.mt5_server,
        deadline_s=settings.mt5_deadline_s,
    )
    return Terminal(spec, pid_file)


def wall_clock_deadline(seconds_from_now: float) -> float:
    """A `send_by` for `Terminal.send`: both processes read the same wall clock, whatever shift AXIA's clock has."""
    return time.time() + seconds_from_now


def _pump(stream: IO[bytes], answers: queue.SimpleQueue[tuple[Answer, ...] | None]) -> None:
    """Moves answers from the pipe to a queue, because a pipe cannot be read with a deadline on Windows."""
    while True:
        try:
            answers.put(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError, OSError, ValueError):
            answers.put(None)
            return
