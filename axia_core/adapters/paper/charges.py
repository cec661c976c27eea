"""What the broker charges: commission of every deal, swap of every night a position stays open. Both are 0 by default.

A night ends at the server's midnight after a weekday; the symbol's triple day counts for three. Amounts are in the
account's money: a charge is negative. Booking them is `accounting`'s, when a night ends is `books`' to notice.
"""

from __future__ import annotations

from axia_core.adapters.paper.clock import DAY_S
from axia_core.adapters.paper.moment import BUY, Moment
from axia_core.adapters.paper.store import Row

_SATURDAY = 5
_TRIPLE = 3


def commission(moment: Moment, symbol: str, volume: float) -> float:
    """Commission of one deal."""
    charged = moment.money(moment.rules(symbol).commission_per_lot * volume)
    return -charged if charged else 0.0


def next_roll_ms(moment: Moment, since_ms: int) -> int | None:
    """The first server midnight after an instant and not after now, if any open position then pays or earns swap."""
    held = moment.store.rows("positions")
    if not any(moment.rules(row["symbol"]).has_swap for row in held):
        return None
    clock, since_s = moment.market.clock, since_ms // 1000
    midnight_s = (clock.to_server_s(since_s) // DAY_S + 1) * DAY_S
    while clock.to_utc_s(midnight_s) <= since_s:
        midnight_s += DAY_S
    at_ms = clock.to_utc_s(midnight_s) * 1000
    return at_ms if at_ms <= moment.now_ms else None


def charge_night(moment: Moment) -> None:
    """Add the swap of the night that ends at this moment to every open position."""
    for row in moment.store.rows("positions"):
        amount = _swap(moment, row)
        if amount:
            moment.store.update("positions", row["ticket"], swap=moment.money(row["swap"] + amount))


def _swap(moment: Moment, position: Row) -> float:
    symbol, rules = position["symbol"], moment.rules(position["symbol"])
    points = rules.swap_long if position["type"] == BUY else rules.swap_short
    worth: float = points * moment.point(symbol) * position["volume"] * rules.contract_size
    return worth * moment.rate(moment.plain(symbol).quote) * _nights(moment, rules.swap_triple_day)


def _nights(moment: Moment, triple_day: int) -> int:
    # The day that ends; 1970-01-01 was a Thursday. MetaTrader counts from Sunday, this from Monday.
    weekday = (moment.server_ms // 1000 // DAY_S - 1 + 3) % 7
    if weekday >= _SATURDAY:
        return 0
    return _TRIPLE if weekday == (triple_day - 1) % 7 else 1
