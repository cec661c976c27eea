"""The broker of whoever holds the desk's lease: one terminal process, written down so that a successor can end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.ports import Clock
from axia_core.settings import Settings

PID_FILE = "desk-terminal.pid"


@contextmanager
def connect(settings: Settings, clock: Clock) -> Iterator[Mt5Broker]:
    """The terminal is started by the first call, and that ends a predecessor's: take the lease before it."""
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    with open_terminal(settings, settings.home.absolute() / PID_FILE) as terminal:
        yield Mt5Broker(terminal, server_clock, clock, settings)
