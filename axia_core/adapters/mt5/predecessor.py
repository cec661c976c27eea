"""The MT5 process of a desk that died: found by its pid file and ended before a successor touches anything.

MT5 honours no fencing token: a call of a dead desk's child could still reach the broker after its lease has passed on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil

from axia_core.errors import SourceUnavailable

WORKER = "axia_core.adapters.mt5.worker"
GONE_WITHIN_S = 5.0


def note(pid_file: Path, pid: int) -> None:
    """Writes down which process holds the terminal, on the disk before anything is sent by it."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    fresh = pid_file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"pid": pid}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(pid_file)


def noted(pid_file: Path) -> int | None:
    """The process that the file names, or None where it names none."""
    try:
        return int(json.loads(pid_file.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def end(pid_file: Path) -> None:
    """Ends the noted process if it still lives; raises SourceUnavailable when it cannot be proved gone."""
    if not pid_file.exists() or pid_file.stat().st_mtime < psutil.boot_time():
        return  # whatever it names died with the machine
    pid = noted(pid_file)
    try:
        if pid is None:
            raise ValueError("the file names no process")
        _end_worker(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return
    except (ValueError, psutil.Error) as error:
        what = f"the MT5 process noted in {pid_file} cannot be proved dead ({error})"
        raise SourceUnavailable(f"{what}. End it by hand, then remove the file.") from error


def _end_worker(process: psutil.Process) -> None:
    """Known by what it runs, not by its start time, which moves when the machine's clock is set."""
    if WORKER in process.cmdline():
        process.kill()
        process.wait(timeout=GONE_WITHIN_S)
