"""The console of a host that was rebuilt in a drill: started on a free port, asked for its page, and ended."""

from __future__ import annotations

import http.client
import importlib.util
from urllib.parse import urlsplit

from axia_cli.stack.parts import Parts
from axia_cli.stack.ports import LOOPBACK, free_ports
from axia_cli.stack.processes import Child
from axia_core.settings import Settings

HEALTH = "/_stcore/health"  # Streamlit's own word that it serves


def look_at_console(settings: Settings) -> str:
    """In words that the console answers with these settings, whose AWS server is local; raises NotRunning."""
    if importlib.util.find_spec("streamlit") is None:
        return "not looked at: the console is not installed"
    (port,) = free_ports(1)
    child = Child.start(Parts(_own(settings, port)).console().command)
    try:
        child.wait_until(lambda: _answers(port), 60)
    finally:
        child.stop()
    return "the console serves its page"


def _own(settings: Settings, port: int) -> Settings:
    aws, redis = (urlsplit(url or "").port for url in (settings.aws_endpoint_url, settings.redis_url))
    ports = {"aws_port": aws or settings.aws_port, "redis_port": redis or settings.redis_port}
    return settings.model_copy(update={**ports, "console_port": port, "console_host": LOOPBACK})


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        return all(_status(connection, path) == http.HTTPStatus.OK for path in (HEALTH, "/"))
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _status(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status
