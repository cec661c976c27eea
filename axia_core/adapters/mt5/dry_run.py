"""The broker of a dry run: an MT5 terminal of its own that is asked and never sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.building import CannotBuild
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.ports import Clock, DryRun
from axia_core.settings import Settings


class Mt5DryRun(Mt5Broker, DryRun):
    """Builds the request that a desk would send, and shows it to the terminal's `order_check`."""

    def check(self, order: Order) -> Outcome | None:
        try:
            return self._check(order, self._build(order))
        except CannotBuild as error:
            return NotSent(str(error), can_wait=False)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        return NotSent("a dry run sends nothing", can_wait=False)


@contextmanager
def connect(settings: Settings, clock: Clock) -> Iterator[Mt5DryRun]:
    """A dry run over a terminal process of its own, beside whatever desk is open: it leaves the desk's alone."""
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    with open_terminal(settings) as terminal:
        yield Mt5DryRun(terminal, server_clock, clock, settings)
