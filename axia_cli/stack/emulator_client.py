"""Talking to our own requests of the local AWS server (`/_axia/...`): which life it is in, save now, stop."""

from __future__ import annotations

import http
import http.client
import json
from datetime import datetime
from urllib.parse import urlsplit

from axia_cli.stack.state import Boot
from axia_core.errors import NotRunning

_TIMEOUT_S = 10.0


def boot(endpoint_url: str) -> Boot | None:
    """The emulator's present life, or None while it does not answer."""
    try:
        document = _request(endpoint_url, "GET", "/_axia/boot")
    except OSError:
        return None
    booted, saved = (datetime.fromisoformat(str(document[key])) for key in ("booted_at", "saved_at"))
    return Boot(str(document["boot_id"]), booted, bool(document["clean"]), saved)


def save(endpoint_url: str) -> None:
    """Write the emulator's state to disk now; raises NotRunning."""
    _post(endpoint_url, "/_axia/save")


def stop(endpoint_url: str) -> None:
    """Ask the emulator to save and end; raises NotRunning."""
    _post(endpoint_url, "/_axia/stop")


def _post(endpoint_url: str, path: str) -> None:
    try:
        _request(endpoint_url, "POST", path)
    except OSError as error:
        raise NotRunning(f"the local AWS server at {endpoint_url} does not answer ({error}). Run `axia up`.") from error


def _request(endpoint_url: str, method: str, path: str) -> dict[str, object]:
    address = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        document = _parse(response.read())
        if response.status != http.HTTPStatus.OK:
            raise ConnectionError(f"{method} {path} was answered {response.status}")
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"{method} {path} was not answered by AXIA's AWS server") from error
    else:
        return document
    finally:
        connection.close()


def _parse(body: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(body)
    return document
