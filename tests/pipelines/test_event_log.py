"""The instance's event log: many events in one transaction read as the same events one by one."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from axia_pipelines.instance.event_log import BatchingEventLogStorage

DAYS = dg.StaticPartitionsDefinition([f"day-{number}" for number in range(7)])
KEY = dg.AssetKey("bars")


@dg.asset(key=KEY, partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # as in the assets
    return dg.MaterializeResult(metadata={"days": len(context.partition_keys)}, tags={"source": "mt5"})


@dg.asset_check(asset=bars)
def whole() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


JOB = dg.Definitions(assets=[bars], asset_checks=[whole], jobs=[dg.define_asset_job("collect", "*")]).resolve_job_def(
    "collect"
)
RANGE = {"dagster/asset_partition_range_start": "day-0", "dagster/asset_partition_range_end": "day-6"}


@pytest.fixture
def collect(
    stored_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], dg.ExecuteInProcessResult]:
    """A run of all days, its events in batches of that many; 0 is one by one."""

    def run(batch: int) -> dg.ExecuteInProcessResult:
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", str(batch))
        return JOB.execute_in_process(instance=stored_instance, tags=RANGE)

    return run


def kinds(instance: dg.DagsterInstance, run_id: str) -> Counter[Any]:
    """How many events of each kind the run's own log has."""
    return Counter(event.dagster_event_type for event in instance.all_logs(run_id))


@pytest.mark.parametrize("batch", [2, 7, 100])
def test_a_batch_reads_as_its_events(
    stored_instance: dg.DagsterInstance, collect: Callable[[int], dg.ExecuteInProcessResult], batch: int
) -> None:
    """Log, partitions, asset and metadata of a run are the same whether its events came in batches or not."""
    alone = collect(0).run_id
    before = stored_instance.fetch_materializations(KEY, limit=100).records

    together = collect(batch).run_id

    after = stored_instance.fetch_materializations(KEY, limit=100).records
    of_run = [one for one in after if one.run_id == together]
    asset = stored_instance.get_asset_records([KEY])[0].asset_entry
    assert kinds(stored_instance, together) == kinds(stored_instance, alone)
    assert sorted(str(one.partition_key) for one in of_run) == sorted(str(one.partition_key) for one in before)
    assert {str(one.asset_materialization.metadata) for one in of_run if one.asset_materialization} == {
        str(one.asset_materialization.metadata) for one in before if one.asset_materialization
    }
    assert asset.last_run_id == together
    assert asset.last_materialization_record is not None
    assert asset.last_materialization_record.storage_id == max(one.storage_id for one in of_run)


def test_events_of_many_partitions_are_written_together(
    collect: Callable[[int], dg.ExecuteInProcessResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven planned and seven materialized partitions are two batches, and none of them is written alone."""
    batches: list[int] = []
    alone: list[object] = []
    batch, one = BatchingEventLogStorage.store_event_batch, SqliteEventLogStorage.store_event
    monkeypatch.setattr(
        BatchingEventLogStorage,
        "store_event_batch",
        lambda self, events: (batches.append(len(events)), batch(self, events))[1],
    )
    monkeypatch.setattr(
        BatchingEventLogStorage,
        "store_event",
        lambda self, event: (alone.append(event.dagster_event_type), one(self, event))[1],
    )

    collect(100)

    assert batches == [8, 7]  # the check that is planned comes with the partitions that are
    assert dg.DagsterEventType.ASSET_MATERIALIZATION not in alone
    assert dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED not in alone


def test_where_it_lies(stored_instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In DAGSTER_HOME where Dagster's own would be; a command in the source folder, which has none, works too."""
    own = SqliteEventLogStorage(str(Path(stored_instance.root_directory) / "history" / "runs"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    at_home = BatchingEventLogStorage.from_config_value(None, {})
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    homeless = BatchingEventLogStorage.from_config_value(None, {})

    assert stored_instance.event_log_storage.path_for_shard("r") == own.path_for_shard("r")  # type: ignore[attr-defined]
    assert at_home.path_for_shard("r") == str(tmp_path / "home" / "history" / "runs" / "r.db")
    assert homeless.path_for_shard("r").startswith(str(tmp_path / "temporary"))


def test_a_batch_that_fails_is_written_one_by_one(
    stored_instance: dg.DagsterInstance,
    collect: Callable[[int], dg.ExecuteInProcessResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of the batch costs time and no event."""

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(BatchingEventLogStorage, "_store_together", broken)

    collect(100)

    assert stored_instance.get_materialized_partitions(KEY) == set(DAYS.get_partition_keys())
