"""Which of the broker's names a pair has (suffixes, prefixes), found without guessing. No numpy: orders use it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from axia_core.adapters.mt5 import constants as mt5
from axia_core.errors import SourceUnavailable, UnknownSymbol


class Reader(Protocol):
    """What reading needs of a terminal."""

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, tuple[int, str]]:
        """The result of a reading function of the module, and its last_error."""


def resolve(terminal: Reader, symbol: str, names: Mapping[str, str] | None = None) -> str:
    """The broker's name of the pair *symbol*, selected in Market Watch.

    The name that *names* gives, else the exact one, else the only tradable symbol with these two currencies. Raises
    UnknownSymbol, which lists the candidates, and SourceUnavailable.
    """
    wanted = (names or {}).get(symbol, symbol)
    info, _ = terminal.call("symbol_info", wanted)
    name = wanted if info else _only_candidate(terminal, symbol)
    selected, (code, text) = terminal.call("symbol_select", name, True)
    if not selected:
        raise SourceUnavailable(f"{name} could not be selected in the terminal's Market Watch: {text} ({code})")
    return name


def _only_candidate(terminal: Reader, symbol: str) -> str:
    found, (code, text) = terminal.call("symbols_get", group=f"*{symbol}*")
    if not isinstance(found, tuple):
        raise SourceUnavailable(f"the terminal's symbols could not be listed: {text} ({code})")
    candidates = sorted(info["name"] for info in found if _is_pair(info, symbol))
    if len(candidates) != 1:
        rule = f"the broker has {', '.join(candidates)} for it" if candidates else "the broker has no tradable symbol"
        remedy = "Name the right one in the setting mt5_symbol_names."
        raise UnknownSymbol("symbol", symbol, rule, remedy)
    return str(candidates[0])


def _is_pair(info: Mapping[str, Any], symbol: str) -> bool:
    currencies = (info["currency_base"], info["currency_profit"])
    return currencies == (symbol[:3], symbol[3:]) and info["trade_mode"] == mt5.SYMBOL_TRADE_FULL
