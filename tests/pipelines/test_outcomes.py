"""Runs, backfills and checks that fail are told once, and once that it is over; what nobody must hear is not told."""

from __future__ import annotations

import time
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.tags import BACKFILL_ID_TAG, ROOT_BACKFILL_ID_TAG
from dagster._utils.error import SerializableErrorInfo

from axia_core.adapters.memory import MemoryEvents
from axia_pipelines import outcomes
from axia_pipelines.assets.statement import RECONCILED, STATEMENT
from axia_pipelines.definitions import build_definitions
from axia_pipelines.event_sensors import change_sensor, outcome_sensor
from axia_pipelines.jobs import order_desk
from axia_pipelines.outcomes import Outcomes, Told
from axia_pipelines.partitions import RANGE_END_TAG, RANGE_START_TAG
from axia_pipelines.run_words import remedy_for
from tests.pipelines.fakes import FakeDesk, settings
from tests.test_docs import commands

FRIDAY = {RANGE_START_TAG: "2026-07-03|EURUSD", RANGE_END_TAG: "2026-07-03|USDJPY"}
MONDAY = {RANGE_START_TAG: "2026-07-06|EURUSD", RANGE_END_TAG: "2026-07-06|USDJPY"}
BARS, QUALITY = dg.AssetKey(["ohlcv", "h1"]), "quality"


class World:
    """An instance in which runs end as they are told to; `look` is a tick, with the cursor's text carried on."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.events = MemoryEvents()
        self.cursor: str | None = None
        self.checks: list[dg.AssetCheckKey] = []

    def run(self, job: str, works: bool, tags: dict[str, str] | None = None) -> str:
        """A run of a job of that name, to its end."""

        @dg.op(name="step")
        def step() -> None:
            if not works:
                raise dg.Failure("SourceUnavailable: the terminal is down")

        made = dg.GraphDefinition(name=job, node_defs=[step]).to_job()
        return made.execute_in_process(instance=self.instance, tags=tags or {}, raise_on_error=False).run_id

    def check(self, passed: bool, severity: str = "WARN", asset: dg.AssetKey = BARS, name: str = QUALITY) -> None:
        """A run that evaluates one check."""

        @dg.asset_check(asset=asset, name=name)
        def look_at_it() -> dg.AssetCheckResult:
            grade = dg.AssetCheckSeverity[severity]
            return dg.AssetCheckResult(passed=passed, severity=grade, description="3 gap")

        source = dg.AssetSpec(asset)
        job = dg.define_asset_job("quality_check", selection=dg.AssetSelection.all_asset_checks())
        definitions = dg.Definitions(assets=[source], asset_checks=[look_at_it], jobs=[job])
        definitions.resolve_job_def("quality_check").execute_in_process(instance=self.instance)
        self.checks = [*self.checks, dg.AssetCheckKey(asset, name)]

    def look(self) -> list[tuple[str, str, str]]:
        """What this look told: event type, severity, text."""
        known = len(self.events.published)
        self.cursor = Outcomes(Told.parse(self.cursor), self.instance, self.events).look(self.checks).text()
        return self.events.published[known:]

    def graded(self) -> list[tuple[str, str]]:
        """The same without the texts."""
        return [(kind, severity) for kind, severity, _ in self.look()]


@pytest.fixture
def world(instance: dg.DagsterInstance) -> World:
    return World(instance)


def test_a_failure_is_told_once_and_its_end_once(world: World) -> None:
    """However often the job fails again meanwhile; and a success that ends nothing is told to nobody."""
    run_id = world.run("daily_collection", works=False, tags=FRIDAY)
    first = world.look()
    world.run("daily_collection", works=False, tags=FRIDAY)
    second = world.look()
    world.run("daily_collection", works=True, tags=FRIDAY)
    recovered = world.look()
    world.run("daily_collection", works=True, tags=FRIDAY)

    ((kind, severity, text),) = first
    assert (kind, severity) == ("run_failure", "warning")
    assert f"daily_collection failed (run {run_id[:8]}, days 2026-07-03)" in text
    assert "step: SourceUnavailable: the terminal is down" in text
    assert world.events.details[0]["remedy"] == "axia collect --from 2026-07-03 --to 2026-07-03"
    assert world.events.details[0]["run_id"] == run_id
    assert second == []
    assert [told[:2] for told in recovered] == [("run_failure", "recovered")]
    assert world.events.details[1]["since"] == world.events.details[0]["since"]
    assert world.look() == []


def test_a_failure_and_its_end_between_two_looks_are_both_told_in_their_order(world: World) -> None:
    """Nothing that happened is left out because the daemon was away for a while."""
    world.run("healing", works=False)
    world.run("healing", works=True)

    assert world.graded() == [("run_failure", "warning"), ("run_failure", "recovered")]


def test_the_next_day_s_success_says_what_the_failed_day_still_needs(world: World) -> None:
    """The job works again, and the day that it left out is named with the command that collects it."""
    world.run("daily_collection", works=False, tags=FRIDAY)
    world.look()
    world.run("daily_collection", works=True, tags=MONDAY)

    ((_, severity, text),) = world.look()

    assert severity == "recovered"
    assert "left out is not collected by this: 2026-07-03" in text
    assert world.events.details[-1]["remedy"] == "axia collect --from 2026-07-03 --to 2026-07-03"


@pytest.mark.parametrize(
    ("job", "severity"),
    [("order_reconciliation", "critical"), ("daily_statement", "critical"), ("retention", "warning")],
)
def test_how_bad_a_failed_job_is(world: World, job: str, severity: str) -> None:
    """Where money may move, or nobody knows whether it does, somebody is woken up."""
    world.run(job, works=False)

    assert world.graded() == [("run_failure", severity)]


@pytest.mark.parametrize("job", [job.name for job in build_definitions(settings()).get_repository_def().get_all_jobs()])
def test_every_failed_job_comes_with_a_command(job: str) -> None:
    """One that exists, with its days where it had some."""
    words = remedy_for(dg.DagsterRun(job_name=job, tags=FRIDAY)).split()

    subcommands = commands()[words[1]]
    assert words[0] == "axia"
    assert not subcommands or words[2] in subcommands


def test_bars_collected_by_hand_name_the_command_as_well() -> None:
    """Whether the schedule began the run or a person in the UI, the way to have its days is the same."""
    chosen = frozenset({BARS})

    assert remedy_for(dg.DagsterRun(job_name="__ASSET_JOB", asset_selection=chosen, tags=FRIDAY)) == (
        "axia collect --from 2026-07-03 --to 2026-07-03"
    )


def test_jobs_fail_and_recover_each_for_itself(world: World) -> None:
    """The success of one job says nothing of another."""
    world.run("healing", works=False)
    world.look()
    world.run("retention", works=True)

    assert world.look() == []


def test_an_operator_s_own_run_of_an_order_is_the_order_s_news(world: World) -> None:
    """How the order ended is an event already; the run adds nothing to it."""
    world.run("order_execution", works=False)

    assert world.look() == []


def test_a_run_whose_process_is_gone_says_so(world: World) -> None:
    """It has no failed step; what Dagster's launcher found is in the message."""
    run = world.instance.create_run_for_job(order_desk, status=dg.DagsterRunStatus.STARTED)
    world.instance.report_engine_event("The process was terminated by signal 9. Much advice follows.", run)
    world.instance.report_run_failed(run)

    ((_, severity, text),) = world.look()

    assert severity == "critical"
    assert "order_desk failed" in text
    assert "The process was terminated by signal 9; " in text


def test_old_failures_are_not_told_at_the_first_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor that was reset does not bring up everything that ever failed."""
    world.run("healing", works=False)
    monkeypatch.setattr(outcomes, "FIRST_LOOK_BACK_S", -5.0)

    assert world.look() == []


def test_a_desk_that_stays_open_is_the_recovery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk succeeds only at the close; that the next one has been open for a while is told before that."""
    world.run("order_desk", works=False)
    failed = world.graded()
    world.instance.add_run(dg.DagsterRun(job_name="order_desk", status=dg.DagsterRunStatus.NOT_STARTED))
    run = world.instance.get_runs(limit=1)[0]
    world.instance.handle_new_event(started(run))
    too_soon = world.look()
    monkeypatch.setattr(outcomes, "DESK_IS_BACK_AFTER_S", -1.0)

    assert failed == [("run_failure", "critical")]
    assert too_soon == []
    assert world.graded() == [("run_failure", "recovered")]


def started(run: dg.DagsterRun) -> dg.EventLogEntry:
    """The event by which a run is known to have started."""
    event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name)
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run.run_id,
        timestamp=time.time(),
        dagster_event=event,
        job_name=run.job_name,
    )


def backfill(backfill_id: str, status: BulkActionStatus, root: str | None = None) -> PartitionBackfill:
    tags = {ROOT_BACKFILL_ID_TAG: root} if root else {}
    return PartitionBackfill(
        backfill_id=backfill_id, status=status, from_failure=False, tags=tags, backfill_timestamp=time.time()
    )


def test_a_backfill_is_told_when_it_has_ended_and_not_per_run(world: World) -> None:
    """A hundred partitions without a terminal are one message, with how many runs failed and why the first did."""
    going_on = backfill("b1", BulkActionStatus.REQUESTED)
    world.instance.add_backfill(going_on)
    for works in (True, False, False):
        world.run("__ASSET_JOB", works=works, tags={BACKFILL_ID_TAG: "b1"})
    meanwhile = world.look()
    world.instance.update_backfill(replace_status(going_on, BulkActionStatus.COMPLETED_FAILED))

    ((kind, severity, text),) = world.look()

    assert meanwhile == []
    assert (kind, severity) == ("backfill", "warning")
    assert "the backfill b1 has ended: 2 of its 3 runs failed" in text
    assert "the terminal is down" in text
    assert world.look() == []


def test_a_backfill_that_dagster_gave_up_is_told_as_well(world: World) -> None:
    """No run of it needs to have failed, or even to have begun; and one from before the first look is old news."""
    world.look()
    error = SerializableErrorInfo("the code location is gone\n", [], None)
    given_up = backfill("b1", BulkActionStatus.FAILED).with_error(error).with_end_timestamp(time.time())
    world.instance.add_backfill(given_up)
    world.instance.add_backfill(backfill("b0", BulkActionStatus.FAILED).with_end_timestamp(time.time() - 7_200))

    assert world.look() == [
        ("backfill", "warning", "the backfill b1 has ended: Dagster gave it up, the code location is gone")
    ]
    assert world.look() == []


def test_a_backfill_that_repeats_what_failed_ends_it(world: World) -> None:
    """Dagster's own re-execution carries the first one's id."""
    world.instance.add_backfill(backfill("b1", BulkActionStatus.COMPLETED_FAILED))
    world.run("__ASSET_JOB", works=False, tags={BACKFILL_ID_TAG: "b1"})
    world.look()
    world.instance.add_backfill(backfill("b2", BulkActionStatus.COMPLETED_SUCCESS, root="b1"))
    world.run("__ASSET_JOB", works=True, tags={BACKFILL_ID_TAG: "b2", ROOT_BACKFILL_ID_TAG: "b1"})

    assert world.graded() == [("backfill", "recovered")]


def replace_status(made: PartitionBackfill, status: BulkActionStatus) -> PartitionBackfill:
    return made.with_status(status)


def test_a_check_is_told_when_it_turns_and_when_it_turns_back(world: World) -> None:
    """Failing on stays silent; what is wrong is in the words that the operator sees in the UI."""
    world.check(passed=False)
    first = world.look()
    world.check(passed=False)
    again = world.look()
    world.check(passed=True)
    over = world.look()

    assert first == [("asset_check", "warning", "1 asset checks failed: ohlcv/h1:quality: 3 gap")]
    assert again == []
    assert over == [("asset_check", "recovered", "1 asset checks pass again: ohlcv/h1:quality")]


def test_a_check_that_gets_worse_is_told_again(world: World) -> None:
    """From yellow to red is news; back to yellow is none."""
    for severity in ("WARN", "ERROR", "WARN"):
        world.check(passed=False, severity=severity)
        world.look()

    assert [severity for _, severity, _ in world.events.published] == ["warning", "critical"]


def test_checks_that_turn_together_are_told_together(world: World) -> None:
    """One cause, such as a holiday, is one message and not one for each timeframe."""
    for timeframe in ("m5", "m15", "h1"):
        world.check(passed=False, asset=dg.AssetKey(["ohlcv", timeframe]))

    ((_, _, text),) = world.look()

    assert text.startswith("3 asset checks failed: ohlcv/h1:quality: 3 gap; ohlcv/m15:quality")


def test_a_statement_that_differs_is_told_by_its_maker_and_its_end_from_here(world: World) -> None:
    """The service that makes it has told of it, from wherever it was made."""
    world.check(passed=False, severity="ERROR", asset=STATEMENT, name=RECONCILED)
    fault = world.look()
    world.check(passed=True, asset=STATEMENT, name=RECONCILED)

    assert fault == []
    assert world.graded() == [("asset_check", "recovered")]


def test_what_the_recovery_verification_finds_is_told_by_itself(world: World) -> None:
    """It tells of each check that turns, and of its end; twice would be once too often."""
    asset = dg.AssetKey("recovery_verification")
    for passed in (False, True):
        world.check(passed=passed, severity="ERROR", asset=asset)
        world.look()

    assert world.events.published == []


def test_the_cursor_round_trip(world: World) -> None:
    """What people have been told reads back as it was."""
    world.run("healing", works=False)
    world.check(passed=False)
    world.look()

    assert world.cursor is not None
    assert Told.parse(world.cursor).text() == world.cursor
    assert set(Told.parse(world.cursor).faults) == {"healing", "check ohlcv/h1:quality"}


def test_the_sensors_tell_through_the_desk_s_events(instance: dg.DagsterInstance) -> None:
    """As the daemon evaluates them: with the code location's own checks, and a cursor from tick to tick."""
    desk, world = FakeDesk(), World(instance)
    repository = build_definitions(settings(), desk=desk).get_repository_def()
    world.run("daily_collection", works=False)
    with dg.build_sensor_context(instance=instance, repository_def=repository, resources={"desk": desk}) as context:
        told = outcome_sensor(context)
        again = outcome_sensor(context)
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        change_sensor(context)
        desk.ledger.set_kill_switch(replace(desk.ledger.kill_switch(), active=True), 0, desk.clock.now())
        change_sensor(context)

    assert isinstance(told, dg.SkipReason)
    assert "daily_collection failed" in (told.skip_message or "")
    assert isinstance(again, dg.SkipReason)
    assert again.skip_message == "Nothing new has ended; 1 faults are known."
    assert [kind for kind, _, _ in desk.events.published] == ["run_failure", "kill_switch"]
