"""What is known about a running stack, on disk: `stack.json` (who, where) and `lock` (one stack per home).

A record whose processes are gone is stale; what it left running is ended before a new stack starts.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from axia_cli.stack.processes import end_orphans, end_trees
from axia_core.errors import InvalidInput, NotRunning

_GRACE_S = 5.0
# Windows tells when a process was started; Linux tells how long after the boot, and by how much the clock was set since
# then, that and the boot's time move alike: a resumed virtual machine is seconds to minutes off until NTP has set it.
_SAME_START_S = 2.0
_SAME_SINCE_BOOT_S = 0.1
_CLOCK_SET_BY_S = 600.0


@dataclass(frozen=True)
class ProcessId:
    """A process id with its start time and that of its machine (epoch seconds), because ids are used again."""

    pid: int
    started: float
    booted: float = 0.0

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """The id of a process that runs now."""
        return cls(pid, psutil.Process(pid).create_time(), psutil.boot_time())

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            return self.is_same_as(ProcessId.of(self.pid)) and not _is_zombie(self.pid)
        except psutil.NoSuchProcess:
            return False

    def is_same_as(self, other: ProcessId) -> bool:
        """Whether both are one process, although the clock may have been set between the two looks."""
        since_boot = (self.started - self.booted) - (other.started - other.booted)
        moved_alike = abs(since_boot) < _SAME_SINCE_BOOT_S and abs(self.booted - other.booted) < _CLOCK_SET_BY_S
        return self.pid == other.pid and (abs(self.started - other.started) < _SAME_START_S or moved_alike)


def _is_zombie(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@dataclass(frozen=True)
class Record:
    """A stack as `stack.json` tells of it."""

    supervisor: ProcessId
    ready: bool
    urls: dict[str, str]
    environment: dict[str, str]
    children: dict[str, ProcessId] = field(default_factory=dict)

    def write(self, home: Path) -> None:
        """Replace the record in one step."""
        scratch = home / "stack.json.new"
        scratch.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        scratch.replace(_file(home))


def read(home: Path) -> Record | None:
    """The record under home, if there is a readable one."""
    try:
        document = json.loads(_file(home).read_text(encoding="utf-8"))
        children = {name: ProcessId(**child) for name, child in document.pop("children").items()}
        return Record(supervisor=ProcessId(**document.pop("supervisor")), children=children, **document)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running(home: Path) -> Record:
    """The record of a stack that is up; raises NotRunning."""
    record = read(home)
    if record is None or not record.supervisor.alive:
        raise NotRunning(f"no stack is running on {home.absolute()}. Start one with `axia up`.")
    if not record.ready:
        raise NotRunning(f"the stack on {home.absolute()} is still starting. Try again in a few seconds.")
    return record


def take_lock(home: Path) -> None:
    """Claim home for this process; raises InvalidInput when another stack has it."""
    home.mkdir(parents=True, exist_ok=True)
    owner = _lock_owner(home)
    if owner is not None and owner.alive:
        remedy = f"Stop it (Ctrl-C there, or end process {owner.pid}), or set AXIA_HOME to another folder."
        raise InvalidInput("home", str(home), f"process {owner.pid} runs a stack on this folder", remedy)
    _lock(home).unlink(missing_ok=True)
    try:
        with _lock(home).open("x", encoding="utf-8") as file:
            json.dump(asdict(ProcessId.of(os.getpid())), file)
    except FileExistsError as error:
        rule = "another stack is starting on this folder at this moment"
        raise InvalidInput("home", str(home), rule, "Wait for it, or set AXIA_HOME to another folder.") from error


def end_leftovers(home: Path) -> list[str]:
    """End the children of a stack whose supervisor was killed; returns their names."""
    record = read(home)
    alive = {name: child.pid for name, child in (record.children if record else {}).items() if child.alive}
    # The rest still writes to the AWS server while it ends.
    end_trees((pid for name, pid in alive.items() if name != "aws"), _GRACE_S)
    end_trees((pid for name, pid in alive.items() if name == "aws"), _GRACE_S)
    end_orphans(child.pid for child in (record.children if record else {}).values() if not child.alive)
    return list(alive)


def release(home: Path) -> None:
    """Say that no stack runs here any more."""
    _file(home).unlink(missing_ok=True)
    _lock(home).unlink(missing_ok=True)


def _lock_owner(home: Path) -> ProcessId | None:
    try:
        return ProcessId(**json.loads(_lock(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _lock(home: Path) -> Path:
    return home / "lock"


def _file(home: Path) -> Path:
    return home / "stack.json"
