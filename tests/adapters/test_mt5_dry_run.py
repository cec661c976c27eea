"""The dry run over a real terminal process: it asks `order_check`, and nothing reaches the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axia_cli.main import app
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.mt5 import dry_run
from axia_core.adapters.mt5.dry_run import Mt5DryRun
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import NotSent, Settled
from axia_core.settings import Settings
from tests.conftest import LocalAws

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def profile(**changes: object) -> TerminalProfile:
    return TerminalProfile.model_validate({"clock": {"fixed": NOW.isoformat()}, **changes})


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mt5DryRun]:
    create_terminal(tmp_path / "paper", profile())
    with dry_run.connect(Settings(mt5_path=tmp_path / "paper"), SteppedClock(NOW)) as found:
        yield found


def order(lots: str, action: Action = Action.BUY, ticket: int | None = None) -> Order:
    return Order(order_id="A1", symbol="USDJPY", action=action, kind=Kind.MARKET, lots=Decimal(lots), mt5_ticket=ticket)


def test_terminal_has_no_objection(broker: Mt5DryRun) -> None:
    """An order that the account can carry is not objected to, and no position comes of it."""
    assert broker.check(order("0.1")) is None
    assert broker.positions() == ()


def test_no_money(broker: Mt5DryRun, tmp_path: Path) -> None:
    """An order beyond the account's margin is objected to with the broker's code."""
    create_terminal(tmp_path / "paper", profile(account={"leverage": 10}))

    objection = broker.check(order("100"))

    assert isinstance(objection, Settled)
    assert (objection.state, objection.execution.retcode) == (State.REJECTED, 10019)


def test_order_that_cannot_be_built(broker: Mt5DryRun) -> None:
    """A volume below the symbol's minimum, and a CLOSE of nothing, are objected to before the terminal is asked."""
    for wrong in (order("0.001"), order("0.1", Action.CLOSE, ticket=4711)):
        objection = broker.check(wrong)
        assert isinstance(objection, NotSent)
        assert not objection.can_wait


def test_never_sends(broker: Mt5DryRun) -> None:
    """Submitting to a dry run is not sending."""
    assert isinstance(broker.submit(order("0.1"), NOW + timedelta(minutes=1)), NotSent)
    assert broker.positions() == ()


class TestCommand:
    """`axia order check` from the command line to the terminal and back."""

    @pytest.fixture
    def axia(self, aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
        dynamodb = aws.client("dynamodb")
        for item in dynamodb.scan(TableName=TABLE)["Items"]:
            dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
        DynamoOrderLedger(dynamodb, TABLE).initialise_kill_switch(active=False, who="test", now=NOW)
        shift_s = (NOW - datetime.now(UTC)).total_seconds()
        create_terminal(tmp_path / "paper", profile(clock={"shift_s": shift_s}))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        monkeypatch.setenv("AXIA_MT5_PATH", str(tmp_path / "paper"))
        monkeypatch.setenv("AXIA_CLOCK_SHIFT_S", str(shift_s))
        return CliRunner()

    def run(self, axia: CliRunner, *arguments: str) -> Result:
        return axia.invoke(app, ["order", "check", *arguments])

    def test_good_order(self, axia: CliRunner) -> None:
        """It would be sent: exit code 0, every check in the document."""
        result = self.run(axia, "USDJPY", "--lots", "0.1", "--json")

        document = json.loads(result.stdout)
        assert (result.exit_code, document["comes_to"], document["code"]) == (0, "SENT", None)
        assert document["checks"][-1] == {
            "code": "BROKER",
            "passed": True,
            "figure": "the terminal has no objection",
            "limit": "the terminal's own check of the request",
        }

    def test_order_beyond_its_limits(self, axia: CliRunner) -> None:
        """It would be refused: exit code 1, the table says by what."""
        result = self.run(axia, "USDJPY", "--lots", "7")

        assert result.exit_code == 1
        assert "REFUSED by MAX_LOTS" in result.stderr
        assert "Nothing was sent" in result.stderr

    def test_message_as_it_comes(self, axia: CliRunner) -> None:
        """A whole message can be checked, also one that is no order."""
        result = self.run(axia, "--message", '{"symbol": "USDJPY", "order_action": "HOLD"}', "--json")

        assert json.loads(result.stdout)["comes_to"] == "DEAD_LETTER"
