"""One drill while it is held: its steps, its figures, its scratch resources, which are gone when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from axia_core.domain.drill import Difference, Drill, DrillReport, Heartbeat, Result, problem_of, recovery_point
from axia_core.domain.drill_items import newest_heartbeat
from axia_core.domain.drill_names import scratch_name, scratch_prefix
from axia_core.drills.steps import Steps
from axia_core.errors import AxiaError
from axia_core.recovery.stage import Stage
from axia_core.services.restore_beside import Beside, restore_beside


@dataclass
class Bench:
    """What a drill works at; it notes here what it finds."""

    stage: Stage
    drill: Drill
    drill_id: str
    declared_at: datetime
    steps: Steps
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rpo: timedelta | None = None
    rto: timedelta | None = None
    heartbeat: Heartbeat | None = None

    @property
    def who(self) -> str:
        """Who acts in the scratch ledger."""
        return f"drill {self.drill} {self.drill_id}"

    @property
    def prefix(self) -> str:
        """What the drill's objects begin with."""
        return scratch_prefix(self.drill_id)

    def name(self, what: str) -> str:
        """What a scratch table or queue of the drill is called."""
        return scratch_name(self.drill_id, what)

    def declare(self) -> None:
        """The disaster is declared now, where a drill has had to make it first."""
        self.declared_at = self.stage.clock.now()
        self.steps.declare()

    def report(self, result: Result | None = None, reason: str = "") -> DrillReport:
        """What was found; judged by its own steps and figures unless a *result* is given."""
        found = DrillReport(
            drill=self.drill,
            drill_id=self.drill_id,
            environment=self.stage.environment,
            declared_at=self.declared_at,
            result=Result.UNKNOWN,
            rpo=self.rpo,
            rto=self.rto,
            heartbeat=self.heartbeat,
            items_compared=self.compared,
            differences=tuple(self.differences),
            steps=self.steps.taken,
            notes=tuple(self.notes),
        )
        problem = problem_of(found)
        judged = result or (Result.FAILED if problem else Result.PASSED)
        return replace(found, result=judged, reason=reason or problem)

    @contextmanager
    def removed_after(self, what: str, remove: Callable[[], object]) -> Iterator[None]:
        """Cleans up after the block, however it ends; what cannot be removed now is left to the next sweep."""
        try:
            yield
        finally:
            try:
                remove()
            except AxiaError as error:
                self.notes.append(f"{what} is left to the next sweep: {error}")


@contextmanager
def restored_copy(bench: Bench) -> Iterator[Beside]:
    """The order table restored beside itself, protected again and compared; gone after the block."""
    backups, table, copy = bench.stage.backups, bench.stage.settings.table, bench.name("orders")
    alive = newest_heartbeat(backups.items(table), bench.declared_at)
    with bench.removed_after(f"the table {copy}", lambda: backups.discard(copy)):
        with bench.steps.step("restore the order table beside itself, protect it again, compare every item") as told:
            found = restore_beside(table, copy, backups=backups, clock=bench.stage.clock)
            told.detail = f"as it was at {found.restored_to.isoformat()}"
        _note(bench, found, alive)
        yield found


def _note(bench: Bench, found: Beside, alive: Heartbeat | None) -> None:
    with bench.steps.step("TTL and point-in-time recovery are on in the copy") as told:
        told.ok = found.protection.ttl and found.protection.point_in_time
        told.detail = str(found.protection)
    bench.compared += found.comparison.compared
    bench.differences += found.comparison.differences
    bench.heartbeat = found.heartbeat
    bench.rpo = recovery_point(bench.declared_at, alive, found.heartbeat)
    if bench.rpo is None:
        bench.notes.append("the RPO is unknown: nobody has written a heartbeat into the table within the hour")
    if found.comparison.moved_on:
        bench.notes.append(f"{found.comparison.moved_on} items have moved on since the restored moment")
    if bench.stage.settings.aws_endpoint_url is not None:
        bench.notes.append("the local AWS server has no past: it restores a table as it is now")
