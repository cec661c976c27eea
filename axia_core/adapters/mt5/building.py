"""MT5 trade requests from orders: pure functions, floats only at the very end. Nothing is sent here."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any

from axia_core.adapters.mt5 import constants as mt5
from axia_core.domain.broker import Instrument, Position, Quote
from axia_core.domain.orders import Action, Kind, Order

Request = dict[str, Any]


class CannotBuild(Exception):
    """The order cannot be put as a request; the text tells a person why."""


def market_entry(order: Order, instrument: Instrument, quote: Quote, filling: int, deviation: int) -> Request:
    """A deal at the market: BUY at the ask, SELL at the bid."""
    buying = order.action is Action.BUY
    return _entry(order, instrument) | {
        "action": mt5.ACTION_DEAL,
        "type": mt5.BUY if buying else mt5.SELL,
        "price": float(quote.ask if buying else quote.bid),
        "deviation": deviation,
        "type_filling": filling,
    }


def pending_entry(order: Order, instrument: Instrument, quote: Quote, expiration: int | None) -> Request:
    """A pending order; an IFOCO becomes LIMIT or STOP by where its price lies from the market."""
    if order.entry_price is None:
        raise CannotBuild("a pending order needs an entry price")
    return _entry(order, instrument) | {
        "action": mt5.ACTION_PENDING,
        "type": _pending_type(order, order.entry_price, quote),
        "price": float(_on_tick(order.entry_price, instrument)),
        "type_filling": mt5.FILLING_RETURN,
        "type_time": mt5.TIME_GTC if expiration is None else mt5.TIME_SPECIFIED,
        "expiration": expiration or 0,
    }


def close(
    order: Order, instrument: Instrument, position: Position, quote: Quote, filling: int, deviation: int
) -> Request:
    """An opposite deal against one position, capped at its size: on a netting account more would reverse it."""
    lots = position.lots if order.lots is None else min(order.lots, position.lots)
    return {
        "action": mt5.ACTION_DEAL,
        "symbol": instrument.name,
        "volume": _volume(lots, instrument),
        "type": mt5.SELL if position.long else mt5.BUY,
        "price": float(quote.bid if position.long else quote.ask),
        "position": position.ticket,
        "deviation": deviation,
        "type_filling": filling,
        "magic": order.magic,
        "comment": order.token,
    }


def cancel(order: Order) -> Request:
    """The removal of a pending order."""
    return {"action": mt5.ACTION_REMOVE, "order": _ticket(order)}


def modify_position(order: Order, position: Position, instrument: Instrument) -> Request:
    """New stops for a position; what the order leaves out stays as it is."""
    return {
        "action": mt5.ACTION_SLTP,
        "symbol": instrument.name,
        "position": position.ticket,
        "sl": _optional_price(order.stop_loss or position.stop_loss, instrument),
        "tp": _optional_price(order.take_profit or position.take_profit, instrument),
    }


def modify_pending(order: Order, pending: dict[str, Any], instrument: Instrument) -> Request:
    """A new price or new stops for a pending order; what the order leaves out stays as it is."""
    return {
        "action": mt5.ACTION_MODIFY,
        "order": _ticket(order),
        "symbol": pending["symbol"],
        "price": _optional_price(order.entry_price, instrument) or pending["price_open"],
        "sl": _optional_price(order.stop_loss, instrument) or pending["sl"],
        "tp": _optional_price(order.take_profit, instrument) or pending["tp"],
        "type_time": pending["type_time"],
        "expiration": pending["time_expiration"],
    }


def deal_filling(filling_mode: int, execution_mode: int) -> int:
    """The filling of a market deal from the symbol's bit mask (the rule of MQL5's CTrade::FillingCheck)."""
    if execution_mode in (mt5.EXECUTION_REQUEST, mt5.EXECUTION_INSTANT) or filling_mode & mt5.SYMBOL_FILLING_FOK:
        return mt5.FILLING_FOK
    if filling_mode & mt5.SYMBOL_FILLING_IOC:
        return mt5.FILLING_IOC
    if execution_mode == mt5.EXECUTION_EXCHANGE:
        return mt5.FILLING_RETURN
    raise CannotBuild(f"the symbol allows no filling mode that AXIA knows (mask {filling_mode})")


def _entry(order: Order, instrument: Instrument) -> Request:
    if order.lots is None:
        raise CannotBuild("an entry needs a size in lots")
    return {
        "symbol": instrument.name,
        "volume": _volume(order.lots, instrument),
        "sl": _optional_price(order.stop_loss, instrument),
        "tp": _optional_price(order.take_profit, instrument),
        "magic": order.magic,
        "comment": order.token,
    }


def _pending_type(order: Order, price: Decimal, quote: Quote) -> int:
    buying = order.action is Action.BUY
    below = price < (quote.ask if buying else quote.bid)
    limit = order.kind is Kind.LIMIT or (order.kind is Kind.IFOCO and below == buying)
    if buying:
        return mt5.BUY_LIMIT if limit else mt5.BUY_STOP
    return mt5.SELL_LIMIT if limit else mt5.SELL_STOP


def _volume(lots: Decimal, instrument: Instrument) -> float:
    """Lots rounded down to the step: never more than was asked for."""
    steps = ((lots - instrument.lots_min) / instrument.lots_step).to_integral_value(ROUND_DOWN)
    volume = instrument.lots_min + steps * instrument.lots_step
    if lots < instrument.lots_min or volume > instrument.lots_max:
        limits = f"{instrument.lots_min} to {instrument.lots_max} in steps of {instrument.lots_step}"
        raise CannotBuild(f"{lots} lots cannot be traded: {instrument.name} takes {limits}")
    return float(volume)


def _optional_price(price: Decimal | None, instrument: Instrument) -> float:
    return 0.0 if price is None else float(_on_tick(price, instrument))


def _on_tick(price: Decimal, instrument: Instrument) -> Decimal:
    ticks = (price / instrument.tick_size).to_integral_value(ROUND_HALF_EVEN)
    return ticks * instrument.tick_size


def _ticket(order: Order) -> int:
    if order.mt5_ticket is None:
        raise CannotBuild(f"a {order.action} needs the ticket it acts on")
    return order.mt5_ticket
