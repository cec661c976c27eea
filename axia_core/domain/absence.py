"""How long the broker has shown no trace of an order: look after look, without a gap. No clock, no calls."""

from __future__ import annotations

from datetime import datetime, timedelta

from axia_core.domain.broker import Absent, Finding


class Absences:
    """One desk's memory of it. A look that could not tell ends the stretch: history arrives late."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def note(self, order_id: str, finding: Finding, now: datetime) -> timedelta:
        """The length of the unbroken stretch of absence that ends with this look."""
        if isinstance(finding, Absent):
            return now - self._since.setdefault(order_id, now)
        self._since.pop(order_id, None)
        return timedelta()

    def lasted(self, order_id: str, now: datetime) -> timedelta:
        """How long the present stretch is, without another look."""
        return now - self._since.get(order_id, now)

    def forget(self, order_id: str) -> None:
        """Begins anew: the order is about to be sent, so an earlier absence proves nothing any more."""
        self._since.pop(order_id, None)
