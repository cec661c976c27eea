"""Orders as clients send them: the message, its rules, and the ids derived from it. No states, no broker, no queue."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from axia_core.errors import InvalidOrder

MAX_MESSAGE_BYTES = 64 * 1024
MAX_COMMENT_CHARACTERS = 200
STRATEGY = 0x15  # marks a magic number as AXIA's; (STRATEGY << 48) stays below 2**53
_MAX_WHOLE_DIGITS = 9
_MAX_DECIMALS = 10  # of the first digit that is not zero: 0.1 + 0.2 in floating point has seventeen
_MAX_DIGITS = 20
# Beyond these a client's "no time" (0001, 9999) would overflow in time zones and at the terminal.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_ORDER_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")


class Action(StrEnum):
    """What the client wants done."""

    BUY = "BUY"
    SELL = "SELL"
    CLOSE = "CLOSE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"

    @property
    def is_entry(self) -> bool:
        """BUY and SELL open risk; the others act on what exists."""
        return self in (Action.BUY, Action.SELL)


class Kind(StrEnum):
    """How an entry gets into the market; IFOCO is a pending entry with both exits."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    IFOCO = "IFOCO"

    @property
    def is_pending(self) -> bool:
        """Waits at the broker for its price."""
        return self is not Kind.MARKET


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A valid order request; lots and prices are exact decimals, times are UTC."""

    order_id: str
    symbol: str
    action: Action
    kind: Kind
    lots: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    entry_price: Decimal | None = None
    mt5_ticket: int | None = None
    comment: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    target_order_id: str | None = None

    @property
    def magic(self) -> int:
        """The number that marks this order at the broker: same id, same number, below 2**53."""
        return magic_of(self.order_id)

    @property
    def token(self) -> str:
        """The comment the broker gets (29 characters at most): a second witness, since brokers may rewrite it."""
        return f"axia-{_id_hash(self.order_id).hex()[:16]}"

    def waits_for(self, other: Order) -> bool:
        """Whether this order must not be sent while what became of *other* is not known.

        An entry waits for what may have changed the exposure on its symbol; CANCEL and MODIFY add none. A CLOSE waits
        for another one of the same ticket: on a netting account the second would reverse the position.
        """
        if self.action.is_entry:
            return other.symbol == self.symbol and (other.action.is_entry or other.action is Action.CLOSE)
        named = ((self.mt5_ticket, other.mt5_ticket), (self.target_order_id, other.target_order_id))
        same = any(mine is not None and mine == others for mine, others in named)
        return self.action is Action.CLOSE and other.action is Action.CLOSE and same

    def content_hash(self) -> str:
        """Equal for two deliveries of one order, different for other content under the same id.

        The time of making it does not count: whoever sends an id again means the same order.
        """
        plain = {field.name: _plain(getattr(self, field.name)) for field in fields(self) if field.name != "created_at"}
        if self.target_order_id is None:
            del plain["target_order_id"]  # ledgers hold hashes from before there was this field
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def likeness(self) -> str:
        """Equal for orders that ask for the same under whatever ids, times and comments."""
        asked = (self.symbol, self.action, self.kind, self.lots, self.take_profit, self.stop_loss, self.entry_price)
        return hashlib.sha256(json.dumps([_plain(value) for value in asked]).encode()).hexdigest()


def magic_of(order_id: str) -> int:
    """The magic number of the order called *order_id*."""
    return (STRATEGY << 48) | int.from_bytes(_id_hash(order_id)[:6])


def is_ours(magic: int) -> bool:
    """Whether a magic number found at the broker was made by AXIA."""
    return magic >> 48 == STRATEGY


def parse_order(body: str, message_id: str, symbols: tuple[str, ...]) -> Order:
    """The order in a message body; raises InvalidOrder that names field, value and rule.

    The seven fields of the original format alone are a valid market order. `order_id` falls back to its alias
    `ticket_id`, then to the SQS message id. A price of 0 means none, as it does in MT5.
    """
    raw = _read_object(body)
    _refuse_unknown_fields(raw)
    action = _action(raw)
    order = Order(
        order_id=_order_id(raw, message_id),
        symbol=_symbol(raw, symbols),
        action=action,
        kind=_kind(raw, action),
        lots=_positive(raw, "lot_size"),
        take_profit=_price(raw, "tp_price"),
        stop_loss=_price(raw, "sl_price"),
        entry_price=_price(raw, "entry_price"),
        mt5_ticket=_ticket(raw),
        comment=_comment(raw),
        created_at=_time(raw, "created_at"),
        expires_at=_time(raw, "expires_at"),
        target_order_id=_id(raw, "target_order_id"),
    )
    _check_together(order)
    return order


_ORIGINAL_FIELDS = ("symbol", "order_action", "order_type", "lot_size", "tp_price", "sl_price", "comment")
_ADDED_FIELDS = ("order_id", "ticket_id", "entry_price", "mt5_ticket", "target_order_id", "created_at", "expires_at")
_FIELDS = frozenset(_ORIGINAL_FIELDS + _ADDED_FIELDS)


def _read_object(body: str) -> dict[str, Any]:
    if len(body.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise InvalidOrder("message", f"{len(body)} characters", f"a message has at most {MAX_MESSAGE_BYTES} bytes")
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise InvalidOrder("message", body, f"a message is one JSON object ({error})") from error
    if not isinstance(value, dict):
        raise InvalidOrder("message", body, "a message is one JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands twice")
    return found


def _refuse_unknown_fields(raw: dict[str, Any]) -> None:
    for name in sorted(raw.keys() - _FIELDS):
        raise InvalidOrder(name, raw[name], "there is no such field", f"Fields are {', '.join(sorted(_FIELDS))}.")


def _order_id(raw: dict[str, Any], message_id: str) -> str:
    order_id, alias = _id(raw, "order_id"), _id(raw, "ticket_id")
    if order_id is not None and alias is not None and alias != order_id:
        raise InvalidOrder("ticket_id", alias, "it is an alias of order_id and differs from it")
    return order_id or alias or message_id


def _id(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _ORDER_ID.fullmatch(value):
        raise InvalidOrder(name, value, "an order id is 1 to 64 letters, digits, '_', '.', ':' or '-'")
    return value


def _symbol(raw: dict[str, Any], symbols: tuple[str, ...]) -> str:
    value = raw.get("symbol")
    if not isinstance(value, str) or value not in symbols:
        raise InvalidOrder("symbol", value, f"tradable symbols are {', '.join(symbols)}")
    return value


def _action(raw: dict[str, Any]) -> Action:
    value = raw.get("order_action")
    if not isinstance(value, str) or value not in tuple(Action):
        raise InvalidOrder("order_action", value, f"actions are {', '.join(Action)}")
    return Action(value)


def _kind(raw: dict[str, Any], action: Action) -> Kind:
    value = raw.get("order_type")
    if value is None and not action.is_entry:
        return Kind.MARKET
    if not isinstance(value, str) or value not in tuple(Kind):
        raise InvalidOrder("order_type", value, f"order types are {', '.join(Kind)}")
    return Kind(value)


def _number(raw: dict[str, Any], name: str) -> Decimal | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidOrder(name, value, "it must be a JSON number")
    number = Decimal(value)
    # Looked at before any arithmetic: an exponent of a million digits would overflow the decimal context.
    few = len(number.as_tuple().digits) <= _MAX_DIGITS
    if number and not (few and -_MAX_DECIMALS <= number.adjusted() < _MAX_WHOLE_DIGITS):
        rule = f"at most {_MAX_WHOLE_DIGITS} whole digits, {_MAX_DIGITS} in all, and no less than 1e-{_MAX_DECIMALS}"
        raise InvalidOrder(name, str(value)[:40], rule)
    return number.normalize()


def _positive(raw: dict[str, Any], name: str) -> Decimal | None:
    number = _number(raw, name)
    if number is not None and number <= 0:
        raise InvalidOrder(name, str(number), "it must be greater than zero")
    return number


def _price(raw: dict[str, Any], name: str) -> Decimal | None:
    number = _number(raw, name)
    if number is not None and number < 0:
        raise InvalidOrder(name, str(number), "a price is not negative", "Leave it out, or send 0, for none.")
    return number or None


def _ticket(raw: dict[str, Any]) -> int | None:
    value = raw.get("mt5_ticket")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise InvalidOrder("mt5_ticket", str(value)[:40], "it must be a positive whole number")
    return value


def _comment(raw: dict[str, Any]) -> str:
    value = "" if raw.get("comment") is None else raw["comment"]
    if not isinstance(value, str) or len(value) > MAX_COMMENT_CHARACTERS or not value.isprintable():
        raise InvalidOrder("comment", value, f"it is printable text of at most {MAX_COMMENT_CHARACTERS} characters")
    return value


def _time(raw: dict[str, Any], name: str) -> datetime | None:
    value = raw.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            raise ValueError(value)
        return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        rule = f"it must be an ISO 8601 time with a zone, in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise InvalidOrder(name, value, rule, "Example: 2026-07-03T09:30:00Z.") from error


def _check_together(order: Order) -> None:
    (_check_entry if order.action.is_entry else _check_exit)(order)


def _check_entry(order: Order) -> None:
    if order.lots is None:
        raise InvalidOrder("lot_size", None, "an entry needs a size in lots")
    if order.mt5_ticket is not None:
        raise InvalidOrder("mt5_ticket", order.mt5_ticket, "an entry has no ticket yet", "Use CLOSE, CANCEL or MODIFY.")
    if order.target_order_id is not None:
        raise InvalidOrder("target_order_id", order.target_order_id, "an entry acts on no other order")
    if order.kind is Kind.MARKET and order.entry_price is not None:
        raise InvalidOrder("entry_price", str(order.entry_price), "a market order takes the market's price")
    if order.kind is not Kind.MARKET and order.entry_price is None:
        raise InvalidOrder("entry_price", None, f"a {order.kind} order needs one")
    if order.kind is Kind.IFOCO and (order.take_profit is None or order.stop_loss is None):
        raise InvalidOrder("tp_price, sl_price", None, "an IFOCO order needs both exits")
    _check_stop_sides(order)


def _check_stop_sides(order: Order) -> None:
    low, high = (order.stop_loss, order.take_profit)
    if order.action is Action.SELL:
        low, high = high, low
    if low is not None and high is not None and low >= high:
        rule = f"for a {order.action} the stop loss and take profit are on the wrong sides of each other"
        raise InvalidOrder("sl_price", str(order.stop_loss), rule)


def _check_exit(order: Order) -> None:
    if order.mt5_ticket is None and order.target_order_id is None:
        remedy = "Give mt5_ticket, or target_order_id."
        raise InvalidOrder("mt5_ticket", None, f"a {order.action} needs the ticket or the order it acts on", remedy)
    if order.mt5_ticket is not None and order.target_order_id is not None:
        raise InvalidOrder("target_order_id", order.target_order_id, "mt5_ticket says already what to act on")
    if order.target_order_id == order.order_id:
        raise InvalidOrder("target_order_id", order.target_order_id, "an order cannot act on itself")
    _refuse_unused(order)


def _refuse_unused(order: Order) -> None:
    """What an exit cannot do must not be ignored in silence."""
    prices = {"entry_price": order.entry_price, "tp_price": order.take_profit, "sl_price": order.stop_loss}
    if order.action is Action.MODIFY:
        if not any(prices.values()):
            raise InvalidOrder("sl_price", None, "a MODIFY names at least one new price", "Give sl_price or tp_price.")
        return
    if order.kind is not Kind.MARKET:
        raise InvalidOrder("order_type", order.kind, f"a {order.action} is done at once", "Use MARKET or leave it out.")
    for name, price in prices.items():
        if price is not None:
            raise InvalidOrder(name, str(price), f"a {order.action} takes no price", "Leave it out, or send 0.")


def _id_hash(order_id: str) -> bytes:
    return hashlib.sha256(order_id.encode()).digest()


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
