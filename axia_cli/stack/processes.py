"""Child processes: start one with its log, wait until it is ready, end it with everything it started.

Which processes there are and in which order belongs to `parts` and `supervisor`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from axia_core.errors import NotRunning

_POLL_S = 0.05
_NEW_GROUP_ON_WINDOWS: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@dataclass(frozen=True)
class Command:
    """How one child is started."""

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] | None = None  # None: that of this process


@dataclass
class Child:
    """One running child; it leads a process group of its own, so that Ctrl-C reaches the supervisor alone."""

    command: Command
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, command: Command) -> Child:
        """Start the command, its output going to its log."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=command.environment,
                process_group=0 if os.name == "posix" else None,
                creationflags=_NEW_GROUP_ON_WINDOWS,
            )
        return cls(command, process)

    @property
    def name(self) -> str:
        """What it is called in messages and logs."""
        return self.command.name

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()`; raises NotRunning with the end of the log when it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.alive:
                raise NotRunning(f"{self.name} ended at once (exit code {self.process.returncode}). {self.log_tail()}")
            if time.monotonic() > deadline:
                raise NotRunning(f"{self.name} was not ready after {timeout_s:.0f} s. {self.log_tail()}")
            time.sleep(_POLL_S)

    def wait_for_success(self, timeout_s: float) -> None:
        """Wait until it has ended well; raises NotRunning with the end of the log."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise NotRunning(f"{self.name} took longer than {timeout_s:.0f} s. {self.log_tail()}") from error
        if code:
            raise NotRunning(f"{self.name} failed (exit code {code}). {self.log_tail()}")

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of its log, and where the rest is."""
        text = self.command.log.read_text(errors="replace").splitlines()[-lines:]
        return f"Log {self.command.log}" + (":\n  " + "\n  ".join(text) if text else " is empty.")

    def stop(self, grace_s: float = 3.0) -> None:
        """End it and everything it started: asked first, killed after the grace."""
        end_trees([self.process.pid], grace_s)
        self.process.wait()


def end_trees(pids: Iterable[int], grace_s: float) -> None:
    """End these processes, each the leader of a group, and all their descendants."""
    roots = list(pids)
    # The tree is read before anything ends: a child whose parent is gone can no longer be found through it.
    processes = [process for pid in roots for process in _tree(pid)]
    _signal(processes, psutil.Process.terminate)
    _, survivors = psutil.wait_procs(processes, timeout=grace_s)
    _signal(survivors, psutil.Process.kill)
    psutil.wait_procs(survivors, timeout=grace_s)
    end_orphans(roots)


def end_orphans(leaders: Iterable[int]) -> None:
    """Kill what processes that have ended left behind: it is no longer in their tree, but still in their group."""
    if sys.platform == "win32":  # no process groups there
        return
    # A living process of that number is a stranger; while only the group lives, the number is not given away.
    for group in (leader for leader in leaders if not psutil.pid_exists(leader)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal(processes: Iterable[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        try:
            send(process)
        except psutil.NoSuchProcess:
            continue
