"""The verdict before sending: the limits over ledger and snapshot, without a word of the broker."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_console.verdict import SnapshotBroker, verdict
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.outcomes import NotSent
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import SourceUnavailable
from axia_core.services.check_order import ComesTo, Forecast
from tests.console.conftest import Desk
from tests.snapshot_examples import NOW, snapshot

MESSAGE: dict[str, Any] = {
    "order_id": "T1",
    "symbol": "USDJPY",
    "order_action": "BUY",
    "order_type": "MARKET",
    "lot_size": 0.1,
    "sl_price": 149.7,
}


def judged(desk: Desk, known: Snapshot | None = None, **changes: Any) -> Forecast:
    return verdict(
        json.dumps(MESSAGE | changes),
        known or snapshot(),
        ledger=desk.ledger,
        clock=desk.clock,
        symbols=desk.settings.symbols,
        limits=desk.settings.limits,
    )


def codes(found: Forecast) -> list[str]:
    return [one.check.code for one in found.judged if one.check.passed is False]


def test_good_order(desk: Desk) -> None:
    """It would be sent, and the broker's own check, which nobody asked, is not claimed."""
    found = judged(desk)

    assert found.comes_to is ComesTo.SENT
    assert "BROKER" not in [one.check.code for one in found.judged]


def test_limits_are_held_against_the_snapshot(desk: Desk) -> None:
    """Size, stops and positions are judged by what the snapshot shows."""
    assert codes(judged(desk, lot_size=2)) == ["MAX_LOTS"]
    assert codes(judged(desk, sl_price=151)) == ["STOPS"]


def test_switch_decides(desk: Desk) -> None:
    """A thrown switch is the verdict, before any other."""
    desk.ledger.set_kill_switch(KillSwitch(active=True, reason="drill"), 1, NOW)

    assert judged(desk).comes_to is ComesTo.REFUSED
    assert codes(judged(desk))[0] == "KILL_SWITCH"


def test_old_tick(desk: Desk) -> None:
    """A quote that was old in a fresh snapshot is too old for an entry."""
    quotes = {name: replace(one, at=NOW - timedelta(minutes=2)) for name, one in snapshot().quotes.items()}

    assert codes(judged(desk, replace(snapshot(), quotes=quotes))) == ["STALE_QUOTE"]


def test_symbol_that_is_not_quoted(desk: Desk) -> None:
    """Without a quote the order would wait, and the verdict says for what."""
    found = judged(desk, replace(snapshot(), quotes={}))

    assert (found.comes_to, codes(found)) == (ComesTo.WAITS, ["TERMINAL"])


def test_day_loss(desk: Desk) -> None:
    """The day's loss counts by the snapshot's equity against the ledger's."""
    desk.ledger.note_day_equity(NOW.date(), 1, Decimal(12_000))

    assert "DAILY_LOSS" in codes(judged(desk))


def test_snapshot_sends_nothing(desk: Desk) -> None:
    """What stands in the broker's place can neither send nor search."""
    broker = SnapshotBroker(snapshot())
    order = judged(desk).order
    assert order is not None

    assert isinstance(broker.submit(order, NOW), NotSent)
    with pytest.raises(SourceUnavailable):
        broker.deals(NOW, NOW)
