"""TCP ports of the local stack: is one free, who has it, give me one."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

import psutil

from axia_core.errors import InvalidInput

LOOPBACK = "127.0.0.1"


def require_free(ports: Mapping[str, int]) -> None:
    """Raise InvalidInput naming the first setting whose port somebody else listens on."""
    for setting, port in ports.items():
        if not is_free(port):
            remedy = f"Stop that program, or set AXIA_{setting.upper()} to another port."
            raise InvalidInput(setting, port, f"the port is in use by {holder(port)}", remedy)


def is_free(port: int) -> bool:
    """Whether we could listen on the port."""
    with _listener() as listener:
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex((LOOPBACK, port)) == 0


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    listeners = [_listener() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind((LOOPBACK, 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def holder(port: int) -> str:
    """Who listens on the port, in words."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid]
        return f"process {listening[0].pid} ({psutil.Process(listening[0].pid).name()})"
    except (psutil.Error, IndexError):
        return "another program"


def _listener() -> socket.socket:
    listener = socket.socket()
    # A port in TIME_WAIT is free on POSIX only with REUSEADDR; on Windows that option would steal a port in use.
    option = "SO_REUSEADDR" if os.name == "posix" else "SO_EXCLUSIVEADDRUSE"
    listener.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
    return listener
