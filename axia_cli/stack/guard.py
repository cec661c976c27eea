"""The door of the local AWS server: who may come in, what was written, and AXIA's own three requests.

MiniStack has no sign-in and answers every web page, so a page in the developer's browser could read the secrets or
send an order. Here live only the ASGI wrapper and its rules; saving and serving belong to `emulator`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Control = Callable[[], dict[str, object]]

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_BROWSER_HEADERS = frozenset({"origin", "sec-fetch-site", "sec-fetch-mode"})
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([\w-]+)/aws4_request")
_READS = ("Get", "Describe", "List", "Query", "Scan", "BatchGet", "TransactGet", "ReceiveMessage")


class Guard:
    """Wraps an ASGI app: refuses browsers and foreign hosts, tells of writes, answers `/_axia/...` itself."""

    def __init__(self, app: App, *, controls: dict[tuple[str, str], Control], on_write: Callable[[str], None]) -> None:
        self._app = app
        self._controls = controls
        self._on_write = on_write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := refusal(_headers(scope)):
            await _refuse(scope, send, reason)
        elif scope["path"].startswith("/_axia/"):
            await self._control(scope, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        # After the request: a save between the mark and the write would leave the write unsaved and unmarked.
        headers = _headers(scope)
        if writes(scope.get("method", "GET"), headers):
            self._on_write(signed_for(headers))

    async def _control(self, scope: Scope, send: Send) -> None:
        control = self._controls.get((scope["method"], scope["path"]))
        if control is None:
            known = [f"{method} {path}" for method, path in self._controls]
            await _answer(send, 404, {"error": "no such request", "known": known})
        else:
            await _answer(send, 200, control())


def refusal(headers: dict[str, str]) -> str | None:
    """Why this request may not come in, or None."""
    if _BROWSER_HEADERS & headers.keys():
        return "the local AWS server does not answer web pages"
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    # Virtual-hosted S3 names end in a loopback name; any other name was rebound to us by somebody else's DNS.
    if host not in LOOPBACK_NAMES and not host.endswith((".localhost", ".127.0.0.1")):
        return "the local AWS server answers to loopback names only"
    return None


def writes(method: str, headers: dict[str, str]) -> bool:
    """Whether the request may have changed something; in doubt it has."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    return not action.startswith(_READS)


def signed_for(headers: dict[str, str]) -> str:
    """The service a request was signed for (`dynamodb`), empty when it does not say."""
    match = _SCOPE.search(headers.get("authorization", ""))
    return match[1] if match else ""


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 403, {"error": reason})


async def _answer(send: Send, status: int, document: dict[str, object]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
