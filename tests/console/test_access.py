"""Who may look, who may act, and where the console may listen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from axia_console.__main__ import options
from axia_console.access import Role, host_in, is_loopback, require_sign_in_where_exposed, role_of
from axia_console.sign_in import _has_auth
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

ROOT = Path(__file__).parents[2]
LISTS = Settings(console_traders=("Trader@Example.com",), console_viewers=("viewer@example.com",))


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "trader@example.com", "email_verified": True}, Role.TRADER),
        ({"email": "VIEWER@example.com", "email_verified": True}, Role.VIEWER),
        ({"email": "other@example.com", "email_verified": True}, Role.NOBODY),
        ({"email": "trader@example.com", "email_verified": False}, Role.NOBODY),
        ({"email": "trader@example.com"}, Role.NOBODY),
        ({"email": "", "email_verified": True}, Role.NOBODY),
        ({}, Role.NOBODY),
    ],
    ids=lambda value: value if isinstance(value, Role) else str(value.get("email", "nothing")),
)
def test_role(claims: dict[str, Any], role: Role) -> None:
    """By the lists, whatever the case, and only for an address that the provider has verified."""
    assert role_of(claims, LISTS) is role


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.0.2", "example.com", "", None)),
    ],
)
def test_loopback(host: str | None, loopback: bool) -> None:
    """Only this machine's own names; no address given means every address."""
    assert is_loopback(host) is loopback


def test_exposed_without_sign_in_is_refused() -> None:
    """An address that others reach needs sign-in; loopback does not."""
    require_sign_in_where_exposed("127.0.0.1", sign_in=False)
    require_sign_in_where_exposed("0.0.0.0", sign_in=True)

    with pytest.raises(InvalidInput, match="no sign-in is configured"):
        require_sign_in_where_exposed("0.0.0.0", sign_in=False)


@pytest.mark.parametrize(
    ("header", "host"), [("localhost:8501", "localhost"), ("[::1]:8501", "::1"), ("evil.example", "evil.example")]
)
def test_host_header(header: str, host: str) -> None:
    """The name alone, for IPv6 as well."""
    assert host_in(header) == host


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ('[auth]\nredirect_uri = "x"\ncookie_secret = "y"\n', True),
        ('[auth]\nredirect_uri = "x"\n', False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_sign_in_is_configured(tmp_path: Path, text: str, usable: bool) -> None:
    """A half-written [auth] is none."""
    file = tmp_path / "secrets.toml"
    file.write_text(text, encoding="utf-8")

    assert _has_auth(file) is usable
    assert not _has_auth(tmp_path / "missing.toml")


def test_options_keep_it_closed() -> None:
    """Loopback, other origins and hosts refused, no telemetry, and no fault's details on a page."""
    chosen = options(Settings())

    assert chosen["server_address"] == "127.0.0.1"
    assert chosen["server_allowedHosts"] == ["localhost", "127.0.0.1", "::1"]
    assert chosen["server_enableXsrfProtection"]
    assert chosen["server_enableCORS"]
    assert (chosen["browser_gatherUsageStats"], chosen["client_showErrorDetails"]) == (False, "none")


def test_refuses_to_start_exposed(tmp_path: Path) -> None:
    """On every address and without sign-in the server ends with its reason, before it listens."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AXIA_")}
    variables |= {"AXIA_CONSOLE_HOST": "0.0.0.0", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "-m", "axia_console"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 3
    assert "no sign-in is configured" in ended.stderr
