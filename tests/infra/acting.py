"""Somebody who acts as a role on the enforcing server: what the steps of the host have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from axia_cli.demo import plan_for
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, previous_trading_day
from axia_core.settings import Settings
from tests.infra.enforced import Actor, Enforced

Port = TypeVar("Port")


@dataclass
class Acting:
    """*me* acts as the role, and the root of *yard* prepares and looks."""

    yard: Enforced
    me: Actor
    settings: Settings = field(default_factory=lambda: Settings(symbols=("USDJPY",), receive_wait_s=0))
    seen: set[tuple[type, str]] = field(default_factory=set)  # which calls of which port the steps make

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.clock = SystemClock(plan_for(now, self.settings.symbols).shift)
        self.shift = self.clock.now() - now
        self.days = _closed_days(self.clock.now())

    def noted(self, port: type[Port], adapter: Port) -> Port:
        """The adapter of a port, whose calls are noted."""
        found: Any = Noted(port, adapter, self.seen)
        acting: Port = found
        return acting


class Noted:
    """An adapter that notes which calls of its port are made; everything else is the adapter's."""

    def __init__(self, port: type, adapter: object, seen: set[tuple[type, str]]) -> None:
        self._port, self._adapter, self._seen = port, adapter, seen

    def __getattr__(self, name: str) -> Any:
        self._seen.add((self._port, name))
        return getattr(self._adapter, name)


def _closed_days(now: datetime) -> Iterator[date]:
    """Newest first, without end."""
    (day,) = last_closed_trading_days(now, 1)
    while True:
        yield day
        day = previous_trading_day(day)
