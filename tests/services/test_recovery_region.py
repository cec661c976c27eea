"""Recovering in the other region: HALT, an audit there, and no way around the proof that no host trades here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.memory_recovery import MemoryBackups, MemoryRegionAudit, rows
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.errors import AxiaError, InvalidInput, StoreUnavailable
from axia_core.ports.recovery import Hosts
from axia_core.recovery.region import RegionParts, RegionRecovery
from axia_core.settings import Settings
from tests.services.conftest import WEDNESDAY

OFF = KillSwitch(active=False, version=1)
EVIDENCE = "the broker shows no login of it since 02:10"
NEWEST = WEDNESDAY - timedelta(minutes=3)


@dataclass
class FakeHosts(Hosts):
    """What AWS says; *gone* where it cannot be asked."""

    found: tuple[str, ...] = ()
    gone: AxiaError | None = None

    def alive(self) -> tuple[str, ...]:
        if self.gone:
            raise self.gone
        return self.found


@dataclass
class World:
    """Both regions: this one's hosts and ledger, the copy's ledger and audit."""

    clock: SteppedClock = field(default_factory=lambda: SteppedClock(WEDNESDAY))
    hosts: FakeHosts = field(default_factory=FakeHosts)
    here: MemoryOrderLedger = field(default_factory=lambda: MemoryOrderLedger(OFF))
    there: MemoryOrderLedger = field(default_factory=lambda: MemoryOrderLedger(OFF))
    audit: MemoryRegionAudit = field(default_factory=MemoryRegionAudit)

    def recovery(self) -> RegionRecovery:
        settings = Settings()
        items = rows({"pk": "HEARTBEAT", "sk": "METADATA", "at": NEWEST.isoformat()})
        backups = MemoryBackups(self.clock, {settings.table: items})
        parts = RegionParts(self.hosts, self.here, self.there, backups, self.audit)
        return RegionRecovery(settings, parts, self.clock, "ada")


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, evidence: str = "") -> str:
    """Why it is refused; nothing was changed there and nothing is noted as begun."""
    with pytest.raises(InvalidInput) as error:
        world.recovery().run(evidence)
    assert (world.there.kill_switch(), world.there.epoch(), world.audit.noted) == (OFF, None, [])
    return str(error.value)


def test_copy_starts_in_halt(world: World) -> None:
    """With an epoch from the newest thing that it holds; the audit in its region says who, when and on which proof."""
    outcome = world.recovery().run("")

    switch, epoch = world.there.kill_switch(), world.there.epoch()
    assert (switch.active, switch.mode, switch.who) == (True, Mode.HALT, "ada")
    assert epoch is not None
    assert epoch.restored_to == NEWEST
    assert [line.outcome.split(";")[0] for line in world.audit.noted] == [
        "begun",
        f"HALT in ap-northeast-3, as of {NEWEST.isoformat()}",
    ]
    assert "no instance runs" in outcome.document["proof"]
    assert world.here.kill_switch() == OFF


def test_plan_changes_nothing(world: World) -> None:
    """It can be looked at without being asked for proof."""
    assert "HALT" in " ".join(world.recovery().plan())
    assert world.audit.noted == []


@pytest.mark.parametrize("evidence", ["", EVIDENCE])
def test_running_host_refuses_it_whatever_is_said(world: World, evidence: str) -> None:
    """What AWS shows is stronger than a person's word."""
    world.hosts.found = ("instance i-1 (running)",)

    assert "i-1 (running)" in refused(world, evidence)


@pytest.mark.parametrize("evidence", ["", "  ", "yes"])
def test_region_that_cannot_be_asked_needs_a_person_s_evidence(world: World, evidence: str) -> None:
    """Silence is no proof, and neither is a mere yes."""
    world.hosts.gone = StoreUnavailable("nothing answers")

    assert "how they know" in refused(world, evidence)


def test_person_s_evidence_is_kept(world: World) -> None:
    """Where the region is gone it goes on, and the words are in the audit."""
    world.hosts.gone = StoreUnavailable("nothing answers")

    world.recovery().run(EVIDENCE)

    assert EVIDENCE in world.audit.noted[0].outcome
    assert world.there.kill_switch().active


@pytest.mark.parametrize("which", ["here", "there"])
def test_lease_refuses_it(world: World, which: str) -> None:
    """A desk that holds the lease, in either region, is one that trades."""
    ledger = world.here if which == "here" else world.there
    ledger.acquire_lease("desk of the host", 10, world.clock.now())

    assert "desk of the host" in refused(world, EVIDENCE)


def test_lease_that_ran_out_does_not(world: World) -> None:
    """Seconds later it is over."""
    world.here.acquire_lease("desk of the host", 10, world.clock.now())
    world.clock.step(timedelta(seconds=11))

    assert world.recovery().run("").changed


def test_ledger_that_is_gone_speaks_for_nobody(world: World) -> None:
    """This region's table may not answer; the copy's must."""
    world.here.lease_holder = gone  # type: ignore[method-assign]
    assert world.recovery().run("").changed

    world.there.lease_holder = gone  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        world.recovery().run("")


def gone(*_: object) -> None:
    raise StoreUnavailable("nothing answers")


def test_it_can_be_repeated(world: World) -> None:
    """A second call ends as the first did."""
    world.recovery().run("")
    world.clock.step(timedelta(minutes=1))

    world.recovery().run("")

    assert world.there.kill_switch().active
    assert len(world.audit.noted) == 4
