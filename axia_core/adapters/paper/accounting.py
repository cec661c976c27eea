"""What a fill does to the books: the order, the deal, the position and the balance, on hedging and netting accounts.

Callers have decided that the fill happens and at what price; everything here runs inside their transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.adapters.paper import charges
from axia_core.adapters.paper.moment import BUY, SELL, Moment
from axia_core.adapters.paper.store import Row
from axia_core.adapters.paper.validation import hedging

IN, OUT, INOUT, OUT_BY = 0, 1, 2, 3
EXPERT, BY_SL, BY_TP, BY_STOPOUT = 3, 4, 5, 6
PLACED, CANCELED, PARTIAL, FILLED, EXPIRED = 1, 2, 3, 4, 6
_SAME_LOTS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of an order; `position` is the ticket it closes, 0 for an entry."""

    order: int
    symbol: str
    side: int
    volume: float
    price: float
    magic: int
    comment: str
    reason: int = EXPERT
    sl: float = 0.0
    tp: float = 0.0
    position: int = 0


def new_order(moment: Moment, **values: object) -> int:
    """Write an order and return its ticket; what *values* leaves out is zero or empty."""
    ticket = moment.store.take("next_order")
    zeros = dict.fromkeys(("time_done_msc", "time_expiration", "type_time", "type_filling", "position_id"), 0)
    zeros |= dict.fromkeys(("position_by_id", "magic", "live"), 0)
    prices = dict.fromkeys(("price_open", "sl", "tp", "price_current", "price_stoplimit", "volume_current"), 0.0)
    row: Row = zeros | prices | {"ticket": ticket, "comment": "", "reason": EXPERT}
    row |= {"time_setup_msc": moment.server_ms}
    moment.store.insert("orders", row | values)
    return ticket


def finish_order(moment: Moment, ticket: int, state: int, **changes: object) -> None:
    """Move an order to the history."""
    done = {"live": 0, "state": state, "time_done_msc": moment.server_ms}
    moment.store.update("orders", ticket, **done, **changes)


def apply_fill(moment: Moment, fill: Fill) -> int:
    """Change positions and balance by a fill and return the deal's ticket."""
    held = _held(moment, fill)
    if held is None:
        return _open(moment, fill)
    if held["type"] == fill.side:
        return _add(moment, fill, held)
    if fill.volume > held["volume"] + _SAME_LOTS:
        return _reverse(moment, fill, held)
    return _reduce(moment, fill, held, OUT)


def close_by(moment: Moment, fill: Fill, first: Row, second: Row) -> int:
    """Close two opposite positions against each other at the second one's open price: the first carries the profit."""
    deal = _reduce(moment, fill, first, OUT_BY)
    other = Fill(
        order=fill.order,
        symbol=fill.symbol,
        side=1 - fill.side,
        volume=fill.volume,
        price=second["price_open"],
        magic=second["magic"],
        comment=fill.comment,
    )
    _reduce(moment, other, second, OUT_BY)
    return deal


def _held(moment: Moment, fill: Fill) -> Row | None:
    if hedging(moment):
        found = moment.store.rows("positions", "ticket = ?", fill.position) if fill.position else []
    else:
        found = moment.store.rows("positions", "symbol = ?", fill.symbol)
    return found[0] if found else None


def _open(moment: Moment, fill: Fill) -> int:
    row: Row = {"ticket": fill.order, "identifier": fill.order, "type": fill.side, "price_open": fill.price}
    row |= {name: getattr(fill, name) for name in ("magic", "reason", "volume", "sl", "tp", "symbol", "comment")}
    row |= {"time_msc": moment.server_ms, "time_update_msc": moment.server_ms, "reason": EXPERT, "swap": 0.0}
    moment.store.insert("positions", row)
    moment.store.update("orders", fill.order, position_id=fill.order)
    return _book(moment, fill, IN, fill.order, 0.0)


def _add(moment: Moment, fill: Fill, held: Row) -> int:
    volume = round(held["volume"] + fill.volume, 8)
    price = (held["price_open"] * held["volume"] + fill.price * fill.volume) / volume
    stops = {"sl": fill.sl or held["sl"], "tp": fill.tp or held["tp"]}
    moment.store.update(
        "positions", held["ticket"], volume=volume, price_open=price, time_update_msc=moment.server_ms, **stops
    )
    moment.store.update("orders", fill.order, position_id=held["identifier"])
    return _book(moment, fill, IN, held["identifier"], 0.0)


def _reduce(moment: Moment, fill: Fill, held: Row, entry: int) -> int:
    left = round(held["volume"] - fill.volume, 8)
    # A part of a position takes its part of the swap with it.
    swap = held["swap"] if left <= _SAME_LOTS else moment.money(held["swap"] * fill.volume / held["volume"])
    if left <= _SAME_LOTS:
        moment.store.delete("positions", held["ticket"])
    else:
        kept = {"volume": left, "swap": moment.money(held["swap"] - swap)}
        moment.store.update("positions", held["ticket"], time_update_msc=moment.server_ms, **kept)
    moment.store.update("orders", fill.order, position_id=held["identifier"])
    profit = moment.profit(fill.symbol, held["type"], fill.volume, held["price_open"], fill.price)
    return _book(moment, fill, entry, held["identifier"], profit, swap)


def _reverse(moment: Moment, fill: Fill, held: Row) -> int:
    profit = moment.profit(fill.symbol, held["type"], held["volume"], held["price_open"], fill.price)
    moment.store.delete("positions", held["ticket"])
    left = round(fill.volume - held["volume"], 8)
    # The ticket is the reversing order's; the identifier, which deals refer to, stays the first one's.
    row = held | {"ticket": fill.order, "type": fill.side, "volume": left, "price_open": fill.price}
    row |= {"sl": fill.sl, "tp": fill.tp, "magic": fill.magic, "comment": fill.comment, "swap": 0.0}
    moment.store.insert("positions", row | {"time_msc": moment.server_ms, "time_update_msc": moment.server_ms})
    moment.store.update("orders", fill.order, position_id=held["identifier"])
    return _book(moment, fill, INOUT, held["identifier"], profit, held["swap"])


def _book(moment: Moment, fill: Fill, entry: int, position_id: int, profit: float, swap: float = 0.0) -> int:
    ticket = moment.store.take("next_deal")
    copied = ("order", "symbol", "volume", "price", "magic", "comment", "reason")
    row: Row = {name: getattr(fill, name) for name in copied}
    row |= {"ticket": ticket, "time_msc": moment.server_ms, "type": fill.side, "entry": entry}
    charged = {"commission": charges.commission(moment, fill.symbol, fill.volume), "swap": swap, "fee": 0.0}
    moment.store.insert("deals", row | {"position_id": position_id, "profit": profit} | charged)
    minor = round((profit + sum(charged.values())) * 10**moment.profile.account.currency_digits)
    moment.store.set_value("balance", moment.store.value("balance") + minor)
    return ticket


def closing_side(position: Row) -> int:
    """The side of a deal that closes a position."""
    return SELL if position["type"] == BUY else BUY


def close_position(moment: Moment, position: Row, reason: int, comment: str) -> int:
    """Close a whole position at the market, as the broker does for a stop; returns the deal's ticket."""
    price = moment.closing_price(position)
    order = new_order(
        moment,
        type=closing_side(position),
        state=FILLED,
        time_done_msc=moment.server_ms,
        volume_initial=position["volume"],
        price_current=price,
        symbol=position["symbol"],
        position_id=position["identifier"],
        magic=position["magic"],
        reason=reason,
        comment=comment,
    )
    fill = Fill(
        order=order,
        symbol=position["symbol"],
        side=closing_side(position),
        volume=position["volume"],
        price=price,
        magic=position["magic"],
        comment=comment,
        reason=reason,
        position=position["ticket"],
    )
    return apply_fill(moment, fill)
