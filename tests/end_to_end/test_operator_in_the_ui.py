"""An operator's day on a whole stack: fills chosen days, sees an order come in, makes the statement, asks the doctor.

A real browser clicks through Dagster's own pages. What it sees is compared with what S3 and the ledger hold.
Dagster takes minutes for a backfill, most of which it waits: what needs no bars is looked at meanwhile, and so comes
first. With AXIA_SCREENSHOTS=folder the picture for the README is made as well.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from axia_core.adapters import s3
from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.domain.sessions import last_due_trading_day, previous_trading_day
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from axia_pipelines.partitions import RANGE_END_TAG, RANGE_START_TAG
from tests.end_to_end.conftest import ROOT, Running, new_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

H1 = "/assets/ohlcv/h1"
SYMBOLS = ("EURUSD", "USDJPY")  # not neighbours in the list: Dagster cuts them into two runs
DAYS = 3
# Dagster looks for new backfills, and for the end of running ones, every 30 s.
BACKFILL_WITHIN_S = 400.0
STATEMENT_WITHIN_S = 300.0
LOGGED_WITHIN_S = 60.0
PAGE_TRIES, PAGE_TRY_S = 12, 10.0
PICTURE_DAYS = 5
PICTURE_BYTES = 300_000
SCREENSHOTS = os.environ.get("AXIA_SCREENSHOTS")  # read before the stack clears the environment

Partition = tuple[str, Timeframe, date]


@dataclass(frozen=True)
class Launched:
    """What the operator asked for, and the page that shows how it goes."""

    days: tuple[date, ...]
    url: str


@dataclass(frozen=True)
class Backfill:
    """What the operator asked for, how it ended, and what then lay in S3."""

    days: tuple[date, ...]
    status: str
    stored: frozenset[Partition]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages are kept as they were seen, for whoever looks into a failure."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def launched(stack: Running, browser: Browser, pictures: Path) -> Launched:
    """Three days of two symbols, chosen in the dialog and launched; Dagster goes on with them by itself."""
    days = due_days(stack, DAYS)
    with new_page(browser) as page:
        dialog = opened_dialog(page, stack)
        choose_days(dialog, days)
        choose_symbols(page, dialog)
        expect(dialog).to_contain_text(f"{DAYS * len(SYMBOLS)} partitions")
        page.screenshot(path=pictures / "dialog.png")
        dialog.get_by_role("button", name="Launch backfill").click()
        expect(dialog).to_have_count(0)
        # The note that names the backfill is gone in seconds, which a busy machine may take: the list of runs stays.
        page.locator("a[href='/runs']").first.click()
        page.locator("a[href^='/runs/b/']").first.click()
        page.wait_for_url(re.compile("/runs/b/"))
        return Launched(days, page.url)


@pytest.fixture(scope="module")
def backfill(stack: Running, launched: Launched, browser: Browser, pictures: Path) -> Backfill:
    """The same at its end, watched on its page."""
    with new_page(browser) as page:
        page.goto(launched.url)
        status = status_at_the_end(page)
        page.screenshot(path=pictures / "backfill.png")
    return Backfill(launched.days, status, stored(stack.settings))


@pytest.fixture(scope="module")
def order(stack: Running) -> dict[str, Any]:
    """An order that the desk has executed."""
    sent = stack.axia("order", "send", "USDJPY", "--lots", "0.1", "--wait", "120")
    assert isinstance(sent, dict)
    return sent


@pytest.fixture(scope="module")
def day(stack: Running, order: dict[str, Any]) -> date:
    """The day that closed last, whose statement a run has made beside the open desk, by a terminal of its own."""
    closed = last_due_trading_day(stack.now())
    dagster = DagsterClient(stack.urls["dagster"])
    tags = {RANGE_START_TAG: closed.isoformat(), RANGE_END_TAG: closed.isoformat()}
    run_id = dagster.launch("daily_statement", tags=tags)
    status = dagster.wait(run_id, timeout_s=STATEMENT_WITHIN_S)
    assert status.succeeded, dagster.failures(run_id)
    return closed


def due_days(stack: Running, count: int) -> tuple[date, ...]:
    """The newest days whose partitions exist in Dagster, oldest first."""
    days = [last_due_trading_day(stack.now())]
    while len(days) < count:
        days.append(previous_trading_day(days[-1]))
    return tuple(reversed(days))


def opened_dialog(page: Page, stack: Running) -> Locator:
    page.goto(stack.urls["dagster"] + H1)
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Partition selection")
    return dialog


def choose_days(dialog: Locator, days: tuple[date, ...]) -> None:
    box = dialog.get_by_placeholder(re.compile("^ex: "))
    box.fill(f"[{days[0]}...{days[-1]}]")
    box.press("Enter")


def choose_symbols(page: Page, dialog: Locator) -> None:
    dialog.get_by_text("Select a partition or create one").click()
    for symbol in SYMBOLS:
        page.get_by_role("menuitem").filter(has_text=symbol).click()
    # A click beside it closes the list; Escape would close the dialog as well.
    dialog.get_by_text("Launch runs to materialize").click()
    expect(page.get_by_role("menuitem")).to_have_count(0)


def status_at_the_end(page: Page) -> str:
    status = page.get_by_text("Status", exact=True).locator("xpath=following-sibling::div")
    expect(status).to_have_text(re.compile("Succeeded|Completed|Fail|Cancel"), timeout=BACKFILL_WITHIN_S * 1000)
    return status.inner_text()


def stored(settings: Settings) -> frozenset[Partition]:
    """Every partition that lies in S3."""
    store = s3.connect(settings)
    return frozenset(
        (name, timeframe, day)
        for name in settings.symbols
        for timeframe in Timeframe
        for day in store.trading_dates(Symbol(name), timeframe)
    )


def shown_metadata(page: Page) -> dict[str, str]:
    """The page's table of metadata, once it is there."""
    rows = page.locator("table tr")
    expect(rows.filter(has_text=re.compile("rows|order_id")).first).to_be_visible()
    cells = (row.locator("td").all_inner_texts() for row in rows.all())
    return {found[0].strip(): found[1].strip() for found in cells if len(found) > 1}


def test_backfill_is_in_the_list_of_runs(launched: Launched) -> None:
    """What was chosen in the dialog becomes a backfill with a page of its own."""
    assert "/runs/b/" in launched.url


def test_order_is_an_event(stack: Running, order: dict[str, Any], page: Page, pictures: Path) -> None:
    """An order that came through the queue is shown on `orders` with its outcome and ticket."""
    page.goto(f"{stack.urls['dagster']}/assets/orders?view=events")
    shown = shown_metadata_of(page, order["order_id"])

    page.screenshot(path=pictures / "order.png")
    assert order["state"] == "FILLED"
    assert (shown["state"], shown["symbol"], shown["action"]) == ("FILLED", "USDJPY", "BUY")
    assert shown["ticket"] == str(order["ticket"])
    expect(page.get_by_text("BUY USDJPY 0.1 lots: FILLED at")).to_be_visible()


def shown_metadata_of(page: Page, order_id: str) -> dict[str, str]:
    """The event is written just after the ledger, so the page may have come too early and is asked again."""
    for _ in range(PAGE_TRIES):
        with suppress(PlaywrightTimeout):
            page.get_by_text(order_id).first.wait_for(timeout=PAGE_TRY_S * 1000)
            return shown_metadata(page)
        page.reload()
    raise AssertionError(f"{order_id} did not appear on the page of orders")


def test_fill_is_a_line_of_the_log(stack: Running, order: dict[str, Any]) -> None:
    """The fill stands in the log as one JSON object, with demo or live and its figures."""
    event = logged(stack, order["order_id"])

    assert (event["account"], event["state"], event["symbol"], event["lots"]) == ("demo", "FILLED", "USDJPY", "0.1")
    assert event["ticket"]
    assert event["price"]


def logged(stack: Running, order_id: str) -> dict[str, Any]:
    """What the log says of an order, once; it is told just after the ledger."""
    deadline, found = time.monotonic() + LOGGED_WITHIN_S, []
    while not found and time.monotonic() < deadline:
        time.sleep(0.2)
        lines = (Path(stack.settings.home) / "logs" / "code-server.log").read_text(errors="replace").splitlines()
        events = [json.loads(line) for line in lines if '"event_type": "order_state"' in line]
        found = [event for event in events if event["order_id"] == order_id]
    (event,) = found
    return event


@pytest.mark.parametrize(
    ("asset", "link", "leads_to"),
    [("orders", "order_desk", "The open desk"), ("orders", "order_sensor", "Opens the order desk")],
)
def test_links_in_descriptions_lead_somewhere(stack: Running, page: Page, asset: str, link: str, leads_to: str) -> None:
    """A description's link opens the page it names: Dagster would not notice a job that was renamed."""
    page.goto(f"{stack.urls['dagster']}/assets/{asset}")

    page.get_by_role("link", name=link).click()

    expect(page.get_by_text(leads_to).first).to_be_visible()


@pytest.mark.parametrize(("name", "kind"), [("collection_at_0700_tokyo", "schedule"), ("order_sensor", "sensor")])
def test_automation_is_on(stack: Running, page: Page, pictures: Path, name: str, kind: str) -> None:
    """Schedule and sensor run from the first start, without a click."""
    page.goto(f"{stack.urls['dagster']}/locations/axia/{kind}s/{name}")

    expect(page.get_by_text("Running", exact=True).first).to_be_visible()

    page.screenshot(path=pictures / f"{kind}.png")
    expect(page.get_by_role("checkbox").first).to_be_checked()


def test_kept_statement_is_read_without_a_terminal(stack: Running, day: date) -> None:
    """The command shows what the run has kept; the order of today is not in it, and money and history agree."""
    found = stack.axia("order", "statement", "--date", day.isoformat())

    assert (found["account"], found["verdict"], found["items"]) == ("demo", "MATCHES", [])
    assert found["balance"]["opening_from"] == "the account's history from its beginning"


def test_statement_is_shown(stack: Running, day: date, page: Page, pictures: Path) -> None:
    """The asset's page shows the day with its verdict, its account and the balance."""
    page.goto(f"{stack.urls['dagster']}/assets/statement?view=partitions&partition={day}")

    row = page.locator("tr").filter(has_text=re.compile("^verdict"))
    expect(row.first).to_contain_text("MATCHES")
    expect(page.locator("tr").filter(has_text=re.compile("^account")).first).to_contain_text("demo")
    page.screenshot(path=Path(SCREENSHOTS or pictures) / "statement.png", full_page=True)


def test_partition_that_was_not_chosen_is_missing(stack: Running, launched: Launched, page: Page) -> None:
    """The same day of another symbol is shown as not there."""
    page.goto(partition_url(stack, launched.days[-1], "GBPUSD"))

    expect(page.get_by_text(f"{launched.days[-1]}|GBPUSD").first).to_be_visible()
    expect(page.get_by_text("No metadata entries")).to_be_visible()


def test_backfill_succeeds(backfill: Backfill) -> None:
    """The chosen days and symbols become a backfill that ends well, watched on its own page."""
    assert backfill.status == "Succeeded"


def test_exactly_the_chosen_partitions_are_stored(backfill: Backfill) -> None:
    """S3 holds the days and symbols that were ticked, in that timeframe, and nothing else."""
    assert backfill.stored == {(symbol, Timeframe.H1, day) for symbol in SYMBOLS for day in backfill.days}


def test_partitions_page_counts_them(stack: Running, backfill: Backfill, page: Page) -> None:
    """The asset's own page has as many partitions materialized, none failed, all others missing."""
    page.goto(f"{stack.urls['dagster']}{H1}?view=partitions")

    expect(page.get_by_text(f"Materialized ({len(backfill.stored)})")).to_be_visible()
    expect(page.get_by_text("Failed (0)")).to_be_visible()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_partition_shows_what_is_in_s3(
    stack: Running, backfill: Backfill, page: Page, pictures: Path, symbol: str
) -> None:
    """A partition's page shows its candles, and says how many bars it should have, whether they are, and where."""
    day = backfill.days[-1]
    truth = s3.connect(stack.settings).truth(Symbol(symbol), Timeframe.H1, day)
    page.goto(partition_url(stack, day, symbol))

    shown = shown_metadata(page)

    expect(page.get_by_role("img", name="candles")).to_be_visible()
    page.screenshot(path=pictures / f"partition-{symbol}.png")
    assert truth is not None
    assert (shown["rows"], shown["expected"], shown["complete"]) == (str(truth.actual), str(truth.expected), "true")
    assert shown["digest"] == truth.digest
    assert shown["dagster/uri"] == f"s3://tss-raw-data/{symbol}/H1/{day:%Y/%m/%d}/data.parquet"


def test_doctor_finds_the_stack_well(stack: Running, backfill: Backfill, order: dict[str, Any]) -> None:
    """`axia doctor` sees every part of a running stack and nothing wrong, but that most bars were never collected."""
    command = [sys.executable, "-m", "axia_cli", "doctor", "--json"]
    result = subprocess.run(command, env=dict(stack.environment), cwd=ROOT, capture_output=True, text=True, check=False)

    # The hourly verification may not have been yet, or have found what a laptop lacks.
    rows = [row for row in json.loads(result.stdout)["findings"] if row["check"] != "recovery"]
    others = [row for row in rows if row["verdict"] != "well"]
    assert [row["check"] for row in others] == ["newest partitions"], others
    assert result.returncode == 1


@pytest.mark.skipif(SCREENSHOTS is None, reason="AXIA_SCREENSHOTS is not set: the README's picture is not made anew")
def test_picture_for_the_readme(stack: Running, backfill: Backfill, page: Page) -> None:
    """A newcomer sees days, symbols, and the truth about one partition, after a week was collected; under 300 KB."""
    days = due_days(stack, PICTURE_DAYS)
    stack.axia("collect", "--from", str(days[0]), "--to", str(days[-1]), "--timeframe", "H1")
    picture = Path(SCREENSHOTS or "") / "dagster-ui.png"

    page.goto(partition_url(stack, days[-1], "USDJPY"))
    box = page.get_by_role("textbox").filter(visible=True).first
    box.fill(f"[{days[0]}...{days[-1]}]")
    box.press("Enter")
    page.get_by_role("button", name="Hide navigation").click()
    expect(page.get_by_text("Missing (0)")).to_be_visible()
    shown_metadata(page)
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture)

    assert picture.stat().st_size < PICTURE_BYTES


def partition_url(stack: Running, day: date, symbol: str) -> str:
    return f"{stack.urls['dagster']}{H1}?view=partitions&partition={quote(f'{day}|{symbol}')}"
