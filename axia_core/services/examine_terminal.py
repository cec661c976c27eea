"""Judge an MT5 terminal: could it give bars and take orders now, and on the account that the settings mean?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from axia_core.domain.examination import Finding, failure, warning, well
from axia_core.domain.sessions import is_open
from axia_core.domain.terminal_facts import SymbolFacts, TerminalFacts

SLOW_PING_MS = 500.0
OLD_TICK = timedelta(minutes=5)


def judge_terminal(found: TerminalFacts) -> Iterator[Finding]:
    """Connection to the trade server, and whether programs may trade."""
    if not found.connected:
        remedy = (
            "Look at the terminal: its status bar tells the connection; log in again or choose another access point."
        )
        yield failure("the terminal has no connection to the trade server", remedy)
    if not found.algo_trading:
        remedy = "Press the Algo Trading button of the terminal (Ctrl+E)."
        yield failure("algo trading is off in the terminal: every order would be refused with 10027", remedy)
    if found.api_disabled:
        remedy = "Tools > Options > Expert Advisors: clear 'Disable algorithmic trading via external Python API'."
        yield failure("the terminal refuses trading by the Python module", remedy)
    if found.ping_ms > SLOW_PING_MS:
        yield warning(f"a ping of {found.ping_ms:.0f} ms to the trade server", "Choose a nearer access point.")
    yield well(f"build {found.build}, {found.ping_ms:.0f} ms to the trade server")


def judge_account(found: TerminalFacts, login: int, server: str, account: str) -> Iterator[Finding]:
    """Whether it is the account of the settings, and the broker lets it trade."""
    kind = "demo" if found.demo else "live"
    if (found.login, found.server, kind) != (login, server, account):
        said = f"the terminal is at {kind} account {found.login} on {found.server}"
        wanted = f"the settings say {account} account {login} on {server}"
        yield failure(f"{said}, {wanted}", "Log the terminal in to that account, or correct the settings.")
    if not found.account_trades:
        remedy = "Log in with the trading password, not the investor's; else ask the broker."
        yield failure("the broker does not let this account trade (an investor's password?)", remedy)
    if not found.account_experts:
        remedy = "Ask the broker to permit Expert Advisors for this account."
        yield failure("the broker does not let programs trade on this account", remedy)
    yield well(
        f"{kind} account {found.login} on {found.server}, {'hedging' if found.hedging else 'netting'}, {found.currency}"
    )


def judge_symbols(found: TerminalFacts) -> Iterator[Finding]:
    """Whether each pair has one name here, is in Market Watch, may be traded, and how it is filled."""
    for symbol in found.symbols:
        yield from _faults(symbol)
    fillings = sorted({symbol.filling for symbol in found.symbols if symbol.filling})
    yield well(f"{len(found.symbols)} pairs were looked at, filled by {' or '.join(fillings) or 'nothing'}")


def judge_server_clock(found: TerminalFacts) -> Iterator[Finding]:
    """Whether the newest tick agrees with the server clock of the settings."""
    if found.clock_fault:
        remedy = "Correct AXIA_MT5_SERVER_ZONE and AXIA_MT5_SERVER_SHIFT_H, or this machine's clock."
        yield failure(found.clock_fault, remedy)
    elif found.tick_at is None or found.read_at - found.tick_at > OLD_TICK:
        newest = f"the newest tick is of {found.tick_at:%Y-%m-%d %H:%M} UTC" if found.tick_at else "there is no tick"
        yield from _without_tick(newest, is_open(found.read_at))
    else:
        age_s = (found.read_at - found.tick_at).total_seconds()
        yield well(f"a tick {age_s:.1f} s old {'proves' if found.clock_proved else 'does not contradict'} it")


def _without_tick(newest: str, market_is_open: bool) -> Iterator[Finding]:
    if market_is_open:
        remedy = "Look at the terminal: is it connected, and do prices move in Market Watch?"
        yield warning(f"{newest}, although the market is open", remedy)
    else:
        yield well(f"{newest}, the market is closed: it cannot be told before the open")


def _faults(symbol: SymbolFacts) -> Iterator[Finding]:
    if symbol.fault:
        remedy = "Name the broker's symbol in [symbols.PAIR] broker_name, or take the pair out of the settings."
        yield failure(f"{symbol.pair}: {symbol.fault}", remedy.replace("PAIR", symbol.pair))
        return
    name = symbol.pair if symbol.name == symbol.pair else f"{symbol.pair} ({symbol.name})"
    if not symbol.selected:
        yield failure(f"{name} is not in Market Watch, so it has no prices", "Terminal: Market Watch > Show All.")
    if not symbol.tradable:
        yield warning(f"{name} cannot be traded at this broker now", "Ask the broker, or name another symbol for it.")
    if not symbol.filling:
        remedy = "Ask the broker for FOK or IOC; until then orders of this pair are refused here."
        yield failure(f"{name} has no filling mode that AXIA knows", remedy)
