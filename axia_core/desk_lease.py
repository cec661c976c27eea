"""A desk's lease: taken once, renewed before it runs out, given up at the end. Nothing about orders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from axia_core.desk_rules import RENEWED_BELOW
from axia_core.domain.messages import Lease
from axia_core.errors import AxiaError, LeaseLost, NotRunning, TransientError
from axia_core.ports import Clock, OrderLedger


@dataclass
class DeskLease:
    """The lease as its owner knows it."""

    owner: str
    duration_s: float
    ledger: OrderLedger
    clock: Clock
    _lease: Lease | None = None

    @property
    def held(self) -> Lease:
        """The lease as it was renewed last; raises LeaseLost where there is none."""
        if self._lease is None:
            raise LeaseLost(f"{self.owner} holds no lease")
        return self._lease

    def acquire(self) -> None:
        """Takes the lease; raises NotRunning while another desk holds it."""
        self._lease = self.ledger.acquire_lease(self.owner, self.duration_s, self.clock.now())
        if self._lease is None:
            raise NotRunning("another desk holds the lease; it ends by itself, or when its run is cancelled")

    def renew(self) -> None:
        """Renews it now; raises LeaseLost."""
        self._lease = self.ledger.renew_lease(self.held, self.duration_s, self.clock.now())

    def keep(self) -> None:
        """Renews it when a third of it is gone; raises LeaseLost."""
        if (self.held.expires_at - self.clock.now()).total_seconds() < self.duration_s * RENEWED_BELOW:
            self.renew()

    def release(self) -> None:
        """Gives it up, where it is held."""
        if self._lease is not None:
            self.ledger.release_lease(self._lease)
            self._lease = None

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renews it from a thread: opening a terminal takes longer than a lease, and nothing is sent meanwhile.

        A long lease instead would keep every successor of a desk that died while opening waiting for its end.
        """
        opened = threading.Event()
        keeper = threading.Thread(target=self._renew_until, args=(opened,), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            opened.set()
            keeper.join()

    def _renew_until(self, opened: threading.Event) -> None:
        while not opened.wait(self.duration_s / 3):
            try:
                self.renew()
            except TransientError:
                continue  # the next try may still come in time
            except AxiaError:
                return  # lost: the desk finds out when it goes on, and raises
