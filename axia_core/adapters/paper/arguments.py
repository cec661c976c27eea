"""The argument checks the MetaTrader5 module makes by itself, before it asks the terminal: types, lengths, call shapes.

A refused argument becomes `CallFailed` with the `last_error` text of the real module. What the broker refuses
(a volume too small, a price off the market) is `validation`'s.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from axia_core.adapters.paper.surface import Struct, TradeRequest

LONGEST_TEXT = 29
LONGEST_GROUP = 1_997
LONGEST_SECRET = 253

FLOAT_FIELDS = frozenset({"volume", "price", "stoplimit", "sl", "tp"})
TEXT_FIELDS = frozenset({"symbol", "comment"})
WIDE_FIELDS = frozenset({"magic", "order", "position", "position_by"})


class CallFailed(Exception):
    """A call that ends with None or False and this `last_error`; it never leaves the module, so it is in no tree."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.last_error = (code, text)


INVALID_ARGUMENTS = (-2, "Invalid arguments")


def take(args: tuple[Any, ...], *kinds: type, optional: int = 0) -> tuple[Any, ...]:
    """Positional arguments of the given types; only `str` and `int` are checked, dates are read by `date_s`."""
    if not len(kinds) - optional <= len(args) <= len(kinds):
        raise CallFailed(*INVALID_ARGUMENTS)
    for value, kind in zip(args, kinds, strict=False):
        if kind is not object and not isinstance(value, kind):
            raise CallFailed(*INVALID_ARGUMENTS)
    return args


def symbol_name(value: object) -> str:
    """A symbol's name."""
    if not isinstance(value, str) or _units(value) > LONGEST_TEXT:
        raise CallFailed(*INVALID_ARGUMENTS)
    return value


def number(value: object) -> float:
    """A price or volume of the order_calc functions, which take ints as well."""
    if not isinstance(value, (int, float)):
        raise CallFailed(*INVALID_ARGUMENTS)
    return float(value)


def date_s(value: object) -> int:
    """Server seconds of a date argument: an int, a float or a datetime, cut to 32 bits as the real module cuts it."""
    if isinstance(value, datetime):
        value = value.timestamp()
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CallFailed(*INVALID_ARGUMENTS)
    return int(value) & 0xFFFF_FFFF


def text_option(options: dict[str, Any], name: str, longest: int = LONGEST_TEXT) -> str | None:
    """An optional keyword that is a text."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or _units(value) > longest:
        raise CallFailed(-2, f'Invalid "{name}" argument')
    return value


def int_option(options: dict[str, Any], name: str) -> int | None:
    """An optional keyword that is a whole number."""
    value = options.get(name)
    if value is not None and not (isinstance(value, int) and 0 <= value < 1 << 64):
        raise CallFailed(-2, f'Invalid "{name}" argument')
    return value


def trade_request(args: tuple[Any, ...], options: dict[str, Any]) -> Struct:
    """The TradeRequest of order_check and order_send: one dict, or keywords; unknown keys are ignored."""
    if args and options:
        raise CallFailed(-2, "Unnamed arguments not allowed")
    if len(args) > 1 or (args and not isinstance(args[0], dict)):
        raise CallFailed(*INVALID_ARGUMENTS)
    given: dict[str, Any] = args[0] if args else options
    return TradeRequest.of({name: _request_field(name, given) for name in TradeRequest.__match_args__})


def _request_field(name: str, given: dict[str, Any]) -> Any:
    if name in TEXT_FIELDS:
        return _text_field(name, given.get(name, ""))
    if name in FLOAT_FIELDS:
        value = given.get(name, 0.0)
        if not isinstance(value, float):
            raise CallFailed(-2, f'Invalid "{name}" argument')
        return float(value)
    value = given.get(name, 0)
    bits = 64 if name in WIDE_FIELDS else 32
    if not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise CallFailed(-2, f'Invalid "{name}" argument')
    return int(value)


def _text_field(name: str, value: object) -> str:
    if not isinstance(value, str) or _units(value) > LONGEST_TEXT:
        raise CallFailed(-2, f'Invalid "{name}" argument')
    # A half of a surrogate pair is no text a server could keep.
    return value.encode("utf-8", "replace").decode("utf-8")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
