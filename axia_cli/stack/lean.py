"""Starts one of Dagster's modules without the packages that only colour what it prints: 8 MB in each process.

    python -m axia_cli.stack.lean dagster._daemon run -w workspace.yaml

structlog and mako, which Dagster brings along, import them wherever they are installed, and do without where they are
not. A run that the code server spawns begins with this module too, under multiprocessing's name for it.
"""

from __future__ import annotations

import runpy
import sys

COLOURS = ("rich", "pygments")

if __name__ in ("__main__", "__mp_main__"):
    # The import system's own way to say that a module is not there: https://docs.python.org/3/library/sys.html#sys.modules
    sys.modules.update(dict.fromkeys(COLOURS))  # type: ignore[arg-type]  # typeshed knows modules only

if __name__ == "__main__":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__")
