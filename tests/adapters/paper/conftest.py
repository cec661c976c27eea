"""Paper terminals for tests: a folder, a fixed instant inside an open session, and the module connected to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.profile import TerminalClock, TerminalProfile, create_terminal

NOON = datetime(2026, 6, 17, 12, 0, 30, tzinfo=UTC)
PAIR = "USDJPY"


@dataclass
class PaperTerminal:
    """A terminal whose clock the test moves."""

    folder: Path
    profile: TerminalProfile
    now: datetime = NOON

    def set(self, **changes: Any) -> None:
        """Change the profile and connect again."""
        self.profile = self.profile.model_copy(update=changes)
        self.move(timedelta())

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by
        self.profile = self.profile.model_copy(update={"clock": TerminalClock(fixed=self.now)})
        create_terminal(self.folder, self.profile)

    def rules(self, **changes: Any) -> None:
        """Change the broker's rules of every symbol."""
        self.set(rules=self.profile.rules.model_copy(update=changes))

    def account(self, **changes: Any) -> None:
        """Change the account."""
        self.set(account=self.profile.account.model_copy(update=changes))


@pytest.fixture
def new_terminal(tmp_path: Path) -> Iterator[Callable[..., PaperTerminal]]:
    """Make a terminal with the given profile and connect the module to it."""

    def make(**profile: Any) -> PaperTerminal:
        terminal = PaperTerminal(tmp_path / "terminal", TerminalProfile(selected=True, **profile))
        terminal.move(timedelta())
        assert mt5.initialize(str(terminal.folder)), mt5.last_error()
        return terminal

    yield make
    mt5.shutdown()


@pytest.fixture
def terminal(new_terminal: Callable[..., PaperTerminal]) -> PaperTerminal:
    """A hedging terminal at noon of a Wednesday."""
    return new_terminal()


def request(**fields: Any) -> dict[str, Any]:
    """A market BUY of 0.1 lots that differs in *fields*."""
    return {"action": 1, "symbol": PAIR, "volume": 0.1, "type": 0, "type_filling": 1} | fields


def send(**fields: Any) -> Any:
    """Send `request(**fields)`; the call itself must succeed."""
    result = mt5.order_send(request(**fields))
    assert result is not None, mt5.last_error()
    return result


def tick(symbol: str = PAIR) -> Any:
    """The current quote."""
    found = mt5.symbol_info_tick(symbol)
    assert found is not None, mt5.last_error()
    return found
