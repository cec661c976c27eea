"""Reads what an examination asks of a terminal, in a process beside the desk's; it sends nothing and judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5 import trade_parsing
from axia_core.adapters.mt5.building import CannotBuild, deal_filling
from axia_core.adapters.mt5.server_clock import ServerClock, is_proved
from axia_core.adapters.mt5.symbols import Reader, resolve
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.domain.terminal_facts import SymbolFacts, TerminalFacts
from axia_core.errors import ServerClockMismatch, SourceUnavailable, UnknownSymbol
from axia_core.ports import Clock
from axia_core.settings import Settings

Struct = Mapping[str, Any]
_FILLINGS = {mt5.FILLING_FOK: "FOK", mt5.FILLING_IOC: "IOC", mt5.FILLING_RETURN: "RETURN"}


def read(settings: Settings, clock: Clock) -> TerminalFacts:
    """The terminal that the settings name. Raises SourceUnavailable, WrongAccount."""
    with open_terminal(settings) as terminal:
        return examined(terminal, settings, clock)


def examined(terminal: Reader, settings: Settings, clock: Clock) -> TerminalFacts:
    """What *terminal* tells; selects each pair in its Market Watch, as collecting and trading do."""
    told, account = _struct(terminal, "terminal_info"), _struct(terminal, "account_info")
    symbols = tuple(_symbol(terminal, pair, settings.mt5_symbol_names) for pair in settings.symbols)
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    now, tick_s = clock.now(), _newest_tick_s(terminal, symbols)
    proved, fault = _proof(server_clock, tick_s, clock)
    parsed = trade_parsing.account(dict(account))
    return TerminalFacts(
        build=int(told["build"]),
        connected=bool(told["connected"]),
        ping_ms=float(told["ping_last"]) / 1000,  # microseconds
        algo_trading=bool(told["trade_allowed"]),
        api_disabled=bool(told["tradeapi_disabled"]),
        login=parsed.login,
        server=parsed.server,
        demo=parsed.demo,
        hedging=parsed.hedging,
        currency=parsed.currency,
        account_trades=bool(account["trade_allowed"]),
        account_experts=bool(account["trade_expert"]),
        symbols=symbols,
        tick_at=None if tick_s is None else server_clock.to_utc(tick_s),
        read_at=now,
        clock_proved=proved,
        clock_fault=fault,
    )


def _symbol(terminal: Reader, pair: str, names: Mapping[str, str]) -> SymbolFacts:
    try:
        name = resolve(terminal, pair, names)
        found = _struct(terminal, "symbol_info", name)
    except (UnknownSymbol, SourceUnavailable) as error:
        return SymbolFacts(pair=pair, fault=str(error))
    return SymbolFacts(
        pair=pair,
        name=name,
        selected=bool(found["visible"] or found["select"]),
        tradable=found["trade_mode"] == mt5.SYMBOL_TRADE_FULL,
        filling=_filling(found),
    )


def _filling(found: Struct) -> str:
    try:
        return _FILLINGS[deal_filling(found["filling_mode"], found["trade_exemode"])]
    except CannotBuild:
        return ""


def _newest_tick_s(terminal: Reader, symbols: tuple[SymbolFacts, ...]) -> float | None:
    """Server seconds of the newest tick of all pairs; a symbol that was just selected has none yet."""
    ticks = [terminal.call("symbol_info_tick", symbol.name)[0] for symbol in symbols if symbol.name]
    return max((tick["time_msc"] / 1000 for tick in ticks if tick and tick["time_msc"]), default=None)


def _proof(server_clock: ServerClock, tick_s: float | None, clock: Clock) -> tuple[bool, str]:
    """Looked at with the time of now: reading eight pairs takes longer than a tick."""
    try:
        return tick_s is not None and is_proved(server_clock, tick_s, clock.now()), ""
    except ServerClockMismatch as error:
        return False, str(error)


def _struct(terminal: Reader, name: str, *args: object) -> Struct:
    found, (code, text) = terminal.call(name, *args)
    if not found:
        raise SourceUnavailable(f"{name} was not answered: {text} ({code})")
    struct: Struct = found
    return struct
