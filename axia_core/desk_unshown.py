"""Orders that have ended and that no run has shown yet: all of them in the ledger, the next few in memory."""

from __future__ import annotations

from collections import deque

from axia_core.domain.order_states import OrderRecord
from axia_core.ports import OrderLedger

MOST_HELD = 500


class Unshown:
    """One desk's list of what is still to be shown; in a burst that does not end it stays short."""

    def __init__(self, ledger: OrderLedger) -> None:
        self._ledger = ledger
        self._held: deque[tuple[OrderRecord, bool]] = deque()
        self._more = False

    def __bool__(self) -> bool:
        return bool(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def look(self) -> None:
        """Reads from the ledger what is not shown yet, its oldest first, as much as is held at once."""
        self._held.extend((record, False) for record in self._ledger.unreported_orders(MOST_HELD))
        self._more = len(self._held) >= MOST_HELD

    def add(self, record: OrderRecord) -> None:
        """Keeps an order that has just ended and been told, or leaves it to the ledger."""
        if len(self._held) < MOST_HELD:
            self._held.append((record, True))
        else:
            self._more = True

    def discard(self, order_id: str) -> None:
        """Forgets an order that has not ended after all."""
        self._held = deque(one for one in self._held if one[0].order.order_id != order_id)

    def next(self) -> tuple[OrderRecord, bool]:
        """The order to show next, and whether it is certain that this desk has told people of it."""
        return self._held.popleft()

    def mark_shown(self, record: OrderRecord) -> None:
        """Notes in the ledger that somebody has seen it, and reads on where there was more than was held."""
        self._ledger.mark_reported(record)
        if self._more and not self._held:
            self.look()
