"""Numbers of the MetaTrader5 module that AXIA uses, and those it does not export. Source: facts, A5, and mt5_api.json.

Kept here so that the parent process never has to import the module, which exists on Windows only.
"""

from __future__ import annotations

TIMEFRAMES = {"M5": 5, "M15": 15, "H1": 16385, "H4": 16388, "D1": 16408}

ACTION_DEAL, ACTION_PENDING, ACTION_SLTP, ACTION_MODIFY, ACTION_REMOVE = 1, 5, 6, 7, 8
BUY, SELL, BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP = range(6)
BUY_STOP_LIMIT = 6
BUYING = frozenset({BUY, BUY_LIMIT, BUY_STOP, BUY_STOP_LIMIT})
FILLING_FOK, FILLING_IOC, FILLING_RETURN = 0, 1, 2
TIME_GTC, TIME_SPECIFIED = 0, 2

ORDER_CANCELED, ORDER_PARTIAL, ORDER_FILLED, ORDER_REJECTED, ORDER_EXPIRED = 2, 3, 4, 5, 6
DEAL_CREDIT = 3  # moves the account's credit, not its balance
DEAL_ENTRY_IN, DEAL_ENTRY_OUT, DEAL_ENTRY_INOUT = 0, 1, 2
REASON_CLIENT, REASON_MOBILE, REASON_WEB, REASON_EXPERT, REASON_SL, REASON_TP, REASON_SO = range(7)
ACCOUNT_REAL = 2
SYMBOL_TRADE_FULL = 4
MARGIN_HEDGING = 2
EXECUTION_REQUEST, EXECUTION_INSTANT, EXECUTION_MARKET, EXECUTION_EXCHANGE = range(4)

# Bits of SymbolInfo.filling_mode; the module does not export them. Bit 4 is BOC, not RETURN.
SYMBOL_FILLING_FOK, SYMBOL_FILLING_IOC = 1, 2
