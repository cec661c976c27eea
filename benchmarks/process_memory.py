"""How much memory processes take, and which of a code server's children is the run that it has started."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

MEASURE = "PSS" if sys.platform == "linux" else "USS"
_MEGABYTE = 1_000_000


def run_process(code_server: psutil.Process) -> psutil.Process | None:
    """The process of the one run that there is: Dagster spawns runs as children of the code server."""
    with suppress(psutil.Error):
        return next((child for child in code_server.children() if "spawn_main" in " ".join(child.cmdline())), None)
    return None


def tree(pid: int) -> Iterator[psutil.Process]:
    """A process and everything that it started."""
    process = psutil.Process(pid)
    yield process
    yield from process.children(recursive=True)


def sum_mb(processes: Iterable[psutil.Process], without: set[int]) -> float:
    """What they take together, in megabytes of a million bytes; pages that they share count once."""
    return round(sum(_bytes(process) for process in processes if process.pid not in without) / _MEGABYTE, 1)


def _bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.uss))
    return 0
