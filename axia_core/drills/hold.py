"""Holding drills: leftovers are swept, each drill is held, judged, kept and told. Composition only.

A drill that fails is a report, not an exception: the others are held all the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from axia_core.domain.drill import Drill, DrillReport, Result
from axia_core.domain.drill_document import seconds
from axia_core.domain.drill_names import is_leftover
from axia_core.domain.events import EventType, Severity
from axia_core.drills.bench import Bench
from axia_core.drills.cache import drill_cache, drill_cache_osaka
from axia_core.drills.host import drill_host, drill_six_steps
from axia_core.drills.objects import drill_objects
from axia_core.drills.orders import drill_kill_switch, drill_orders
from axia_core.drills.steps import Steps
from axia_core.ports import Events
from axia_core.recovery.stage import Stage
from axia_core.services.sweep_drills import sweep_drills

COMPONENT = "recovery"
Say = Callable[[str], None]

# Each says why it could not be held, where what it needs is not there: then nobody knows, and nothing has failed.
HELD: Mapping[Drill, Callable[[Bench], str | None]] = MappingProxyType(
    {
        Drill.KILL_SWITCH: drill_kill_switch,
        Drill.ORDERS: drill_orders,
        Drill.OBJECTS: drill_objects,
        Drill.CACHE: drill_cache,
        Drill.CACHE_OSAKA: drill_cache_osaka,
        Drill.HOST: drill_host,
        Drill.SIX_STEPS: drill_six_steps,
    }
)


def hold_drills(
    stage: Stage, drills: Sequence[Drill] = tuple(Drill), *, events: Events, say: Say = lambda _: None
) -> tuple[DrillReport, ...]:
    """Holds each of *drills*, keeps its report and tells of it. Raises StoreUnavailable where it cannot be kept."""
    for name in sweep(stage):
        say(f"removed {name}, which an earlier drill has left behind")
    return tuple(_held(drill, stage.anew(), events, say) for drill in drills)


def sweep(stage: Stage) -> tuple[str, ...]:
    """Removes what drills that died have left behind; returns what that was."""
    import psutil

    living, now = frozenset(psutil.pids()), datetime.now(UTC)
    objects = [each for each in (stage.objects, stage.copied_objects) if each is not None]
    removed = sweep_drills(stage.owner, living, now, backups=stage.backups, objects=objects, queues=stage.queues)
    folders = [one for one in stage.leftover_folders() if is_leftover(one.name, stage.owner, living, now)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return (*removed, *(str(folder) for folder in folders))


def _held(drill: Drill, stage: Stage, events: Events, say: Say) -> DrillReport:
    bench = Bench(
        stage=stage,
        drill=drill,
        drill_id=stage.owner.drill_id,
        declared_at=stage.clock.now(),
        steps=Steps(say=lambda step: say(f"{drill}: {step}")),
    )
    before = stage.reports.newest(drill, 1)
    report = _carried_out(bench)
    stage.reports.write(report)
    _tell(report, before[-1].result if before else None, events)
    return report


def _carried_out(bench: Bench) -> DrillReport:
    try:
        unheld = HELD[bench.drill](bench)
    except Exception as error:  # noqa: BLE001 - one drill's fault must not keep the others from being held
        return bench.report(Result.FAILED, f"{type(error).__name__}: {error}")
    finally:
        bench.stage.discard_folder(bench.drill_id)
    return bench.report(Result.UNKNOWN, unheld) if unheld else bench.report()


def _tell(report: DrillReport, before: Result | None, events: Events) -> None:
    """A success after a drill that did not pass is what ends it."""
    severity = {Result.PASSED: Severity.INFO, Result.UNKNOWN: Severity.WARNING, Result.FAILED: Severity.CRITICAL}
    over = report.result is Result.PASSED and before not in (None, Result.PASSED)
    figures = {"rpo_s": str(seconds(report.rpo)), "rto_s": str(seconds(report.rto))}
    text = f"recovery drill {report.drill}: {report.result} ({report.environment})"
    events.publish(
        EventType.RECOVERY,
        Severity.RECOVERED if over else severity[report.result],
        COMPONENT,
        f"{text}; {report.reason}" if report.reason else text,
        drill=report.drill.value,
        environment=report.environment.value,
        remedy=f"axia drill {report.drill}",
        **figures,
    )
