"""The desk inside Dagster, over memory: an event per order, red when the lease is lost, cancelled between orders."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from axia_core.adapters.memory import MemoryOrderQueue
from axia_core.domain.messages import Message
from axia_core.domain.order_states import State
from axia_core.domain.outcomes import Unknown
from axia_pipelines.jobs import order_desk, order_execution
from axia_pipelines.metadata import ORDERS
from axia_pipelines.ops.cancellation import Cancellation
from tests.pipelines.fakes import FakeDesk, ended

BEFORE_CLOSE = datetime(2026, 7, 1, 20, 58, tzinfo=UTC)


def open_desk(instance: dg.DagsterInstance, desk: FakeDesk) -> dg.ExecuteInProcessResult:
    return order_desk.execute_in_process(instance=instance, resources={"desk": desk}, raise_on_error=False)


def shown(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    """Metadata of every event on `orders`, oldest first."""
    records = instance.fetch_materializations(ORDERS, limit=100, ascending=True).records
    found = [record.asset_materialization for record in records]
    return [{name: value.value for name, value in event.metadata.items()} for event in found if event is not None]


def test_an_event_per_order(instance: dg.DagsterInstance) -> None:
    """The desk executes what waits, shows each order once with its numbers, and ends well at the close."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.send("one")
    desk.send("two")

    result = open_desk(instance, desk)

    events = shown(instance)
    assert result.success
    assert [(event["order_id"], event["state"]) for event in events] == [("one", "FILLED"), ("two", "FILLED")]
    assert (events[0]["ticket"], events[0]["price"], events[0]["lots"]) == (1, 150.0, 0.1)
    assert events[0]["latency_ms"] == events[0]["queue_ms"] + events[0]["handling_ms"]  # type: ignore[operator]


def test_a_shown_order_is_not_shown_again(instance: dg.DagsterInstance) -> None:
    """The next desk shows nothing that this one has shown."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.send("one")

    open_desk(instance, desk)
    open_desk(instance, desk)

    assert len(shown(instance)) == 1


def test_another_desk_is_a_failure(instance: dg.DagsterInstance) -> None:
    """A desk that does not get the lease is a failed run that says so, and touches nothing."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.hold_lease("other", 60)
    desk.send("one")

    result = open_desk(instance, desk)

    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "another desk holds the lease" in (data.description or "")
    assert desk.queue.depth().waiting == 1


def test_lost_lease_is_a_failure(instance: dg.DagsterInstance) -> None:
    """A desk that slept through its lease and finds another one at work ends red, and takes nothing more."""
    desk = FakeDesk(BEFORE_CLOSE)

    class Sleepy(MemoryOrderQueue):
        def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
            desk.clock.sleep(20)
            desk.hold_lease("successor", 60)
            return ()

    desk.queue = Sleepy(desk.clock)

    result = open_desk(instance, desk)

    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert (data.description or "").startswith("LeaseLost")
    assert desk.broker.submitted == []


def test_next_desk_waits_for_a_dead_ones_lease(instance: dg.DagsterInstance) -> None:
    """A desk that follows a dead one waits until the lease has run out, then trades."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.hold_lease("dead", 15)
    desk.send("one")

    result = open_desk(instance, desk)

    assert result.success
    assert [event["order_id"] for event in shown(instance)] == ["one"]


def test_a_failed_runs_lease_is_ended_at_once(instance: dg.DagsterInstance) -> None:
    """Once the dead desk's run has failed, the next one trades without waiting for the lease to run out."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.hold_lease(ended(instance), 14)
    desk.send("one")
    before = desk.clock.now()

    open_desk(instance, desk)

    record = desk.ledger.order("one")
    assert record is not None
    assert (record.updated_at - before).total_seconds() < 1


def test_unknown_outcome_is_an_error_line(instance: dg.DagsterInstance) -> None:
    """An order whose outcome is not known writes an error into the run's log, and the run goes on."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.broker.script = [Unknown(reason="the connection broke in mid-call")]
    desk.send("one")

    result = open_desk(instance, desk)

    logs = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.level == 40]
    assert any("one is UNKNOWN" in line for line in logs)


def test_one_order_by_its_id(instance: dg.DagsterInstance) -> None:
    """An operator's run executes exactly the order it was given and shows it."""
    desk = FakeDesk(BEFORE_CLOSE)
    desk.accept("one")
    desk.accept("two")
    config = {"ops": {"execute_order": {"config": {"order_id": "two"}}}}

    result = order_execution.execute_in_process(instance=instance, resources={"desk": desk}, run_config=config)

    untouched = desk.ledger.order("one")
    assert result.success
    assert [event["order_id"] for event in shown(instance)] == ["two"]
    assert untouched is not None
    assert untouched.state is State.RECEIVED


def test_unknown_order_id_is_refused(instance: dg.DagsterInstance) -> None:
    """An id that the ledger does not know is a failed run, not a silent success."""
    config = {"ops": {"execute_order": {"config": {"order_id": "nobody"}}}}

    result = order_execution.execute_in_process(
        instance=instance, resources={"desk": FakeDesk()}, run_config=config, raise_on_error=False
    )

    assert not result.success


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself SIGINT on Windows without its console")
def test_cancel_waits_for_the_order_in_hand() -> None:
    """An interrupt in the middle of an order is only noted; the order is finished, then the run is cancelled."""
    cancellation = Cancellation()
    finished = []

    def orders() -> Iterator[str]:
        while not cancellation():
            os.kill(os.getpid(), signal.SIGINT)
            finished.append("in hand")
            yield "in hand"

    with pytest.raises(DagsterExecutionInterruptedError):
        finished.extend(f"shown {item}" for item in cancellation.shield(orders()))

    assert finished == ["in hand", "shown in hand"]
