"""An MT5 terminal as an examination finds it: connection, permissions, account, symbols, clock. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFacts:
    """One pair at this broker; *fault* says why it has no name there, and then the rest means nothing."""

    pair: str
    name: str = ""
    fault: str = ""
    selected: bool = False
    tradable: bool = False
    filling: str = ""  # of market orders: FOK, IOC or RETURN; empty where none is known


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalFacts:
    """The terminal and its account; *tick_at* is the newest tick by the server clock of the settings."""

    build: int
    connected: bool
    ping_ms: float
    algo_trading: bool  # the button in the terminal
    api_disabled: bool  # its option against the Python module
    login: int
    server: str
    demo: bool
    hedging: bool
    currency: str
    account_trades: bool  # what the broker lets this account do
    account_experts: bool  # and by program
    symbols: tuple[SymbolFacts, ...]
    tick_at: datetime | None
    read_at: datetime
    clock_proved: bool
    clock_fault: str = ""
