"""A broker over an MT5 terminal process of its own, beside the desk's: for a person's commands, not for the desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.ports import Clock
from axia_core.settings import Settings


@contextmanager
def connect(settings: Settings, clock: Clock) -> Iterator[Mt5Broker]:
    """A broker that leaves the desk's process alone; whoever sends by it makes sure that the desk does not."""
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    with open_terminal(settings) as terminal:
        yield Mt5Broker(terminal, server_clock, clock, settings)
