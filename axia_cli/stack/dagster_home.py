"""DAGSTER_HOME: the instance's configuration, its database made once, and the workspace that names our code server.

Dagster itself is never imported here: that alone takes most of a second in every `axia` command.
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from axia_cli.stack.processes import Child, Command
from axia_core.errors import InvalidInput

INSTANCE_FILE = Path(__file__).parents[2] / "dagster.yaml"
_INITIALISE = ("-c", "from dagster import DagsterInstance; DagsterInstance.get().dispose()")
_MIGRATE = ("-m", "dagster", "instance", "migrate")
_DATABASES = ("history", "schedules", "storage")
_MARKERS = "initialised-*"
_TIMEOUT_S = 120.0


def prepare(folder: Path, host: str, port: int) -> None:
    """Write the instance's configuration and the workspace into the folder."""
    if not INSTANCE_FILE.exists():
        raise InvalidInput(
            "dagster.yaml", str(INSTANCE_FILE), "the file is missing", "Run AXIA from its source folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INSTANCE_FILE, folder / "dagster.yaml")
    server = f"  - grpc_server:\n      host: {host}\n      port: {port}\n      location_name: axia\n"
    (folder / "workspace.yaml").write_text("load_from:\n" + server, encoding="utf-8")


def begin_initialising(folder: Path, log: Path, environment: dict[str, str]) -> Child | None:
    """Start making the database, unless this version of Dagster has made it; daemon and webserver would race."""
    if _marker(folder).exists():
        return None
    used = any(folder.glob(_MARKERS))
    if not used:
        # A first attempt that was interrupted: half a database would fail every further one.
        for part in _DATABASES:
            shutil.rmtree(folder / part, ignore_errors=True)
    arguments = _MIGRATE if used else _INITIALISE
    return Child.start(Command("Dagster instance", (sys.executable, *arguments), log, environment))


def finish_initialising(folder: Path, child: Child | None) -> None:
    """Wait until the database is there; raises NotRunning with the end of the log."""
    if child is None:
        return
    child.wait_for_success(_TIMEOUT_S)
    _marker(folder).touch()


def _marker(folder: Path) -> Path:
    return folder / _MARKERS.replace("*", version("dagster"))
