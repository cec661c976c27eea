"""Drills on a server that enforces IAM: the rights of the checks' role are all that they need."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from axia_cli.demo import plan_for
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.paper.profile import TerminalClock, TerminalProfile, create_terminal
from axia_core.domain import names
from axia_core.domain.drill import Drill
from axia_core.drills.hold import hold_drills
from axia_core.recovery.stage import Stage
from axia_core.settings import Settings
from infra import least_privilege
from tests.conftest import REGION
from tests.infra.enforced import Actor, Enforced, enforcing
from tests.infra.test_least_privilege import EMULATED, HOST, VERIFIER, listed


class Acting(Stage):
    """A stage on which everything scratch is done as *me*."""

    def __init__(self, settings: Settings, me: Actor) -> None:
        super().__init__(settings)
        self.me = me

    @property
    def connect(self) -> Any:  # type: ignore[override]
        return lambda service, region="": self.me.client(service, region or REGION)

    def anew(self) -> Stage:
        return self


@pytest.mark.long
def test_the_role_is_all_that_drills_need(tmp_path: Path) -> None:
    """Kill switch, orders, objects and host pass by the role that the host takes on, and by nobody else's rights."""
    with enforcing(tmp_path) as yard:
        least_privilege.emulate(yard.admin, [one for role in listed(yard).values() for one in role], EMULATED)
        settings = prepared(yard, tmp_path)
        stage = Acting(settings, yard.root.take_on(HOST).take_on(VERIFIER))

        reports = hold_drills(
            stage, [Drill.KILL_SWITCH, Drill.ORDERS, Drill.OBJECTS, Drill.HOST], events=MemoryEvents()
        )

    assert {report.drill: report.reason for report in reports} == dict.fromkeys(
        (Drill.KILL_SWITCH, Drill.ORDERS, Drill.OBJECTS, Drill.HOST), ""
    )
    assert all(report.items_compared for report in reports)


def prepared(yard: Enforced, folder: Path) -> Settings:
    """A released switch and a paper broker, on a clock inside an open session."""
    shift_s = plan_for(datetime.now(UTC), ("USDJPY",)).shift.total_seconds()
    create_terminal(folder / "paper", TerminalProfile(clock=TerminalClock(shift_s=shift_s)))
    ledger = DynamoOrderLedger(yard.root.client("dynamodb"), names.TABLE)
    ledger.initialise_kill_switch(active=False, who="test", now=datetime.now(UTC))
    return Settings(
        aws_endpoint_url=yard.url,
        home=folder / "home",
        mt5_path=folder / "paper",
        clock_shift_s=shift_s,
        absence_s=1.0,
        receive_wait_s=1,
        has_copy=True,
    )
