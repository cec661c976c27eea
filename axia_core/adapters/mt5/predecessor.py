"""The MT5 process of a desk that died: found by its pid file and ended before a successor touches anything.

MT5 honours no fencing token: a call of a dead desk's child could still reach the broker after its lease has passed on.
"""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from axia_core.errors import SourceUnavailable

GONE_WITHIN_S = 5.0


def note(pid_file: Path, pid: int) -> None:
    """Writes down which process holds the terminal; the start time tells it from a later one with the same pid."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    written = {"pid": pid, "started": psutil.Process(pid).create_time()}
    fresh = pid_file.with_suffix(".new")
    fresh.write_text(json.dumps(written), encoding="utf-8")
    fresh.replace(pid_file)


def end(pid_file: Path) -> None:
    """Ends the noted process if it still lives; raises SourceUnavailable when it cannot be proved gone."""
    try:
        noted = json.loads(pid_file.read_text(encoding="utf-8"))
        process = psutil.Process(noted["pid"])
        if abs(process.create_time() - noted["started"]) > 1:
            return
        process.kill()
        process.wait(timeout=GONE_WITHIN_S)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
    except (ValueError, KeyError, psutil.Error) as error:
        what = f"the MT5 process noted in {pid_file} cannot be proved dead ({error})"
        raise SourceUnavailable(f"{what}. End it by hand, then remove the file.") from error
