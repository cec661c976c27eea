"""Draws the whole Dagster graph as text, for the snapshot test and for people: `python -m tests.pipelines.graph`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_pipelines.definitions import build_definitions
from tests.pipelines.fakes import settings

SNAPSHOT = Path(__file__).with_name("graph.txt")


def draw() -> str:
    """Every asset, check, job, schedule and sensor, one per line."""
    repository = build_definitions(settings(symbols=DEFAULT_SYMBOLS)).get_repository_def()
    parts = {
        "assets": _assets(repository),
        "checks": (f"{key.asset_key.to_user_string()} {key.name}" for key in repository.asset_graph.asset_check_keys),
        "jobs": _jobs(repository),
        "schedules": _schedules(repository),
        "sensors": _sensors(repository),
    }
    return (
        "\n".join("\n".join([name, *(f"  {line}" for line in sorted(lines))]) for name, lines in parts.items()) + "\n"
    )


def _assets(repository: dg.RepositoryDefinition) -> Iterator[str]:
    graph = repository.asset_graph
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        words = [
            key.to_user_string(),
            f"group={node.group_name}",
            f"partitions={_partitions(node.partitions_def)}",
            f"backfill={node.backfill_policy.policy_type.value.lower() if node.backfill_policy else 'none'}",
            f"pools={','.join(sorted(node.pools or [])) or 'none'}",
            f"after={parents or 'nothing'}",
        ]
        yield "  ".join(words)


def _partitions(partitions: dg.PartitionsDefinition | None) -> str:
    if partitions is None:
        return "none"
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        return _dates(partitions)
    if isinstance(partitions, dg.StaticPartitionsDefinition):
        return "|".join(partitions.get_partition_keys())
    assert isinstance(partitions, dg.MultiPartitionsDefinition)
    dates = _dates(partitions.time_window_partitions_def)
    symbols = partitions.get_partitions_def_for_dimension("symbol").get_partition_keys()
    return f"{{date: {dates}, symbol: {'|'.join(symbols)}}}"


def _dates(dates: dg.TimeWindowPartitionsDefinition) -> str:
    crons = f"'{dates.cron_schedule}' except '{','.join(map(str, dates.exclusions or []))}' {dates.timezone}"
    return f"{crons} from {dates.start:%Y-%m-%d}"


def _jobs(repository: dg.RepositoryDefinition) -> Iterator[str]:
    for job in repository.get_all_jobs():
        steps = ", ".join(sorted(node.name for node in job.nodes))
        tags = ", ".join(f"{key}={value}" for key, value in sorted(job.tags.items()))
        yield f"{job.name}  executor={job.executor_def.name}  tags=[{tags}]  steps=[{steps}]"


def _schedules(repository: dg.RepositoryDefinition) -> Iterator[str]:
    for found in repository.schedule_defs:
        when = f"'{found.cron_schedule}' {found.execution_timezone}"
        yield f"{found.name}  job={found.job_name}  {when}  {found.default_status.value}"


def _sensors(repository: dg.RepositoryDefinition) -> Iterator[str]:
    for found in repository.sensor_defs:
        every = f"every={found.minimum_interval_seconds}s"
        jobs = ",".join(target.job_name for target in found.targets) or "none"
        yield f"{found.name}  job={jobs}  {every}  {found.default_status.value}"


if __name__ == "__main__":
    SNAPSHOT.write_text(draw(), encoding="utf-8")
