"""One contract for every ledger's audit trail: in memory, and in DynamoDB on the local AWS server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.domain.kill_switch import AuditLine, KillSwitch
from axia_core.domain.names import TABLE
from axia_core.ports import OrderLedger
from tests.contracts.test_order_ledger import empty

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LINE = AuditLine(at=NOW, who="op", what="CLOSE USDJPY 0.1 lots, ticket 7", outcome="about to be sent")


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[OrderLedger]:
    if request.param == "memory":
        yield MemoryOrderLedger()
        return
    dynamodb = request.getfixturevalue("aws").client("dynamodb")
    empty(dynamodb)
    yield DynamoOrderLedger(dynamodb, TABLE)


def test_lines_read_back_oldest_first(ledger: OrderLedger) -> None:
    """What was noted is read back as it was, in the order of its times."""
    done = replace(LINE, at=NOW + timedelta(seconds=1), outcome="DONE")

    ledger.note_audit(done)
    ledger.note_audit(LINE)

    assert ledger.audit() == (LINE, done)


def test_same_line_is_kept_once(ledger: OrderLedger) -> None:
    """A line that is noted again, because the first answer was lost, is there once."""
    ledger.note_audit(LINE)
    ledger.note_audit(LINE)

    assert ledger.audit() == (LINE,)


def test_lines_of_one_moment_are_all_kept(ledger: OrderLedger) -> None:
    """Two tickets in the same microsecond are two lines, and so is the outcome of one."""
    for line in (LINE, replace(LINE, what="CLOSE USDJPY 0.1 lots, ticket 8"), replace(LINE, outcome="DONE")):
        ledger.note_audit(line)

    assert len(ledger.audit()) == 3


def test_long_outcome_is_kept_whole(ledger: OrderLedger) -> None:
    """An outcome of any length, in any script, is kept whole."""
    long = replace(LINE, outcome="拒否" * 500)

    ledger.note_audit(long)

    assert ledger.audit() == (long,)


def test_changes_of_the_switch_are_lines(ledger: OrderLedger) -> None:
    """Throwing and releasing the switch are audited with person and reason."""
    ledger.set_kill_switch(KillSwitch(active=True, reason="smoke", who="op"), 0, NOW)
    ledger.set_kill_switch(KillSwitch(active=False, reason="fixed", who="boss"), 1, NOW + timedelta(seconds=1))

    thrown, released = ledger.audit()

    assert (thrown.at, thrown.who, thrown.outcome) == (NOW, "op", "smoke")
    assert "ON HALT" in thrown.what
    assert (released.who, released.what, released.outcome) == ("boss", "kill switch OFF (version 2)", "fixed")
