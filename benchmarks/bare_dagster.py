"""Dagster with nothing in it: what its code server, daemon, webserver and one run take before AXIA adds a line.

The baseline of `footprint`. Each process is started as Dagster's own documentation says, with the environment and the
instance of the stack, so what is left is Dagster.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from axia_cli.stack import dagster_home, dagster_web, environment
from axia_cli.stack.ports import answers, free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.settings import Settings
from benchmarks.bare_location import MARK
from benchmarks.latency_world import wait_until
from benchmarks.process_memory import run_process, sum_mb, tree

HOST = "127.0.0.1"
OPENS_WITHIN_S = 90.0
SETTLES_WITHIN_S = 15.0  # three looks of the sensor


def measured_mb() -> dict[str, float]:
    """PSS (elsewhere than on Linux USS) of the four processes, in megabytes of a million bytes."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, _processes(Path(folder)) as children:
        time.sleep(SETTLES_WITHIN_S)
        run = run_process(psutil.Process(children["code-server"].process.pid))
        if run is None:
            raise RuntimeError("the run of the bare Dagster has ended")
        in_run = {process.pid for process in tree(run.pid)}
        found = {name: sum_mb(tree(child.process.pid), in_run) for name, child in children.items()}
        return {**found, "desk": sum_mb(tree(run.pid), set())}


@contextmanager
def _processes(home: Path) -> Iterator[dict[str, Child]]:
    folder, (code_port, web_port) = home / "dagster", free_ports(2)
    workspace = str(folder / "workspace.yaml")
    variables = environment.for_children(Settings(home=home)) | {"DAGSTER_HOME": str(folder)}

    def command(name: str, *arguments: str) -> Command:
        return Command(name, (sys.executable, "-m", *arguments), home / f"{name}.log", variables)

    dagster_home.prepare(folder, HOST, code_port)
    database = dagster_home.begin_initialising(folder, home / "database.log", variables)
    dagster_home.finish_initialising(folder, database)
    web_url, children = f"http://{HOST}:{web_port}", dict[str, Child]()
    location = ("-m", "benchmarks.bare_location", "--location-name", "axia")
    with ExitStack() as ends:

        def start(ready: Callable[[], bool], name: str, *arguments: str) -> None:
            children[name] = Child.start(command(name, *arguments))
            ends.callback(children[name].stop)
            children[name].wait_until(ready, OPENS_WITHIN_S)

        at = ("-h", HOST, "-p", str(code_port))
        start(lambda: answers(code_port), "code-server", "dagster", "api", "grpc", *location, *at)
        at = ("-h", HOST, "-p", str(web_port))
        start(lambda: dagster_web.up(web_url), "webserver", "dagster_webserver", "-w", workspace, *at)
        start(lambda: dagster_web.daemons_healthy(web_url), "daemon", "dagster._daemon", "run", "-w", workspace)
        launch = command("launch", "dagster", "job", "launch", "-w", workspace, "-l", "axia", "-j", "bare_job")
        Child.start(launch).wait_for_success(OPENS_WITHIN_S)
        wait_until((folder / MARK).exists, OPENS_WITHIN_S, "the bare run to open")
        yield children
