"""A Postgres server for the tests of the larger deployment: Debian's, on loopback, in a folder of its own.

`initdb` refuses to run as root, so root hands both programs to the user `postgres`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

USER = "postgres"
START_WITHIN_S = 60
# A test needs no survival of power cuts.
OPTIONS = "-c fsync=off -c unix_socket_directories='' -c listen_addresses=127.0.0.1"


@dataclass(frozen=True)
class Postgres:
    """A running server without a password."""

    port: int
    programs: Path

    def ask(self, query: str) -> list[str]:
        """The lines that a query gives; columns are parted by `|`."""
        where = ["--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", "--no-align", "--tuples-only"]
        command = [str(self.programs / "psql"), *where, f"--command={query}", "postgres"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=START_WITHIN_S)
        return done.stdout.split()


def programs() -> Path:
    """Where Debian keeps initdb and pg_ctl; skips where there is no server, which fails in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        why = "no Postgres server is installed (Debian: postgresql)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return found[-1].parent


@contextmanager
def running_postgres(port: int) -> Iterator[Postgres]:
    """A server on *port*, ended and forgotten afterwards."""
    server = Postgres(port, programs())
    # Not pytest's folder: its parents are closed to the other user.
    with tempfile.TemporaryDirectory(prefix="axia-postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        _run([server.programs / "initdb", "--pgdata", data, "--auth=trust", f"--username={USER}", "--no-sync"], folder)
        control = [server.programs / "pg_ctl", "--pgdata", data, "--wait"]
        _run([*control, "start", "--log", Path(folder) / "log", "--options", f"{OPTIONS} -c port={port}"], folder)
        try:
            yield server
        finally:
            _run([*control, "stop", "--mode=immediate"], folder)


def _run(command: Sequence[str | Path], folder: str) -> None:
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run(
        [*as_user, *map(str, command)],
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=START_WITHIN_S,
    )
