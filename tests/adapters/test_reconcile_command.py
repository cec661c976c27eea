"""`axia order reconcile` from the command line to a paper terminal and the ledger, and back."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_core.domain.messages import Message
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order, magic_of, parse_order
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from tests.adapters.conftest import NOW, Axia

BODY = '{"symbol":"USDJPY","order_action":"BUY","order_type":"MARKET","lot_size":0.1,"order_id":"A1"}'
MESSAGE = Message(message_id="m", body=BODY, sent_at=NOW, receive_count=1, sender="", receipt="")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["order", "reconcile", *arguments])


def known(axia: Axia) -> None:
    """The ledger learns of the order that the fixture's position is of."""
    axia.ledger.record(parse_order(BODY, "m", DEFAULT_SYMBOLS), MESSAGE, NOW)
    record, lease = axia.ledger.order("A1"), axia.ledger.acquire_lease("test", 10, NOW)
    assert record is not None
    assert lease is not None
    begun = axia.ledger.begin_attempt(record, lease, NOW)
    assert begun is not None
    axia.ledger.move(begun, State.FILLED, NOW)
    axia.ledger.release_lease(lease)


def test_position_that_the_ledger_does_not_know_alarms(axia: Axia) -> None:
    """Our magic and no order: exit code 1, and an alarm that names number and ticket."""
    (position,) = axia.broker.positions()

    result = run()

    assert result.exit_code == 1
    assert "ALARM" in result.stderr
    assert str(magic_of("A1")) in result.stderr
    assert str(position.ticket) in result.stderr


def test_what_closed_a_position_is_shown_on_the_order(axia: Axia) -> None:
    """A position that is gone is noted: the document and the order's timeline say by what."""
    known(axia)
    (position,) = axia.broker.positions()
    closing = Order(
        order_id="hand",
        symbol="USDJPY",
        action=Action.CLOSE,
        kind=Kind.MARKET,
        lots=Decimal("0.1"),
        mt5_ticket=position.ticket,
    )
    axia.broker.submit(closing, NOW + timedelta(days=3650))

    result = run("--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["strays"]) == (0, [])
    assert [line["order_id"] for line in document["noted"]] == ["A1"]
    assert "closed by" in axia.ledger.events("A1")[-1].text


def test_accounted_for(axia: Axia) -> None:
    """Where the ledger knows every position: exit code 0, and it says so."""
    known(axia)

    result = run()

    assert result.exit_code == 0
    assert "accounts for every position" in result.stderr
