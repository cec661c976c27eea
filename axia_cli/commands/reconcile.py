"""`axia order reconcile`: look at the whole account now, note what closed positions, and name strays."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from axia_cli.output import OTHER, Json, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.services.survey import Seen, Surveyed, survey
from axia_core.settings import Settings


def reconcile(
    days: Annotated[int, typer.Option(min=1, max=365, help="How far to look back for what closed positions.")] = 4,
    as_json: Json = False,
) -> None:
    """Compare ledger and broker, beside whatever desk is open: sends nothing and moves no order.

    Notes on each order's timeline what closed its position, and exits 1 where the ledger does not account for one.
    """
    settings = target_settings()
    found = _survey(settings, days)
    if as_json:
        emit(_document(found))
    else:
        say(describe(settings))
        _tell(found)
    if found.strays:
        raise typer.Exit(OTHER)


def _survey(settings: Settings, days: int) -> Surveyed:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.log import LogEvents
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    seen = Seen(since=clock.now() - timedelta(days=days))
    with beside.connect(with_credentials(settings), clock) as broker:
        return survey(seen, ledger=dynamodb.connect(settings), broker=broker, clock=clock, events=LogEvents())


def _document(found: Surveyed) -> dict[str, Any]:
    return {
        "noted": [{"order_id": order_id, "text": text} for order_id, text in found.noted],
        "strays": [{"ticket": one.ticket, "ours": one.ours, "text": one.text} for one in found.strays],
    }


def _tell(found: Surveyed) -> None:
    for order_id, text in found.noted:
        say(f"order {order_id}: {text}")
    for one in found.strays:
        say(f"{'ALARM' if one.ours else 'WARNING'}: {one.text}")
    if not found.strays:
        say("the ledger accounts for every position")
