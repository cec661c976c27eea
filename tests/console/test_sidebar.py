"""What stands beside every page: demo or live, and a server's name stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from axia_console.access import Role
from axia_console.backend import Backend
from axia_console.console import Console
from axia_console.freshness import Link, Standing, standing
from axia_console.sidebar import standing_box
from axia_console.words import EN
from axia_core.settings import Settings
from tests.snapshot_examples import NOW, snapshot

ENGLISH = Console(Backend(Settings()), EN, "alice", Role.TRADER)


def test_what_a_broker_calls_itself_is_text() -> None:
    """The name of a server cannot draw anything."""
    account = replace(snapshot().account, server="<img src=x onerror=alert(1)>")
    found = Standing(link=Link.FRESH, snapshot=replace(snapshot(), account=account), age_s=1.0)

    assert "<img" not in standing_box(found, ENGLISH)


@pytest.mark.parametrize("kind", ["demo", "live"])
def test_demo_or_live(kind: str) -> None:
    """Every page says which account this is."""
    found = standing(lambda: replace(snapshot(), account_kind=kind), NOW, timedelta(seconds=8))

    assert f"{kind.upper()} account 1 · memory" in standing_box(found, ENGLISH)
    assert f"axia-{kind}" in standing_box(found, ENGLISH)
