"""The MetaTrader5 module over a paper terminal: its 32 functions and 3 helpers, its constants and structs by name.

A function checks its arguments as the real one does, asks the terminal, and gives the structs the real one gives.
Positional-only, keyword and no-argument functions are those of the wheel. Rules of trading and prices are elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from axia_core.adapters.paper import arguments, infos, market, queries, surface
from axia_core.adapters.paper.arguments import CallFailed
from axia_core.adapters.paper.connection import CONNECTION, mt5_function
from axia_core.adapters.paper.surface import CONSTANTS, Struct
from axia_core.adapters.paper.terminal import Terminal

__version__ = surface.VERSION
__author__ = "AXIA paper terminal"

globals().update(surface.CONSTANTS)
globals().update(surface.STRUCTS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


_LONGEST_PATH = 4_000
_INCOMPATIBLE = (
    -5,
    "Terminal: Incompatible versions, please install the latest version of Terminal and Python module",
)
_TRIES = 10
_WITH_A_NEW_PRICE = (CONSTANTS["TRADE_RETCODE_REQUOTE"], CONSTANTS["TRADE_RETCODE_PRICE_OFF"])


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
    CONNECTION.note("shutdown")
    CONNECTION.last_error = (1, "Success")
    CONNECTION.close()
    return True


def last_error() -> tuple[int, str]:
    """Code and text of the last call's outcome."""
    CONNECTION.note("last_error")
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


@mt5_function(failure=(0, 0, ""))
def version() -> tuple[int, int, str]:
    """Version, build and date of the terminal; zeros without a connection."""
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


def _of_a_known_build() -> Terminal:
    """The terminal; without one the module takes its build, which it does not know, for too old."""
    try:
        return CONNECTION.terminal
    except CallFailed:
        raise CallFailed(*_INCOMPATIBLE) from None


@mt5_function()
def symbols_total() -> int | None:
    """How many symbols the broker has."""
    return len(queries.symbol_names(_of_a_known_build().moment()))


@mt5_function(refused=False)
def symbols_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """All symbols, or those whose name fits `group`; False for wrong arguments, None for any other failure."""
    if len(args) > 1:
        raise CallFailed(-2, "Invalid number of arguments")
    _unnamed(args, str)
    # Where both are given the keyword counts: it is read last.
    given = dict(zip(("group",), args, strict=False)) | options
    group = arguments.text_option(given, "group", arguments.LONGEST_GROUP)
    moment = _of_a_known_build().moment()
    names = queries.symbol_names(moment)
    return tuple(infos.symbol_info(moment, name) for name in names if not group or queries.in_group(name, group))


@mt5_function()
def symbol_info(*args: Any) -> Struct | None:
    """The 96 properties of a symbol."""
    moment, symbol = queries.known(*arguments.take(args, object))
    return infos.symbol_info(moment, symbol)


@mt5_function()
def symbol_info_tick(*args: Any) -> Struct | None:
    """The last tick of a symbol that Market Watch shows."""
    moment, symbol = queries.known(*arguments.take(args, object))
    shown = moment.profile.selected or moment.store.watched(symbol)
    quote = moment.quote(symbol) if shown else None
    if quote is None:
        raise CallFailed(*queries.NOT_FOUND)
    return infos.tick(moment, quote)


@mt5_function(failure=False)
def symbol_select(*args: Any) -> bool:
    """Show a symbol in Market Watch, or hide it; one with a position or an order cannot be hidden."""
    symbol, *enable = arguments.take(args, object, bool, optional=1)
    moment, symbol = queries.known(symbol)
    shown = enable[0] if enable else True
    in_use = moment.store.count("positions", "symbol = ?", symbol)
    in_use += moment.store.count("orders", "symbol = ? AND live = 1", symbol)
    if in_use and not shown:
        raise CallFailed(-1, "Terminal: Call failed")
    moment.store.watch(symbol, shown)
    return True


@mt5_function(failure=False, refused=None, silent=True)
def market_book_add(*args: Any) -> bool:
    """No depth of market on a paper terminal, as on most FX brokers: False, and last_error does not say why."""
    queries.known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function(failure=False, refused=None, silent=True)
def market_book_release(*args: Any) -> bool:
    """False: nothing was subscribed."""
    queries.known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function()
def market_book_get(*args: Any) -> tuple[Struct, ...] | None:
    """None: no depth of market."""
    queries.known(*arguments.take(args, object))
    raise CallFailed(-1, "Terminal: Call failed")


@mt5_function()
def copy_rates_from(*args: Any) -> market.Rows | None:
    """`count` bars up to and including the one that holds `date_from`."""
    symbol, timeframe, date_from, count = arguments.take(args, object, int, object, int)
    last_s = arguments.date_s(date_from)
    return queries.rates_until(symbol, timeframe, lambda moment: last_s, 0, count)


@mt5_function()
def copy_rates_from_pos(*args: Any) -> market.Rows | None:
    """`count` bars that end `start_pos` bars before the forming one, which has position 0."""
    symbol, timeframe, start_pos, count = arguments.take(args, object, int, int, int)
    return queries.rates_until(symbol, timeframe, lambda moment: moment.server_ms // 1000, start_pos, count)


@mt5_function()
def copy_rates_range(*args: Any) -> market.Rows | None:
    """The bars that open from `date_from` to `date_to`, both included."""
    symbol, timeframe, date_from, date_to = arguments.take(args, object, int, object, object)
    first_s, last_s = arguments.date_s(date_from), arguments.date_s(date_to)
    moment, symbol = queries.known(symbol)
    queries.check_timeframe(timeframe)
    pair = moment.plain(symbol).name
    bars = moment.market.rates(pair, timeframe, first_s, last_s, moment.now_ms)
    return queries.rate_rows(moment, pair, timeframe, bars[-moment.profile.maxbars :])


@mt5_function()
def copy_ticks_from(*args: Any) -> market.Rows | None:
    """At most `count` ticks from `date_from` on."""
    symbol, date_from, count, flags = arguments.take(args, object, object, int, int)
    first_s = arguments.date_s(date_from)
    if count <= 0:
        raise CallFailed(*queries.INVALID_PARAMS)
    return queries.ticks(symbol, first_s, None, flags, count)


@mt5_function()
def copy_ticks_range(*args: Any) -> market.Rows | None:
    """The ticks from `date_from` to `date_to`."""
    symbol, date_from, date_to, flags = arguments.take(args, object, object, object, int)
    return queries.ticks(symbol, arguments.date_s(date_from), arguments.date_s(date_to), flags, None)


@mt5_function()
def positions_total() -> int | None:
    """How many positions are open."""
    return CONNECTION.terminal.advanced().store.count("positions")


@mt5_function()
def positions_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Open positions, all or by ticket, else symbol, else group."""
    where = queries.row_filter(args, options)
    moment = CONNECTION.terminal.advanced()
    return tuple(infos.position(moment, row) for row in moment.store.rows("positions") if where(row))


@mt5_function()
def orders_total() -> int | None:
    """How many orders are pending."""
    return CONNECTION.terminal.advanced().store.count("orders", "live = 1")


@mt5_function()
def orders_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Pending orders, all or by ticket, else symbol, else group."""
    where = queries.row_filter(args, options)
    moment = CONNECTION.terminal.advanced()
    return tuple(infos.order(moment, row) for row in moment.store.rows("orders", "live = 1") if where(row))


@mt5_function()
def history_orders_total(*args: Any) -> int | None:
    """How many finished orders lie between two server times."""
    return len(queries.history("orders", arguments.take(args, object, object), {})[1])


@mt5_function()
def history_orders_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Finished orders between two server times, else of a ticket, else of a position."""
    moment, rows = queries.history("orders", args, options)
    return tuple(infos.order(moment, row) for row in rows)


@mt5_function()
def history_deals_total(*args: Any) -> int | None:
    """How many deals lie between two server times."""
    return len(queries.history("deals", arguments.take(args, object, object), {})[1])


@mt5_function()
def history_deals_get(*args: Any, **options: Any) -> tuple[Struct, ...] | None:
    """Deals between two server times, else of an order (`ticket`), else of a position."""
    _, rows = queries.history("deals", args, options)
    return tuple(infos.deal(row) for row in rows)


@mt5_function()
def order_calc_margin(*args: Any) -> float | None:
    """Margin of an entry, in the account's currency."""
    action, symbol, lots, _ = arguments.take(args, int, object, float, float)
    moment, symbol = queries.known(symbol)
    if action not in (0, 1) or not lots > 0:
        raise CallFailed(*queries.INVALID_PARAMS)
    return moment.margin(symbol, lots)


@mt5_function()
def order_calc_profit(*args: Any) -> float | None:
    """Profit of a move from one price to another, in the account's currency."""
    action, symbol, lots, price_open, price_close = arguments.take(args, int, object, float, float, float)
    moment, symbol = queries.known(symbol)
    if action not in (0, 1) or not lots > 0:
        raise CallFailed(*queries.INVALID_PARAMS)
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


def Buy(  # noqa: N802 - the wheel's name
    symbol: str, volume: float, price: float | None = None, *, comment: str | None = None, ticket: int | None = None
) -> Struct | None:
    """Buy at a price, or at the ask in up to ten tries; without a filling mode, as the wheel's own helper sends it."""
    return _deal(CONSTANTS["ORDER_TYPE_BUY"], symbol, volume, price, comment, ticket)


def Sell(  # noqa: N802 - the wheel's name
    symbol: str, volume: float, price: float | None = None, *, comment: str | None = None, ticket: int | None = None
) -> Struct | None:
    """Sell at a price, or at the bid in up to ten tries; without a filling mode, as the wheel's own helper sends it."""
    return _deal(CONSTANTS["ORDER_TYPE_SELL"], symbol, volume, price, comment, ticket)


def Close(symbol: str, *, comment: str | None = None, ticket: int | None = None) -> bool | str | None:  # noqa: N802
    """Close a symbol's positions, or one: True for all, "Partially" for some, False for none, None for a failed call.

    Like the wheel's own, it raises TypeError without a connection.
    """
    positions: Any = positions_get(symbol=symbol) if ticket is None else positions_get(ticket=ticket)
    done = 0
    for position in positions:
        result = _tried(1 - position.type, symbol, position.volume, comment, position.ticket, gives_up=True)
        if result is None:
            return None
        done += result.retcode == CONSTANTS["TRADE_RETCODE_DONE"]
    if done == 0:
        return False
    return True if done == len(positions) else "Partially"


def _deal(
    kind: int, symbol: str, volume: float, price: float | None, comment: str | None, ticket: int | None
) -> Struct | None:
    if price is None:
        return _tried(kind, symbol, volume, comment, ticket)
    return _raw_order(kind, symbol, volume, price, comment, ticket)


def _tried(
    kind: int, symbol: str, volume: float, comment: str | None, ticket: int | None, *, gives_up: bool = False
) -> Struct | None:
    """A deal at the market's price, with the next price after each requote; without a tick it raises or *gives_up*."""
    result = None
    for _ in range(_TRIES):
        quote: Any = symbol_info_tick(symbol)
        if quote is None and gives_up:
            return None
        price = quote.ask if kind == CONSTANTS["ORDER_TYPE_BUY"] else quote.bid
        result = _raw_order(kind, symbol, volume, price, comment, ticket)
        if result is None or result.retcode not in _WITH_A_NEW_PRICE:
            break
    return result


def _raw_order(
    kind: int, symbol: str, volume: float, price: float, comment: str | None, ticket: int | None
) -> Struct | None:
    request = {"action": CONSTANTS["TRADE_ACTION_DEAL"], "type": kind, "symbol": symbol, "volume": volume}
    request |= {"price": price, "deviation": 10}
    given = {"comment": comment, "position": ticket}
    return order_send(request | {name: value for name, value in given.items() if value is not None})
