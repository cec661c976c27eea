"""The ids of tickets that are open: one per person and purpose, whatever tab or reconnect asks, until it has been sent.

Kept in the console's process. The ledger remembers an id for good: what this forgets at a restart, that one refuses.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

from axia_core.services.send import new_order_id

MOST_REMEMBERED = 10_000


class Claim(StrEnum):
    """What became of the wish to send a ticket."""

    YOURS = "YOURS"  # send it: for the first time, or the very same once more after a failure
    SENT = "SENT"  # it has been sent as it is, or is being sent at this moment
    OTHER = "OTHER"  # its id stands for another content


class Stage(StrEnum):
    """Where a ticket stands."""

    OPEN = "OPEN"
    SENT = "SENT"  # or being sent at this moment
    FAILED = "FAILED"  # nobody knows whether it arrived: it may be sent once more, as it is


@dataclass
class _Claimed:
    content: str
    failed: bool = False


@dataclass
class Tickets:
    """Every open ticket of one console; for use from several threads."""

    _open: dict[tuple[str, str], str] = field(default_factory=dict)
    _claimed: dict[str, _Claimed] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, who: str, purpose: str) -> str:
        """The id of the person's ticket for *purpose*, made now if none is open."""
        with self._lock:
            return self._open.setdefault((who, purpose), new_order_id())

    def renew(self, who: str, purpose: str, sent_id: str) -> str:
        """The id of the ticket after *sent_id*; two tabs that ask for it after the same one share it."""
        with self._lock:
            if self._open.get((who, purpose)) in (None, sent_id):
                self._open[who, purpose] = new_order_id()
            return self._open[who, purpose]

    def claim(self, order_id: str, content: str) -> Claim:
        """The right to send *content* under the id; the first content that is claimed stays the only one."""
        with self._lock:
            known = self._claimed.get(order_id)
            if known is None:
                self._remember(order_id, content)
                return Claim.YOURS
            if known.content != content:
                return Claim.OTHER
            if not known.failed:
                return Claim.SENT
            known.failed = False
            return Claim.YOURS

    def mark_failed(self, order_id: str) -> None:
        """It could not be sent, as far as we know: the same may be sent under the id once more, and nothing else."""
        with self._lock:
            if order_id in self._claimed:
                self._claimed[order_id].failed = True

    def stage(self, order_id: str) -> Stage:
        """Where the ticket stands."""
        with self._lock:
            known = self._claimed.get(order_id)
            if known is None:
                return Stage.OPEN
            return Stage.FAILED if known.failed else Stage.SENT

    def _remember(self, order_id: str, content: str) -> None:
        self._claimed[order_id] = _Claimed(content)
        while len(self._claimed) > MOST_REMEMBERED:
            del self._claimed[next(iter(self._claimed))]
