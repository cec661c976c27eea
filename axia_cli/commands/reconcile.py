"""`axia order reconcile`: settle what is not known by the broker's evidence, and look at the whole account, now."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Annotated, Any

import typer

from axia_cli import views
from axia_cli.output import OTHER, Json, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.desk_rules import DeskRules
from axia_core.domain.order_states import OrderRecord, State
from axia_core.errors import NotRunning
from axia_core.ports import Broker
from axia_core.reconciliation import Reconciled, Reconciliation
from axia_core.services.survey import Seen, survey
from axia_core.settings import Settings


def reconcile(
    days: Annotated[int, typer.Option(min=1, max=365, help="How far to look back for what closed positions.")] = 4,
    as_json: Json = False,
) -> None:
    """Settle UNKNOWN orders by evidence, and compare ledger and broker; sends nothing. Takes up to a minute.

    Where a desk is open, that one settles them every second, and this shows what is still open. Notes on each order's
    timeline what closed its position. Exits 1 where an order stays UNKNOWN, or a position is not accounted for.
    """
    settings = target_settings()
    if not as_json:
        say(describe(settings))
    found, holder = _reconcile(settings, timedelta(days=days))
    if as_json:
        emit(_document(found, holder))
    else:
        _tell(found, holder)
    if found.strays or _unknown(found):
        raise typer.Exit(OTHER)


def _reconcile(settings: Settings, look_back: timedelta) -> tuple[Reconciled, str | None]:
    """What was found, and which desk holds the lease, if one does."""
    from axia_core.adapters.mt5 import desk_terminal
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    try:
        with desk_terminal.connect(with_credentials(settings), clock) as broker:
            return composed(settings, broker, clock, "axia order reconcile").run(look_back), None
    except NotRunning:
        return _beside(settings, look_back, clock)


def _beside(settings: Settings, look_back: timedelta, clock: SystemClock) -> tuple[Reconciled, str | None]:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials
    from axia_core.people import events_of

    ledger = dynamodb.connect(settings)
    holder = ledger.lease_holder(clock.now())
    with beside.connect(with_credentials(settings), clock) as broker:
        seen = Seen(since=clock.now() - look_back)
        found = survey(seen, ledger=ledger, broker=broker, clock=clock, events=events_of(settings))
    left = ledger.open_orders()
    reconciled = Reconciled(settled=(), open=left, noted=found.noted, strays=found.strays)
    return reconciled, holder.owner if holder else "a desk that has just ended"


def composed(settings: Settings, broker: Broker, clock: SystemClock, what: str) -> Reconciliation:
    """What works in a desk's place; *what* and who calls it name it in the lease."""
    from axia_core.adapters import dynamodb
    from axia_core.people import events_of

    return Reconciliation(
        ledger=dynamodb.connect(settings),
        broker=broker,
        events=events_of(settings),
        clock=clock,
        rules=DeskRules.of(settings),
        owner=f"{what} by {getpass.getuser()}",
    )


def _unknown(found: Reconciled) -> tuple[OrderRecord, ...]:
    return tuple(record for record in found.open if record.state is State.UNKNOWN)


def _document(found: Reconciled, holder: str | None) -> dict[str, Any]:
    return {
        "desk": holder,
        "settled": [views.order_document(record) for record in found.settled],
        "open": [views.order_document(record) for record in found.open],
        "noted": [{"order_id": order_id, "text": text} for order_id, text in found.noted],
        "strays": [{"ticket": one.ticket, "ours": one.ours, "text": one.text} for one in found.strays],
    }


def _tell(found: Reconciled, holder: str | None) -> None:
    if holder is not None:
        say(f"{holder} holds the desk's lease and settles orders every second; this only looks")
    for record in found.settled:
        say(f"order {record.order.order_id} is {record.state} now: {record.reason}")
    for record in found.open:
        say(f"order {record.order.order_id} is still {record.state}: {record.reason or 'nothing was found'}")
    for order_id, text in found.noted:
        say(f"order {order_id}: {text}")
    for one in found.strays:
        say(f"{'ALARM' if one.ours else 'WARNING'}: {one.text}")
    if _unknown(found) and holder is None:
        say("what evidence never settles a person can: axia order resolve ORDER_ID --as ... --reason ...")
    if not found.strays:
        say("the ledger accounts for every position")
