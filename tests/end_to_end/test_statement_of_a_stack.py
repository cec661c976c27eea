"""The end of a day on a whole stack: the statement is made beside the open desk, kept, shown, and read without MT5.

The terminal that makes it is not the desk's: the desk goes on executing meanwhile. Events stand in the stack's log.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.domain.sessions import last_due_trading_day
from axia_pipelines.partitions import RANGE_END_TAG, RANGE_START_TAG
from tests.end_to_end.conftest import ROOT, Running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCREENSHOTS = os.environ.get("AXIA_SCREENSHOTS")  # read before the stack clears the environment


@pytest.fixture(scope="module")
def filled(stack: Running) -> dict[str, Any]:
    """An order that the desk has executed."""
    sent = stack.axia("order", "send", "USDJPY", "--lots", "0.1", "--wait", "120")
    assert isinstance(sent, dict)
    return sent


@pytest.fixture(scope="module")
def day(stack: Running, filled: dict[str, Any]) -> date:
    """The day that closed last, whose statement a run has made while the desk was open."""
    closed = last_due_trading_day(stack.now())
    dagster = DagsterClient(stack.urls["dagster"])
    tags = {RANGE_START_TAG: closed.isoformat(), RANGE_END_TAG: closed.isoformat()}
    run_id = dagster.launch("daily_statement", tags=tags)
    status = dagster.wait(run_id, timeout_s=180)
    assert status.succeeded, dagster.failures(run_id)
    return closed


def test_kept_statement_is_read_without_a_terminal(stack: Running, day: date) -> None:
    """The command shows what the run has kept; the order of today is not in it, and money and history agree."""
    found = stack.axia("order", "statement", "--date", day.isoformat())

    assert (found["account"], found["verdict"], found["items"]) == ("demo", "MATCHES", [])
    assert found["balance"]["opening_from"] == "the account's history from its beginning"


def test_fill_is_a_line_of_the_log(stack: Running, filled: dict[str, Any]) -> None:
    """The fill stands in the log as one JSON object, with demo or live and its figures."""
    lines = (Path(stack.settings.home) / "logs" / "code-server.log").read_text(errors="replace").splitlines()

    events = [json.loads(line) for line in lines if '"event_type": "order_state"' in line]

    (event,) = [event for event in events if event["order_id"] == filled["order_id"]]
    assert (event["account"], event["state"], event["symbol"], event["lots"]) == ("demo", "FILLED", "USDJPY", "0.1")
    assert event["ticket"]
    assert event["price"]


def test_doctor_finds_the_stack_well(stack: Running, filled: dict[str, Any]) -> None:
    """`axia doctor` sees every part of a running stack and nothing wrong, but that no bars were collected yet."""
    command = [sys.executable, "-m", "axia_cli", "doctor", "--json"]
    result = subprocess.run(command, env=dict(stack.environment), cwd=ROOT, capture_output=True, text=True, check=False)

    # The hourly verification may not have been yet, or have found what a laptop lacks.
    rows = [row for row in json.loads(result.stdout)["findings"] if row["check"] != "recovery"]
    others = [row for row in rows if row["verdict"] != "well"]
    assert [row["check"] for row in others] == ["newest partitions"], others
    assert result.returncode == 1


def test_statement_is_shown(stack: Running, day: date, page: Page, tmp_path: Path) -> None:
    """The asset's page shows the day with its verdict, its account and the balance."""
    page.goto(f"{stack.urls['dagster']}/assets/statement?view=partitions&partition={day}")

    row = page.locator("tr").filter(has_text=re.compile("^verdict"))
    expect(row.first).to_contain_text("MATCHES")
    expect(page.locator("tr").filter(has_text=re.compile("^account")).first).to_contain_text("demo")
    page.screenshot(path=Path(SCREENSHOTS or tmp_path) / "statement.png", full_page=True)
