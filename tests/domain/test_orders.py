"""Order messages: what is accepted, what is refused by name, and the ids derived from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.orders import STRATEGY, Action, Kind, is_ours, magic_of, parse_order
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import InvalidOrder

ORIGINAL = {
    "symbol": "USDJPY",
    "order_action": "BUY",
    "order_type": "MARKET",
    "lot_size": 0.1,
    "tp_price": 150.0,
    "sl_price": 149.0,
    "comment": "Streamlit_Manual_Order",
}


def parse(**changes: Any) -> Any:
    merged = {name: value for name, value in (ORIGINAL | changes).items() if value is not ...}
    return parse_order(json.dumps(merged), "message-1", DEFAULT_SYMBOLS)


def test_original_format_is_a_market_order() -> None:
    """The seven fields of the original design parse exactly, and take the message's id."""
    order = parse()

    assert (order.order_id, order.action, order.kind) == ("message-1", Action.BUY, Kind.MARKET)
    assert (Decimal("0.1"), Decimal(150), Decimal(149)) == (order.lots, order.take_profit, order.stop_loss)


def test_ticket_id_is_an_alias() -> None:
    """`ticket_id` names the order where `order_id` is absent."""
    assert parse(ticket_id="T-1").order_id == "T-1"


def test_zero_price_means_none() -> None:
    """A stop of 0 is no stop, as in MT5."""
    assert parse(sl_price=0, tp_price=0.0).stop_loss is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "EURSEK"}, "symbol"),
        ({"symbol": 5}, "symbol"),
        ({"symbol": ...}, "symbol"),
        ({"order_action": "HOLD"}, "order_action"),
        ({"order_type": "market"}, "order_type"),
        ({"order_type": ...}, "order_type"),
        ({"lot_size": 0}, "lot_size"),
        ({"lot_size": -0.1}, "lot_size"),
        ({"lot_size": "0.1"}, "lot_size"),
        ({"lot_size": True}, "lot_size"),
        ({"lot_size": 1e300}, "lot_size"),
        ({"lot_size": 1e-30}, "lot_size"),
        ({"lot_size": ...}, "lot_size"),
        ({"tp_price": -1}, "tp_price"),
        ({"sl_price": [149]}, "sl_price"),
        ({"sl_price": 151.0}, "sl_price"),
        ({"comment": "line\nbreak"}, "comment"),
        ({"comment": "x" * 201}, "comment"),
        ({"comment": False}, "comment"),
        ({"comment": {}}, "comment"),
        ({"order_id": "a b"}, "order_id"),
        ({"order_id": ""}, "order_id"),
        ({"order_id": "A", "ticket_id": "B"}, "ticket_id"),
        ({"entry_price": 149.5}, "entry_price"),
        ({"order_type": "LIMIT"}, "entry_price"),
        ({"order_type": "IFOCO", "entry_price": 149.5, "sl_price": 0}, "tp_price, sl_price"),
        ({"order_action": "CLOSE"}, "mt5_ticket"),
        ({"mt5_ticket": 5}, "mt5_ticket"),
        ({"target_order_id": "A"}, "target_order_id"),
        ({"order_action": "CLOSE", "target_order_id": "a b"}, "target_order_id"),
        ({"order_action": "CLOSE", "target_order_id": 5}, "target_order_id"),
        ({"order_action": "CLOSE", "target_order_id": "A", "mt5_ticket": 5}, "target_order_id"),
        ({"order_action": "CLOSE", "target_order_id": "A", "order_id": "A"}, "target_order_id"),
        ({"order_action": "CLOSE", "mt5_ticket": 1.5}, "mt5_ticket"),
        ({"created_at": "2026-07-03T09:00:00"}, "created_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"created_at": 1234}, "created_at"),
        ({"created_at": "0001-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": "1999-12-31T23:59:59Z"}, "created_at"),
        ({"expires_at": "2100-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "expires_at"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_field_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    """A message that breaks a rule is refused by an error that names the field."""
    with pytest.raises(InvalidOrder) as refused:
        parse(**changes)
    assert field == refused.value.field


@pytest.mark.parametrize("action", ["CLOSE", "CANCEL"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entry_price": 160.0}, "entry_price"),
        ({"tp_price": 151.0}, "tp_price"),
        ({"sl_price": 149.0}, "sl_price"),
        ({"order_type": "LIMIT"}, "order_type"),
    ],
)
def test_what_an_exit_cannot_do_is_refused(action: str, changes: dict[str, Any], field: str) -> None:
    """A CLOSE or CANCEL with a price, or as a pending order, is refused: ignoring it would do something else."""
    plain = {"order_action": action, "mt5_ticket": 7, "tp_price": 0, "sl_price": 0}

    assert parse(**plain).mt5_ticket == 7
    with pytest.raises(InvalidOrder) as refused:
        parse(**(plain | changes))
    assert field == refused.value.field


def test_modify_needs_something_to_change() -> None:
    """A MODIFY that names no price would change nothing, or take both stops away, and is refused."""
    with pytest.raises(InvalidOrder) as refused:
        parse(order_action="MODIFY", mt5_ticket=7, tp_price=0, sl_price=0)
    assert refused.value.field == "sl_price"


@given(st.datetimes(timezones=st.timezones(), allow_imaginary=False))
def test_every_time_that_parses_can_be_reckoned_with(instant: datetime) -> None:
    """Whatever time is accepted lies far enough from the ends of the calendar for margins and time zones."""
    try:
        order = parse(created_at=instant.isoformat(), expires_at=instant.isoformat())
    except InvalidOrder:
        assert not 2000 <= instant.year <= 2099
        return
    assert order.created_at == order.expires_at == instant.astimezone(UTC)
    assert order.created_at.astimezone(timezone(-timedelta(hours=14))) - timedelta(days=60) < order.created_at


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        '{"symbol": NaN}',
        '{"symbol": Infinity}',
        '{"a": 1, "a": 1}',
        "[" * 100_000,
        "\ud800",
        "1" * 5_000,
    ],
    ids=["empty", "null", "list", "cut", "nan", "infinity", "twice", "deep", "surrogate", "long number"],
)
def test_malformed_body_is_refused(body: str) -> None:
    """A body that is not one JSON object is refused, and nothing else happens."""
    with pytest.raises(InvalidOrder):
        parse_order(body, "message-1", DEFAULT_SYMBOLS)


def test_huge_message_is_refused_unread() -> None:
    """A message beyond the size limit is refused."""
    with pytest.raises(InvalidOrder, match="at most"):
        parse(comment="x" * 100_000)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_crashes_the_parser(body: str) -> None:
    """Whatever text arrives, it is refused by our error or parsed; nothing else is raised."""
    with pytest.raises(InvalidOrder):
        parse_order(body, "message-1", DEFAULT_SYMBOLS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ORIGINAL, "order_id", "mt5_ticket", "entry_price", "created_at"]), JSON))
def test_no_values_crash_the_parser(changes: dict[str, Any]) -> None:
    """Whatever values the known fields carry, the outcome is an order or our error."""
    try:
        order = parse_order(json.dumps(ORIGINAL | changes), "message-1", DEFAULT_SYMBOLS)
    except InvalidOrder:
        return
    assert order.symbol in DEFAULT_SYMBOLS
    assert order.lots is None or order.lots > 0


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_.:", min_size=1, max_size=64))
def test_magic_is_stable_ours_and_small(order_id: str) -> None:
    """The magic number is a function of the id, recognisable as ours, and exact in a float."""
    magic = magic_of(order_id)

    assert magic == magic_of(order_id)
    assert is_ours(magic)
    assert 0 < magic < 2**53
    assert not is_ours(0)
    assert magic >> 48 == STRATEGY


@given(st.text(alphabet="abcdefghijklmnop", min_size=1, max_size=64))
def test_comment_token_fits_the_terminal(order_id: str) -> None:
    """The token in the broker's comment never exceeds MT5's 29 characters."""
    assert len(parse(order_id=order_id).token) <= 29


def test_content_hash_tells_content_from_spelling() -> None:
    """Two spellings of the same number are the same content; another size is not."""
    body = json.dumps(ORIGINAL | {"order_id": "A"})

    same = parse_order(body.replace("0.1,", "0.10,"), "other-message", DEFAULT_SYMBOLS)

    assert parse(order_id="A").content_hash() == same.content_hash()
    assert parse(order_id="A", lot_size=0.2).content_hash() != same.content_hash()


def test_time_of_making_is_no_content() -> None:
    """An id that is sent again with a new created_at is the same order; with another expires_at it is not."""
    first = parse(order_id="A", created_at="2026-07-01T12:00:00Z")

    assert first.content_hash() == parse(order_id="A", created_at="2026-07-01T12:00:07Z").content_hash()
    assert first.content_hash() != parse(order_id="A", expires_at="2026-07-01T12:00:07Z").content_hash()


def test_exit_may_name_its_target() -> None:
    """A CLOSE may name an order instead of a ticket."""
    order = parse(order_action="CLOSE", target_order_id="A-1", tp_price=0, sl_price=0)

    assert (order.target_order_id, order.mt5_ticket) == ("A-1", None)


def test_likeness_ignores_who_and_when() -> None:
    """Orders that ask for the same are alike under other ids, comments and times; other lots are not."""
    first = parse(order_id="A")
    second = parse(order_id="B", comment="again", created_at="2026-07-01T12:00:00Z")

    assert first.likeness() == second.likeness()
    assert first.likeness() != parse(lot_size=0.2).likeness()
