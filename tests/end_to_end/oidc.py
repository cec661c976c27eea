"""A small OpenID Connect provider on loopback: discovery, authorize with PKCE, token with a signed id_token, keys, end.

It is as strict as a real one where a client can be wrong: client, secret, redirect, verifier and a code's single use.
Whoever looks at its page chooses who they are.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "axia-console", "only-for-this-test"
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider knows."""

    email: str
    verified: bool = True


@dataclass
class Provider:
    """What the provider remembers; `redirect_uri` is the only place that it sends people to."""

    url: str
    people: tuple[Person, ...]
    redirect_uri: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}))
    codes: dict[str, tuple[Person, Fields]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, object]:
        places = {"authorization": "authorize", "token": "token", "end_session": "end"}
        return {
            "issuer": self.url,
            **{f"{name}_endpoint": f"{self.url}/{path}" for name, path in places.items()},
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def choice(self, asked: Fields) -> str:
        """The page on which somebody says who they are."""
        self.require(asked["client_id"] == CLIENT, "client")
        self.require(asked["redirect_uri"] == self.redirect_uri, "redirect_uri")
        self.require(asked["response_type"] == "code" and "openid" in asked["scope"].split(), "scope")
        self.require(asked["code_challenge_method"] == "S256", "challenge")
        links = (
            f'<li><a href="/as?{html.escape(urlencode(asked | {"who": one.email}))}">{one.email}</a>'
            for one in self.people
        )
        return f"<!doctype html><title>Who are you?</title><ul>{''.join(links)}</ul>"

    def code_for(self, asked: Fields) -> str:
        """Where the browser goes with the code of who was chosen."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = (next(one for one in self.people if one.email == asked["who"]), asked)
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"

    def tokens(self, sent: Fields, authorization: str) -> dict[str, object]:
        """The tokens for a code, once."""
        self.require(_client(sent, authorization) == (CLIENT, SECRET), "client or its secret")
        person, asked = self.codes.pop(sent["code"])
        self.require(sent["redirect_uri"] == asked["redirect_uri"], "redirect_uri")
        self.require(_challenge(sent["code_verifier"]) == asked["code_challenge"], "verifier")
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT, "sub": person.email, "iat": now, "exp": now + 300}
        about = {"nonce": asked["nonce"], "email": person.email, "email_verified": person.verified}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, said | about, self.key)
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": signed}

    def end(self, asked: Fields) -> str:
        """Where the browser goes once its session has ended here."""
        self.require(asked["post_logout_redirect_uri"] == self.redirect_uri, "post_logout_redirect_uri")
        self.ended.append(str(jwt.decode(asked["id_token_hint"], self.key).claims["email"]))
        return self.redirect_uri

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            self.refused.append(what)
            raise PermissionError(what)


class Answers(BaseHTTPRequestHandler):
    """Speaks HTTP for one provider; `running_provider` makes a class for each."""

    provider: Provider

    def do_GET(self) -> None:
        provider, asked = self.provider, _fields(urlsplit(self.path).query)
        match urlsplit(self.path).path:
            case "/.well-known/openid-configuration":
                self._json(provider.metadata())
            case "/keys":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            case "/authorize":
                self._say(200, provider.choice(asked), {"Content-Type": "text/html; charset=utf-8"})
            case "/as":
                self._say(302, "", {"Location": provider.code_for(asked)})
            case "/end":
                self._say(302, "", {"Location": provider.end(asked)})
            case _:
                self._say(404, "", {})

    def do_POST(self) -> None:
        sent = _fields(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._json(self.provider.tokens(sent, self.headers.get("Authorization", "")))

    def _json(self, value: object) -> None:
        self._say(200, json.dumps(value), {"Content-Type": "application/json"})

    def _say(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what it refused is in `refused`."""


@contextmanager
def running_provider(port: int, people: tuple[Person, ...]) -> Iterator[Provider]:
    """A provider that answers inside the `with`."""
    provider = Provider(f"http://127.0.0.1:{port}", people)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("AnswersOfOne", (Answers,), {"provider": provider}))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def _fields(text: str) -> Fields:
    return {name: values[0] for name, values in parse_qs(text).items()}


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _client(sent: Fields, authorization: str) -> tuple[str, str]:
    """By the header or by the form: both are allowed."""
    if authorization.startswith("Basic "):
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return unquote(name), unquote(secret)
    return sent.get("client_id", ""), sent.get("client_secret", "")
