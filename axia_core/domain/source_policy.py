"""Which sources a series is collected from, in order: rules by series, pair or timeframe. What they are is a port's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

MT5 = "mt5"
YFINANCE = "yfinance"
SOURCES = (MT5, YFINANCE)
ANY = "*"
_FORMS = 'Write "USDJPY/M5", "USDJPY", "*/M5" or "*".'


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """Rules `pattern -> sources`, first source first; the narrowest pattern that fits a series decides.

    From narrow to wide: `USDJPY/M5`, `USDJPY`, `*/M5`, `*`. Raises InvalidInput for a rule that cannot be meant.
    """

    rules: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for pattern, sources in self.rules.items():
            _check_pattern(pattern)
            _check_sources(pattern, sources)
        if ANY not in self.rules:
            raise InvalidInput("sources", sorted(self.rules), 'a rule for "*" must say what every other series does')

    def of(self, symbol: Symbol, timeframe: Timeframe) -> tuple[str, ...]:
        """The names of the sources of a series, in the order in which they are asked."""
        for pattern in (f"{symbol}/{timeframe}", symbol.name, f"{ANY}/{timeframe}"):
            if pattern in self.rules:
                return self.rules[pattern]
        return self.rules[ANY]

    def names(self) -> tuple[str, ...]:
        """Every source that some rule names, the best first."""
        named = {name for sources in self.rules.values() for name in sources}
        return tuple(name for name in SOURCES if name in named)


def _check_pattern(pattern: str) -> None:
    symbol, slash, timeframe = pattern.partition("/")
    if symbol != ANY:
        try:
            Symbol(symbol)
        except InvalidInput as error:
            raise InvalidInput("sources", pattern, f"{symbol!r} is neither a pair nor *", _FORMS) from error
    if slash and timeframe not in tuple(Timeframe):
        raise InvalidInput("sources", pattern, f"{timeframe!r} is none of {', '.join(Timeframe)}", _FORMS)


def _check_sources(pattern: str, sources: tuple[str, ...]) -> None:
    shown = {pattern: list(sources)}
    if not sources:
        raise InvalidInput("sources", shown, "a series needs a source", f"Known are {', '.join(SOURCES)}.")
    unknown = [name for name in sources if name not in SOURCES]
    if unknown:
        raise InvalidInput("sources", shown, f"there is no source {unknown[0]!r}", f"Known are {', '.join(SOURCES)}.")
    if len(set(sources)) != len(sources):
        raise InvalidInput("sources", shown, "a source is named twice", "Name each once, the first choice first.")
    if MT5 in sources and sources[0] != MT5:
        raise InvalidInput("sources", shown, "mt5 is final and the others are provisional", "Name mt5 first.")
