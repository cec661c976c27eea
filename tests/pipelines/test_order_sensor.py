"""When the sensor opens a desk, when it does not, and that it says why."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from axia_pipelines import sensors
from axia_pipelines.jobs import DESK
from axia_pipelines.resources import DeskResource
from axia_pipelines.sensors import FINISHED, order_sensor
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


def test_a_desk_without_a_lease_is_given_up(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that shows as started but has held no lease for minutes is failed, and the next desk opens at once.

    With Dagster's database away a code server may take a dead desk for a living one until it is started anew.
    """
    run = instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED))
    desk = FakeDesk()
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        first = order_sensor(context)
        monkeypatch.setattr(sensors, "WITHOUT_LEASE_S", -1.0)
        later = order_sensor(context)

    assert (type(first), type(later)) == (dg.SkipReason, dg.RunRequest)
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_lease_that_comes_back_starts_the_wait_anew(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two short times without a lease, with one between them, are not a long one."""
    instance.add_run(dg.DagsterRun(job_name=DESK, status=DagsterRunStatus.STARTED))
    desk = FakeDesk()
    with dg.build_sensor_context(instance=instance, resources={"desk": desk}) as context:
        order_sensor(context)
        desk.hold_lease("the-desk", 10)
        order_sensor(context)
        desk.clock.sleep(11)
        monkeypatch.setattr(sensors, "WITHOUT_LEASE_S", -1.0)
        answer = order_sensor(context)

    assert isinstance(answer, dg.SkipReason)


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
