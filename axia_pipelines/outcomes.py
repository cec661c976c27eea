"""How runs and asset checks have ended, told once: a failure, and the success that ends it.

House rule: reads recorded events and tells of them; nothing is started and nothing retried. What people have been told
is carried on from tick to tick in the sensor's cursor. A backfill is told once, when it has ended, not per run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.tags import BACKFILL_ID_TAG, ROOT_BACKFILL_ID_TAG

from axia_core.domain.events import EventType, Severity
from axia_core.ports import Events
from axia_pipelines.assets.statement import RECONCILED, STATEMENT
from axia_pipelines.run_words import (
    COMPONENT,
    collects,
    days_of,
    failure_of,
    is_told_elsewhere,
    remedy_for,
    severity_of,
    subject_of,
)

# A failure from before the first tick is told when it is as young as this.
FIRST_LOOK_BACK_S = 3_600.0
LONGEST_BACKFILL = timedelta(days=7)
LOOKED_AT = "looked_at"
PAGE = 200
SHOWN = 10
DESK_IS_BACK_AFTER_S = 60.0
DESK = "order_desk"
# What is wrong here is told by the service that found it; only its end is told from here.
TOLD_BY_SERVICE = frozenset(
    {dg.AssetCheckKey(STATEMENT, RECONCILED), dg.AssetCheckKey(dg.AssetKey("recovery_drill"), "recovered")}
)
# Its service tells of every check that turns, and of its end.
TELLS_ITSELF = frozenset({dg.AssetKey("recovery_verification")})
ENDS = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS)


@dataclass(frozen=True)
class Fault:
    """What people know to be wrong: since when, in which run, how bad, and which days it left out."""

    since: str
    run_id: str
    severity: str
    days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What people have been told, and up to which event; `backfills` had a run that matters and have not ended."""

    began: float
    known_to: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    backfills: tuple[str, ...] = ()

    @classmethod
    def parse(cls, cursor: str | None) -> Told:
        """The inverse of `text`; at the first tick nothing is known."""
        if not cursor:
            return cls(time.time() - FIRST_LOOK_BACK_S)
        said = json.loads(cursor)
        faults = {name: Fault(**{**fault, "days": tuple(fault["days"])}) for name, fault in said["faults"].items()}
        return cls(said["began"], said["known_to"], faults, tuple(said["backfills"]))

    def text(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self))


class Outcomes:
    """One look at what has ended since the last one."""

    def __init__(self, told: Told, instance: dg.DagsterInstance, events: Events) -> None:
        self._instance = instance
        self._events = events
        self._began = told.began
        self._known_to = dict(told.known_to)
        self._faults = dict(told.faults)
        self._backfills = list(told.backfills)
        self.sentences: list[str] = []

    def look(self, checks: Iterable[dg.AssetCheckKey]) -> Told:
        """Tells what is new, and what is over; returns what people know by now."""
        ended = self._ended()
        for record in ended:
            self._note_run(record)
        self._look_at_desk()
        self._find_given_up()
        for backfill_id in list(self._backfills):
            self._note_backfill(backfill_id)
        if ended:  # a check is evaluated by a run
            self._note_checks([key for key in checks if key.asset_key not in TELLS_ITSELF])
        return Told(self._began, self._known_to, self._faults, tuple(self._backfills))

    def _ended(self) -> Sequence[dg.EventLogRecord]:
        """Runs that failed or succeeded, in the order of their ends."""
        found: list[dg.EventLogRecord] = []
        for kind in ENDS:
            cursor = self._known_to.get(kind.value)
            since = None if cursor else self._began
            wanted = dg.RunStatusChangeRecordsFilter(event_type=kind, after_timestamp=since)  # type: ignore[arg-type]  # a literal of the enum's members
            page = self._instance.fetch_run_status_changes(wanted, limit=PAGE, cursor=cursor, ascending=True)
            if page.records:
                self._known_to[kind.value] = page.cursor
            found.extend(page.records)
        return sorted(found, key=lambda record: record.storage_id)

    def _note_run(self, record: dg.EventLogRecord) -> None:
        run = self._instance.get_run_by_id(record.event_log_entry.run_id)
        if run is None or is_told_elsewhere(run):
            return
        failed = record.event_log_entry.dagster_event_type is dg.DagsterEventType.RUN_FAILURE
        backfill_id = run.tags.get(BACKFILL_ID_TAG)
        if backfill_id is not None:
            self._note_run_of_backfill(backfill_id, _root(run), failed)
        elif failed:
            self._note_failure(run, record.event_log_entry)
        else:
            self._note_success(run)

    def _note_failure(self, run: dg.DagsterRun, entry: dg.EventLogEntry) -> None:
        subject, since = subject_of(run), _moment(entry.timestamp)
        if subject in self._faults:
            return
        fault = Fault(since, run.run_id, severity_of(run), days_of(run))
        days = f", days {' to '.join(fault.days)}" if fault.days else ""
        text = f"{subject} failed (run {run.run_id[:8]}{days}): {failure_of(run, entry, self._instance)}"
        self._tell(EventType.RUN_FAILURE, fault.severity, text, fault, remedy=remedy_for(run), job=run.job_name)
        self._faults[subject] = fault

    def _note_success(self, run: dg.DagsterRun) -> None:
        """The next success of the same job ends its fault, and says what the failed run has left to do."""
        subject = subject_of(run)
        fault = self._faults.pop(subject, None)
        if fault is None:
            return
        text = f"{subject} has succeeded again (run {run.run_id[:8]}); it had failed since {fault.since}"
        left = fault.days if not _covers(days_of(run), fault.days) else ()
        if left:
            text += f". What the failed run left out is not collected by this: {' to '.join(left)}"
        more = {"remedy": f"axia collect --from {left[0]} --to {left[-1]}"} if left and collects(run) else {}
        self._tell(EventType.RUN_FAILURE, Severity.RECOVERED, text, fault, job=run.job_name, **more)

    def _look_at_desk(self) -> None:
        """A desk succeeds only at the close: that the next one has stayed open for a while is the recovery."""
        fault = self._faults.get(DESK)
        if fault is None:
            return
        newest = self._instance.get_run_records(filters=dg.RunsFilter(job_name=DESK), limit=1)
        if not newest or newest[0].dagster_run.status is not dg.DagsterRunStatus.STARTED:
            return
        run, started = newest[0].dagster_run, newest[0].start_time
        if run.run_id != fault.run_id and started is not None and time.time() - started >= DESK_IS_BACK_AFTER_S:
            del self._faults[DESK]
            text = f"the desk is open again (run {run.run_id[:8]}); it had failed since {fault.since}"
            self._tell(EventType.RUN_FAILURE, Severity.RECOVERED, text, fault, job=DESK)

    def _note_run_of_backfill(self, backfill_id: str, root: str, failed: bool) -> None:
        if (failed or _backfill(root) in self._faults) and backfill_id not in self._backfills:
            self._backfills.append(backfill_id)

    def _find_given_up(self) -> None:
        """Backfills that Dagster itself has given up since the last look, which needs no run that failed."""
        since = float(self._known_to.get(LOOKED_AT, self._began))
        self._known_to[LOOKED_AT] = str(time.time())
        begun_after = datetime.fromtimestamp(since, UTC) - LONGEST_BACKFILL
        recent = BulkActionsFilter(statuses=[BulkActionStatus.FAILED], created_after=begun_after)
        for backfill in self._instance.get_backfills(filters=recent, limit=SHOWN):
            is_new = (backfill.backfill_end_timestamp or backfill.backfill_timestamp) >= since
            if is_new and backfill.backfill_id not in self._backfills:
                self._backfills.append(backfill.backfill_id)

    def _note_backfill(self, backfill_id: str) -> None:
        """Told when it has ended, with how many of its runs failed; one that repeats a failed one ends its fault."""
        backfill = self._instance.get_backfill(backfill_id)
        if backfill is not None and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
            return
        self._backfills.remove(backfill_id)
        if backfill is None:
            return
        subject = _backfill(backfill.tags.get(ROOT_BACKFILL_ID_TAG, backfill_id))
        failed = self._failed_runs(backfill_id)
        if failed or backfill.status is BulkActionStatus.FAILED:
            self._tell_backfill(backfill, subject, failed)
        elif (fault := self._faults.pop(subject, None)) is not None:
            text = f"the backfill that failed since {fault.since} was repeated without a failure ({backfill_id})"
            self._tell(EventType.BACKFILL, Severity.RECOVERED, text, fault, backfill=backfill_id)

    def _failed_runs(self, backfill_id: str) -> Sequence[dg.DagsterRun]:
        failed = dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill_id}, statuses=[dg.DagsterRunStatus.FAILURE])
        return self._instance.get_runs(filters=failed)

    def _tell_backfill(self, backfill: PartitionBackfill, subject: str, failed: Sequence[dg.DagsterRun]) -> None:
        if subject in self._faults:
            return
        first = failed[-1] if failed else None  # the newest come first
        fault = Fault(_moment(time.time()), first.run_id if first else "", Severity.WARNING)
        text = f"the backfill {backfill.backfill_id} has ended: {self._why(backfill, failed)}"
        self._tell(EventType.BACKFILL, Severity.WARNING, text, fault, backfill=backfill.backfill_id)
        self._faults[subject] = fault

    def _why(self, backfill: PartitionBackfill, failed: Sequence[dg.DagsterRun]) -> str:
        if not failed:
            return f"Dagster gave it up, {backfill.error.message.strip() if backfill.error else 'see its page'}"
        count = self._instance.get_runs_count(dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill.backfill_id}))
        why = failure_of(failed[-1], None, self._instance)
        return f"{len(failed)} of its {count} runs failed, the first: {why}"

    def _note_checks(self, keys: Sequence[dg.AssetCheckKey]) -> None:
        """The newest evaluation of each; those that turned in this look are told together."""
        latest = self._instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        worse: dict[str, list[tuple[str, Fault, str]]] = {}
        better: list[tuple[str, Fault]] = []
        for key, record in sorted(latest.items(), key=lambda item: item[0].to_user_string()):
            name, said = f"check {key.to_user_string()}", record.evaluation
            if record.status is AssetCheckExecutionRecordStatus.SUCCEEDED and name in self._faults:
                better.append((name, self._faults.pop(name)))
            elif record.status is AssetCheckExecutionRecordStatus.FAILED and isinstance(said, dg.AssetCheckEvaluation):
                fault = Fault(_moment(record.create_timestamp), record.run_id, _severity(said))
                if not self._is_news(name, fault):
                    continue
                self._faults[name] = fault
                if key not in TOLD_BY_SERVICE:
                    worse.setdefault(fault.severity, []).append((name, fault, said.description or "failed"))
        self._tell_checks(worse, better)

    def _is_news(self, name: str, fault: Fault) -> bool:
        """A check that stays as it was is no news; one that turned from yellow to red is."""
        before = self._faults.get(name)
        return before is None or (before.severity, fault.severity) == (Severity.WARNING, Severity.CRITICAL)

    def _tell_checks(self, worse: Mapping[str, list[tuple[str, Fault, str]]], better: list[tuple[str, Fault]]) -> None:
        for severity, found in worse.items():
            text = f"{len(found)} asset checks failed: " + _listed([f"{name[6:]}: {why}" for name, _, why in found])
            self._tell(EventType.ASSET_CHECK, severity, text, found[0][1], checks=str(len(found)))
        if better:
            text = f"{len(better)} asset checks pass again: " + _listed([name[6:] for name, _ in better])
            first = min((fault for _, fault in better), key=lambda fault: fault.since)
            self._tell(EventType.ASSET_CHECK, Severity.RECOVERED, text, first, checks=str(len(better)))

    def _tell(self, kind: EventType, severity: str, text: str, fault: Fault, **more: str) -> None:
        event_id = f"{kind}#{fault.run_id}#{severity}"
        details = {"run_id": fault.run_id, "since": fault.since, "event_id": event_id, **more}
        self._events.publish(kind, severity, COMPONENT, text, **{name: said for name, said in details.items() if said})
        self.sentences.append(text)


def _root(run: dg.DagsterRun) -> str:
    return run.tags.get(ROOT_BACKFILL_ID_TAG) or run.tags[BACKFILL_ID_TAG]


def _backfill(root: str) -> str:
    return f"backfill {root}"


def _covers(done: Sequence[str], wanted: Sequence[str]) -> bool:
    return not wanted or (bool(done) and done[0] <= wanted[0] and wanted[-1] <= done[-1])


def _severity(said: dg.AssetCheckEvaluation) -> Severity:
    return Severity.CRITICAL if said.severity is dg.AssetCheckSeverity.ERROR else Severity.WARNING


def _listed(names: Sequence[str]) -> str:
    more = f"; and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return "; ".join(names[:SHOWN]) + more


def _moment(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
