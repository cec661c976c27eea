"""What Dagster's own storage keeps for ever unless somebody takes it away: runs, their logs, and their files.

House rule: what says something about a partition stays. Deleting a run deletes its materializations, and with them the
partitions that it made; so a run goes only if all that it showed is remembered elsewhere: orders in the ledger, the
hourly recovery checks in S3. Of the others the log is emptied: that they succeeded and what they made stays. Stock
Dagster leaves the file of a deleted run where it is, and never shortens the others. Contract tests watch what is
internal here.
https://docs.dagster.io/deployment/oss/dagster-yaml#data-retention
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import DagsterEventType, DagsterRunStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage

from axia_core.adapters import log_files, sqlite_files
from axia_core.settings import Settings
from axia_pipelines.assets.verification import VERIFICATION, VERIFICATION_JOB
from axia_pipelines.metadata import ORDERS

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
LOG_TAG = "axia/log"
EMPTIED = "emptied"
PAGE = 100
MEGABYTE = 1_000_000
# What is remembered elsewhere.
PASSING = (ORDERS, VERIFICATION)
# Each of these is the truth of an asset or a check, unless it is about one of those.
TRUTH = (
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
)
DATABASES = ("history/runs/index.db", "history/runs.db", "schedules/schedules.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What one retention did."""

    runs_deleted: int
    logs_emptied: int
    files_removed: int
    files_shortened: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True, slots=True)
class Retention:
    """The storage of one instance, and how long what is in it stays."""

    instance: dg.DagsterInstance
    settings: Settings

    def apply(self, now: datetime) -> Retained:
        """Takes away what is too old at *now*, by the wall clock: Dagster knows no other."""
        before = self.bytes_used()
        deleted = self._delete_runs(now - timedelta(days=self.settings.order_runs_days))
        deleted += self._delete_verifications(now - timedelta(days=self.settings.verification_runs_days))
        emptied = self._empty_logs(now - timedelta(days=self.settings.run_log_days))
        return Retained(
            runs_deleted=deleted,
            logs_emptied=emptied,
            files_removed=self._remove_left_files(),
            files_shortened=self._shorten_databases() + self._bound_logs(),
            bytes_before=before,
            bytes_after=self.bytes_used(),
        )

    def bytes_used(self) -> int:
        """What the instance's databases and the local stack's logs take on disk."""
        databases = sum(file.stat().st_size for file in self._root.rglob("*.db*"))
        return databases + sum(file.stat().st_size for file in self._log_files("*"))

    def _delete_runs(self, before: datetime) -> int:
        return self._delete(self._old_runs(before))

    def _delete_verifications(self, before: datetime) -> int:
        """24 a day, with a file and 24 findings each; what a check found outlives its run in Dagster."""
        deleted = self._delete(self._old_runs(before, VERIFICATION_JOB))
        self._forget_checks(before)
        return deleted

    def _delete(self, runs: Iterator[dg.DagsterRun]) -> int:
        old = [run.run_id for run in runs if self._showed_only_what_passes(run.run_id)]
        for run_id in old:
            self.instance.delete_run(run_id)
        return len(old)

    def _forget_checks(self, before: datetime) -> None:
        storage, table = self.instance.event_log_storage, AssetCheckExecutionsTable.c
        if not isinstance(storage, SqlEventLogStorage):
            return
        old = table.create_timestamp < before.astimezone(UTC).replace(tzinfo=None)
        ours = table.asset_key == VERIFICATION.to_string()
        with storage.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(ours & old))

    def _empty_logs(self, before: datetime) -> int:
        """Only where each run's log is a file of its own: elsewhere it is one table with what must stay."""
        storage = self._sqlite_events
        if storage is None:
            return 0
        full = [run.run_id for run in self._old_runs(before) if run.tags.get(LOG_TAG) != EMPTIED]
        chosen = [run_id for run_id in full if not self._showed_only_what_passes(run_id)]
        for run_id in chosen:
            self.instance.add_run_tags(run_id, {LOG_TAG: EMPTIED})
            with storage.run_connection(run_id) as connection:
                storage.delete_events_for_run(connection, run_id)
            sqlite_files.compact(Path(storage.path_for_shard(run_id)))
        return len(chosen)

    def _old_runs(self, before: datetime, job_name: str | None = None) -> Iterator[dg.DagsterRun]:
        """Runs (of a job) that ended before then; one that has not ended is never touched."""
        wanted = dg.RunsFilter(job_name=job_name, statuses=FINISHED, updated_before=before)
        cursor = None
        while page := self.instance.get_runs(filters=wanted, cursor=cursor, limit=PAGE):
            yield from page
            cursor = page[-1].run_id

    def _showed_only_what_passes(self, run_id: str) -> bool:
        """By its whole log: an emptied or a lost one tells nothing of what the run has made, so that run stays."""
        known = self.instance.get_records_for_run(run_id, limit=1).records
        return bool(known) and not any(self._tells_of_an_asset(run_id, kind) for kind in TRUTH)

    def _tells_of_an_asset(self, run_id: str, kind: DagsterEventType) -> bool:
        cursor, more = None, True
        while more:
            page = self.instance.get_records_for_run(run_id, cursor=cursor, of_type=kind, limit=PAGE)
            if any(_asset_of(record) not in PASSING for record in page.records):
                return True
            cursor, more = page.cursor, page.has_more
        return False

    def _remove_left_files(self) -> int:
        """The files of runs that are gone, those deleted in the UI among them."""
        storage = self._sqlite_events
        if storage is None:
            return 0
        left = [name for name in storage.get_all_run_ids() if _is_run_id(name) and not self.instance.has_run(name)]
        return sum(sqlite_files.remove(Path(storage.path_for_shard(name))) for name in left)

    def _shorten_databases(self) -> int:
        return sum(sqlite_files.compact(self._root / name) for name in DATABASES)

    def _bound_logs(self) -> int:
        most_bytes = self.settings.log_max_mb * MEGABYTE
        return sum(log_files.bound(file, most_bytes) > 0 for file in self._log_files("*.log"))

    def _log_files(self, pattern: str) -> list[Path]:
        return list((self.settings.home / "logs").glob(pattern))

    @property
    def _root(self) -> Path:
        return Path(self.instance.root_directory)

    @property
    def _sqlite_events(self) -> SqliteEventLogStorage | None:
        storage = self.instance.event_log_storage
        return storage if isinstance(storage, SqliteEventLogStorage) else None


def _asset_of(record: dg.EventLogRecord) -> dg.AssetKey | None:
    """The asset that an event is about; of a check's, Dagster's own property says none."""
    event = record.event_log_entry.dagster_event
    if event is not None and event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
        return event.asset_check_evaluation_data.asset_key
    return record.asset_key


def _is_run_id(name: str) -> bool:
    try:
        return name != INDEX_SHARD_NAME and bool(uuid.UUID(name))
    except ValueError:
        return False
