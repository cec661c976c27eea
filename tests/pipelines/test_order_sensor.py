"""When the sensor opens a desk, when it does not, and that it says why."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.launcher.base import CheckRunHealthResult
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import GRPC_INFO_TAG

from axia_cli.stack.ports import free_ports
from axia_core.adapters.clock import SteppedClock
from axia_pipelines import sensors
from axia_pipelines.instance.launcher import HealthyRunLauncher
from axia_pipelines.jobs import DESK
from axia_pipelines.resources import DeskResource
from axia_pipelines.sensors import FINISHED, WITHOUT_LEASE_S, order_sensor
from tests.pipelines.fakes import FakeDesk, ended
from tests.services.hostile import AT_ONCE, SEED, chunks, messages

SATURDAY = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
UNFINISHED = [status for status in DagsterRunStatus if status not in FINISHED]


def look(instance: dg.DagsterInstance, desk: DeskResource) -> dg.RunRequest | dg.SkipReason:
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        answer = order_sensor(context)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def test_open_market_opens_a_desk(instance: dg.DagsterInstance) -> None:
    """While the market is open a desk is opened although nothing waits, and the run says why, and on which account."""
    request = look(instance, FakeDesk())

    assert isinstance(request, dg.RunRequest)
    assert request.run_key is None
    assert request.tags == {"axia/why": "the market is open", "axia/account": "demo"}


def test_closed_and_idle(instance: dg.DagsterInstance) -> None:
    """On a Saturday with nothing to do the sensor skips and says that all is settled."""
    answer = look(instance, FakeDesk(SATURDAY))

    assert isinstance(answer, dg.SkipReason)
    assert "market is closed" in (answer.skip_message or "")


def test_waiting_message_opens_a_desk_on_a_weekend(instance: dg.DagsterInstance) -> None:
    """A message that waits must be accepted, open market or not; the sensor leaves it in the queue."""
    desk = FakeDesk(SATURDAY)
    desk.send("weekend")

    assert isinstance(look(instance, desk), dg.RunRequest)
    assert desk.queue.depth().waiting == 1


def test_hostile_messages_do_not_crash_it(instance: dg.DagsterInstance) -> None:
    """The sensor looks at the queue and opens no message: whatever lies in it, a desk is asked for."""
    desk = FakeDesk(SATURDAY)
    for body in next(chunks(messages(Random(SEED)))):
        desk.queue.send(body)

    assert isinstance(look(instance, desk), dg.RunRequest)
    assert desk.queue.depth().waiting == AT_ONCE


@pytest.mark.parametrize("status", UNFINISHED)
def test_one_desk_at_a_time(instance: dg.DagsterInstance, status: DagsterRunStatus) -> None:
    """While a desk run is in any state that is not final no other is opened, and the skip names it."""
    location = RegisteredCodeLocationOrigin("axia")
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), DESK)
    run = instance.add_run(dg.DagsterRun(job_name=DESK, status=status, remote_job_origin=origin))

    answer = look(instance, FakeDesk())

    assert isinstance(answer, dg.SkipReason)
    assert run.run_id in (answer.skip_message or "")


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING])
def test_a_desk_that_does_not_start_is_given_up(
    instance: dg.DagsterInstance, status: DagsterRunStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that goes down while a desk is launched leaves one that never starts; two minutes are enough for it."""
    run = instance.add_run(dg.DagsterRun(job_name=DESK, status=status))
    early = look(instance, FakeDesk())
    monkeypatch.setattr(sensors, "STARTS_WITHIN_S", -1.0)

    late = look(instance, FakeDesk())

    assert (type(early), type(late)) == (dg.SkipReason, dg.RunRequest)
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_desk_without_a_lease_is_given_up(instance: dg.DagsterInstance) -> None:
    """A run that shows as started but has held no lease for minutes is failed, and the next desk opens at once.

    With Dagster's database away a code server may take a dead desk for a living one until it is started anew.
    """
    run = instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED))
    desk = FakeDesk()
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        first = order_sensor(context)
        desk.clock.sleep(WITHOUT_LEASE_S)
        later = order_sensor(context)

    assert (type(first), type(later)) == (dg.SkipReason, dg.RunRequest)
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_lease_that_comes_back_starts_the_wait_anew(instance: dg.DagsterInstance) -> None:
    """Two short times without a lease, with one between them, are not a long one."""
    instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED))
    desk = FakeDesk()
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        order_sensor(context)
        desk.clock.sleep(WITHOUT_LEASE_S - 20)
        desk.hold_lease("the-desk", 10)
        order_sensor(context)
        desk.clock.sleep(WITHOUT_LEASE_S - 20)
        answer = order_sensor(context)

    assert isinstance(answer, dg.SkipReason)


def started(instance: dg.DagsterInstance, code_server: int) -> dg.DagsterRun:
    """A desk that shows as started, by the code server at a port."""
    tags = {GRPC_INFO_TAG: f'{{"host": "127.0.0.1", "port": {code_server}}}'}
    return instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED, tags=tags))


def test_the_first_tick_after_a_reboot_opens_the_next_desk(stored_instance: dg.DagsterInstance) -> None:
    """A desk whose code server is gone is failed then and there, though it left its lease: run monitoring may be later.

    The tick after this one would be five seconds later.
    """
    (nobody_listens,) = free_ports(1)
    run = started(stored_instance, nobody_listens)
    desk = FakeDesk()
    desk.hold_lease(run.run_id, 14)

    answer = look(stored_instance, desk)

    record = stored_instance.get_run_record_by_id(run.run_id)
    assert isinstance(answer, dg.RunRequest)
    assert record is not None
    assert record.dagster_run.status is DagsterRunStatus.FAILURE
    assert record.end_time is not None


def test_a_desk_that_dies_during_a_tick_is_followed_in_that_tick(instance: dg.DagsterInstance) -> None:
    """The sensor looks twice: an order does not wait for the next tick if the desk was killed just after a look."""
    run = instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED))
    desk = FakeDesk()

    class Killed(SteppedClock):
        def sleep(self, seconds: float) -> None:
            instance.report_run_failed(run)
            super().sleep(seconds)

    desk.ports = replace(desk.ports, clock=Killed(desk.clock.now()))

    assert isinstance(look(instance, desk), dg.RunRequest)


def test_a_desk_whose_code_server_is_busy_is_left_alone(
    stored_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer in time is no answer: the desk may be trading."""
    monkeypatch.setattr(HealthyRunLauncher, "answer_timeout_s", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        run = started(stored_instance, silent.getsockname()[1])

        answer = look(stored_instance, FakeDesk())

    assert isinstance(answer, dg.SkipReason)
    assert stored_instance.get_run_by_id(run.run_id).status is DagsterRunStatus.STARTED  # type: ignore[union-attr]


def test_a_desk_that_ends_while_it_is_asked_about_has_not_failed(
    stored_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is gone in order has said so before it went, and the next desk opens."""
    (nobody_listens,) = free_ports(1)
    run = started(stored_instance, nobody_listens)

    class Closing(HealthyRunLauncher):
        def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
            ending = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_SUCCESS.value, DESK, message="closed")
            stored_instance.report_dagster_event(ending, run.run_id)
            return super().check_run_worker_health(run)

    monkeypatch.setattr(stored_instance, "_run_launcher", Closing())

    answer = look(stored_instance, FakeDesk())

    assert isinstance(answer, dg.RunRequest)
    assert stored_instance.get_run_by_id(run.run_id).status is DagsterRunStatus.SUCCESS  # type: ignore[union-attr]


@pytest.mark.parametrize("status", sorted(FINISHED, key=str))
def test_a_finished_desk_is_followed_by_the_next(instance: dg.DagsterInstance, status: DagsterRunStatus) -> None:
    """Whether the last desk succeeded, failed or was cancelled, the next one opens."""
    instance.add_run(dg.DagsterRun(job_name=DESK, status=status))

    assert isinstance(look(instance, FakeDesk()), dg.RunRequest)


def test_a_held_lease_is_waited_for(instance: dg.DagsterInstance) -> None:
    """A desk whose run Dagster has lost but whose lease is in force keeps the next one out, for as long."""
    desk = FakeDesk()
    desk.hold_lease("lost-run", 15)

    answer = look(instance, desk)
    desk.clock.sleep(16)

    assert isinstance(answer, dg.SkipReason)
    assert "lost-run" in (answer.skip_message or "")
    assert isinstance(look(instance, desk), dg.RunRequest)


def test_a_dead_desk_is_followed_at_once(instance: dg.DagsterInstance) -> None:
    """When the lease's owner is a run that has ended since the last renewal, the next desk starts and waits for it."""
    desk = FakeDesk()
    desk.hold_lease(ended(instance), 14)

    assert isinstance(look(instance, desk), dg.RunRequest)


def test_a_desk_that_outlives_its_run_is_waited_for(instance: dg.DagsterInstance) -> None:
    """A lease that was renewed after its owner's run had ended belongs to a process that may still trade."""
    desk = FakeDesk()
    desk.hold_lease(ended(instance), 30)

    assert isinstance(look(instance, desk), dg.SkipReason)
