"""What an examination reads of a terminal: the paper one, brought into each state that is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.mt5.examination import examined
from axia_core.adapters.mt5.worker import _plain
from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.domain.examination import Finding, Verdict
from axia_core.domain.terminal_facts import TerminalFacts
from axia_core.services import examine_terminal as judge
from axia_core.settings import Settings
from tests.adapters.paper.conftest import NOON, PaperTerminal

SYMBOLS = ("EURUSD", "USDJPY")


@dataclass(frozen=True)
class InProcess:
    """The module as a terminal's process answers, without the process."""

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, tuple[int, str]]:
        """The result and the last error."""
        return _plain(getattr(mt5, name)(*args, **kwargs)), mt5.last_error()


def read(**changes: Any) -> TerminalFacts:
    """What is read at noon with these settings."""
    return examined(InProcess(), Settings(symbols=SYMBOLS, **changes), SteppedClock(NOON))


def findings(facts: TerminalFacts) -> list[Finding]:
    """Everything that is judged of a terminal."""
    account = judge.judge_account(facts, 50_000_001, "AXIA-Paper", "demo")
    parts = (judge.judge_terminal(facts), account, judge.judge_symbols(facts), judge.judge_server_clock(facts))
    return [finding for part in parts for finding in part]


def wrong(facts: TerminalFacts) -> list[str]:
    """What is not well."""
    return [finding.said for finding in findings(facts) if finding.verdict is not Verdict.WELL]


def test_working_terminal_is_well(terminal: PaperTerminal) -> None:
    """Connection, account, symbols and clock are read as they are."""
    facts = read()

    assert wrong(facts) == []
    assert (facts.login, facts.demo, facts.hedging, facts.currency) == (50_000_001, True, True, "USD")
    assert [symbol.name for symbol in facts.symbols] == list(SYMBOLS)
    assert all(symbol.selected and symbol.tradable and symbol.filling for symbol in facts.symbols)
    assert facts.clock_proved


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connected": False}, "no connection"),
        ({"autotrading": False}, "algo trading is off"),
        ({"api_disabled": True}, "Python module"),
    ],
)
def test_state_of_the_terminal_is_seen(terminal: PaperTerminal, changes: dict[str, Any], said: str) -> None:
    """What would refuse every order is one finding."""
    terminal.set(**changes)

    (text,) = wrong(read())
    assert said in text


@pytest.mark.parametrize("flag", ["trade_allowed", "trade_expert"])
def test_account_that_may_not_trade_is_seen(terminal: PaperTerminal, flag: str) -> None:
    """By the investor's password, or by the broker's rule for programs."""
    terminal.account(**{flag: False})

    (text,) = wrong(read())
    assert "trade" in text


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"trade_mode": "closeonly"}, "cannot be traded"),
        ({"filling_mask": 0, "execution": "market"}, "no filling mode"),
    ],
)
def test_symbols_that_cannot_be_traded_are_seen(terminal: PaperTerminal, rules: dict[str, Any], said: str) -> None:
    """Each pair is a finding of its own."""
    terminal.rules(**rules)

    told = wrong(read())
    assert [said in text for text in told] == [True, True]


def test_pair_that_the_broker_lacks_is_seen(new_terminal: Callable[..., PaperTerminal]) -> None:
    """The others are read all the same."""
    new_terminal(symbols=("USDJPY",))

    (text,) = wrong(read())
    assert text.startswith("EURUSD: ")


def test_broker_s_suffix_is_found(new_terminal: Callable[..., PaperTerminal]) -> None:
    """The only tradable symbol of two currencies is the pair."""
    new_terminal(symbol_suffix=".raw")

    assert [symbol.name for symbol in read().symbols] == ["EURUSD.raw", "USDJPY.raw"]


def test_wrong_server_clock_is_seen(terminal: PaperTerminal) -> None:
    """By an hour that the settings are off."""
    (text,) = wrong(read(mt5_server_shift_h=6))

    assert "h off" in text
