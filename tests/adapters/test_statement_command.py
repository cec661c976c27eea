"""`axia order statement` from the command line to a paper terminal and the ledger, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.adapters.s3.statements import S3Statements
from axia_core.domain.names import BUCKET, statement_key
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import parse_order
from axia_core.domain.statement_document import to_document
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from tests.adapters.conftest import NOW, Axia
from tests.adapters.test_reconcile_command import BODY, MESSAGE
from tests.conftest import LocalAws
from tests.contracts.test_statement_store import example


def filled_as(axia: Axia, lots: str) -> None:
    """The ledger calls the fixture's order filled, with so many lots."""
    position = axia.broker.positions()[0]
    axia.ledger.record(parse_order(BODY, "m", DEFAULT_SYMBOLS), MESSAGE, NOW)
    record, lease = axia.ledger.order("A1"), axia.ledger.acquire_lease("test", 10, NOW)
    assert record is not None
    assert lease is not None
    begun = axia.ledger.begin_attempt(record, lease, NOW)
    assert begun is not None
    said = Execution(ticket=position.ticket, price=position.price_open, lots=Decimal(lots))
    axia.ledger.move(begun, State.FILLED, NOW, execution=said)
    axia.ledger.release_lease(lease)


def test_day_that_matches(axia: Axia) -> None:
    """What the ledger and the terminal agree on: exit code 0, the deal in the document."""
    filled_as(axia, "0.1")

    result = CliRunner().invoke(app, ["order", "statement", "--date", "2026-07-01", "--json"])

    document = json.loads(result.stdout)
    assert (result.exit_code, document["matches"], document["missing"]) == (0, True, [])
    assert [(one["order_id"], one["lots"]) for one in document["items"]] == [("A1", "0.1")]
    assert (document["account"], document["balance"]["opening"], document["balance"]["difference"]) == (
        "demo",
        "100000",
        "0",
    )


def test_day_that_does_not_match(axia: Axia) -> None:
    """Other lots in the ledger: exit code 1, and both figures are shown."""
    filled_as(axia, "0.05")

    result = CliRunner().invoke(app, ["order", "statement", "--date", "2026-07-01"], env={"COLUMNS": "250"})

    assert result.exit_code == 1
    assert "DO NOT MATCH" in result.stderr


def test_kept_statement_needs_no_terminal(axia: Axia, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the end of the day has kept is shown from the store, though the terminal cannot be opened."""
    kept = replace(example(), missing=(), items=())
    S3Statements(aws.client("s3"), BUCKET, "demo").write(kept)
    monkeypatch.setenv("AXIA_MT5_PATH", "there/is/none")

    result = CliRunner().invoke(app, ["order", "statement", "--date", kept.day.isoformat(), "--json"])

    aws.client("s3").delete_object(Bucket=BUCKET, Key=statement_key("demo", kept.day))
    assert json.loads(result.stdout) == to_document(kept)
