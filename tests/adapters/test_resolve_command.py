"""`axia order resolve`, `restored` and `reconcile` from the command line to a paper terminal and the ledger."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_core.adapters.clock import SystemClock
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import parse_order
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.settings import load_settings
from tests.adapters.conftest import NOW, Axia
from tests.adapters.test_reconcile_command import BODY, MESSAGE

LOST = BODY.replace("A1", "L1")  # an order that the fixture's broker has never seen


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["order", *arguments], input=answer)


def sent(axia: Axia, order_id: str, ticket: int | None) -> OrderRecord:
    """An order that has been UNKNOWN for ten minutes."""
    at, body = NOW - timedelta(minutes=10), BODY.replace("A1", order_id)
    axia.ledger.record(parse_order(body, "m", DEFAULT_SYMBOLS), MESSAGE, at)
    record, lease = axia.ledger.order(order_id), axia.ledger.acquire_lease("dead", 10, at)
    assert record is not None
    assert lease is not None
    begun = axia.ledger.begin_attempt(record, lease, at)
    assert begun is not None
    return axia.ledger.move(begun, State.UNKNOWN, at, execution=Execution(ticket=ticket))


def state_of(axia: Axia, order_id: str) -> State:
    record = axia.ledger.order(order_id)
    assert record is not None
    return record.state


def open_desk(axia: Axia) -> None:
    clock = SystemClock(load_settings().clock_shift)
    assert axia.ledger.acquire_lease("desk-7", 60, clock.now()) is not None


def test_word_is_asked_for_and_written(axia: Axia) -> None:
    """The person sees order, timeline and what the broker shows, agrees, and it is so; the audit names them."""
    sent(axia, "L1", 77)

    result = run("resolve", "L1", "--as", "REJECTED", "--reason", "portal shows none", answer="y\n")

    assert result.exit_code == 0, result.stderr
    assert "no trace" in result.stderr
    assert state_of(axia, "L1") is State.REJECTED
    assert [line.outcome for line in axia.ledger.audit()][-1] == "portal shows none"


def test_no_is_no(axia: Axia) -> None:
    """Without consent nothing is written."""
    sent(axia, "L1", 77)

    result = run("resolve", "L1", "--as", "REJECTED", "--reason", "portal shows none", answer="n\n")

    assert (result.exit_code, state_of(axia, "L1")) == (1, State.UNKNOWN)


def test_broker_shows_otherwise(axia: Axia) -> None:
    """The position of order A1 is there: it is not REJECTED, whoever says so."""
    sent(axia, "A1", 77)

    result = run("resolve", "A1", "--as", "REJECTED", "--reason", "I think so", "--yes")

    assert (result.exit_code, state_of(axia, "A1")) == (2, State.UNKNOWN)
    assert "the broker shows order A1 as FILLED" in result.stderr


def test_open_desk_keeps_its_lease(axia: Axia) -> None:
    """While a desk is open it is refused, with what to do."""
    sent(axia, "L1", 77)
    open_desk(axia)

    result = run("resolve", "L1", "--as", "REJECTED", "--reason", "portal shows none", "--yes", "--wait", "0.2")

    assert (result.exit_code, state_of(axia, "L1")) == (3, State.UNKNOWN)
    assert "terminate the run of order_desk" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("resolve", "L1", "--as", "REJECTED"), ("restored", "--to", "2026-06-30T00:00Z")]
)
def test_json_asks_nobody(axia: Axia, arguments: tuple[str, ...]) -> None:
    """With --json consent must be given beforehand."""
    assert run(*arguments, "--json").exit_code == 2


def test_reconcile_settles_by_evidence(axia: Axia) -> None:
    """Where no desk is open the order that was executed is found, and the lease is given up."""
    sent(axia, "A1", None)

    result = run("reconcile", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["desk"], document["open"]) == (0, None, [])
    assert [(one["order_id"], one["state"]) for one in document["settled"]] == [("A1", "FILLED")]
    assert axia.ledger.lease_holder(NOW) is None


def test_reconcile_beside_a_desk_only_looks(axia: Axia) -> None:
    """It names the desk that settles orders, and shows what is still open."""
    sent(axia, "A1", None)
    open_desk(axia)

    result = run("reconcile")

    assert result.exit_code == 1
    assert "desk-7 holds the desk's lease" in result.stderr
    assert "order A1 is still UNKNOWN" in result.stderr
    assert state_of(axia, "A1") is State.UNKNOWN


def test_restored(axia: Axia) -> None:
    """Halts, and begins an epoch from the moment given."""
    result = run("restored", "--to", "2026-06-30T09:00:00+09:00", "--yes", "--json")

    document, epoch = json.loads(result.stdout), axia.ledger.epoch()
    assert (result.exit_code, document["restored_to"]) == (0, "2026-06-30T00:00:00+00:00")
    assert epoch is not None
    assert epoch.restored_to is not None
    assert axia.ledger.kill_switch().active


@pytest.mark.parametrize("moment", ["yesterday", "2026-06-30T00:00:00", "2026-07-30T00:00:00Z"])
def test_restored_to_no_moment(axia: Axia, moment: str) -> None:
    """A time that is none, has no zone or is still to come is refused."""
    result = run("restored", "--to", moment, "--yes")

    assert (result.exit_code, axia.ledger.epoch()) == (2, None)
