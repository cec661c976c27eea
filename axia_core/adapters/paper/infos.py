"""How the terminal shows itself, its account, its symbols and its books: rows and rules turned into the MT5 structs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axia_core.adapters.paper.clock import DAY_S
from axia_core.adapters.paper.market import Quote
from axia_core.adapters.paper.moment import BUY, Moment, funds
from axia_core.adapters.paper.rules import EXECUTIONS, TRADE_MODES
from axia_core.adapters.paper.store import Row
from axia_core.adapters.paper.surface import (
    CONSTANTS,
    AccountInfo,
    Struct,
    SymbolInfo,
    TerminalInfo,
    Tick,
    TradeDeal,
    TradeOrder,
    TradePosition,
)

BUILD = 5_231
BUILD_DATE = "20 Nov 2026"

_MARGIN_MODES = {"netting": 0, "hedging": 2}
_ACCOUNT_MODES = {"demo": 0, "contest": 1, "real": 2}
_TEXTS = (
    *("basis", "category", "currency_base", "currency_profit", "currency_margin", "bank", "description", "exchange"),
    *("formula", "isin", "name", "page", "path"),
)
_FLAGS = ("custom", "select", "visible", "spread_float", "margin_hedged_use_leg")
_WHOLE = (
    *("chart_mode", "session_deals", "session_buy_orders", "session_sell_orders", "volume", "volumehigh", "volumelow"),
    *("time", "digits", "spread", "ticks_bookdepth", "trade_calc_mode", "trade_mode", "start_time", "expiration_time"),
    *("trade_stops_level", "trade_freeze_level", "trade_exemode", "swap_mode", "swap_rollover3days", "expiration_mode"),
    *("filling_mode", "order_mode", "order_gtc_mode", "option_mode", "option_right"),
)
_ZEROS: dict[str, Any] = dict.fromkeys(SymbolInfo.__match_args__, 0.0)
_ZEROS |= dict.fromkeys(_TEXTS, "") | dict.fromkeys(_FLAGS, False) | dict.fromkeys(_WHOLE, 0)
_UNUSED = ("community_account", "community_connection", "email_enabled", "ftp_enabled", "notifications_enabled", "mqid")
_SWAP_DISABLED, _SWAP_POINTS, _ALL_EXPIRATIONS, _ALL_ORDERS = 0, 1, 15, 127


def account_info(moment: Moment) -> Struct:
    """The account with its positions valued at this moment."""
    account, money = moment.profile.account, funds(moment, moment.store.rows("positions"))
    values: dict[str, Any] = {name: getattr(account, name) for name in ("login", "leverage", "limit_orders", "name")}
    values |= {name: getattr(account, name) for name in ("server", "currency", "company", "trade_allowed")}
    values |= {"trade_expert": account.trade_expert, "currency_digits": account.currency_digits, "fifo_close": False}
    values |= {"trade_mode": _ACCOUNT_MODES[account.trade_mode], "margin_mode": _MARGIN_MODES[account.margin_mode]}
    values |= {"margin_so_mode": 0, "margin_so_call": 50.0, "margin_so_so": account.stopout_level, "credit": 0.0}
    values |= {"balance": money.balance, "profit": money.profit, "equity": money.equity, "margin": money.margin}
    values |= {"margin_free": money.free, "margin_level": money.level}
    zeros = ("margin_initial", "margin_maintenance", "assets", "liabilities", "commission_blocked")
    return AccountInfo.of(values | dict.fromkeys(zeros, 0.0))


def terminal_info(moment: Moment, folder: Path) -> Struct:
    """The terminal program."""
    profile = moment.profile
    values: dict[str, Any] = dict.fromkeys(_UNUSED, False)
    values |= {"connected": profile.connected, "dlls_allowed": False, "trade_allowed": profile.autotrading}
    values |= {"tradeapi_disabled": profile.api_disabled, "build": BUILD, "maxbars": profile.maxbars, "codepage": 1252}
    values |= {"ping_last": 1_000, "community_balance": 0.0, "retransmission": 0.0, "company": profile.account.company}
    values |= {"name": "AXIA Paper Terminal", "language": "English"}
    return TerminalInfo.of(values | dict.fromkeys(("path", "data_path", "commondata_path"), str(folder)))


def tick(moment: Moment, quote: Quote) -> Struct:
    """A quote with server time."""
    server_ms = moment.market.clock.to_server_ms(quote.time_ms)
    flags = CONSTANTS["TICK_FLAG_BID"] | CONSTANTS["TICK_FLAG_ASK"]
    return Tick((server_ms // 1000, quote.bid, quote.ask, 0.0, 0, server_ms, flags, 0.0))


def symbol_info(moment: Moment, symbol: str) -> Struct:
    """The 96 fields of a known symbol; its prices are 0 while Market Watch does not show it."""
    shown = moment.profile.selected or moment.store.watched(symbol)
    values = _ZEROS | _identity(moment, symbol) | _rules(moment, symbol) | {"select": shown, "visible": shown}
    quote = moment.quote(symbol) if shown else None
    return SymbolInfo.of(values | (_prices(moment, symbol, quote) if quote is not None else {}))


def _identity(moment: Moment, symbol: str) -> Row:
    pair = moment.plain(symbol)
    values: Row = {"name": symbol, "path": f"Forex\\{symbol}", "description": f"{pair.base} vs {pair.quote}"}
    values |= {"currency_base": pair.base, "currency_margin": pair.base, "currency_profit": pair.quote}
    return values | {"digits": pair.digits, "point": float(pair.point), "trade_tick_size": float(pair.point)}


def _rules(moment: Moment, symbol: str) -> Row:
    rules = moment.rules(symbol)
    values: Row = {name: getattr(rules, name) for name in ("volume_min", "volume_max", "volume_step", "volume_limit")}
    values |= {"spread": rules.spread_points, "filling_mode": rules.filling_mask, "expiration_mode": _ALL_EXPIRATIONS}
    values |= {"trade_exemode": EXECUTIONS[rules.execution], "trade_mode": TRADE_MODES[rules.trade_mode]}
    values |= {"trade_stops_level": rules.stops_level, "trade_freeze_level": rules.freeze_level}
    values |= {"trade_contract_size": rules.contract_size, "margin_hedged": rules.contract_size}
    values |= {"swap_long": rules.swap_long, "swap_short": rules.swap_short, "spread_float": True}
    values |= {"swap_mode": _SWAP_POINTS if rules.has_swap else _SWAP_DISABLED}
    return values | {"order_mode": _ALL_ORDERS, "swap_rollover3days": rules.swap_triple_day}


def _prices(moment: Moment, symbol: str, quote: Quote) -> Row:
    pair, rules = moment.plain(symbol), moment.rules(symbol)
    value = float(pair.point) * rules.contract_size * moment.rate(pair.quote)
    values: Row = {"time": moment.market.clock.to_server_ms(quote.time_ms) // 1000, "bid": quote.bid, "ask": quote.ask}
    values["spread"] = round((quote.ask - quote.bid) / float(pair.point))
    values |= dict.fromkeys(("trade_tick_value", "trade_tick_value_profit", "trade_tick_value_loss"), value)
    day_s = values["time"] // DAY_S * DAY_S
    today = moment.market.rates(pair.name, CONSTANTS["TIMEFRAME_D1"], day_s, day_s, moment.now_ms)
    if not len(today):
        return values
    high, low = float(today.high[0]), float(today.low[0])
    values |= {"bidhigh": high, "bidlow": low, "session_open": float(today.open[0])}
    askhigh, asklow = (moment.market.ask(pair.name, price, moment.now_ms) for price in (high, low))
    return values | {"askhigh": askhigh, "asklow": asklow}


def position(moment: Moment, row: Row) -> Struct:
    """An open position, valued at this moment."""
    values = row | {"time": row["time_msc"] // 1000, "time_update": row["time_update_msc"] // 1000}
    values |= {"price_current": moment.closing_price(row), "profit": moment.floating(row), "external_id": ""}
    return TradePosition.of(values)


def order(moment: Moment, row: Row) -> Struct:
    """A pending order or one of the history."""
    values = row | {"time_setup": row["time_setup_msc"] // 1000, "time_done": row["time_done_msc"] // 1000}
    if row["live"]:
        quote = moment.quote(row["symbol"])
        buys = row["type"] % 2 == BUY
        values["price_current"] = (quote.ask if buys else quote.bid) if quote is not None else 0.0
    return TradeOrder.of(values | {"external_id": ""})


def deal(row: Row) -> Struct:
    """A deal of the history."""
    return TradeDeal.of(row | {"time": row["time_msc"] // 1000, "external_id": ""})
