"""How far the trading side's snapshot can be trusted: fresh, stale, missing, or behind a broken connection. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from axia_core.domain.broker import Quote
from axia_core.domain.limits import STALE_QUOTE
from axia_core.domain.orders import Action
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import AxiaError

# These only take risk away, and the desk refuses them where the broker no longer has what they name.
EXITS = frozenset({Action.CLOSE, Action.CANCEL})


class Link(StrEnum):
    """What stands between the page and the trading side."""

    FRESH = "FRESH"
    STALE = "STALE"  # a desk published it, and has not since
    NONE = "NONE"  # no desk ever did
    BROKEN = "BROKEN"  # the ledger could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The snapshot, if any, and how far to trust it."""

    link: Link
    snapshot: Snapshot | None = None
    age_s: float | None = None
    fault: str = ""

    @property
    def may_send(self) -> bool:
        """Whether an order may be sent by what the page shows."""
        return self.link is Link.FRESH

    def lets(self, action: Action) -> bool:
        """Whether an order of this kind may be sent: a way out stays open while what is shown is old."""
        return self.may_send or (self.snapshot is not None and action in EXITS)


def standing(read: Callable[[], Snapshot | None], now: datetime, stale_after: timedelta) -> Standing:
    """The snapshot that *read* brings, judged by its time; one from the future is no fresher than an old one."""
    try:
        found = read()
    except AxiaError as error:
        return Standing(link=Link.BROKEN, fault=str(error))
    if found is None:
        return Standing(link=Link.NONE)
    age = now - found.at
    link = Link.FRESH if abs(age) <= stale_after else Link.STALE
    return Standing(link=link, snapshot=found, age_s=age.total_seconds())


def quote_is_fresh(quote: Quote, now: datetime) -> bool:
    """Whether the newest tick is young enough to trade on: the same rule that the desk has."""
    return abs(now - quote.at) <= STALE_QUOTE
