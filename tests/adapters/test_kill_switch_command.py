"""`axia kill-switch on|cancel-all|close-all|audit`, from the command line to a paper terminal and the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.names import TABLE
from axia_core.domain.orders import Action, Kind, Order
from axia_core.ports import Broker
from axia_core.settings import Settings
from tests.conftest import LocalAws

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class Axia:
    """The command, the ledger it talks to, and a look at the broker's book beside it."""

    ledger: DynamoOrderLedger
    broker: Broker

    def run(self, *arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, ["kill-switch", *arguments], input=answer)

    def document(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json").stdout)
        return found


@pytest.fixture
def axia(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Axia]:
    """A released switch, and a book with one position and one pending order."""
    dynamodb = aws.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    ledger.initialise_kill_switch(active=False, who="test", now=NOW)
    shift_s = (NOW - datetime.now(UTC)).total_seconds()
    create_terminal(tmp_path / "paper", TerminalProfile.model_validate({"clock": {"shift_s": shift_s}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    monkeypatch.setenv("AXIA_MT5_PATH", str(tmp_path / "paper"))
    monkeypatch.setenv("AXIA_CLOCK_SHIFT_S", str(shift_s))
    clock = SystemClock(timedelta(seconds=shift_s))
    with beside.connect(Settings(mt5_path=tmp_path / "paper"), clock) as broker:
        _fill(broker, clock.now() + timedelta(minutes=5))
        yield Axia(ledger, broker)


def _fill(broker: Broker, send_by: datetime) -> None:
    entry = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.1"))
    price = broker.quote("USDJPY").bid - 5
    limit = Order(
        order_id="A2", symbol="USDJPY", action=Action.BUY, kind=Kind.LIMIT, lots=Decimal("0.1"), entry_price=price
    )
    broker.submit(entry, send_by)
    broker.submit(limit, send_by)


def test_on_cancels_what_is_pending(axia: Axia) -> None:
    """By default `on` leaves no pending order, and the positions alone."""
    document = axia.document("on", "--reason", "smoke")

    assert (document["active"], document["broker"]["complete"]) == (True, True)
    assert axia.broker.pending() == ()
    assert len(axia.broker.positions()) == 1


def test_on_can_keep_what_is_pending(axia: Axia) -> None:
    """With --keep-pending the book is left alone."""
    document = axia.document("on", "--keep-pending")

    assert (document["active"], document["broker"]) == (True, None)
    assert len(axia.broker.pending()) == 1


def test_on_can_close_everything(axia: Axia) -> None:
    """With --close-all, once confirmed, the book is empty."""
    result = axia.run("on", "--reason", "smoke", "--close-all", answer="y\n")

    assert result.exit_code == 0
    assert "nothing is left" in result.stderr
    assert (axia.broker.pending(), axia.broker.positions()) == ((), ())


def test_without_consent_nothing_happens(axia: Axia) -> None:
    """A no leaves book and switch as they were."""
    result = axia.run("on", "--close-all", answer="n\n")

    assert result.exit_code == 1
    assert not axia.ledger.kill_switch().active
    assert len(axia.broker.positions()) == 1


def test_on_is_on_where_the_terminal_is_away(axia: Axia, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a terminal the switch is thrown all the same; the exit code is 1 and the document says why."""
    monkeypatch.setenv("AXIA_MT5_PATH", str(tmp_path / "nowhere"))

    result = axia.run("on", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["active"], document["broker"]["complete"]) == (1, True, False)
    assert axia.ledger.kill_switch().active


def test_close_all_alone_needs_halt(axia: Axia) -> None:
    """While trading is allowed nothing is closed: exit code 2, and the remedy is named."""
    result = axia.run("close-all", "--yes")

    assert result.exit_code == 2
    assert "on --close-all" in result.stderr
    assert len(axia.broker.positions()) == 1


def test_cancel_all_alone_and_its_audit(axia: Axia) -> None:
    """`cancel-all` cancels, and `audit` tells who did what to which ticket, and what came of it."""
    (pending,) = axia.broker.pending()

    result = axia.run("cancel-all", "--yes")

    lines = json.loads(axia.run("audit", "--json").stdout)
    assert result.exit_code == 0
    assert [line["outcome"] for line in lines] == ["about to be sent", "DONE"]
    assert f"CANCEL USDJPY 0.1 lots, ticket {pending.ticket}" == lines[0]["what"]
    assert lines[0]["who"]
