"""What every screen is handed: the backend, the words of the chosen language, and who is looking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from axia_console.access import Role
from axia_console.backend import Backend
from axia_console.freshness import Standing, standing
from axia_console.words import Words


@dataclass(frozen=True)
class Console:
    """One session's view."""

    backend: Backend
    words: Words
    who: str
    role: Role

    @property
    def may_act(self) -> bool:
        """Whether this person may send orders and turn the switch."""
        return self.role is Role.TRADER

    @property
    def now(self) -> datetime:
        """The present by AXIA's clock."""
        return self.backend.clock.now()

    def standing(self) -> Standing:
        """The snapshot as it is now, and how far to trust it."""
        stale_after = timedelta(seconds=self.backend.settings.console_stale_s)
        return standing(self.backend.snapshots.read, self.now, stale_after)


def usual_symbol(symbols: tuple[str, ...]) -> int:
    """Where the pair stands that a page begins with."""
    return symbols.index("USDJPY") if "USDJPY" in symbols else 0
