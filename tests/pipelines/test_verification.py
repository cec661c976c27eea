"""The recovery verification in Dagster: a check for each question, skipped ones, one event per turn, its schedule."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import dagster as dg
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionResolvedStatus

from axia_core.adapters.memory_safeguards import MemoryHeartbeats
from axia_core.domain.beats import Beat
from axia_core.domain.verification import Status, Verification
from axia_core.domain.verification_checks import CHECKS
from axia_core.errors import StoreUnavailable
from axia_pipelines.assets.verification import VERIFICATION, verify_recovery
from axia_pipelines.definitions import build_definitions
from axia_pipelines.resources import VerificationResource
from tests.conftest import LocalAws
from tests.pipelines.fakes import settings as pipeline_settings
from tests.verification_examples import SATURDAY_NOON, World, healthy, settings


class FakeVerification(VerificationResource):
    """The checks over a world in memory."""

    def __init__(self, world: World) -> None:
        super().__init__(world.settings)
        self.world = world
        self.clock, self.events, self.kept = world.clock, world.events, world.kept
        self.heartbeats = (world.objects, world.items)

    def verify(self) -> Verification:
        return self.world.verify()


class Silent(MemoryHeartbeats):
    """A store that does not answer."""

    def write(self, at: datetime) -> Beat:
        raise StoreUnavailable("S3 does not answer")


def run(world: World, instance: dg.DagsterInstance | None = None, **more: Any) -> dg.ExecuteInProcessResult:
    """One run of the asset and all its checks."""
    return dg.materialize(
        [verify_recovery],
        instance=instance,
        resources={"verification": FakeVerification(world)},
        raise_on_error=False,
        **more,
    )


def evaluated(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations of a run by their checks."""
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_every_check_is_evaluated() -> None:
    """All green, with figure and remedy; the asset carries the figures, which the UI plots."""
    result = run(healthy())

    found = evaluated(result)
    (made,) = result.asset_materializations_for_node("verify_recovery")
    assert result.success
    assert found.keys() == {check.name for check in CHECKS}
    assert all(one.passed for one in found.values())
    assert found["replica_coverage"].metadata["%"].value == 100.0
    assert "copy-object" in str(found["replica_coverage"].metadata["remedy"].value)
    assert (made.metadata["ok"].value, made.metadata["point_in_time_recovery_s"].value) == (len(CHECKS), 300.0)


def test_a_red_check_is_a_finding_and_the_run_succeeds() -> None:
    """As severe as the finding, and people are told once by the service."""
    world = healthy()
    world.copy.kept_secrets.clear()
    del world.home.disk_snapshots[5:]

    first, _ = run(world), run(world)

    found = evaluated(first)
    red = {name: one.severity for name, one in found.items() if not one.passed}
    assert first.success
    assert red == {"secret_copies": dg.AssetCheckSeverity.ERROR, "snapshots": dg.AssetCheckSeverity.WARN}
    assert sorted(details["check"] for details in world.events.details) == ["secret_copies", "snapshots"]


def test_what_is_unknown_is_not_green() -> None:
    """A warning that says what could not be read."""
    world = healthy()
    world.home.stored.clear()

    unknown = evaluated(run(world))["cache_rebuildable"]

    assert (unknown.passed, unknown.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert unknown.metadata["status"].value == Status.UNKNOWN


def test_what_a_target_lacks_is_skipped() -> None:
    """Dagster shows it as neither passed nor failed."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(healthy(settings(has_copy=False, has_host=False)), instance)

        skipped = {check.name for check in CHECKS} - evaluated(result).keys()
        key = dg.AssetCheckKey(VERIFICATION, "replication_lag")
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        with ThreadPoolExecutor(1) as apart:  # a browser of another test may keep this thread's event loop running
            status = apart.submit(asyncio.run, record.resolve_status(LoadingContextForTest(instance))).result()

    assert result.success
    assert skipped == {check.name for check in CHECKS if check.part != "core"}
    assert status is AssetCheckExecutionResolvedStatus.SKIPPED


def test_the_heartbeat_is_written_by_the_run() -> None:
    """Before the questions, so that its arrival is one of them."""
    world = healthy()
    world.clock.step(SATURDAY_NOON.replace(hour=13) - SATURDAY_NOON)

    run(world)

    assert world.objects.beat == Beat(SATURDAY_NOON.replace(hour=13), SATURDAY_NOON)


def test_a_heartbeat_that_cannot_be_written_is_a_red_step_after_the_answers() -> None:
    """The questions are asked all the same."""
    world = healthy()
    resource = FakeVerification(world)
    resource.heartbeats = (Silent(),)

    result = dg.materialize([verify_recovery], resources={"verification": resource}, raise_on_error=False)

    assert not result.success
    assert evaluated(result).keys() == {check.name for check in CHECKS}
    assert world.kept.last() is not None


def test_one_check_alone(instance: dg.DagsterInstance) -> None:
    """An operator may ask one question again; the others and the asset are left alone."""
    world = healthy()
    definitions = dg.Definitions([verify_recovery], resources={"verification": FakeVerification(world)})
    key = dg.AssetCheckKey(VERIFICATION, "queues")
    job = dg.define_asset_job("one", selection=dg.AssetSelection.checks(key))

    result = (
        dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
        .resolve_job_def("one")
        .execute_in_process(instance=instance)
    )

    assert evaluated(result).keys() == {"queues"}
    assert result.get_asset_materialization_events() == []


def test_it_runs_every_hour() -> None:
    """On by default: it reads, and costs next to nothing."""
    found = build_definitions(pipeline_settings()).resolve_schedule_def("recovery_verification_every_hour")

    assert (found.cron_schedule, found.default_status) == ("40 * * * *", dg.DefaultScheduleStatus.RUNNING)
    assert "month" in (found.description or "")


def test_nothing_of_it_is_called_while_the_location_loads() -> None:
    """A resource that is built has taken on no role and made no client."""
    resource = VerificationResource(settings())

    assert {"clock", "events", "heartbeats", "kept"}.isdisjoint(vars(resource))


def test_the_job_against_a_local_aws_server(aws: LocalAws) -> None:
    """As the schedule runs it: role taken on, heartbeat written, stacks compared, what was found kept."""
    chosen = pipeline_settings(aws_endpoint_url=aws.endpoint_url)
    job = build_definitions(chosen).resolve_job_def("recovery_verification")

    result = job.execute_in_process(raise_on_error=False)

    found = evaluated(result)
    kept = VerificationResource(chosen).kept.last()
    assert result.success
    assert all(found[name].passed for name in ("point_in_time_recovery", "secrets", "alarms", "template_drift"))
    assert kept is not None
    assert {one.check for one in kept.findings} == {check.name for check in CHECKS}
    assert VerificationResource(chosen).heartbeats[0].read() is not None
