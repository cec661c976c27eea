"""A recovery drill as a value: what it restored, how long that took, how old the newest thing in the copy was.

Figures are honest or they are None, which people read as "unknown": nothing here estimates. Names of scratch resources
are `drill_names`', comparing two tables is `drill_items`', the JSON form is `drill_document`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

HOUR = timedelta(hours=1)
WRITING = HOUR  # a source whose own newest heartbeat is older says nothing about its backup


class Drill(StrEnum):
    """What is rehearsed, in the order in which all of them run."""

    KILL_SWITCH = "kill-switch"
    ORDERS = "orders"
    OBJECTS = "objects"
    CACHE = "cache"
    CACHE_OSAKA = "cache-osaka"
    HOST = "host"
    SIX_STEPS = "six-steps"


class Result(StrEnum):
    """UNKNOWN where the drill could not be carried out: that is no success, and no failure of what it rehearses."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Environment(StrEnum):
    """Where figures were measured; those of a laptop say nothing about AWS."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True, slots=True)
class Target:
    """What the original design promises."""

    rpo: timedelta
    rto: timedelta


# Tier 1 of the original design (kill switch, orders) within an hour, everything else within four.
TARGETS: Mapping[Drill, Target] = MappingProxyType(
    {drill: Target(HOUR, HOUR if drill in (Drill.KILL_SWITCH, Drill.ORDERS) else 4 * HOUR) for drill in Drill}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it went; a human one is counted apart, because nobody can say how long a person takes."""

    name: str
    seconds: float = 0.0
    ok: bool = True
    detail: str = ""
    human: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One item of which the restored copy says something else than its source."""

    item: str
    what: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A time that an item carries of its own writing."""

    at: datetime
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """What one drill found; `rpo` and `rto` are None where they were not measured."""

    drill: Drill
    drill_id: str
    environment: Environment
    declared_at: datetime
    result: Result
    reason: str = ""
    rpo: timedelta | None = None
    rto: timedelta | None = None
    heartbeat: Heartbeat | None = None
    items_compared: int = 0
    differences: tuple[Difference, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def human_steps(self) -> tuple[str, ...]:
        """What a person has to do beside what was timed."""
        return tuple(step.name for step in self.steps if step.human)


def recovery_point(declared_at: datetime, source: Heartbeat | None, copy: Heartbeat | None) -> timedelta | None:
    """How old the newest heartbeat in the copy was when the disaster was declared; None where that says nothing.

    It says nothing where there is none, and where the source's own newest is old: nobody was writing.
    """
    if source is None or copy is None or declared_at - source.at > WRITING:
        return None
    return max(declared_at - copy.at, timedelta())


def problem_of(report: DrillReport) -> str:
    """The first thing that makes the drill a failure, or nothing: a figure that is unknown is none."""
    return next(_problems(report), "")


def _problems(report: DrillReport) -> Iterator[str]:
    yield from (f"{step.name}: {step.detail or 'it failed'}" for step in report.steps if not step.ok)
    if report.differences:
        first = report.differences[0]
        yield f"{len(report.differences)} items differ; the first: {first.item}: {first.what}"
    if not report.items_compared:
        yield "nothing was compared"
    target = TARGETS[report.drill]
    for name, figure, most in (("RPO", report.rpo, target.rpo), ("RTO", report.rto, target.rto)):
        if figure is not None and figure > most:
            seconds = figure.total_seconds()
            yield f"{name} {seconds:.0f} s is more than the {most.total_seconds():.0f} s that are promised"
