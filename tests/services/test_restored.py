"""A restored ledger is taken into use under HALT, with an epoch that is searched from the restored moment on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.messages import Epoch
from axia_core.errors import InvalidInput, LeaseLost, StoreUnavailable
from axia_core.services.restored import restored
from tests.services.conftest import World

DAYS = timedelta(days=5)


def test_halt_and_epoch(world: World) -> None:
    """Trading is stopped by whoever restored, a desk that is open loses its lease, and the moment is kept."""
    lease, moment = world.lease(), world.clock.now() - DAYS

    restored(moment, "ada", ledger=world.ledger, clock=world.clock)

    switch, epoch = world.ledger.kill_switch(), world.ledger.epoch()
    assert (switch.active, switch.mode, switch.who) == (True, Mode.HALT, "ada")
    assert epoch is not None
    assert (epoch.since, epoch.restored_to) == (world.clock.now(), moment)
    with pytest.raises(LeaseLost):
        world.ledger.renew_lease(lease, 10, world.clock.now())


def test_it_can_be_said_again(world: World) -> None:
    """After a death in between, or a second restore, another epoch begins."""
    moment = world.clock.now() - DAYS
    world.ledger.begin_epoch = not_now  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreUnavailable):
        restored(moment, "ada", ledger=world.ledger, clock=world.clock)
    assert world.ledger.kill_switch().active
    del world.ledger.begin_epoch  # type: ignore[method-assign]

    epochs = []
    for _ in range(2):
        world.clock.step(timedelta(seconds=1))
        epochs.append(restored(moment, "ada", ledger=world.ledger, clock=world.clock))

    assert world.ledger.epoch() == epochs[1] != epochs[0]


@pytest.mark.parametrize("ago", [timedelta(seconds=-1), timedelta(days=61)])
def test_moment_that_cannot_be(world: World, ago: timedelta) -> None:
    """One that is still to come, or further back than orders are searched, is refused before anything is written."""
    with pytest.raises(InvalidInput, match="60 days"):
        restored(world.clock.now() - ago, "ada", ledger=world.ledger, clock=world.clock)

    assert (world.ledger.kill_switch(), world.ledger.epoch()) == (KillSwitch(active=False, version=1), None)


def not_now(*_: object) -> Epoch:
    raise StoreUnavailable("throttled")
