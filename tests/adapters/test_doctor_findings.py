"""`axia doctor`, fault by fault: one fact of a healthy machine is broken, and that alone is found, with its remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from axia_cli.doctor.checklist import checklist
from axia_cli.doctor.local_stack import Place, StackFacts
from axia_cli.doctor.readings import Readings
from axia_core.domain.examination import Examination, Finding, Verdict
from axia_core.services.examine import examine
from tests import doctor_examples as example
from tests.doctor_faults import FAULTS, Fault


def looked_at(read: Readings) -> Examination:
    """The whole examination of these readings."""
    return examine(checklist(read))


def not_well(found: Examination) -> list[tuple[str, Finding]]:
    """What is wrong, by check."""
    rows = [(check.name, finding) for check in found.checks for finding in check.findings]
    return [(name, finding) for name, finding in rows if finding.verdict >= Verdict.WARNING]


def test_healthy_machine_has_nothing_wrong() -> None:
    """Every check says what it has seen, and the exit code is 0."""
    found = looked_at(example.healthy())

    assert not_well(found) == []
    assert found.exit_code == 0
    assert all(check.verdict is Verdict.WELL for check in found.checks)


@pytest.mark.parametrize("broken", FAULTS, ids=str)
def test_fault_is_found_and_nothing_else(broken: Fault) -> None:
    """One broken fact is one finding, of the check that it belongs to, with the remedy that helps."""
    found = looked_at(replace(example.healthy(), **broken.changes))

    ((name, finding),) = not_well(found)
    assert (name, finding.verdict) == (broken.check, broken.verdict)
    assert broken.said in finding.said
    assert broken.remedy in finding.remedy


def test_every_check_has_been_seen_to_find_something() -> None:
    """A check that no fault of the table reaches proves nothing."""
    names = [check.name for check in checklist(example.healthy())]

    assert set(names) == {broken.check for broken in FAULTS}


def test_missing_switch_is_a_failure() -> None:
    """No switch means HALT, which somebody must know."""
    from axia_core.adapters.memory import MemoryOrderLedger

    ledger = MemoryOrderLedger()
    ledger.acquire_lease("desk", 10, example.MONDAY)

    found = looked_at(replace(example.healthy(), ledger=lambda: ledger))

    assert [(name, one.verdict) for name, one in not_well(found)] == [("kill switch", Verdict.FAILURE)]


def test_what_depends_on_a_failure_is_skipped() -> None:
    """On a laptop where nothing runs there is one failure, not twenty."""
    nothing = StackFacts(home=Path("/home/new/.axia"), place=Place.NOWHERE)
    free = {"aws_port": (4566, True)}

    found = looked_at(replace(example.healthy(), stack=lambda: nothing, ports=lambda: free))

    assert len(not_well(found)) == 1
    assert found.count(Verdict.SKIPPED) > 15
    assert found.exit_code == 2


def test_no_secret_is_shown() -> None:
    """A password in a variable or in a secret never reaches what is said."""
    variables = {"AXIA_MT5_PASSWORD": "s3cret", "AXIA_REDIS_URL": "rediss://:s3cret@cache:6379/0"}
    configured = replace(example.configured(mt5_credentials="secrets"), environment=variables)

    found = looked_at(replace(example.healthy(), configuration=lambda: configured))

    told = " ".join(finding.said for check in found.checks for finding in check.findings)
    assert "s3cret" not in told
    assert "AXIA_MT5_PASSWORD=(hidden)" in told
    assert "rediss://(hidden)@cache:6379/0" in told
    assert "login 1 on Broker-Demo" in told
