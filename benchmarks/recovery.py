"""How soon an order is executed after a kill -9: of the desk, of the daemon, of everything. A part of `order_latency`.

    python -m benchmarks.recovery [--rounds N] [--json]

The stack is an `axia up` of its own, because everything must be killable, the supervisor included. Printed is the worst
case of each scenario with the limit that the issue sets, all cases with `--json`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from axia_cli.stack import environment, record
from axia_cli.stack.supervisor import RESTARTS, RESTARTS_WITHIN_S
from axia_core.adapters import sqs
from axia_core.adapters.dynamodb import connect
from axia_core.errors import AxiaError
from axia_core.settings import Settings
from benchmarks.latency_world import OPENS_WITHIN_S, DeskSide, LatencyWorld, benchmark_settings, wait_until
from benchmarks.process_memory import run_process

UP_WITHIN_S = 120.0
RECEIVED_WITHIN_S = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scenario:
    """Seconds from the kill (or from the start, where all was killed) to `order_send`, of every round."""

    limit_s: float
    seconds: list[float] = field(default_factory=list)

    @property
    def worst_s(self) -> float:
        """The slowest round."""
        return max(self.seconds, default=0.0)


class Machine:
    """An `axia up` in a process of its own, and the killing of its parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = environment.local(settings)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts `axia up`; returns at once."""
        log = self.settings.home / "up.log"
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            command = (sys.executable, "-m", "axia_cli", "up")
            variables = {**os.environ, **environment.for_children(self.settings), "AXIA_CONSOLE": "false"}
            self._process = subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.STDOUT)

    def await_ready(self) -> None:
        """Returns when the stack says that it is up, and lives whole: what was killed may not have been missed yet."""
        wait_until(self._ready, UP_WITHIN_S, "axia up")

    def _ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"axia up ended; see {self.settings.home / 'up.log'}")
        written = record.read(self.settings.home)
        if written is None or not written.ready or written.supervisor.pid != self._process.pid:
            return False
        return all(child.alive for child in written.children.values())

    def part(self, name: str) -> psutil.Process:
        """One part's process."""
        written = record.read(self.settings.home)
        if written is None:
            raise RuntimeError("there is no stack")
        return psutil.Process(written.children[name].pid)

    def desk(self) -> psutil.Process:
        """The run that holds the desk open."""
        found = run_process(self.part("code-server"))
        if found is None:
            raise RuntimeError("no desk run is alive")
        return found

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and of all that it started, at one moment as far as that is possible."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(self._process.pid)
            for process in (supervisor, *supervisor.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends the stack in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(60)
            self.kill_everything()


class Recovery:
    """The scenarios, one round each."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._open_world()

    def _open_world(self) -> None:
        self._desk = DeskSide(self._machine.settings)
        wait_until(self._desk.is_open, OPENS_WITHIN_S, "a desk to open")
        self._world = LatencyWorld(self._machine.settings, [self._desk])
        self._world.spaced(self._desk, 2)

    def sent_after_the_desk_died(self) -> float:
        """An order that is sent right after the kill."""
        self._machine.desk().kill()
        return self._executed_after(time.time(), self._world.send(self._desk))

    def received_by_the_dead_desk(self) -> float:
        """An order that the desk's poll has been given, and that the desk has not accepted when it dies."""
        desk, queue = self._machine.desk(), sqs.connect(self._machine.settings)
        desk.suspend()
        sent = self._world.send(self._desk)
        wait_until(lambda: queue.depth().in_flight > 0, RECEIVED_WITHIN_S, "the stopped desk to be given the message")
        desk.kill()
        return self._executed_after(time.time(), sent)

    def without_a_daemon(self) -> float:
        """An order while the daemon is dead; the desk that is open goes on."""
        time.sleep(RESTARTS_WITHIN_S / RESTARTS)  # a part that dies more often ends the stack
        self._machine.part("daemon").kill()
        return self._executed_after(time.time(), self._world.send(self._desk))

    def everything_killed(self) -> float:
        """The first order after a fresh start, from the start; it waits in the queue, or is sent as soon as that is."""
        self._machine.kill_everything()
        began = time.time()
        self._machine.start()
        wait_until(self._can_send, UP_WITHIN_S, "the queue and the ledger")
        taken = self._executed_after(began, self._world.send(self._desk))
        self._machine.await_ready()
        return taken

    def settle(self) -> None:
        """Returns when a desk is open and nothing is under way, so that the rounds do not meet."""
        self._machine.await_ready()
        wait_until(lambda: self._desk.is_open() and self._desk.is_idle(), OPENS_WITHIN_S, "the next desk")
        self._world.spaced(self._desk, 1)

    def _can_send(self) -> bool:
        try:
            sqs.connect(self._machine.settings).depth()
            return connect(self._machine.settings).epoch() is not None
        except AxiaError:
            return False

    def _executed_after(self, began_s: float, sent: dict[str, float]) -> float:
        (times,) = self._world.outcome(self._desk, sent)
        return round(times.entered_s - began_s, 2)


def measure(rounds: int, say: Say = lambda _: None) -> dict[str, Scenario]:
    """Every scenario *rounds* times."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        machine = Machine(benchmark_settings(Path(folder)))
        cold_began = time.time()
        machine.start()
        try:
            recovery = Recovery(_up(machine))
            say(f"cold start to the second order: {time.time() - cold_began:.1f} s")
            return _measure(recovery, rounds, machine.settings, say)
        finally:
            machine.stop()


def _up(machine: Machine) -> Machine:
    machine.await_ready()
    return machine


def _measure(recovery: Recovery, rounds: int, settings: Settings, say: Say) -> dict[str, Scenario]:
    limits = {
        recovery.without_a_daemon: 1.0,
        recovery.sent_after_the_desk_died: 10.0,
        recovery.received_by_the_dead_desk: settings.receive_visibility_s + 10.0,
        recovery.everything_killed: 15.0,
    }
    found = {}
    for scenario, limit_s in limits.items():
        name = scenario.__name__
        found[name] = Scenario(limit_s)
        for _ in range(rounds):
            recovery.settle()
            found[name].seconds.append(scenario())
            say(f"{name}: {found[name].seconds[-1]} s")
    return found


def document(found: dict[str, Scenario]) -> dict[str, dict[str, object]]:
    """What `--json` prints."""
    return {name: {**asdict(one), "worst_s": one.worst_s} for name, one in found.items()}


def table(found: dict[str, Scenario]) -> str:
    """The scenarios for people."""
    lines = [f"{'after kill -9':32}{'worst s':>10}{'limit s':>10}"]
    lines += [f"{name:32}{one.worst_s:>10}{one.limit_s:>10}" for name, one in found.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; exit code 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = measure(options.rounds, lambda text: print(text, file=sys.stderr))  # noqa: T201
    sys.stdout.write((json.dumps(document(found), indent=2) if options.json else table(found)) + "\n")
    return int(any(one.worst_s > one.limit_s for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
