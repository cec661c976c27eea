"""The local stack as a whole: starts its parts in order, watches them, and ends them in the order that loses nothing.

A part that dies is started again, three times a minute at most; more often, and the stack ends with a message. When it
is the AWS server that died, the code server (and with it the desk) ends first, and nothing executes an order before the
ledger knows of the new life.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from axia_cli.stack import bootstrap, dagster_home, dagster_web, emulator_client, environment, record
from axia_cli.stack.parts import Part, Parts
from axia_cli.stack.ports import require_free
from axia_cli.stack.processes import Child, end_trees
from axia_core.adapters.paper.profile import TerminalProfile
from axia_core.errors import NotRunning
from axia_core.settings import Settings

RESTARTS = 3
RESTARTS_WITHIN_S = 60.0
RUNS_END_WITHIN_S = 15.0
_LOOK_EVERY_S = 0.5

Progress = Callable[[str], None]


@dataclass
class Stack:
    """One local stack; use `running_stack`, or `start` and `stop`."""

    given: Settings
    progress: Progress = lambda _: None
    profile: TerminalProfile | None = None
    console: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    _children: dict[str, tuple[Part, Child]] = field(default_factory=dict)
    _restarted: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.settings = environment.local(self.given)
        self.parts = Parts(self.settings)
        self.home: Path = self.settings.home

    @property
    def urls(self) -> dict[str, str]:
        """Where to look."""
        urls = {"dagster": self.parts.web_url, "aws": self.parts.aws_url, "redis": self.settings.redis_url}
        return urls | ({"console": self.parts.console_url} if self.console else {})

    @property
    def environment(self) -> dict[str, str]:
        """What a shell needs to use the stack."""
        return environment.exports(self.settings)

    def start(self) -> None:
        """Bring everything up; when a step fails, what was started is ended and the error raised."""
        record.take_lock(self.home)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        for name in record.end_leftovers(self.home):
            self.progress(f"ended {name}, which an earlier stack left running")
        require_free({name: getattr(self.settings, name) for name in self._ports()})
        self._rotate_logs()
        dagster_home.prepare(self.parts.dagster_home, self.settings.host, self.settings.code_server_port)
        database = self._begin_database()
        self._begin(self.parts.emulator(), self.parts.redis())
        with self._step("database"):
            dagster_home.finish_initialising(self.parts.dagster_home, database)
        # It only loads the definitions, which takes longest and needs nobody; without daemon there is no run. But it
        # opens the instance: two processes that make its database at once leave it with two heads.
        self._begin(self.parts.code_server())
        self._await("aws", "redis")
        self._fill()
        self._await("code-server")
        self._up(self.parts.webserver(), self.parts.daemon(), *((self.parts.console(),) if self.console else ()))
        self._write_record(ready=True)

    def _fill(self) -> None:
        with self._step("deploy"):
            bootstrap.deploy(self.settings, self._indented)
        with self._step("ledger"):
            bootstrap.open_ledger(self.settings)
        if self.parts.has_paper_terminal:
            bootstrap.open_terminal(self.settings, self.profile)
            self._up(self.parts.paper_terminal())

    def stop(self) -> None:
        """End everything: first what gives work, then the runs (the desk among them), last the AWS server."""
        if self._children:
            self._end_everything()
        record.release(self.home)

    def _end_everything(self) -> None:
        with self._step("stop"):
            self._end("console", "daemon")
            if "webserver" in self._children and not dagster_web.end_runs(self.parts.web_url, RUNS_END_WITHIN_S):
                self.progress("some runs did not end in time and are killed")
            self._end("webserver", "code-server", "paper-terminal", "redis")
            self._end_emulator()

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep the stack up until asked to end; raises NotRunning when a part cannot be kept up."""
        while not until():
            for name in list(self._children):
                # Looked up now: restarting the AWS server has just replaced the code server as well.
                part, child = self._children[name]
                if not child.alive:
                    self._restart(name, part, child)
            time.sleep(_LOOK_EVERY_S)

    def _restart(self, name: str, part: Part, child: Child) -> None:
        now = time.monotonic()
        recent = [moment for moment in self._restarted[name] if now - moment < RESTARTS_WITHIN_S]
        if len(recent) >= RESTARTS:
            raise NotRunning(f"{name} died {RESTARTS + 1} times in a minute; the stack ends. {child.log_tail()}")
        self._restarted[name] = [*recent, now]
        self.progress(f"{name} died (exit code {child.process.returncode}) and is started again")
        child.stop()
        if name == "aws":
            return self._restart_emulator(part)
        self._up(part)
        return self._write_record(ready=True)

    def _restart_emulator(self, part: Part) -> None:
        # No desk may work between the emulator's new life and the ledger knowing of it.
        code_server = self._children["code-server"][0]
        self._end("code-server")
        self._up(part)
        bootstrap.deploy(self.settings, self._indented)
        bootstrap.begin_epoch(self.settings)
        self._up(code_server)
        self._write_record(ready=True)

    def _up(self, *parts: Part) -> None:
        self._begin(*parts)
        self._await(*(part.name for part in parts))

    def _begin(self, *parts: Part) -> None:
        for part in parts:
            self._children[part.name] = (part, Child.start(part.command))
        self._write_record(ready=False)

    def _await(self, *names: str) -> None:
        for name in names:
            with self._step(name):
                part, child = self._children[name]
                child.wait_until(part.ready, part.timeout_s)

    def _end(self, *names: str) -> None:
        ending = [self._children.pop(name) for name in names if name in self._children]
        end_trees([child.process.pid for _, child in ending], max((part.grace_s for part, _ in ending), default=0))
        for _, child in ending:
            child.process.wait()

    def _end_emulator(self) -> None:
        # Asked, not signalled: on Windows a signal would kill it before its last save.
        if "aws" in self._children:
            part, child = self._children["aws"]
            with suppress(NotRunning, subprocess.TimeoutExpired):
                emulator_client.stop(self.parts.aws_url)
                child.process.wait(part.grace_s)
        self._end("aws")

    def _begin_database(self) -> Child | None:
        variables = environment.for_children(self.settings)
        return dagster_home.begin_initialising(self.parts.dagster_home, self.parts.log("database"), variables)

    def _write_record(self, *, ready: bool) -> None:
        children = {name: record.ProcessId.of(child.process.pid) for name, (_, child) in self._living()}
        supervisor = record.ProcessId.of(os.getpid())
        record.Record(supervisor, ready, self.urls, self.environment, children).write(self.home)

    def _living(self) -> list[tuple[str, tuple[Part, Child]]]:
        return [(name, pair) for name, pair in self._children.items() if pair[1].alive]

    def _ports(self) -> tuple[str, ...]:
        ports = ("aws_port", "redis_port", "code_server_port", "webserver_port")
        return (*ports, "console_port") if self.console else ports

    def _rotate_logs(self) -> None:
        for log in (self.home / "logs").glob("*.log"):
            log.replace(log.with_suffix(".previous"))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._note(name, started)

    def _note(self, name: str, started: float) -> None:
        taken = time.monotonic() - started
        self.seconds[name] = round(self.seconds.get(name, 0.0) + taken, 3)
        self.progress(f"{name} {taken:.1f} s")

    def _indented(self, text: str) -> None:
        self.progress(f"  {text}")


@contextmanager
def running_stack(
    settings: Settings,
    *,
    progress: Progress = lambda _: None,
    profile: TerminalProfile | None = None,
    console: bool = False,
) -> Iterator[Stack]:
    """A local stack that is up inside the `with`, and ended cleanly after it; with *console* people can trade in it."""
    stack = Stack(settings, progress, profile, console)
    stack.start()
    try:
        yield stack
    finally:
        stack.stop()
