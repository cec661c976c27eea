"""A paper terminal that is running: `python -m axia_core.adapters.paper FOLDER` moves its books on, once a second.

Books also move at each call of the module; this process is for the hours in which nobody calls. It ends on Ctrl-C,
SIGTERM or Ctrl-Break, and may be killed at any point.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sqlite3
import threading
from pathlib import Path
from types import FrameType

from axia_core.adapters.paper.terminal import Terminal
from axia_core.errors import AxiaError

STEP_S = 1.0

_log = logging.getLogger("axia.paper")


def main() -> int:
    """Run until told to stop; 2 when the folder holds no readable terminal."""
    parser = argparse.ArgumentParser(prog="axia_core.adapters.paper", description="Run a paper terminal.")
    parser.add_argument("folder", type=Path, help="the folder that holds terminal.json")
    folder: Path = parser.parse_args().folder.absolute()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        terminal = Terminal.open(folder)
    except AxiaError as error:
        _log.error("%s", error)
        return 2
    _run(terminal, _stop_on_signals())
    return 0


def _run(terminal: Terminal, stop: threading.Event) -> None:
    _log.info("paper terminal in %s is running", terminal.folder)
    while not stop.wait(STEP_S):
        try:
            terminal.begin("run")
            terminal.advanced()
        except (AxiaError, sqlite3.Error) as error:
            _log.error("the books could not be moved on, trying again: %s", error)
    terminal.close()
    _log.info("paper terminal has ended")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), ask)
    return stop


if __name__ == "__main__":
    raise SystemExit(main())
