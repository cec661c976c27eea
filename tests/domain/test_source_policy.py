"""Which sources a series has, in which order, and which rules are refused."""

from __future__ import annotations

import pytest

from axia_core.domain.source_policy import SourcePolicy
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

BOTH = ("mt5", "yfinance")
RULES = {"*": BOTH, "*/M5": ("mt5",), "USDJPY": ("yfinance",), "USDJPY/H1": ("mt5",)}


@pytest.mark.parametrize(
    ("series", "sources"),
    [
        ("USDJPY/H1", ("mt5",)),
        ("USDJPY/M5", ("yfinance",)),
        ("EURUSD/M5", ("mt5",)),
        ("EURUSD/D1", BOTH),
    ],
)
def test_narrowest_rule_decides(series: str, sources: tuple[str, ...]) -> None:
    """A rule for the series comes before one for the pair, that before one for the timeframe, and `*` comes last."""
    symbol, timeframe = series.split("/")

    assert SourcePolicy(RULES).of(Symbol(symbol), Timeframe(timeframe)) == sources


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"USDJPY": ("mt5",)}, 'a rule for "\\*"'),
        ({"*": ()}, "needs a source"),
        ({"*": ("bloomberg",)}, "no source 'bloomberg'.*mt5, yfinance"),
        ({"*": ("mt5", "mt5")}, "named twice"),
        ({"*": ("yfinance", "mt5")}, "Name mt5 first"),
        ({"*": BOTH, "usdjpy": BOTH}, "neither a pair nor"),
        ({"*": BOTH, "USDJPY/M1": BOTH}, "'M1' is none of M5"),
    ],
)
def test_rules_that_cannot_be_meant(rules: dict[str, tuple[str, ...]], said: str) -> None:
    """A rule with an unknown pattern or source is refused with what may stand there, by the settings as well."""
    with pytest.raises(InvalidInput, match=said):
        SourcePolicy(rules)
    with pytest.raises(ValueError, match=said):
        Settings(sources=rules)


def test_paper_prices_are_not_mixed() -> None:
    """Unless the settings say otherwise the paper terminal is the only source, and a real one is joined by yfinance."""
    assert Settings(mt5_module="axia_core.adapters.paper.metatrader5").source_policy.names() == ("mt5",)
    assert Settings(mt5_module="MetaTrader5").source_policy.names() == BOTH
    assert Settings(sources={"*": BOTH}).source_policy.names() == BOTH
