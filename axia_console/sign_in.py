"""Whether a sign-in is configured: Streamlit's `[auth]` in its secrets file. Nothing of it is ever shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import streamlit as st

NEEDED = ("redirect_uri", "cookie_secret")


def is_configured() -> bool:
    """Whether one of the secrets files that Streamlit reads has a usable `[auth]`."""
    return any(_has_auth(Path(name)) for name in st.get_option("secrets.files"))


def _has_auth(file: Path) -> bool:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("auth")
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and all(found.get(name) for name in NEEDED)
