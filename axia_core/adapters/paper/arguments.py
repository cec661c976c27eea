"""The argument checks the MetaTrader5 module makes by itself, before it asks the terminal: types, lengths, call shapes.

A refused argument becomes `CallFailed` with the `last_error` text of the real module. Where that module leaves a
Python exception behind (it never clears one), its caller gets a SystemError, and so does ours. What the broker refuses
(a volume too small, a price off the market) is `validation`'s.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from axia_core.adapters.paper.surface import Struct, TradeRequest

LONGEST_TEXT = 29
LONGEST_GROUP = 1_997
LONGEST_SECRET = 253

FLOAT_FIELDS = frozenset({"volume", "price", "stoplimit", "sl", "tp"})
TEXT_FIELDS = frozenset({"symbol", "comment"})
UNSIGNED_64 = range(1 << 64)
UNSIGNED_32 = range(1 << 32)
SIGNED_64 = range(-(1 << 63), 1 << 63)
SIGNED_32 = range(-(1 << 31), 1 << 31)
WHOLE_FIELDS = dict.fromkeys(("magic", "order", "deviation", "position", "position_by"), UNSIGNED_64)
WHOLE_FIELDS |= dict.fromkeys(("action", "type", "type_filling", "type_time"), UNSIGNED_32) | {"expiration": SIGNED_64}


class CallFailed(Exception):
    """A call that ends with None or False and this `last_error`; it never leaves the module, so it is in no tree.

    With *left_behind* the real module returns with a Python exception set, which Python turns into a SystemError."""

    def __init__(self, code: int, text: str, *, left_behind: bool = False) -> None:
        super().__init__(code, text)
        self.last_error = (code, text)
        self.left_behind = left_behind


INVALID_ARGUMENTS = (-2, "Invalid arguments")


def take(args: tuple[Any, ...], *kinds: type, optional: int = 0) -> tuple[Any, ...]:
    """Positional arguments: an `int` is read as C's, a `float` as its double, a `bool` by its truth, others later."""
    if not len(kinds) - optional <= len(args) <= len(kinds):
        raise CallFailed(*INVALID_ARGUMENTS)
    try:
        return tuple(_READ[kind](value) for value, kind in zip(args, kinds, strict=False))
    except (TypeError, ValueError, OverflowError) as error:
        raise CallFailed(*INVALID_ARGUMENTS, left_behind=True) from error


def _as_it_is(value: Any) -> Any:
    return value


def _c_int(value: Any) -> int:
    number = operator.index(value)
    if number not in SIGNED_32:
        raise OverflowError("Python int too large to convert to C int")
    return number


def _c_double(value: Any) -> float:
    if isinstance(value, str | bytes):
        raise TypeError("must be real number, not str")
    return float(value)


_READ: dict[type, Callable[[Any], Any]] = {int: _c_int, float: _c_double, bool: bool, object: _as_it_is}


def symbol_name(value: object) -> str:
    """A symbol's name."""
    if not isinstance(value, str) or _units(value) > LONGEST_TEXT:
        raise CallFailed(*INVALID_ARGUMENTS)
    return value


def date_s(value: object) -> int:
    """Server seconds of a date argument: an int, a float or a datetime, cut to 32 bits as the real module cuts it."""
    if isinstance(value, datetime):
        value = _timestamp(value)
    if isinstance(value, int):
        if value not in SIGNED_32:
            raise CallFailed(*INVALID_ARGUMENTS, left_behind=True)
        return value
    if not isinstance(value, float):
        raise CallFailed(*INVALID_ARGUMENTS)
    # What does not fit becomes the smallest number: that is what the processor's conversion gives.
    return int(value) if math.isfinite(value) and int(value) in SIGNED_32 else SIGNED_32.start


def _timestamp(value: datetime) -> float:
    try:
        return value.timestamp()
    except (OverflowError, OSError, ValueError) as error:
        raise CallFailed(*INVALID_ARGUMENTS, left_behind=True) from error


def text_option(options: dict[str, Any], name: str, longest: int = LONGEST_TEXT) -> str | None:
    """A keyword that is a text, if it is given; None is no text."""
    if name not in options:
        return None
    value = options[name]
    if not isinstance(value, str) or _units(value) > longest:
        raise CallFailed(-2, f'Invalid "{name}" argument')
    return value


def int_option(options: dict[str, Any], name: str, inside: range = UNSIGNED_64) -> int | None:
    """A keyword that is a whole number, if it is given; None is none."""
    return _whole(name, options[name], inside) if name in options else None


def _whole(name: str, value: object, inside: range) -> int:
    # NumPy's integers are no int: refused, while an IntEnum and a bool pass.
    if not isinstance(value, int):
        raise CallFailed(-2, f'Invalid "{name}" argument')
    if value not in inside:
        raise CallFailed(-2, f'Invalid "{name}" argument', left_behind=True)
    return int(value)


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
    return _whole(name, given.get(name, 0), WHOLE_FIELDS[name])


def _text_field(name: str, value: object) -> str:
    if not isinstance(value, str) or _units(value) > LONGEST_TEXT:
        raise CallFailed(-2, f'Invalid "{name}" argument')
    # A half of a surrogate pair is no text a server could keep.
    return value.encode("utf-8", "replace").decode("utf-8")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
