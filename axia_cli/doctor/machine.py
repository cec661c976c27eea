"""Is this machine fit: the home folder, its disk, the ports that a stack would listen on, Dagster's database."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from axia_cli.stack import ports
from axia_core.domain.examination import Finding, failure, skipped, warning, well
from axia_core.settings import Settings

GIB = 2**30
FREE_FAILURE, FREE_WARNING = 1 * GIB, 5 * GIB
# The original design's target for a host is half of the disk; half of what is left on a laptop is no news.
PORTS = ("aws_port", "redis_port", "code_server_port", "webserver_port")
_REVISION = re.compile(r'^(down_revision|revision)(?:\s*:[^=]+)?\s*=\s*(?:"(\w+)"|None)', re.MULTILINE)
_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


@dataclass(frozen=True, kw_only=True)
class Home:
    """The folder of the stack's state, or the nearest folder above it that exists."""

    path: Path
    exists: bool
    fault: str  # why nothing can be written there
    free_bytes: int
    total_bytes: int


def read_home(settings: Settings) -> Home:
    """Writes one file and removes it; makes no folder."""
    path = settings.home.absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    usage = shutil.disk_usage(there)
    fault = _write_fault(there)
    return Home(path=path, exists=path.exists(), fault=fault, free_bytes=usage.free, total_bytes=usage.total)


def judge_home(found: Home) -> Iterator[Finding]:
    """Whether it can be written."""
    if found.fault:
        remedy = "Make it writable for this user, or set AXIA_HOME to another folder."
        yield failure(f"{found.path} cannot be written: {found.fault}", remedy)
    else:
        yield well(f"{found.path} {'can be written' if found.exists else 'can be made'}")


def judge_disk(found: Home) -> Iterator[Finding]:
    """Whether there is room."""
    said = f"{found.free_bytes / GIB:.1f} of {found.total_bytes / GIB:.0f} GiB are free on the disk of {found.path}"
    remedy = "Make room: old logs are in its logs folder; docs/operations.md tells what stays, and for how long."
    if found.free_bytes < FREE_FAILURE:
        yield failure(said, remedy)
    elif found.free_bytes < FREE_WARNING:
        yield warning(said, remedy)
    else:
        yield well(said)


def read_ports(settings: Settings) -> dict[str, tuple[int, bool]]:
    """Each port that a stack of these settings listens on, and whether it is free."""
    names = (*PORTS, "console_port") if settings.console else PORTS
    return {name: (number := getattr(settings, name), ports.is_free(number)) for name in names}


def judge_ports(found: Mapping[str, tuple[int, bool]], *, stack_runs: bool) -> Iterator[Finding]:
    """Whether a stack could start: those that it needs are free, unless it is the stack itself that has them."""
    if stack_runs:
        yield well("the stack has them")
        return
    busy = {name: number for name, (number, free) in found.items() if not free}
    for name, number in busy.items():
        remedy = f"Stop that program, or set AXIA_{name.upper()} to another port."
        yield warning(f"port {number} ({name}) is in use by {ports.holder(number)}", remedy)
    yield well(f"{len(found) - len(busy)} of {len(found)} ports are free")


def read_revisions(dagster_home: Path) -> dict[str, str]:
    """The schema revision of each SQLite database of the Dagster instance that is there."""
    return {name: _revision_in(dagster_home / name) for name in _DATABASES if (dagster_home / name).exists()}


def newest_revisions() -> frozenset[str]:
    """The schema revisions that the installed Dagster calls newest, read from its files without importing it."""
    spec = find_spec("dagster")
    if spec is None or spec.origin is None:
        return frozenset()
    folder = Path(spec.origin).parent / "_core" / "storage" / "alembic" / "versions"
    found = [match for file in folder.glob("*.py") for match in _REVISION.finditer(file.read_text(encoding="utf-8"))]
    revisions, parents = ({match[2] for match in found if match[1] == name} for name in ("revision", "down_revision"))
    return frozenset(revisions - parents - {None})


def judge_database(found: Mapping[str, str], newest: frozenset[str]) -> Iterator[Finding]:
    """Whether Dagster's databases have the schema of the installed Dagster."""
    old = {name: revision for name, revision in found.items() if revision not in newest}
    for name, revision in old.items():
        remedy = (
            "Stop Dagster, run `dagster instance migrate` with its DAGSTER_HOME, and start it (`axia up` does both)."
        )
        yield failure(f"{name} has the schema {revision or 'of no version'}, not that of the installed Dagster", remedy)
    if not found:
        yield skipped("no SQLite database of Dagster in DAGSTER_HOME; the first `axia up` makes it")
    elif not old:
        yield well(f"{len(found)} databases have the schema of the installed Dagster")


def _revision_in(file: Path) -> str:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=2.0)) as database:
        try:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            return "" if "no such table" in str(error) else f"(not readable: {error})"
    return str(row[0]) if row else ""


def _write_fault(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return str(error)
