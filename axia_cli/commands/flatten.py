"""`axia kill-switch cancel-all|close-all|audit`, and what `on` does to the broker's book."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.orders import Action
from axia_core.errors import AxiaError, InvalidInput
from axia_core.services.flatten import Flattened, flatten
from axia_core.settings import Settings

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_QUESTIONS = {
    Action.CANCEL: "Cancel every pending order of the account, whoever placed it?",
    Action.CLOSE: "Close every position of the account, whoever opened it?",
}


def cancel_all(yes: Yes = False, as_json: Json = False) -> None:
    """Cancel every pending order at the broker; exits 1 where any is left."""
    _only(Action.CANCEL, yes, as_json)


def close_all(yes: Yes = False, as_json: Json = False) -> None:
    """Close every position, under HALT only; exits 1 where any is left."""
    _only(Action.CLOSE, yes, as_json)


def audit(as_json: Json = False) -> None:
    """Who changed the switch or the broker's book, when, and what came of it."""
    settings = target_settings()
    from axia_core.adapters import dynamodb

    lines = dynamodb.connect(settings).audit()
    if as_json:
        return emit([{"at": one.at, "who": one.who, "what": one.what, "outcome": one.outcome} for one in lines])
    table = Table("at (UTC)", "who", "what", "outcome")
    for line in lines:
        table.add_row(f"{line.at:%Y-%m-%d %H:%M:%S}", line.who, line.what, line.outcome)
    say(describe(settings))
    return console.print(table)


def confirm(action: Action, settings: Settings, yes: bool, as_json: bool) -> None:
    """Asks a person, unless told not to; raises InvalidInput where nobody can be asked."""
    if yes:
        return
    if as_json:
        raise InvalidInput("--yes", yes, "with --json nobody can be asked", "Look at the terminal, then add --yes.")
    say(describe(settings))
    typer.confirm(_QUESTIONS[action], abort=True, err=True)


def carry_out(actions: Sequence[Action], settings: Settings) -> Flattened:
    """The broker's book without what *actions* remove, over a terminal process beside the desk's."""
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    with beside.connect(with_credentials(settings), clock) as broker:
        return flatten(actions, getpass.getuser(), ledger=dynamodb.connect(settings), broker=broker, clock=clock)


def after_the_switch(actions: Sequence[Action], settings: Settings) -> Flattened | AxiaError:
    """`carry_out` for a switch that has been thrown already: what goes wrong here must not hide that."""
    try:
        return carry_out(actions, settings)
    except AxiaError as error:
        return error


def document(found: Flattened | AxiaError) -> dict[str, Any]:
    """What was tried and what is left."""
    if isinstance(found, AxiaError):
        return {"complete": False, "error": f"{type(found).__name__}: {found}"}
    return {
        "complete": found.is_complete,
        "unverified": found.unverified or None,
        "steps": [
            {"action": one.action, "ticket": one.ticket, "symbol": one.symbol, "outcome": one.outcome}
            for one in found.steps
        ],
        "left": [_left(one) for one in found.left],
        "unknown_orders": found.unknown_orders,
    }


def tell(found: Flattened | AxiaError) -> None:
    """The same for a person."""
    if isinstance(found, AxiaError):
        return say(f"NOTHING WAS CANCELLED OR CLOSED: {found}")
    for step in found.steps:
        say(f"{step.action} {step.symbol} ticket {step.ticket}: {step.outcome}")
    for one in found.left:
        say(f"LEFT: {_left(one)['what']} {one.symbol} {one.lots} lots, ticket {one.ticket}")
    if found.unverified:
        say(f"NOT VERIFIED: {found.unverified}")
    if found.unknown_orders:
        say(f"may still turn up at the broker: {', '.join(found.unknown_orders)}")
    return say("nothing is left" if found.is_complete else "look at the terminal, and call it again")


def exit_unless_complete(found: Flattened | AxiaError) -> None:
    """Exit code 1 for a remainder, or for a book that could not be read."""
    if isinstance(found, AxiaError) or not found.is_complete:
        raise typer.Exit(OTHER)


def _only(action: Action, yes: bool, as_json: bool) -> None:
    settings = target_settings()
    confirm(action, settings, yes, as_json)
    found = carry_out((action,), settings)
    emit(document(found)) if as_json else tell(found)
    exit_unless_complete(found)


def _left(one: PendingOrder | Position) -> dict[str, Any]:
    what = "pending order" if isinstance(one, PendingOrder) else "position"
    return {"what": what, "ticket": one.ticket, "symbol": one.symbol, "lots": one.lots}
