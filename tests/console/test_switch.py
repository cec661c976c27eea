"""The kill switch on every page: it is never OFF where it would act as ON, and what was typed stays text."""

from __future__ import annotations

import pytest

from axia_console.access import Role
from axia_console.backend import Backend
from axia_console.console import Console
from axia_console.switch import switch_box
from axia_console.words import CATALOGUE, Language
from axia_core.domain.kill_switch import UNREADABLE, KillSwitch, Mode
from axia_core.settings import Settings
from tests.snapshot_examples import NOW

CONSOLES = {one: Console(Backend(Settings()), CATALOGUE[one], "alice", Role.TRADER) for one in Language}
ENGLISH = CONSOLES[Language.ENGLISH]


@pytest.mark.parametrize("console", CONSOLES.values(), ids=list(CONSOLES))
@pytest.mark.parametrize(
    "switch", [UNREADABLE, KillSwitch(active=True), KillSwitch(active=True, mode=Mode.REDUCE_ONLY)], ids=str
)
def test_never_off_where_it_acts_on(console: Console, switch: KillSwitch) -> None:
    """Unreadable, HALT and REDUCE_ONLY are ON in every language."""
    drawn = switch_box(switch, console)

    assert "axia-on" in drawn
    assert "ON" in drawn.split("axia-lost")[0]
    assert "OFF" not in drawn


def test_off() -> None:
    """Only a switch that was read as off is off, and it carries what it fades to."""
    drawn = switch_box(KillSwitch(active=False, at=NOW, who="bob", reason="drill over"), ENGLISH)

    assert "OFF · trading is allowed" in drawn
    assert "bob, 2026-07-01 12:00:00 UTC: drill over" in drawn
    assert "act as if it were ON" in drawn


def test_what_people_typed_is_text() -> None:
    """A reason and a name cannot draw anything."""
    evil = "<img src=x onerror=alert(1)>"

    assert "<img" not in switch_box(KillSwitch(active=True, reason=evil, who=evil, at=NOW), ENGLISH)
