"""Who may come in: a real browser signs in at an OpenID Connect provider, and the console knows who it is.

Chosen people of the provider are a trader, a viewer, somebody on no list, and a trader whose address is not verified.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import Browser, Page, expect

from tests.conftest import LocalAws
from tests.end_to_end.conftest import new_page
from tests.end_to_end.console_alone import STRANGER, TRADER, UNVERIFIED, VIEWER, Alone, console_alone
from tests.end_to_end.console_pages import fill, reviewed, switch_box, ticket_id

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def console(aws: LocalAws, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """A console that asks for sign-in, with a trading side that reports."""
    with console_alone(aws, redis_url, tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="module")
def trader(console: Alone, browser: Browser) -> Iterator[Page]:
    """The page of the trader, who has signed in."""
    with new_page(browser) as page:
        page.goto(console.url)
        sign_in(page, console, TRADER)
        yield page


def sign_in(page: Page, console: Alone, who: str) -> None:
    """As a person would: the button, the provider's page, one of its people."""
    expect(page.get_by_text("Sign in to see the console.")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=who).click()


def test_viewer_sees_and_cannot_act(console: Alone, page: Page) -> None:
    """A viewer sees prices, positions and the switch, and can press nothing that acts; signing out shuts the door."""
    page.goto(console.url)
    sign_in(page, console, VIEWER)

    expect(page.get_by_text(f"Acting as {VIEWER}")).to_be_visible()
    expect(switch_box(page)).to_contain_text("OFF")
    expect(page.get_by_role("button", name="Stop trading")).to_have_count(0)
    fill(page, "Lots", "0.1")
    expect(page.get_by_text("Verdict of the limits")).to_be_visible()
    expect(page.get_by_role("button", name="Review order")).to_be_disabled()
    page.get_by_role("link", name="Positions and orders").click()
    expect(page.get_by_role("button", name="Close", exact=True).first).to_be_disabled()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Sign in to see the console.")).to_be_visible()
    assert console.provider.ended == [VIEWER]
    assert not [cookie for cookie in page.context.cookies() if "user" in cookie["name"]]


def test_others_are_refused(console: Alone, page: Page) -> None:
    """Nobody sees anything before signing in or on no list, or by an address that the provider has not verified."""
    page.goto(f"{console.url}/system")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(switch_box(page)).to_have_count(0)
    expect(page.get_by_role("link", name="System")).to_have_count(0)

    for who in (STRANGER, UNVERIFIED):
        sign_in(page, console, who)
        expect(page.get_by_text(f"{who} is neither a viewer nor a trader here")).to_be_visible()
        expect(switch_box(page)).to_have_count(0)
        expect(page.get_by_role("button", name="Review order")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()


def test_forged_cookie_is_worth_nothing(console: Alone, page: Page) -> None:
    """Claims that are signed with another secret than the console's open no door."""
    claims = {"email": TRADER, "email_verified": True, "is_logged_in": True, "provider": "default"}
    said = json.dumps(claims | {"origin": console.url})
    forged = URLSafeTimedSerializer("another secret", salt="_streamlit_user").dumps(said)
    page.context.add_cookies([{"name": "_streamlit_user", "value": str(forged), "url": console.url}])

    page.goto(console.url)

    expect(page.get_by_text("Sign in to see the console.")).to_be_visible()


def test_trader_trades_under_their_name(console: Alone, trader: Page) -> None:
    """What a trader sends is audited with the address that the provider gave; no secret is in the page."""
    order_id = ticket_id(trader)
    reviewed(trader).click()
    expect(trader.get_by_text(f"Sent: {order_id}")).to_be_visible()

    assert [line.who for line in console.ledger.audit() if order_id in line.what] == [TRADER]
    assert console.queue.depth().waiting == 1
    assert not re.search("only-for-this-test|a secret of this test", trader.content())
    assert console.provider.refused == []
