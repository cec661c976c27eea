"""What the soak runs in processes of their own, one at a time, so that each can be killed: desk, collection, retention.

Each is a run of the real Dagster job on the instance of our `dagster.yaml`, executed here as a run worker would. The
daemon is left out: its sensors and schedules go by the wall clock, which cannot be accelerated from outside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import dagster as dg
import psutil
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from axia_cli.stack import environment
from axia_core.adapters import dynamodb
from axia_core.adapters.mt5 import desk_terminal
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import Events
from axia_core.settings import Settings
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.definitions import build_definitions
from axia_pipelines.jobs import COLLECTION, DESK, order_desk
from axia_pipelines.partitions import REREAD_TAG, range_tags
from axia_pipelines.resources import DeskResource, OrderPorts
from axia_pipelines.retention import FINISHED, Retention
from benchmarks.instrumented import Instrumented
from benchmarks.soak_traders import DayPlan, LeapingClock, LeapingQueue, LedDesk, Traders, note

RUNS, RETAINED, IN_DAGSTER = "runs.jsonl", "retained.jsonl", "dagster.json"
UNFINISHED = [status for status in dg.DagsterRunStatus if status not in FINISHED]


def work_a_day(settings: Settings, plan: DayPlan, kill_at: int | None) -> None:
    """One desk run of a day, until its close or until it dies at its *kill_at*-th boundary."""
    with _instance(settings) as instance:
        desk = SoakDesk(settings, plan, _boundary(kill_at))
        job = dg.Definitions(jobs=[order_desk], resources={"desk": desk}).resolve_job_def(DESK)
        _run(settings, instance, job, {})


def collect(settings: Settings, day: date) -> None:
    """One run of the daily collection, its resources composed as in production."""
    with _instance(settings) as instance:
        job = build_definitions(settings).resolve_job_def(COLLECTION)
        _run(settings, instance, job, range_tags(day, day, settings.symbols) | {REREAD_TAG: str(settings.reread_days)})


def retain(settings: Settings, before: datetime) -> None:
    """One retention with everything too old that ended before then; what it did goes into a file."""
    with _instance(settings) as instance:
        done = Retention(instance, settings).apply(before + timedelta(days=settings.order_runs_days))
        old = dg.RunsFilter(job_name=DESK, statuses=FINISHED, updated_before=before)
        files = {file.stem for file in (settings.home / "dagster" / "history" / "runs").glob("*-*.db")}
        known = {run.run_id for run in instance.get_runs()}
        line = {
            "bytes_before": done.bytes_before,
            "bytes_after": done.bytes_after,
            "runs_deleted": done.runs_deleted,
            "logs_emptied": done.logs_emptied,
            "runs": len(known),
            "old_desk_runs": instance.get_runs_count(old),
            "orphaned_files": len(files - known),
        }
        note(settings.home / RETAINED, line)


def look(settings: Settings) -> None:
    """What Dagster knows in the end: partitions per timeframe and how desk runs ended; into a file."""
    with _instance(settings) as instance:
        found = {
            "partitions": {
                one.value: sorted(instance.get_materialized_partitions(ohlcv_key(one))) for one in Timeframe
            },
            "unfinished": instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED)),
        }
    (settings.home / IN_DAGSTER).write_text(json.dumps(found), encoding="utf-8")


class SoakDesk(DeskResource):
    """The desk on leaping time, with traders between its rounds; all its ports are the real ones."""

    def __init__(self, settings: Settings, plan: DayPlan, boundary: Callable[[str], None]) -> None:
        super().__init__(settings)
        self._plan = plan
        self._boundary = boundary
        self._clock = LeapingClock(settings)
        self._queue = LeapingQueue(settings, self._clock)
        self._ledger = dynamodb.connect(settings)
        ledger, events = self._ledger, SilentEvents()
        self.ports = OrderPorts(self._queue, ledger, events, self._clock, settings.lease_s, settings.account)

    @contextmanager
    def open(self, owner: str, events: Events) -> Iterator[Desk]:
        settings, clock = self._settings, self._clock
        traders = Traders(self._plan, clock, self._queue, self._ledger, settings.home)
        server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
        with open_terminal(settings, settings.home.absolute() / desk_terminal.PID_FILE) as terminal:
            watched = Instrumented("terminal", terminal, self._boundary, first_argument_names=True)
            yield LedDesk(
                queue=Instrumented("queue", self._queue, self._boundary),  # type: ignore[arg-type]
                ledger=Instrumented("ledger", self._ledger, self._boundary),  # type: ignore[arg-type]
                broker=Mt5Broker(watched, server_clock, clock, settings),  # type: ignore[arg-type]
                events=SilentEvents(),
                clock=clock,
                rules=DeskRules.of(settings),
                owner=owner,
                lead=traders.go_on,
            )


class SilentEvents(Events):
    """Keeps nothing: a list of all events would be the growth that the soak looks for."""

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        pass


@contextmanager
def _instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance; what a killed run left is failed and its slots are freed, as the daemon's monitoring does."""
    log = os.open(settings.home / "children.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ |= environment.exports(settings)  # where its databases are
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
            instance.report_run_failed(run, "its process is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        yield instance


def _run(settings: Settings, instance: dg.DagsterInstance, job: dg.JobDefinition, tags: dict[str, str]) -> None:
    """As a run worker does it: no event is kept once it is stored."""
    run = instance.create_run_for_job(job, tags=tags)
    for _ in execute_run_iterator(InMemoryJob(job), run, instance):
        pass
    ended = instance.get_run_by_id(run.run_id)
    note(settings.home / RUNS, {"job": job.name, "status": ended.status.value if ended else "gone"})


def _boundary(kill_at: int | None) -> Callable[[str], None]:
    count = 0

    def boundary(_: str) -> None:
        nonlocal count
        if count == kill_at:
            psutil.Process().kill()  # SIGKILL on POSIX, TerminateProcess on Windows
        count += 1

    return boundary
