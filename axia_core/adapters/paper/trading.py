"""order_check and order_send: ask `validation`, then do what was asked, in one transaction with the books at now."""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.adapters.paper import accounting, validation
from axia_core.adapters.paper.accounting import Fill
from axia_core.adapters.paper.clock import DAY_S
from axia_core.adapters.paper.moment import BUY, Moment, funds, margin_of
from axia_core.adapters.paper.surface import OrderCheckResult, OrderSendResult, Struct
from axia_core.adapters.paper.validation import CODE

TEXTS = {
    10004: "Requote",
    10006: "Request rejected",
    10007: "Request canceled by trader",
    10008: "Order placed",
    10009: "Request executed",
    10010: "Request executed partially",
    10011: "Request processing error",
    10012: "Request canceled by timeout",
    10013: "Invalid request",
    10014: "Invalid volume",
    10015: "Invalid price",
    10016: "Invalid stops",
    10017: "Trade disabled",
    10018: "Market closed",
    10019: "No money",
    10020: "Price changed",
    10021: "Off quotes",
    10022: "Invalid expiration",
    10023: "Order state changed",
    10024: "Too many requests",
    10025: "No changes",
    10026: "AutoTrading disabled by server",
    10027: "AutoTrading disabled by client",
    10028: "Request locked",
    10029: "Order or position frozen",
    10030: "Unsupported filling mode",
    10031: "No connection",
    10032: "Only real accounts allowed",
    10033: "Orders limit reached",
    10034: "Volume limit reached",
    10035: "Invalid or prohibited order type",
    10036: "Position doesn't exist",
    10038: "Invalid close volume",
    10039: "Close order already exists",
    10040: "Positions limit reached",
    10041: "Pending order activation rejected",
    10042: "Only long positions allowed",
    10043: "Only short positions allowed",
    10044: "Only position closing allowed",
    10045: "Position closing allowed only by FIFO rule",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What an accepted request did."""

    retcode: int = CODE["DONE"]
    deal: int = 0
    order: int = 0
    volume: float = 0.0
    price: float = 0.0


def send(moment: Moment, request: Struct) -> Struct:
    """Execute *request* or refuse it; call it inside a transaction, with the books advanced to this moment."""
    code = validation.refusal(moment, request)
    return sent(moment, request, Done(code) if code is not None else _EXECUTE[request.action](moment, request))


def sent(moment: Moment, request: Struct, done: Done) -> Struct:
    """The OrderSendResult of an outcome."""
    quote = moment.quote(request.symbol) if moment.pair(request.symbol) else None
    bid, ask = (quote.bid, quote.ask) if quote is not None else (0.0, 0.0)
    number = moment.store.take("next_request")
    text = TEXTS.get(done.retcode, f"Retcode {done.retcode}")
    values = (done.retcode, done.deal, done.order, done.volume, done.price, bid, ask, text, number, 0, request)
    return OrderSendResult(values)


def check(moment: Moment, request: Struct) -> Struct:
    """What order_send would say, and what the account would look like."""
    code = validation.refusal(moment, request) or 0
    positions = moment.store.rows("positions")
    adds = code == 0 and request.action == validation.DEAL and not request.position
    entry = [{"symbol": request.symbol, "type": request.type, "volume": request.volume}] if adds else []
    now = funds(moment, positions)
    margin = margin_of(moment, [*positions, *entry])
    level = now.equity / margin * 100 if margin else 0.0
    text = TEXTS.get(code, f"Retcode {code}") if code else "Done"
    free = moment.money(now.equity - margin)
    return OrderCheckResult((code, now.balance, now.equity, now.profit, margin, free, level, text, request))


def _deal(moment: Moment, request: Struct) -> Done:
    quote = validation.quote_of(moment, request.symbol)
    price = quote.ask if request.type == BUY else quote.bid
    volume = _available(moment, request)
    order = _market_order(moment, request, volume, price)
    same = {name: getattr(request, name) for name in ("symbol", "magic", "comment", "sl", "tp", "position")}
    deal = accounting.apply_fill(moment, Fill(order=order, side=request.type, volume=volume, price=price, **same))
    code = CODE["DONE"] if volume == request.volume else CODE["DONE_PARTIAL"]
    return Done(code, deal, order, volume, price)


def _available(moment: Moment, request: Struct) -> float:
    most = moment.rules(request.symbol).fills_at_most
    partly = most is not None and request.type_filling == validation.IOC
    return min(request.volume, most) if partly and most is not None else float(request.volume)


def _market_order(moment: Moment, request: Struct, volume: float, price: float) -> int:
    same = {name: getattr(request, name) for name in ("symbol", "type", "type_filling", "magic", "sl", "tp", "comment")}
    return accounting.new_order(
        moment,
        state=accounting.FILLED if volume == request.volume else accounting.CANCELED,
        time_done_msc=moment.server_ms,
        volume_initial=request.volume,
        volume_current=round(request.volume - volume, 8),
        price_open=request.price,
        price_current=price,
        **same,
    )


def _pending(moment: Moment, request: Struct) -> Done:
    names = ("symbol", "type", "type_time", "type_filling", "magic", "sl", "tp", "comment")
    order = accounting.new_order(
        moment,
        live=1,
        state=accounting.PLACED,
        time_expiration=_expiration_s(moment, request),
        volume_initial=request.volume,
        volume_current=request.volume,
        price_open=request.price,
        price_stoplimit=request.stoplimit,
        **{name: getattr(request, name) for name in names},
    )
    return Done(moment.profile.pending_retcode, order=order, volume=request.volume, price=request.price)


def _expiration_s(moment: Moment, request: Struct) -> int:
    """Server seconds at which a pending order ends; 0 for never."""
    if request.type_time == validation.GTC:
        return 0
    if request.type_time == validation.SPECIFIED:
        return int(request.expiration)
    day_s = moment.server_ms // 1000 if request.type_time == validation.DAY else request.expiration
    return int((day_s // DAY_S + 1) * DAY_S)


def _sltp(moment: Moment, request: Struct) -> Done:
    ticket = request.position
    if not ticket:
        ticket = moment.store.rows("positions", "symbol = ?", request.symbol)[0]["ticket"]
    moment.store.update("positions", ticket, sl=request.sl, tp=request.tp, time_update_msc=moment.server_ms)
    return Done()


def _modify(moment: Moment, request: Struct) -> Done:
    changes = {"price_open": request.price, "price_stoplimit": request.stoplimit, "sl": request.sl, "tp": request.tp}
    changes |= {"type_time": request.type_time, "time_expiration": _expiration_s(moment, request)}
    moment.store.update("orders", request.order, **changes)
    return Done(order=request.order, price=request.price)


def _remove(moment: Moment, request: Struct) -> Done:
    accounting.finish_order(moment, request.order, accounting.CANCELED)
    return Done(order=request.order)


def _close_by(moment: Moment, request: Struct) -> Done:
    tickets = (request.position, request.position_by)
    first, second = (moment.store.rows("positions", "ticket = ?", ticket)[0] for ticket in tickets)
    volume = min(first["volume"], second["volume"])
    side = accounting.closing_side(first)
    order = accounting.new_order(
        moment,
        type=8,
        state=accounting.FILLED,
        time_done_msc=moment.server_ms,
        volume_initial=volume,
        price_current=second["price_open"],
        symbol=first["symbol"],
        position_by_id=second["identifier"],
        magic=request.magic,
        comment=request.comment,
    )
    price = second["price_open"]
    same = {"magic": request.magic, "comment": request.comment}
    fill = Fill(order=order, symbol=first["symbol"], side=side, volume=volume, price=price, **same)
    return Done(deal=accounting.close_by(moment, fill, first, second), order=order, volume=volume, price=price)


_EXECUTE = {
    validation.DEAL: _deal,
    validation.PENDING: _pending,
    validation.SLTP: _sltp,
    validation.MODIFY: _modify,
    validation.REMOVE: _remove,
    validation.CLOSE_BY: _close_by,
}
