"""The MT5 account that Secrets Manager keeps: read, checked, and put into the settings of one process. Nothing else.

Where a laptop's settings carry the account themselves, they are handed back as they are. No value of a secret is ever
put into a text, an error or a log; boto's own debug log of answers is silenced here for the same reason.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from axia_core.aws import client, translated
from axia_core.domain import names
from axia_core.errors import InvalidInput
from axia_core.masking import hide
from axia_core.settings import Settings

# Logs whole answers at DEBUG.
_TALKATIVE = "botocore.parsers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who logs in, and where."""

    login: int
    password: str = field(repr=False)
    server: str


def with_credentials(settings: Settings) -> Settings:
    """The settings with login, password and server of the secret that `account` names, if `mt5_credentials` says so.

    Raises InvalidInput when the secret is missing or not in its form, StoreUnavailable, NotRunning.
    """
    if settings.mt5_credentials == "settings":
        return settings
    found = read(client(settings, "secretsmanager"), names.MT5_SECRETS[settings.account])
    password = SecretStr(found.password)
    return settings.model_copy(update={"mt5_login": found.login, "mt5_password": password, "mt5_server": found.server})


def read(secrets_manager: Any, name: str) -> Credentials:
    """The credentials in the secret *name*; raises InvalidInput, StoreUnavailable, NotRunning."""
    logging.getLogger(_TALKATIVE).setLevel(logging.INFO)
    with translated(f"reading the secret {name}"):
        answer = secrets_manager.get_secret_value(SecretId=name)
    try:
        content = json.loads(answer.get("SecretString", ""))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        # The parser's error holds the text of the secret, so it is not chained.
        raise _malformed(name, "the whole", "it is no JSON object")
    password, server = (_text(name, content, key) for key in ("password", "server"))
    hide(password)  # from every line of this process
    return Credentials(login=_login(name, content), password=password, server=server)


def _login(name: str, content: dict[str, Any]) -> int:
    login = content.get("login")
    if isinstance(login, str) and login.isdecimal():
        login = int(login)
    if not isinstance(login, int) or isinstance(login, bool) or login <= 0:
        raise _malformed(name, "login", "it is no account number (is the placeholder of the deployment still there?)")
    return login


def _text(name: str, content: dict[str, Any], key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or not value:
        raise _malformed(name, key, "it is missing or no text")
    return value


def _malformed(name: str, key: str, rule: str) -> InvalidInput:
    remedy = 'Its form is {"login": 12345678, "password": "...", "server": "Broker-Demo"}; see docs/operations.md.'
    return InvalidInput(f"secret {name}: {key}", "(not shown)", rule, remedy)
