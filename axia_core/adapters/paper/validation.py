"""What the broker refuses: the one set of rules that order_check asks and order_send obeys. Nothing is changed here.

Each rule returns a retcode, or None to let the request pass; the first refusal counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from axia_core.adapters.paper.market import Quote
from axia_core.adapters.paper.moment import BUY, SELL, Moment, funds, margin_of
from axia_core.adapters.paper.rules import EXECUTIONS, TRADE_MODES
from axia_core.adapters.paper.store import Row
from axia_core.adapters.paper.surface import CONSTANTS, Struct

DEAL, PENDING, SLTP, MODIFY, REMOVE, CLOSE_BY = 1, 5, 6, 7, 8, 10
LIMITS, STOPS, STOP_LIMITS = (2, 3), (4, 5), (6, 7)
FOK, IOC, RETURN, BOC = 0, 1, 2, 3
GTC, DAY, SPECIFIED, SPECIFIED_DAY = 0, 1, 2, 3
_OLD_QUOTE_S = 1_800
_PREFIX = "TRADE_RETCODE_"
CODE = {name.removeprefix(_PREFIX): code for name, code in CONSTANTS.items() if name.startswith(_PREFIX)}

Rule = Callable[[Moment, Struct], int | None]


def refusal(moment: Moment, request: Struct) -> int | None:
    """The retcode with which the broker refuses *request*, or None when it would execute it."""
    for rule in (_permission, *_RULES.get(request.action, (_unknown_action,))):
        try:
            code = rule(moment, request)
        except NoQuoteError:
            return CODE["PRICE_OFF"]
        if code is not None:
            return code
    return None


class NoQuoteError(LookupError):
    """A symbol that has no price at this instant; it ends as retcode 10021 and leaves this file no other way."""


def side(order_type: int) -> int:
    """BUY or SELL of any order type: the even ones buy."""
    return SELL if order_type % 2 else BUY


def hedging(moment: Moment) -> bool:
    """Whether the account keeps a position per entry."""
    return moment.profile.account.margin_mode == "hedging"


def position_of(moment: Moment, ticket: int) -> Row | None:
    """The open position with this ticket."""
    found = moment.store.rows("positions", "ticket = ?", ticket)
    return found[0] if found else None


def order_of(moment: Moment, ticket: int) -> Row | None:
    """The live pending order with this ticket."""
    found = moment.store.rows("orders", "ticket = ? AND live = 1", ticket)
    return found[0] if found else None


def netted(moment: Moment, request: Struct) -> Row | None:
    """On a netting account, the position that a deal on this symbol would change."""
    found = [] if hedging(moment) else moment.store.rows("positions", "symbol = ?", request.symbol)
    return found[0] if found else None


def quote_of(moment: Moment, symbol: str) -> Quote:
    """The quote of a symbol; raises NoQuoteError."""
    quote = moment.quote(symbol)
    if quote is None:
        raise NoQuoteError(symbol)
    return quote


def _permission(moment: Moment, request: Struct) -> int | None:
    profile = moment.profile
    if not profile.connected:
        return CODE["CONNECTION"]
    if not profile.autotrading:
        return CODE["CLIENT_DISABLES_AT"]
    if not profile.account.trade_allowed:
        return CODE["TRADE_DISABLED"]
    return None if profile.account.trade_expert else CODE["SERVER_DISABLES_AT"]


def _unknown_action(moment: Moment, request: Struct) -> int | None:
    return CODE["INVALID"]


def _symbol(moment: Moment, request: Struct) -> int | None:
    if moment.pair(request.symbol) is None:
        return CODE["INVALID"]
    quote = moment.quote(request.symbol)
    if quote is None:
        return CODE["PRICE_OFF"]
    # While the market is open, a price this old means that history has run out or the feed has stopped.
    old_ms = max(_OLD_QUOTE_S, 4 * moment.market.source.base_s(moment.plain(request.symbol).name)) * 1000
    dead = moment.market.is_open(moment.now_ms) and moment.now_ms - quote.time_ms > old_ms
    return CODE["PRICE_OFF"] if dead else None


def _open_market(moment: Moment, request: Struct) -> int | None:
    return None if moment.market.is_open(moment.now_ms) else CODE["MARKET_CLOSED"]


def _deal_type(moment: Moment, request: Struct) -> int | None:
    return None if request.type in (BUY, SELL) else CODE["INVALID_ORDER"]


def _pending_type(moment: Moment, request: Struct) -> int | None:
    return None if request.type in (*LIMITS, *STOPS, *STOP_LIMITS) else CODE["INVALID_ORDER"]


def _direction(moment: Moment, request: Struct) -> int | None:
    mode = TRADE_MODES[moment.rules(request.symbol).trade_mode]
    if mode == TRADE_MODES["disabled"]:
        return CODE["TRADE_DISABLED"]
    if _is_exit(moment, request):
        return None
    if mode == TRADE_MODES["closeonly"]:
        return CODE["CLOSE_ONLY"]
    if mode == TRADE_MODES["longonly"] and side(request.type) == SELL:
        return CODE["LONG_ONLY"]
    return CODE["SHORT_ONLY"] if mode == TRADE_MODES["shortonly"] and side(request.type) == BUY else None


def _is_exit(moment: Moment, request: Struct) -> bool:
    if request.action != DEAL:
        return False
    if hedging(moment):
        return bool(request.position)
    held = netted(moment, request)
    return held is not None and held["type"] != request.type and request.volume <= held["volume"] + 1e-9


def _volume(moment: Moment, request: Struct) -> int | None:
    rules = moment.rules(request.symbol)
    if not rules.volume_min <= request.volume <= rules.volume_max:
        return CODE["INVALID_VOLUME"]
    steps = (request.volume - rules.volume_min) / rules.volume_step
    return None if abs(steps - round(steps)) <= 1e-7 else CODE["INVALID_VOLUME"]


def _volume_limit(moment: Moment, request: Struct) -> int | None:
    limit = moment.rules(request.symbol).volume_limit
    if not limit or _is_exit(moment, request):
        return None
    held = [(row["type"], row["volume"]) for row in moment.store.rows("positions", "symbol = ?", request.symbol)]
    orders = moment.store.rows("orders", "symbol = ? AND live = 1", request.symbol)
    held += [(row["type"], row["volume_current"]) for row in orders]
    total = sum(volume for kind, volume in held if side(kind) == side(request.type)) + request.volume
    return CODE["LIMIT_VOLUME"] if total > limit + 1e-9 else None


def _deal_filling(moment: Moment, request: Struct) -> int | None:
    rules = moment.rules(request.symbol)
    execution = EXECUTIONS[rules.execution]
    if request.type_filling == BOC or request.type_filling > BOC:
        return CODE["INVALID_FILL"]
    if execution in (EXECUTIONS["request"], EXECUTIONS["instant"]):
        return None
    if request.type_filling == RETURN:
        return None if execution == EXECUTIONS["exchange"] else CODE["INVALID_FILL"]
    # FOK is bit 1 and value 0, IOC is bit 2 and value 1.
    return None if rules.filling_mask & (1 << request.type_filling) else CODE["INVALID_FILL"]


def _depth(moment: Moment, request: Struct) -> int | None:
    most = moment.rules(request.symbol).fills_at_most
    too_thin = most is not None and request.volume > most + 1e-9 and request.type_filling == FOK
    return CODE["PRICE_OFF"] if too_thin else None


def _pending_filling(moment: Moment, request: Struct) -> int | None:
    rules = moment.rules(request.symbol)
    if request.type_filling > BOC:
        return CODE["INVALID_FILL"]
    if EXECUTIONS[rules.execution] != EXECUTIONS["exchange"] or request.type_filling == RETURN:
        return None
    bit = 1 << (2 if request.type_filling == BOC else request.type_filling)
    return None if rules.filling_mask & bit else CODE["INVALID_FILL"]


def _digits(moment: Moment, request: Struct) -> int | None:
    prices = (request.price, request.sl, request.tp, request.stoplimit)
    if not all(0 <= price < 1e9 for price in prices):
        return CODE["INVALID_PRICE"]
    digits = moment.plain(request.symbol).digits
    return None if all(abs(price - round(price, digits)) <= 1e-9 for price in prices) else CODE["INVALID_PRICE"]


def _requote(moment: Moment, request: Struct) -> int | None:
    if EXECUTIONS[moment.rules(request.symbol).execution] not in (EXECUTIONS["request"], EXECUTIONS["instant"]):
        return None
    if not request.price:
        return CODE["INVALID_PRICE"]
    quote = quote_of(moment, request.symbol)
    market = quote.ask if request.type == BUY else quote.bid
    off_points = abs(market - request.price) / moment.point(request.symbol)
    return CODE["REQUOTE"] if off_points > request.deviation + 1e-6 else None


def stops_refusal(moment: Moment, request: Struct, direction: int, bid: float, ask: float) -> int | None:
    """10016 when a stop is on the wrong side of, or too near to, the price it is measured from."""
    least = moment.rules(request.symbol).stops_level * moment.point(request.symbol)
    # A stop of a BUY is hit by the bid, of a SELL by the ask; at level 0 it must still be beyond the price.
    price, sign = (bid, 1) if direction == BUY else (ask, -1)
    near = max(least, moment.point(request.symbol)) - 1e-9
    wrong_sl = bool(request.sl) and sign * (price - request.sl) < near
    wrong_tp = bool(request.tp) and sign * (request.tp - price) < near
    return CODE["INVALID_STOPS"] if wrong_sl or wrong_tp else None


def _deal_stops(moment: Moment, request: Struct) -> int | None:
    if _is_exit(moment, request):
        return None
    quote = quote_of(moment, request.symbol)
    return stops_refusal(moment, request, request.type, quote.bid, quote.ask)


def _closes(moment: Moment, request: Struct) -> int | None:
    if not hedging(moment) or not request.position:
        return None
    held = position_of(moment, request.position)
    if held is None:
        return CODE["POSITION_CLOSED"]
    if held["symbol"] != request.symbol or held["type"] == request.type:
        return CODE["INVALID"]
    return CODE["INVALID_CLOSE_VOLUME"] if request.volume > held["volume"] + 1e-9 else None


def _money(moment: Moment, request: Struct) -> int | None:
    if _is_exit(moment, request):
        return None
    positions = moment.store.rows("positions")
    entry: dict[str, Any] = {"symbol": request.symbol, "type": side(request.type), "volume": request.volume}
    needed = margin_of(moment, _with_entry(moment, positions, entry))
    return CODE["NO_MONEY"] if needed > max(0.0, funds(moment, positions).equity) else None


def _with_entry(moment: Moment, positions: list[Row], entry: Row) -> list[Row]:
    """The positions as they would be after *entry*: on a netting account it reduces or reverses what is there."""
    if hedging(moment):
        return [*positions, entry]
    others = [row for row in positions if row["symbol"] != entry["symbol"]]
    lots = entry["volume"] * (1 if entry["type"] == BUY else -1)
    for row in positions:
        if row["symbol"] == entry["symbol"]:
            lots += row["volume"] * (1 if row["type"] == BUY else -1)
    return [*others, entry | {"type": BUY if lots >= 0 else SELL, "volume": abs(lots)}]


def _pending_price(moment: Moment, request: Struct) -> int | None:
    quote = quote_of(moment, request.symbol)
    least = moment.rules(request.symbol).stops_level * moment.point(request.symbol)
    least = max(least, moment.point(request.symbol)) - 1e-9
    market = quote.ask if side(request.type) == BUY else quote.bid
    above = request.type in (3, 4, 6)
    distance = request.price - market if above else market - request.price
    if not request.price or distance < least:
        return CODE["INVALID_PRICE"]
    if request.type not in STOP_LIMITS:
        return None
    gap = request.price - request.stoplimit if side(request.type) == BUY else request.stoplimit - request.price
    return CODE["INVALID_PRICE"] if not request.stoplimit or gap < 0 else None


def _pending_stops(moment: Moment, request: Struct) -> int | None:
    price = request.stoplimit if request.type in STOP_LIMITS else request.price
    return stops_refusal(moment, request, side(request.type), price, price)


def _expiration(moment: Moment, request: Struct) -> int | None:
    if request.type_time in (GTC, DAY):
        return None
    future = request.type_time in (SPECIFIED, SPECIFIED_DAY) and request.expiration * 1000 > moment.server_ms
    return None if future else CODE["INVALID_EXPIRATION"]


def _order_limit(moment: Moment, request: Struct) -> int | None:
    most = moment.profile.account.limit_orders
    return CODE["LIMIT_ORDERS"] if most and moment.store.count("orders", "live = 1") >= most else None


def frozen(moment: Moment, symbol: str, *prices: float) -> bool:
    """Whether the market is too near to one of *prices* for a change."""
    level = moment.rules(symbol).freeze_level * moment.point(symbol)
    quote = quote_of(moment, symbol)
    return any(price and min(abs(price - quote.bid), abs(price - quote.ask)) < level - 1e-9 for price in prices)


def _position_change(moment: Moment, request: Struct) -> int | None:
    held = position_of(moment, request.position) if request.position else netted(moment, request)
    if held is None:
        return CODE["POSITION_CLOSED"]
    if request.symbol and held["symbol"] != request.symbol:
        return CODE["INVALID"]
    named = _renamed(request, symbol=held["symbol"])
    if not moment.market.is_open(moment.now_ms):
        return CODE["MARKET_CLOSED"]
    if (held["sl"], held["tp"]) == (request.sl, request.tp):
        return CODE["NO_CHANGES"]
    quote = quote_of(moment, held["symbol"])
    wrong = _digits(moment, named) or stops_refusal(moment, named, held["type"], quote.bid, quote.ask)
    return wrong or (CODE["FROZEN"] if frozen(moment, held["symbol"], held["sl"], held["tp"]) else None)


def _order_change(moment: Moment, request: Struct) -> int | None:
    order = order_of(moment, request.order)
    if order is None:
        return CODE["INVALID"]
    if not moment.market.is_open(moment.now_ms):
        return CODE["MARKET_CLOSED"]
    if frozen(moment, order["symbol"], order["price_open"]):
        return CODE["FROZEN"]
    return None


def _order_values(moment: Moment, request: Struct) -> int | None:
    order = order_of(moment, request.order)
    if order is None:
        return CODE["INVALID"]
    named = _renamed(request, symbol=order["symbol"], type=order["type"])
    before = (order["price_open"], order["sl"], order["tp"], order["price_stoplimit"], order["type_time"])
    after = (request.price, request.sl, request.tp, request.stoplimit, request.type_time)
    if before == after and order["time_expiration"] == request.expiration:
        return CODE["NO_CHANGES"]
    for rule in (_digits, _pending_price, _pending_stops, _expiration):
        code = rule(moment, named)
        if code is not None:
            return code
    return None


def _close_by(moment: Moment, request: Struct) -> int | None:
    if not hedging(moment):
        return CODE["INVALID"]
    pair = [position_of(moment, ticket) for ticket in (request.position, request.position_by)]
    first, second = pair
    if first is None or second is None:
        return CODE["POSITION_CLOSED"]
    opposite = first["symbol"] == second["symbol"] and first["type"] != second["type"]
    if not opposite:
        return CODE["INVALID"]
    return None if moment.market.is_open(moment.now_ms) else CODE["MARKET_CLOSED"]


def _renamed(request: Struct, **changes: object) -> Struct:
    return type(request).of(request._asdict() | changes)


def _iter_deal() -> Iterator[Rule]:
    yield from (_symbol, _deal_type, _closes, _direction, _volume, _digits, _deal_filling, _open_market)
    yield from (_requote, _deal_stops, _volume_limit, _depth, _money)


_RULES: dict[int, tuple[Rule, ...]] = {
    DEAL: tuple(_iter_deal()),
    PENDING: (
        *(_symbol, _pending_type, _direction, _volume, _digits, _pending_filling, _expiration, _open_market),
        *(_pending_price, _pending_stops, _order_limit, _volume_limit),
    ),
    SLTP: (_position_change,),
    MODIFY: (_order_change, _order_values),
    REMOVE: (_order_change,),
    CLOSE_BY: (_close_by,),
}
