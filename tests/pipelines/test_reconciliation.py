"""The hourly reconciliation inside Dagster: nothing while a desk is open, red where ledger and broker disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import dagster as dg

from axia_core.domain.order_states import State
from axia_core.domain.orders import magic_of
from axia_pipelines.definitions import build_definitions
from axia_pipelines.jobs import order_reconciliation
from tests.pipelines.fakes import FakeDesk, settings
from tests.services.test_flatten import position


def tick(desk: FakeDesk) -> dg.RunRequest | str:
    """What the schedule asks for now, or why it asks for nothing."""
    schedule = build_definitions(settings(), desk=desk).resolve_schedule_def("reconciliation_every_hour")
    assert isinstance(schedule, dg.ScheduleDefinition)
    with dg.build_schedule_context(resources={"desk": desk}, scheduled_execution_time=desk.clock.now()) as context:
        data = schedule.evaluate_tick(context)
    return data.run_requests[0] if data.run_requests else data.skip_message or ""


def reconcile(instance: dg.DagsterInstance, desk: FakeDesk) -> dg.ExecuteInProcessResult:
    return order_reconciliation.execute_in_process(instance=instance, resources={"desk": desk}, raise_on_error=False)


def left_in_mid_attempt(desk: FakeDesk) -> None:
    """An order that a desk was sending when it died; its lease has run out."""
    desk.accept("A1")
    lease = desk.ledger.acquire_lease("dead", 10, desk.clock.now())
    record = desk.ledger.order("A1")
    assert lease is not None
    assert record is not None
    desk.ledger.begin_attempt(record, lease, desk.clock.now())
    desk.clock.step(timedelta(seconds=11))


def test_runs_while_no_desk_is_open() -> None:
    """A tick asks for a run when nobody holds the lease, and for none while somebody does."""
    desk = FakeDesk()

    assert isinstance(tick(desk), dg.RunRequest)
    desk.hold_lease("desk-7", 60)
    assert "desk-7 holds the desk's lease" in str(tick(desk))


def test_order_left_in_mid_attempt_is_settled(instance: dg.DagsterInstance) -> None:
    """What a dead desk left SUBMITTING is closed by evidence, and the lease is free again."""
    desk = FakeDesk()
    left_in_mid_attempt(desk)

    result = reconcile(instance, desk)

    record = desk.ledger.order("A1")
    assert record is not None
    assert (result.success, record.state) == (True, State.REJECTED)
    assert desk.ledger.lease_holder(desk.clock.now()) is None


def test_desk_that_opened_meanwhile_is_left_alone(instance: dg.DagsterInstance) -> None:
    """The run ends green and has touched nothing."""
    desk = FakeDesk()
    left_in_mid_attempt(desk)
    desk.hold_lease("desk-7", 600)

    result = reconcile(instance, desk)

    record = desk.ledger.order("A1")
    assert record is not None
    assert (result.success, record.state) == (True, State.SUBMITTING)


def test_disagreement_is_red(instance: dg.DagsterInstance) -> None:
    """A position of ours that nobody ordered throws the switch and fails the run, which names it."""
    desk = FakeDesk(datetime.fromisoformat("2026-07-04T12:20:00+00:00"))
    desk.broker.open_positions = [replace(position(7), magic=magic_of("never"))]

    result = reconcile(instance, desk)

    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "position 7" in (data.description or "")
    assert desk.ledger.kill_switch().active
