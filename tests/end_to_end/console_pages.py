"""What several suites do on the console: open a page, type, review a ticket, see the switch, wait for an order."""

from __future__ import annotations

import csv
import re
import time
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Locator, Page, TimeoutError, expect

from axia_core.domain.order_states import OrderRecord, State
from axia_core.ports import OrderLedger

ENDED_WITHIN_S = 60.0
OFFERED_WITHIN_MS = 3_000


def opened(page: Page, url: str, path: str = "", language: str = "English") -> Page:
    """A page of the console once it is drawn, and the trading side's word is fresh."""
    page.goto(f"{url}/{path}")
    chosen = page.get_by_role("radio", name=language)
    expect(chosen).to_be_visible()
    if not chosen.is_checked():
        chosen.click()
    expect(page.get_by_role("status").filter(has_text=re.compile("Live|最新")).first).to_be_visible()
    return page


def fill(page: Page, label: str, text: str) -> None:
    """Types into a field and leaves it, as a person would."""
    box = page.get_by_role("textbox", name=label, exact=True)
    box.fill(text)
    box.press("Tab")


def ticket_id(page: Page) -> str:
    """The id of the ticket that is open; while it is drawn anew, it stands there twice."""
    shown = page.get_by_text(re.compile("^Ticket axia-"))
    expect(shown).to_have_count(1)
    return shown.first.inner_text().removeprefix("Ticket ")


def reviewed(page: Page, lots: str = "0.10") -> Locator:
    """The button that sends, after a ticket with stops was filled in and reviewed."""
    fill(page, "Lots", lots)
    fill(page, "Stop loss", "30")
    fill(page, "Take profit", "60")
    return to_be_sent(page)


def to_be_sent(page: Page) -> Locator:
    """The button that sends, once what can be sent was reviewed."""
    page.get_by_role("button", name="Review order").click()
    return page.get_by_role("button", name="Send order")


def a_new_ticket(page: Page) -> str:
    """The id of a ticket on the page Trade that has not been sent: where the last one was, the next is opened."""
    link = page.get_by_role("link", name="Trade", exact=True)
    if link.get_attribute("aria-current") is None:
        link.click()
    expect(ticket_button(page)).to_be_visible()
    again = page.get_by_role("button", name="New ticket")
    if again.is_visible():
        again.click()
        expect(page.get_by_role("button", name="Review order")).to_be_visible()
    return ticket_id(page)


def ticket_button(page: Page) -> Locator:
    """What can be done with the ticket first, whether it was sent or not."""
    named = page.get_by_role("button", name="New ticket")
    return named.or_(page.get_by_role("button", name="Review order")).first


def switch_box(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text=re.compile("Kill switch:|緊急停止スイッチ:"))


def chosen(page: Page, label: str, value: str) -> None:
    """Picks one of the values that a box offers, and leaves the box, which would lie over what is below it."""
    box, option = page.get_by_role("combobox", name=label), page.get_by_role("option", name=value, exact=True)
    deadline = time.monotonic() + ENDED_WITHIN_S
    while not offered(box, option, value):
        assert time.monotonic() < deadline, f"{label} does not offer {value}"
    box.press("Tab")


def offered(box: Locator, option: Locator, value: str) -> bool:
    """Picks it from the list; False where a page that is drawn anew closes the list and leaves what was typed."""
    box.fill(value)
    try:
        option.click(timeout=OFFERED_WITHIN_MS)
    except TimeoutError:
        box.fill("")
        return False
    return True


def exported(page: Page) -> list[dict[str, str]]:
    """The rows of the file with the history as it is filtered."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    return list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))


def ended(ledger: OrderLedger, order_id: str) -> OrderRecord:
    """The order once it is final."""
    return reached(ledger, order_id, *(state for state in State if state.is_final))


def reached(ledger: OrderLedger, order_id: str, *states: State) -> OrderRecord:
    """The order once it stands in one of *states*."""
    deadline = time.monotonic() + ENDED_WITHIN_S
    while (found := ledger.order(order_id)) is None or found.state not in states:
        assert time.monotonic() < deadline, f"{order_id} is {found and found.state}"
        time.sleep(0.2)
    return found


def place(page: Page, ledger: OrderLedger, kind: str, price: Decimal) -> OrderRecord:
    """A pending order through the ticket, once the broker has it."""
    order_id = a_new_ticket(page)
    chosen(page, "Order type", kind)
    fill(page, "Entry price", f"{price:f}")
    reviewed(page, "0.05").click()
    expect(page.get_by_text(f"Sent: {order_id}")).to_be_visible()
    return reached(ledger, order_id, State.PLACED)


def sent(page: Page, ledger: OrderLedger) -> OrderRecord:
    """What is open on the positions page, reviewed and sent, at its end."""
    order_id = ticket_id(page)
    to_be_sent(page).click()
    return ended(ledger, order_id)


def pending_box(page: Page, found: OrderRecord) -> Locator:
    """The box of a pending order."""
    named = page.get_by_text(f"#{found.execution.ticket} ·")
    return page.get_by_test_id("stVerticalBlock").filter(has=named).filter(has=page.get_by_role("button")).last
