"""Retention over the instance of our dagster.yaml: old desk runs go, what was collected stays, files get shorter.

These are also the contract tests of the internal Dagster API that `axia_pipelines.retention` touches.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from axia_core.adapters import sqlite_files
from axia_core.adapters.clock import SteppedClock
from axia_pipelines.assets.verification import VERIFICATION, verify_recovery
from axia_pipelines.jobs import order_desk, recovery_verification, retention
from axia_pipelines.metadata import ORDERS
from axia_pipelines.retention import LOG_TAG, Retained, Retention
from tests.pipelines.fakes import FakeBars, FakeDesk, settings
from tests.pipelines.test_desk_op import BEFORE_CLOSE
from tests.pipelines.test_verification import FakeVerification
from tests.verification_examples import healthy

BARS = dg.AssetKey(["ohlcv", "m5"])
DAYS = dg.StaticPartitionsDefinition(["2026-06-29", "2026-06-30"])
LONG_AFTER = timedelta(days=200)
HARDLY_AFTER = timedelta(days=30)


@pytest.fixture
def instance(stored_instance: dg.DagsterInstance) -> dg.DagsterInstance:
    return stored_instance


@dg.asset(key=BARS, partitions_def=DAYS)
def collected(context: dg.AssetExecutionContext) -> None:
    for number in range(40):
        context.log.debug(f"{number} {'.' * 200}")


def collect(instance: dg.DagsterInstance, day: str) -> str:
    return dg.materialize([collected], instance=instance, partition_key=day).run_id


def work(instance: dg.DagsterInstance, orders: int = 1) -> str:
    desk = FakeDesk(BEFORE_CLOSE)
    for number in range(orders):
        desk.send(f"order-{number}")
    return order_desk.execute_in_process(instance=instance, resources={"desk": desk}).run_id


def retained(instance: dg.DagsterInstance, after: timedelta, home: Path = Path("nowhere")) -> Retained:
    return Retention(instance, settings(home=home)).apply(datetime.now(UTC) + after)


def log_file(instance: dg.DagsterInstance, run_id: str) -> Path:
    storage = instance.event_log_storage
    assert isinstance(storage, SqliteEventLogStorage)
    return Path(storage.path_for_shard(run_id))


def test_old_desk_runs_go_with_their_files(instance: dg.DagsterInstance) -> None:
    """A run that showed nothing but orders is deleted, its file too, which stock Dagster leaves lying about."""
    run_id = work(instance)
    assert log_file(instance, run_id).exists()

    done = retained(instance, LONG_AFTER)

    assert (done.runs_deleted, done.files_removed) == (1, 1)
    assert instance.get_run_by_id(run_id) is None
    assert not log_file(instance, run_id).exists()
    assert instance.fetch_materializations(ORDERS, limit=10).records == []
    assert done.bytes_after < done.bytes_before


def test_what_was_collected_stays_materialized(instance: dg.DagsterInstance) -> None:
    """Only the log of a run with bars is emptied: partitions, metadata and the run's success stay, and it says so."""
    run_id = collect(instance, "2026-06-29")
    long_file = log_file(instance, run_id).stat().st_size

    done = retained(instance, LONG_AFTER)

    assert (done.runs_deleted, done.logs_emptied) == (0, 1)
    assert instance.get_materialized_partitions(BARS) == {"2026-06-29"}
    assert instance.get_latest_materialization_event(BARS) is not None
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert (run.status, run.tags[LOG_TAG]) == (dg.DagsterRunStatus.SUCCESS, "emptied")
    assert instance.all_logs(run_id) == []
    assert log_file(instance, run_id).stat().st_size < long_file


def test_deleting_the_run_would_lose_the_partition(instance: dg.DagsterInstance) -> None:
    """Why such runs stay: Dagster forgets the partitions of a run that is deleted, and keeps its file."""
    run_id = collect(instance, "2026-06-29")

    instance.delete_run(run_id)

    assert instance.get_materialized_partitions(BARS) == set()
    assert log_file(instance, run_id).exists()


def test_a_check_is_truth_as_well(instance: dg.DagsterInstance) -> None:
    """A run that only checked bars stays, or the check would show no result any more."""

    @dg.asset_check(asset=BARS)
    def fine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    job = dg.Definitions(
        assets=[collected],
        asset_checks=[fine],
        jobs=[dg.define_asset_job("check", dg.AssetSelection.checks(dg.AssetCheckKey(BARS, "fine")))],
    ).resolve_job_def("check")
    run_id = job.execute_in_process(instance=instance).run_id

    retained(instance, LONG_AFTER)

    assert instance.has_run(run_id)


def test_what_is_young_or_not_ended_stays(instance: dg.DagsterInstance) -> None:
    """Neither the runs of the last weeks nor one that has not ended are touched, however old that is."""
    young = work(instance)
    assert retained(instance, HARDLY_AFTER).runs_deleted == 0
    open_run = instance.create_run_for_job(order_desk, status=dg.DagsterRunStatus.STARTED).run_id

    done = retained(instance, LONG_AFTER)

    assert done.runs_deleted == 1
    assert (instance.has_run(young), instance.has_run(open_run)) == (False, True)


def test_again_finds_nothing(instance: dg.DagsterInstance) -> None:
    """A second retention right after the first one has nothing to do."""
    work(instance)
    collect(instance, "2026-06-29")
    first = retained(instance, LONG_AFTER)

    again = retained(instance, LONG_AFTER)

    assert instance.get_materialized_partitions(BARS) == {"2026-06-29"}
    assert (first.runs_deleted, first.logs_emptied) == (1, 1)
    assert (again.runs_deleted, again.logs_emptied, again.files_removed, again.files_shortened) == (0, 0, 0, 0)
    assert again.bytes_after == again.bytes_before


def test_a_run_without_its_log_stays(instance: dg.DagsterInstance) -> None:
    """Where the log was lost, nobody can tell what the run has made, so it is not deleted."""
    run_id = collect(instance, "2026-06-29")
    sqlite_files.remove(log_file(instance, run_id))

    with dg.DagsterInstance.from_config(instance.root_directory) as fresh:
        done = retained(fresh, LONG_AFTER)

    assert done.runs_deleted == 0
    assert instance.get_materialized_partitions(BARS) == {"2026-06-29"}


def test_the_file_of_a_run_deleted_in_the_ui_goes(instance: dg.DagsterInstance) -> None:
    """A run that an operator deleted leaves its file behind, and that is removed whatever its age."""
    run_id = collect(instance, "2026-06-29")
    instance.delete_run(run_id)

    done = retained(instance, timedelta())

    assert done.files_removed == 1
    assert not log_file(instance, run_id).exists()


def test_the_index_gets_shorter(instance: dg.DagsterInstance) -> None:
    """The database of all runs gives back the room of what was deleted, and works on."""
    work(instance, orders=30)
    index = log_file(instance, "index")
    before = index.stat().st_size

    done = retained(instance, LONG_AFTER)

    assert done.files_shortened >= 1
    assert index.stat().st_size < before
    collect(instance, "2026-06-30")
    assert instance.get_materialized_partitions(BARS) == {"2026-06-30"}


def test_a_large_log_is_bounded_while_it_is_written(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """A log beyond its size keeps its end in *.previous, and its writer goes on at the beginning of an empty file."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with (logs / "daemon.log").open("ab", buffering=0) as writer, (logs / "web.log").open("ab") as small:
        writer.write(b"old " * 400_000 + b"the end")
        small.write(b"short")
        small.flush()

        Retention(instance, settings(home=tmp_path, log_max_mb=1)).apply(datetime.now(UTC))
        writer.write(b"new")

    assert (logs / "daemon.log").read_bytes() == b"new"
    assert (logs / "daemon.previous").read_bytes().endswith(b"the end")
    assert (logs / "daemon.previous").stat().st_size == 1_000_000
    assert (logs / "web.log").read_bytes() == b"short"


def test_the_job_shows_what_it_did(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """One run of the job, with its figures as metadata."""
    bars = FakeBars(SteppedClock(BEFORE_CLOSE), settings(home=tmp_path))

    result = retention.execute_in_process(instance=instance, resources={"bars": bars})

    (output,) = [event for event in result.all_node_events if event.is_successful_output]
    assert result.success
    assert output.step_output_data.metadata["runs_deleted"].value == 0


def test_old_recovery_checks_go(instance: dg.DagsterInstance) -> None:
    """Their run, and what Dagster would keep for ever: each finding of each hour. Those of other checks stay."""
    resources = {"verification": FakeVerification(healthy())}
    found = dg.Definitions([verify_recovery], jobs=[recovery_verification], resources=resources)
    run_id = found.resolve_job_def("recovery_verification").execute_in_process(instance=instance).run_id
    old, key = instance.event_log_storage, dg.AssetCheckKey(VERIFICATION, "queues")

    retained(instance, timedelta(days=13))
    kept = old.get_asset_check_execution_history(key, limit=10)
    retained(instance, timedelta(days=15))

    assert [record.run_id for record in kept] == [run_id]
    assert old.get_asset_check_execution_history(key, limit=10) == []
    assert instance.get_run_by_id(run_id) is None
