"""Who may see the console and who may act in it; and where it may listen at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from axia_core.errors import InvalidInput
from axia_core.settings import Settings


class Role(StrEnum):
    """What a person may do here."""

    NOBODY = "NOBODY"
    VIEWER = "VIEWER"
    TRADER = "TRADER"


def role_of(claims: Mapping[str, Any], settings: Settings) -> Role:
    """The role of a signed-in person by the lists in the settings; an address that is not verified counts as none."""
    address = str(claims.get("email") or "").strip().casefold()
    if not address or claims.get("email_verified") is not True:
        return Role.NOBODY
    if address in _folded(settings.console_traders):
        return Role.TRADER
    return Role.VIEWER if address in _folded(settings.console_viewers) else Role.NOBODY


def is_loopback(host: str | None) -> bool:
    """Whether *host* names this machine only; None and the wildcards are every address there is."""
    if host is None:
        return False
    if host.strip("[]").casefold() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_in(header: str) -> str:
    """The name in a Host header, without its port."""
    return urlsplit(f"//{header}").hostname or ""


def require_sign_in_where_exposed(address: str | None, sign_in: bool) -> None:
    """Raises InvalidInput for an address that others can reach while no sign-in is configured."""
    if sign_in or is_loopback(address):
        return
    rule = "others can reach that address, and no sign-in is configured"
    remedy = "Use 127.0.0.1, or configure [auth] in .streamlit/secrets.toml (docs/operations.md, The console)."
    raise InvalidInput("console_host", address or "every address", rule, remedy)


def _folded(addresses: tuple[str, ...]) -> frozenset[str]:
    return frozenset(address.casefold() for address in addresses)
