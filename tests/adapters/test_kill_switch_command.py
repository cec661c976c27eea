"""`axia kill-switch on|cancel-all|close-all|audit`, from the command line to a paper terminal and the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters.conftest import Axia


def test_on_cancels_what_is_pending(axia: Axia) -> None:
    """By default `on` leaves no pending order, and the positions alone."""
    document = axia.document("on", "--reason", "smoke")

    assert (document["active"], document["broker"]["complete"]) == (True, True)
    assert axia.broker.pending() == ()
    assert len(axia.broker.positions()) == 1


def test_on_can_keep_what_is_pending(axia: Axia) -> None:
    """With --keep-pending the book is left alone."""
    document = axia.document("on", "--keep-pending")

    assert (document["active"], document["broker"]) == (True, None)
    assert len(axia.broker.pending()) == 1


def test_on_can_close_everything(axia: Axia) -> None:
    """With --close-all, once confirmed, the book is empty."""
    result = axia.run("on", "--reason", "smoke", "--close-all", answer="y\n")

    assert result.exit_code == 0
    assert "nothing is left" in result.stderr
    assert (axia.broker.pending(), axia.broker.positions()) == ((), ())


def test_without_consent_nothing_happens(axia: Axia) -> None:
    """A no leaves book and switch as they were."""
    result = axia.run("on", "--close-all", answer="n\n")

    assert result.exit_code == 1
    assert not axia.ledger.kill_switch().active
    assert len(axia.broker.positions()) == 1


def test_on_is_on_where_the_terminal_is_away(axia: Axia, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a terminal the switch is thrown all the same; the exit code is 1 and the document says why."""
    monkeypatch.setenv("AXIA_MT5_PATH", str(tmp_path / "nowhere"))

    result = axia.run("on", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["active"], document["broker"]["complete"]) == (1, True, False)
    assert axia.ledger.kill_switch().active


def test_close_all_alone_needs_halt(axia: Axia) -> None:
    """While trading is allowed nothing is closed: exit code 2, and the remedy is named."""
    result = axia.run("close-all", "--yes")

    assert result.exit_code == 2
    assert "on --close-all" in result.stderr
    assert len(axia.broker.positions()) == 1


def test_cancel_all_alone_and_its_audit(axia: Axia) -> None:
    """`cancel-all` cancels, and `audit` tells who did what to which ticket, and what came of it."""
    (pending,) = axia.broker.pending()

    result = axia.run("cancel-all", "--yes")

    lines = json.loads(axia.run("audit", "--json").stdout)
    assert result.exit_code == 0
    assert [line["outcome"] for line in lines] == ["about to be sent", "DONE"]
    assert f"CANCEL USDJPY 0.1 lots, ticket {pending.ticket}" == lines[0]["what"]
    assert lines[0]["who"]
