"""An account that commands work on: the order table of the local AWS server, and a paper terminal with a small book."""

from __future__ import annotations

import json
import shutil
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


@dataclass(frozen=True)
class Book:
    """The folder of a paper terminal, and its clock: it was NOW when the module began."""

    folder: Path
    clock_shift: timedelta


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """One position and one pending order; each test works on a copy, because opening a terminal takes a second."""
    folder, shift = tmp_path_factory.mktemp("book") / "paper", NOW - datetime.now(UTC)
    profile = TerminalProfile.model_validate({"clock": {"shift_s": shift.total_seconds()}})
    create_terminal(folder, profile)
    clock = SystemClock(shift)
    with beside.connect(Settings(mt5_path=folder), clock) as broker:
        _fill(broker, clock.now() + timedelta(minutes=5))
    return Book(folder, shift)


@pytest.fixture
def axia(aws: LocalAws, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Axia]:
    """A released switch, and a book with one position and one pending order."""
    dynamodb = aws.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    ledger = DynamoOrderLedger(dynamodb, TABLE)
    ledger.initialise_kill_switch(active=False, who="test", now=NOW)
    shutil.copytree(book.folder, tmp_path / "paper")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    monkeypatch.setenv("AXIA_MT5_PATH", str(tmp_path / "paper"))
    monkeypatch.setenv("AXIA_CLOCK_SHIFT_S", str(book.clock_shift.total_seconds()))
    with beside.connect(Settings(mt5_path=tmp_path / "paper"), SystemClock(book.clock_shift)) as broker:
        yield Axia(ledger, broker)


def _fill(broker: Broker, send_by: datetime) -> None:
    entry = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=Decimal("0.1"))
    price = broker.quote("USDJPY").bid - 5
    limit = Order(
        order_id="A2", symbol="USDJPY", action=Action.BUY, kind=Kind.LIMIT, lots=Decimal("0.1"), entry_price=price
    )
    broker.submit(entry, send_by)
    broker.submit(limit, send_by)
