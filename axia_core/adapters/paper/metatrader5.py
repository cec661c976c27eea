"""The MetaTrader5 module over a paper terminal: its 32 functions, and its constants, structs and dtypes by name.

A function checks its arguments as the real one does, asks the terminal, and gives the structs the real one gives.
Positional-only, keyword and no-argument functions are those of the wheel. Rules of trading and prices are elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axia_core.adapters.paper import arguments, infos, market, surface
from axia_core.adapters.paper.arguments import CallFailed
from axia_core.adapters.paper.bars import Bars
from axia_core.adapters.paper.connection import CONNECTION, mt5_function
from axia_core.adapters.paper.moment import Moment
from axia_core.adapters.paper.store import Row
from axia_core.adapters.paper.surface import Struct

__version__ = surface.VERSION
__author__ = "AXIA paper terminal"

globals().update(surface.CONSTANTS)
globals().update(surface.STRUCTS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


_NOT_FOUND = (-4, "Terminal: Not found")
# Bounds the memory of a careless range; a week of one symbol has fewer.
_MOST_TICKS = 2_000_000
_INVALID_PARAMS = (-2, "Terminal: Invalid params")
_LONGEST_PATH = 4_000


@mt5_function(failure=False)
def initialize(*args: Any, **options: Any) -> bool:
    """Connect to the paper terminal in the folder `path`; False and last_error when that fails."""
    if len(args) > 1:
        raise CallFailed(-2, "Invalid number of arguments")
    _unnamed(args, str)
    arguments.int_option(options, "timeout", arguments.UNSIGNED_32)
    path = arguments.text_option(options | ({"path": args[0]} if args else {}), "path", _LONGEST_PATH)
    CONNECTION.open(Path(path) if path else None, *_account(options))
    return True


def shutdown() -> bool:
    """Disconnect; always True."""
    CONNECTION.last_error = (1, "Success")
    CONNECTION.close()
    return True


def last_error() -> tuple[int, str]:
    """Code and text of the last call's outcome."""
    return CONNECTION.last_error


@mt5_function(failure=False)
def login(*args: Any, **options: Any) -> bool:
    """Log in to the terminal's account; False for any other."""
    if len(args) > 3:
        raise CallFailed(-2, "Invalid number of arguments")
    _unnamed(args, int, str, str)
    account = _account(options | dict(zip(("login", "password", "server"), args, strict=False)))
    if account[0] is None:
        raise CallFailed(*arguments.INVALID_ARGUMENTS)
    arguments.int_option(options, "timeout", arguments.UNSIGNED_32)
    CONNECTION.log_in(*account)
    return True


def _unnamed(args: tuple[Any, ...], *kinds: type) -> None:
    for place, value, kind in zip(("1st", "2nd", "3rd"), args, kinds, strict=False):
        if not isinstance(value, kind):
            raise CallFailed(-2, f"Invalid {place} unnamed argument")


def _account(options: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    longest = arguments.LONGEST_SECRET
    password, server = (arguments.text_option(options, name, longest) for name in ("password", "server"))
    return arguments.int_option(options, "login"), password, server


@mt5_function()
def version() -> tuple[int, int, str] | None:
    """Version, build and date of the terminal."""
    CONNECTION.terminal  # noqa: B018 - fails without a connection
    return 500, infos.BUILD, infos.BUILD_DATE


@mt5_function()
def terminal_info() -> Struct | None:
    """The terminal."""
    terminal = CONNECTION.terminal
    return infos.terminal_info(terminal.moment(), terminal.folder)


@mt5_function()
def account_info() -> Struct | None:
    """The account."""
    return infos.account_info(CONNECTION.terminal.advanced())


@mt5_function()
def symbols_total() -> int | None:
    """How many symbols the broker has."""
    return len(_symbols(CONNECTION.terminal.moment()))


@mt5_function(refused=False)
def symbols_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """All symbols, or those whose name fits `group`; False for wrong arguments, None for any other failure."""
    if len(args) > 1:
        raise CallFailed(-2, "Invalid number of arguments")
    _unnamed(args, str)
    # Where both are given the keyword counts: it is read last.
    given = dict(zip(("group",), args, strict=False)) | options
    group = arguments.text_option(given, "group", arguments.LONGEST_GROUP)
    moment = CONNECTION.terminal.moment()
    names = _symbols(moment)
    return tuple(infos.symbol_info(moment, name) for name in names if not group or _in_group(name, group))


@mt5_function()
def symbol_info(*args: Any) -> Struct | None:
    """The 96 properties of a symbol."""
    moment, symbol = _known(*arguments.take(args, object))
    return infos.symbol_info(moment, symbol)


@mt5_function()
def symbol_info_tick(*args: Any) -> Struct | None:
    """The last tick of a symbol that Market Watch shows."""
    moment, symbol = _known(*arguments.take(args, object))
    shown = moment.profile.selected or moment.store.watched(symbol)
    quote = moment.quote(symbol) if shown else None
    if quote is None:
        raise CallFailed(*_NOT_FOUND)
    return infos.tick(moment, quote)


@mt5_function(failure=False)
def symbol_select(*args: Any) -> bool:
    """Show a symbol in Market Watch, or hide it; one with a position or an order cannot be hidden."""
    symbol, *enable = arguments.take(args, object, bool, optional=1)
    moment, symbol = _known(symbol)
    shown = enable[0] if enable else True
    in_use = moment.store.count("positions", "symbol = ?", symbol)
    in_use += moment.store.count("orders", "symbol = ? AND live = 1", symbol)
    if in_use and not shown:
        raise CallFailed(-1, "Terminal: Call failed")
    moment.store.watch(symbol, shown)
    return True


@mt5_function(failure=False)
def market_book_add(*args: Any) -> bool:
    """No depth of market on a paper terminal, as on most FX brokers: False."""
    _known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function(failure=False)
def market_book_release(*args: Any) -> bool:
    """False: nothing was subscribed."""
    _known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function()
def market_book_get(*args: Any) -> tuple[Struct, ...] | None:
    """None: no depth of market."""
    _known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function()
def copy_rates_from(*args: Any) -> market.Rows | None:
    """`count` bars up to and including the one that holds `date_from`."""
    symbol, timeframe, date_from, count = arguments.take(args, object, int, object, int)
    last_s = arguments.date_s(date_from)
    return _rates_until(symbol, timeframe, lambda moment: last_s, 0, count)


@mt5_function()
def copy_rates_from_pos(*args: Any) -> market.Rows | None:
    """`count` bars that end `start_pos` bars before the forming one, which has position 0."""
    symbol, timeframe, start_pos, count = arguments.take(args, object, int, int, int)
    return _rates_until(symbol, timeframe, lambda moment: moment.server_ms // 1000, start_pos, count)


@mt5_function()
def copy_rates_range(*args: Any) -> market.Rows | None:
    """The bars that open from `date_from` to `date_to`, both included."""
    symbol, timeframe, date_from, date_to = arguments.take(args, object, int, object, object)
    first_s, last_s = arguments.date_s(date_from), arguments.date_s(date_to)
    moment, symbol = _known(symbol)
    _check_timeframe(timeframe)
    pair = moment.plain(symbol).name
    bars = moment.market.rates(pair, timeframe, first_s, last_s, moment.now_ms)
    return _rate_rows(moment, pair, bars[-moment.profile.maxbars :])


@mt5_function()
def copy_ticks_from(*args: Any) -> market.Rows | None:
    """At most `count` ticks from `date_from` on."""
    symbol, date_from, count, flags = arguments.take(args, object, object, int, int)
    first_s = arguments.date_s(date_from)
    if count <= 0:
        raise CallFailed(*_INVALID_PARAMS)
    return _ticks(symbol, first_s, None, flags, count)


@mt5_function()
def copy_ticks_range(*args: Any) -> market.Rows | None:
    """The ticks from `date_from` to `date_to`."""
    symbol, date_from, date_to, flags = arguments.take(args, object, object, object, int)
    return _ticks(symbol, arguments.date_s(date_from), arguments.date_s(date_to), flags, None)


@mt5_function()
def positions_total() -> int | None:
    """How many positions are open."""
    return CONNECTION.terminal.advanced().store.count("positions")


@mt5_function()
def positions_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Open positions, all or by ticket, else symbol, else group."""
    where = _filter(args, options)
    moment = CONNECTION.terminal.advanced()
    return tuple(infos.position(moment, row) for row in moment.store.rows("positions") if where(row))


@mt5_function()
def orders_total() -> int | None:
    """How many orders are pending."""
    return CONNECTION.terminal.advanced().store.count("orders", "live = 1")


@mt5_function()
def orders_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Pending orders, all or by ticket, else symbol, else group."""
    where = _filter(args, options)
    moment = CONNECTION.terminal.advanced()
    return tuple(infos.order(moment, row) for row in moment.store.rows("orders", "live = 1") if where(row))


@mt5_function()
def history_orders_total(*args: Any) -> int | None:
    """How many finished orders lie between two server times."""
    return len(_history("orders", arguments.take(args, object, object), {})[1])


@mt5_function()
def history_orders_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Finished orders between two server times, else of a ticket, else of a position."""
    moment, rows = _history("orders", args, options)
    return tuple(infos.order(moment, row) for row in rows)


@mt5_function()
def history_deals_total(*args: Any) -> int | None:
    """How many deals lie between two server times."""
    return len(_history("deals", arguments.take(args, object, object), {})[1])


@mt5_function()
def history_deals_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Deals between two server times, else of an order (`ticket`), else of a position."""
    _, rows = _history("deals", args, options)
    return tuple(infos.deal(row) for row in rows)


@mt5_function()
def order_calc_margin(*args: Any) -> float | None:
    """Margin of an entry, in the account's currency."""
    action, symbol, lots, _ = arguments.take(args, int, object, float, float)
    moment, symbol = _known(symbol)
    if action not in (0, 1) or not lots > 0:
        raise CallFailed(*_INVALID_PARAMS)
    return moment.margin(symbol, lots)


@mt5_function()
def order_calc_profit(*args: Any) -> float | None:
    """Profit of a move from one price to another, in the account's currency."""
    action, symbol, lots, price_open, price_close = arguments.take(args, int, object, float, float, float)
    moment, symbol = _known(symbol)
    if action not in (0, 1) or not lots > 0:
        raise CallFailed(*_INVALID_PARAMS)
    return moment.profit(symbol, action, lots, price_open, price_close)


@mt5_function()
def order_check(*args: Any, **options: Any) -> Struct | None:
    """What order_send would answer; retcode 0 means it would execute."""
    request = arguments.trade_request(args, options)
    return CONNECTION.terminal.check(request)


@mt5_function()
def order_send(*args: Any, **options: Any) -> Struct | None:
    """Execute a trade request."""
    request = arguments.trade_request(args, options)
    return CONNECTION.terminal.send(request)


def _known(symbol: object) -> tuple[Moment, str]:
    name = arguments.symbol_name(symbol)
    moment = CONNECTION.terminal.moment()
    if moment.pair(name) is None:
        raise CallFailed(*_NOT_FOUND)
    return moment, name


def _symbols(moment: Moment) -> tuple[str, ...]:
    return tuple(pair + moment.profile.symbol_suffix for pair in moment.market.source.pairs)


def _check_timeframe(timeframe: int) -> None:
    if not market.is_timeframe(timeframe):
        raise CallFailed(*_INVALID_PARAMS)


def _rates_until(
    symbol: object, timeframe: int, last_s: Callable[[Moment], int], start_pos: int, count: int
) -> market.Rows:
    moment, name = _known(symbol)
    _check_timeframe(timeframe)
    if count <= 0 or start_pos < 0:
        raise CallFailed(*_INVALID_PARAMS)
    pair = moment.plain(name).name
    most = min(count + start_pos, moment.profile.maxbars)
    bars = moment.market.rates_until(pair, timeframe, last_s(moment), most, moment.now_ms)
    return _rate_rows(moment, pair, bars[: max(0, len(bars) - start_pos)][-count:])


def _rate_rows(moment: Moment, pair: str, bars: Bars) -> market.Rows:
    arrived = CONNECTION.terminal.most_rows()
    return moment.market.rate_rows(pair, bars if arrived is None else bars[max(0, len(bars) - arrived) :])


def _ticks(symbol: object, first_s: int, last_s: int | None, flags: int, most: int | None) -> market.Rows:
    moment, name = _known(symbol)
    if flags not in (-1, 1, 2):
        raise CallFailed(*_INVALID_PARAMS)
    # The paper market has quotes only, no exchange trades.
    if flags == surface.CONSTANTS["COPY_TICKS_TRADE"]:
        return market.empty_rows(surface.TICKS_DTYPE)
    pair, clock = moment.plain(name).name, moment.market.clock
    last_ms = moment.now_ms if last_s is None else clock.to_utc_s(last_s) * 1000
    first_ms, most = clock.to_utc_s(first_s) * 1000, min(most or _MOST_TICKS, _MOST_TICKS)
    times, bids = moment.market.ticks(pair, first_ms, last_ms, moment.now_ms, most)
    return moment.market.tick_rows(pair, times, bids)


def _filter(args: tuple[Any, ...], options: dict[str, Any]) -> Callable[[Row], bool]:
    """Only one filter counts: ticket before symbol before group."""
    if args:
        raise CallFailed(-2, "Unnamed arguments not allowed")
    ticket = arguments.int_option(options, "ticket")
    symbol = arguments.text_option(options, "symbol")
    group = arguments.text_option(options, "group", arguments.LONGEST_GROUP)
    if ticket is not None:
        return lambda row: bool(row["ticket"] == ticket)
    if symbol is not None:
        return lambda row: bool(row["symbol"] == symbol)
    return lambda row: group is None or _in_group(row["symbol"], group)


def _history(table: str, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Moment, list[Row]]:
    ticket, position = (arguments.int_option(options, name) for name in ("ticket", "position"))
    group = arguments.text_option(options, "group", arguments.LONGEST_GROUP)
    done, stamp, own = ("1", "time_msc", '"order"') if table == "deals" else ("live = 0", "time_done_msc", "ticket")
    if len(args) == 2:
        first_s, last_s = (arguments.date_s(value) for value in args)
        where = f"{done} AND {stamp} >= ? AND {stamp} < ?"
        values: tuple[object, ...] = (first_s * 1000, (last_s + 1) * 1000)
    elif args or (ticket is None and position is None):
        raise CallFailed(*arguments.INVALID_ARGUMENTS)
    elif ticket is not None:
        where, values, group = f"{done} AND {own} = ?", (ticket,), None
    else:
        where, values, group = f"{done} AND position_id = ?", (position,), None
    moment = CONNECTION.terminal.advanced()
    arrived_ms = moment.server_ms - moment.late_ms
    rows = [row for row in moment.store.rows(table, where, *values) if row[stamp] <= arrived_ms]
    return moment, [row for row in rows if group is None or _in_group(row["symbol"], group)]


def _in_group(name: str, group: str) -> bool:
    """Whether a name fits a group like `*USD*, !EUR*`: later masks take out or put in."""
    inside = False
    for mask in (part.strip() for part in group.split(",")):
        if mask.startswith("!"):
            inside = inside and not fnmatchcase(name, mask[1:])
        else:
            inside = inside or fnmatchcase(name, mask)
    return inside
