"""Ten thousand messages of every bad kind, with good ones among them, through a desk: the same ones for the same seed.

What is valid is decided a second time, here, from the text and by other means than the product's.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from axia_core.desk_rules import DeskRules
from axia_core.domain.order_states import State
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.settings import Settings
from tests.services.conftest import World, make_world
from tests.services.hostile import FIELDS, MESSAGES, ONE_IN, SEED, chunks, messages


def test_ten_thousand_hostile_messages() -> None:
    """None is executed unless it is valid, the desk works on, good ones get through, and each refusal is recorded."""
    world = loose_world()
    bodies: dict[str, str] = {}

    for chunk in chunks(messages(Random(SEED))):
        bodies |= {world.queue.send(body): body for body in chunk}
        work(world, 45)

    valid = {message_id: order_id for message_id, body in bodies.items() if (order_id := judged(body, message_id))}
    refused = bodies.keys() - valid.keys()
    once = Counter(valid.values())
    repeats = {message_id for message_id, order_id in valid.items() if once[order_id] > 1}  # known, or in conflict
    states = {order_id: world.ledger.order(order_id) for order_id in valid.values()}
    assert MESSAGES / ONE_IN < len(valid) < len(bodies) / 2 == MESSAGES / 2
    assert {order.order_id for order in world.broker.submitted} <= set(valid.values())
    assert [order_id for order_id, record in states.items() if record is None] == []
    assert {states[f"good-{number}"].state for number in range(0, MESSAGES, ONE_IN)} <= DEALT_WITH  # type: ignore[union-attr]
    assert [message_id for message_id in refused if not world.ledger.unreadable_reason(message_id)] == []
    assert refused <= {letter.message_id for letter in world.queue.dead_letters} <= refused | repeats
    assert [text for kind, _, text in world.events.published if kind == "order_fault"] == []


# EXPIRED: a MODIFY that waited for its target in vain.
DEALT_WITH = {State.FILLED, State.DONE, State.RECEIVED, State.EXPIRED}


def test_nesting_of_any_depth_is_refused() -> None:
    """Also where the parser just manages it and whoever writes the reason would not."""
    world = loose_world()
    depths = (*range(840, 1_001), 5_000, 30_000)
    bodies = [json.dumps({name: 0}).replace("0", "[" * n + "]" * n) for n in depths for name in ("comment", "strange")]
    ids = [world.queue.send(body) for body in bodies]

    work(world, 2)

    assert [message_id for message_id in ids if not world.ledger.unreadable_reason(message_id)] == []


def loose_world() -> World:
    """One whose limits refuse nothing that is valid for their own reasons."""
    world = make_world()
    settings = Settings(
        orders_per_minute=100_000,
        max_open_positions=100_000,
        max_net_lots=Decimal(100_000),
        max_lots_per_order=Decimal(1),
        duplicate_window_s=0.0,
    )
    world.rules = DeskRules.of(settings)
    return world


def work(world: World, seconds: float) -> None:
    ends = world.clock.now() + timedelta(seconds=seconds)
    for _ in world.desk().run(lambda: world.clock.now() >= ends):
        pass


# What is valid, said a second time.


class _Number(str):
    """A JSON number as it was written."""


class _Invalid(Exception):
    """Not an order."""


def judged(body: str, message_id: str) -> str | None:
    """The id of the order that the message is, or None where it is none."""
    try:
        return _judged(body, message_id)
    except (_Invalid, ValueError, RecursionError):
        return None


def _judged(body: str, message_id: str) -> str:
    need(len(body.encode("utf-8", "surrogatepass")) <= 65_536)
    pairs = json.loads(body, object_pairs_hook=list, parse_int=_Number, parse_float=_Number, parse_constant=_never)
    need(isinstance(pairs, list) and body.lstrip(" \t\n\r").startswith("{"))
    fields = dict(pairs)
    need(len(fields) == len(pairs) and set(fields) <= set(FIELDS))
    given = {name: found for name, found in fields.items() if found is not None}
    need(type(given.get("symbol")) is str and given["symbol"] in DEFAULT_SYMBOLS)
    order_id = _ids(given, message_id)
    numbers = {
        name: _number(given[name]) for name in ("lot_size", "tp_price", "sl_price", "entry_price") if name in given
    }
    need(all(number >= 0 for number in numbers.values()) and numbers.get("lot_size", 1) > 0)
    _comment_and_times(given)
    prices = {name: number for name, number in numbers.items() if number and name != "lot_size"}
    action, kind = given.get("order_action"), given.get("order_type")
    need(kind is None or (type(kind) is str and kind in ("MARKET", "LIMIT", "STOP", "IFOCO")))
    if type(action) is str and action in ("BUY", "SELL"):
        _entry(action, kind, given, prices)
    else:
        _exit(action, kind, given, prices, order_id)
    return order_id


def _ids(given: dict[str, Any], message_id: str) -> str:
    for name in ("order_id", "ticket_id", "target_order_id"):
        need(name not in given or (type(given[name]) is str and bool(re.match(r"[\w.:-]{1,64}\Z", given[name], re.A))))
    need(given.get("ticket_id", given.get("order_id")) == given.get("order_id", given.get("ticket_id")))
    return str(given.get("order_id", given.get("ticket_id", message_id)))


def _number(raw: object) -> Fraction:
    """At most nine whole digits, twenty digits in all, and no less than 0.0000000001."""
    need(type(raw) is _Number)
    mantissa, _, exponent = str(raw).lower().partition("e")
    if not re.search("[1-9]", mantissa):
        return Fraction(0)
    need(abs(int(exponent or 0)) < 1_000)
    number = Fraction(str(raw))
    need(Fraction(1, 10**10) <= abs(number) < 10**9)
    need(len(mantissa.lstrip("-0.").replace(".", "")) <= 20)
    return number


def _comment_and_times(given: dict[str, Any]) -> None:
    comment = given.get("comment", "")
    need(type(comment) is str and len(comment) <= 200 and comment.isprintable())
    for name in ("created_at", "expires_at"):
        text = given.get(name, "2026-07-01T12:00:00Z")
        need(
            type(text) is str
            and bool(re.match(r"20\d\d-(0\d|1[0-2])-[0-2]\dT[0-2]\d:\d\d:\d\d(\.\d)?(Z|\+00:00)\Z", text))
        )
        need(not text.startswith("2026-02-30"))


def _entry(action: str, kind: object, given: dict[str, Any], prices: dict[str, Fraction]) -> None:
    need("lot_size" in given and kind is not None and "mt5_ticket" not in given and "target_order_id" not in given)
    need(("entry_price" in prices) == (kind != "MARKET"))
    loss, profit = prices.get("sl_price"), prices.get("tp_price")
    need(kind != "IFOCO" or (loss is not None and profit is not None))
    if loss is not None and profit is not None:
        need(loss < profit if action == "BUY" else profit < loss)


def _exit(action: object, kind: object, given: dict[str, Any], prices: dict[str, Fraction], order_id: str) -> None:
    need(type(action) is str and action in ("CLOSE", "CANCEL", "MODIFY"))
    ticket, target = given.get("mt5_ticket"), given.get("target_order_id")
    need((ticket is None) != (target is None) and target != order_id)
    need(ticket is None or (type(ticket) is _Number and bool(re.match(r"-?\d+\Z", ticket)) and 0 < int(ticket) < 2**63))
    need(bool(prices) if action == "MODIFY" else not prices and kind in (None, "MARKET"))


def need(holds: bool) -> None:
    if not holds:
        raise _Invalid


def _never(name: str) -> None:
    raise _Invalid(name)
