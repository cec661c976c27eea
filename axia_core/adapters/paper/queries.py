"""What the module's functions ask the terminal for: symbols, bars, ticks, and rows of orders, positions and deals.

Arguments have their types already; what cannot be answered is a CallFailed.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from axia_core.adapters.paper import arguments, market, surface
from axia_core.adapters.paper.arguments import CallFailed
from axia_core.adapters.paper.bars import Bars
from axia_core.adapters.paper.connection import CONNECTION
from axia_core.adapters.paper.moment import Moment
from axia_core.adapters.paper.store import Row

NOT_FOUND = (-4, "Terminal: Not found")
INVALID_PARAMS = (-2, "Terminal: Invalid params")
# Bounds the memory of a careless range; a week of one symbol has fewer.
_MOST_TICKS = 2_000_000


def known(symbol: object) -> tuple[Moment, str]:
    """The terminal now, and a symbol it has; raises CallFailed for one it has not."""
    name = arguments.symbol_name(symbol)
    moment = CONNECTION.terminal.moment()
    if moment.pair(name) is None:
        raise CallFailed(*NOT_FOUND)
    return moment, name


def symbol_names(moment: Moment) -> tuple[str, ...]:
    """The broker's names of all symbols."""
    return tuple(pair + moment.profile.symbol_suffix for pair in moment.market.source.pairs)


def check_timeframe(timeframe: int) -> None:
    """Raise CallFailed for what is no timeframe."""
    if not market.is_timeframe(timeframe):
        raise CallFailed(*INVALID_PARAMS)


def rates_until(
    symbol: object, timeframe: int, last_s: Callable[[Moment], int], start_pos: int, count: int
) -> market.Rows:
    """`count` bars that end `start_pos` before the one that holds `last_s`."""
    moment, name = known(symbol)
    check_timeframe(timeframe)
    if count <= 0 or start_pos < 0:
        raise CallFailed(*INVALID_PARAMS)
    pair = moment.plain(name).name
    most = min(count + start_pos, moment.profile.maxbars)
    bars = moment.market.rates_until(pair, timeframe, last_s(moment), most, moment.now_ms)
    return rate_rows(moment, pair, timeframe, bars[: max(0, len(bars) - start_pos)][-count:])


def rate_rows(moment: Moment, pair: str, timeframe: int, bars: Bars) -> market.Rows:
    """The array of bars, as far as history has arrived."""
    arrived = CONNECTION.terminal.most_rows()
    return moment.market.rate_rows(pair, timeframe, bars if arrived is None else bars[max(0, len(bars) - arrived) :])


def ticks(symbol: object, first_s: int, last_s: int | None, flags: int, most: int | None) -> market.Rows:
    """The array of ticks of a window."""
    moment, name = known(symbol)
    if flags not in (-1, 1, 2):
        raise CallFailed(*INVALID_PARAMS)
    # The paper market has quotes only, no exchange trades.
    if flags == surface.CONSTANTS["COPY_TICKS_TRADE"]:
        return market.empty_rows(surface.TICKS_DTYPE)
    pair, clock = moment.plain(name).name, moment.market.clock
    last_ms = moment.now_ms if last_s is None else clock.to_utc_s(last_s) * 1000
    first_ms, most = clock.to_utc_s(first_s) * 1000, min(most or _MOST_TICKS, _MOST_TICKS)
    times, bids = moment.market.ticks(pair, first_ms, last_ms, moment.now_ms, most)
    return moment.market.tick_rows(pair, times, bids)


def row_filter(args: tuple[Any, ...], options: dict[str, Any]) -> Callable[[Row], bool]:
    """Only one filter counts: ticket before symbol before group."""
    if args:
        raise CallFailed(-2, "Unnamed arguments not allowed")
    if "ticket" in options:
        ticket = arguments.int_option(options, "ticket")
        return lambda row: bool(row["ticket"] == ticket)
    if "symbol" in options:
        symbol = arguments.text_option(options, "symbol")
        return lambda row: bool(row["symbol"] == symbol)
    group = arguments.text_option(options, "group", arguments.LONGEST_GROUP)
    return lambda row: group is None or in_group(row["symbol"], group)


def history(table: str, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Moment, list[Row]]:
    """The rows of a history call, and the terminal now: by dates (and a group), else by ticket, else by position."""
    done, stamp, own = ("1", "time_msc", '"order"') if table == "deals" else ("live = 0", "time_done_msc", "ticket")
    group = None
    values: tuple[object, ...]
    if len(args) == 2:
        first_s, last_s = (arguments.date_s(value) for value in args)
        group = arguments.text_option(options, "group", arguments.LONGEST_GROUP)
        where, values = f"{stamp} >= ? AND {stamp} < ?", (first_s * 1000, (last_s + 1) * 1000)
    else:
        name = next((name for name in ("ticket", "position") if name in options), None)
        if name is None:
            raise CallFailed(*arguments.INVALID_ARGUMENTS)
        if args:
            raise CallFailed(-2, "Unnamed arguments not allowed")
        where, values = f"{own if name == 'ticket' else 'position_id'} = ?", (arguments.int_option(options, name),)
    moment = CONNECTION.terminal.advanced()
    arrived_ms = moment.server_ms - moment.late_ms
    rows = [row for row in moment.store.rows(table, f"{done} AND {where}", *values) if row[stamp] <= arrived_ms]
    return moment, [row for row in rows if group is None or in_group(row["symbol"], group)]


def in_group(name: str, group: str) -> bool:
    """Whether a name fits a group like `*USD*, !EUR*`: later masks take out or put in."""
    inside = False
    for mask in (part.strip() for part in group.split(",")):
        if mask.startswith("!"):
            inside = inside and not fnmatchcase(name, mask[1:])
        else:
            inside = inside or fnmatchcase(name, mask)
    return inside
