"""What happens in the terminal while nobody calls: stops, take profits, pending orders, expiries, nights.

The books stand at an instant, `evaluated_ms`; `advance` brings them to now, event by event in the order of the ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from axia_core.adapters.paper import accounting, charges
from axia_core.adapters.paper.accounting import Fill
from axia_core.adapters.paper.bars import Bars
from axia_core.adapters.paper.moment import BUY, Moment, funds, margin_of
from axia_core.adapters.paper.store import Row
from axia_core.adapters.paper.validation import side

_NEAR = 1e-9
_CLOCKS_DISAGREE_MS = 60_000
_LIMIT_OF_STOP_LIMIT = {6: 2, 7: 3}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A position's exit or a pending order, and the bids (or asks) at which it goes off."""

    table: str
    row: Row
    reason: int
    below: float = -np.inf
    above: float = np.inf
    on_ask: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """What happens next; events are ordered by time, then by ticket."""

    time_ms: int
    ticket: int
    trigger: Trigger = field(compare=False)


def advance(moment: Moment) -> None:
    """Bring the books to this moment; call it inside a transaction."""
    since_ms = moment.store.value("evaluated_ms") or moment.now_ms
    if since_ms > moment.now_ms:
        # A few seconds back are clocks that disagree: time waits for them. More is another shift in the profile, and
        # the books start anew from there: what is done stays done.
        if since_ms - moment.now_ms > _CLOCKS_DISAGREE_MS:
            moment.store.set_value("evaluated_ms", moment.now_ms)
        return
    bars: dict[str, Bars] = {}
    while (event := _next_event(moment, since_ms, bars)) is not None:
        _happen(moment.at(event.time_ms), event.trigger)
        since_ms = event.time_ms
    _stop_out(moment)
    moment.store.set_value("evaluated_ms", moment.now_ms)


def idle(moment: Moment) -> bool:
    """Whether nothing is open, so that time changes nothing."""
    return not moment.store.count("positions") and not moment.store.count("orders", "live = 1")


def _next_event(moment: Moment, since_ms: int, bars: dict[str, Bars]) -> Event | None:
    ending = moment.store.rows("orders", "live = 1 AND time_expiration > 0")
    found = [_expiry(moment, order, since_ms) for order in ending]
    found += [_first_hit(moment, trigger, since_ms, bars) for trigger in _triggers(moment)]
    found.append(_roll(moment, since_ms))
    return min((event for event in found if event is not None), default=None)


def _expiry(moment: Moment, order: Row, since_ms: int) -> Event | None:
    at_ms = max(since_ms, moment.market.clock.to_utc_s(order["time_expiration"]) * 1000)
    return Event(at_ms, order["ticket"], Trigger("expiry", order, 0)) if at_ms <= moment.now_ms else None


def _roll(moment: Moment, since_ms: int) -> Event | None:
    at_ms = charges.next_roll_ms(moment, since_ms)
    # Before everything else of its instant: what ends at midnight was there during the night.
    return None if at_ms is None else Event(at_ms, 0, Trigger("roll", {}, 0))


def _triggers(moment: Moment) -> Iterator[Trigger]:
    for row in moment.store.rows("positions"):
        yield from _exits(row)
    for row in moment.store.rows("orders", "live = 1"):
        yield _entry(row)


def _exits(row: Row) -> Iterator[Trigger]:
    # A BUY is closed at the bid, a SELL at the ask.
    sl, tp = row["sl"], row["tp"]
    if row["type"] == BUY:
        yield from [Trigger("positions", row, accounting.BY_SL, below=sl)] if sl else []
        yield from [Trigger("positions", row, accounting.BY_TP, above=tp)] if tp else []
    else:
        yield from [Trigger("positions", row, accounting.BY_SL, above=sl, on_ask=True)] if sl else []
        yield from [Trigger("positions", row, accounting.BY_TP, below=tp, on_ask=True)] if tp else []


def _entry(row: Row) -> Trigger:
    level, buys = row["price_open"], side(row["type"]) == BUY
    if row["type"] in (2, 5, 7):
        return Trigger("orders", row, 0, below=level, on_ask=buys)
    return Trigger("orders", row, 0, above=level, on_ask=buys)


def _first_hit(moment: Moment, trigger: Trigger, since_ms: int, bars: dict[str, Bars]) -> Event | None:
    pair = moment.pair(trigger.row["symbol"])
    if pair is None:
        return None
    if pair not in bars:
        source = moment.market.source
        bars[pair] = source.base_bars(pair, since_ms // 1000 - source.base_s(pair), moment.now_ms // 1000 + 1)
    held = bars[pair]
    lowest = np.minimum(held.low, np.minimum(held.open, held.close))
    highest = np.maximum(held.high, np.maximum(held.open, held.close))
    if trigger.on_ask:
        spread, point = moment.market.spreads[pair], moment.point(trigger.row["symbol"])
        lowest, highest = lowest + spread.least * point, highest + spread.most * point
    touched = (lowest <= trigger.below + _NEAR) | (highest >= trigger.above - _NEAR)
    for index in np.flatnonzero(touched):
        at_ms = _hit_in(moment, trigger, pair, held[slice(int(index), int(index) + 1)], since_ms)
        if at_ms is not None:
            return Event(at_ms, trigger.row["ticket"], trigger)
    return None


def _hit_in(moment: Moment, trigger: Trigger, pair: str, bar: Bars, since_ms: int) -> int | None:
    walk = moment.market.path(pair, bar)
    price = moment.market.asks(pair, walk.bid, walk.time_ms) if trigger.on_ask else walk.bid
    hit = (price <= trigger.below + _NEAR) | (price >= trigger.above - _NEAR)
    hit &= (walk.time_ms > since_ms) & (walk.time_ms <= moment.now_ms)
    found = np.flatnonzero(hit)
    return int(walk.time_ms[found[0]]) if len(found) else None


def _happen(moment: Moment, trigger: Trigger) -> None:
    if trigger.table == "positions":
        name, level = ("sl", trigger.row["sl"]) if trigger.reason == accounting.BY_SL else ("tp", trigger.row["tp"])
        digits = moment.plain(trigger.row["symbol"]).digits
        accounting.close_position(moment, trigger.row, trigger.reason, f"[{name} {level:.{digits}f}]")
    elif trigger.table == "roll":
        charges.charge_night(moment)
    elif trigger.table == "expiry":
        accounting.finish_order(moment, trigger.row["ticket"], accounting.EXPIRED)
    elif trigger.row["type"] in _LIMIT_OF_STOP_LIMIT:
        row = trigger.row
        kind = _LIMIT_OF_STOP_LIMIT[row["type"]]
        moment.store.update("orders", row["ticket"], type=kind, price_open=row["price_stoplimit"], price_stoplimit=0.0)
    else:
        _fill_pending(moment, trigger.row)


def _fill_pending(moment: Moment, order: Row) -> None:
    quote = moment.quote(order["symbol"])
    positions = moment.store.rows("positions")
    entry = {"symbol": order["symbol"], "type": side(order["type"]), "volume": order["volume_current"]}
    broke = margin_of(moment, [*positions, entry]) > max(0.0, funds(moment, positions).equity)
    if quote is None or broke:
        accounting.finish_order(moment, order["ticket"], accounting.CANCELED, comment="no money")
        return
    price = quote.ask if entry["type"] == BUY else quote.bid
    accounting.finish_order(moment, order["ticket"], accounting.FILLED, volume_current=0.0, price_current=price)
    same = {name: order[name] for name in ("symbol", "magic", "comment", "sl", "tp")}
    fill = Fill(order=order["ticket"], side=entry["type"], volume=order["volume_current"], price=price, **same)
    accounting.apply_fill(moment, fill)


def _stop_out(moment: Moment) -> None:
    while moment.market.is_open(moment.now_ms):
        positions = moment.store.rows("positions")
        money = funds(moment, positions)
        if not positions or not money.margin or money.level >= moment.profile.account.stopout_level:
            return
        worst = min(positions, key=moment.floating)
        accounting.close_position(moment, worst, accounting.BY_STOPOUT, f"so {money.level:.2f}%")
