"""`axia order resolve` and `axia order restored`: a person's word where the machine cannot know."""

from __future__ import annotations

import getpass
import time
from typing import Annotated

import typer

from axia_cli import views
from axia_cli.commands.reconcile import composed
from axia_cli.instants import moment
from axia_cli.output import Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.broker import CannotTell, Evidence, Finding
from axia_core.domain.order_states import OrderRecord, State
from axia_core.errors import InvalidInput, NotRunning
from axia_core.reconciliation import evidence
from axia_core.services import restored as service
from axia_core.services.resolve import Word
from axia_core.settings import Settings

POLL_S = 0.1

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Reason = Annotated[str, typer.Option(help="How you know; it is kept. Required.")]


def resolve(
    order_id: str,
    state: Annotated[State, typer.Option("--as", help="REJECTED; FILLED of an entry, DONE of any other.")],
    reason: Reason = "",
    wait_s: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a desk to end.")] = 20.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say what became of an UNKNOWN order whose evidence will never come. Shows what the broker shows, and asks.

    Refused where the broker shows otherwise. Needs the desk's lease: terminate its run (order_desk) while this waits.
    """
    settings = target_settings()
    if as_json and not yes:
        raise InvalidInput("--yes", yes, "with --json nobody can be asked", "Look without --json, then add --yes.")
    word = Word(state=state, reason=reason, who=getpass.getuser())
    record, finding = _evidence(settings, order_id, word)
    if not as_json:
        _show(settings, record, finding)
    if not yes:
        typer.confirm(f"Write down that order {order_id} is {state}?", abort=True, err=True)
    resolved = _resolve(settings, order_id, word, wait_s)
    if as_json:
        return emit(views.order_document(resolved))
    return console.print(views.orders_table([resolved]))


def restored(
    to: Annotated[str, typer.Option("--to", help="The moment that was restored to, ISO 8601 with a zone.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take a restored table into use, before anything else: HALT, and each entry is looked for before it is sent.

    The search goes back to the restored moment. A person releases the switch once `axia order reconcile` is clean.
    """
    settings = target_settings()
    point = moment("--to", to)
    if as_json and not yes:
        raise InvalidInput("--yes", yes, "with --json nobody can be asked", "Add --yes.")
    if not as_json:
        say(describe(settings))
    if not yes:
        text = (
            f"The table {settings.table} shows its state of {point.isoformat()}. Halt trading, and begin anew from it?"
        )
        typer.confirm(text, abort=True, err=True)
    from axia_core.adapters import dynamodb

    clock = SystemClock(settings.clock_shift)
    epoch = service.restored(point, getpass.getuser(), ledger=dynamodb.connect(settings), clock=clock)
    if as_json:
        return emit({"restored_to": epoch.restored_to, "since": epoch.since, "kill_switch": "HALT"})
    return say(
        "The kill switch is at HALT. Next: `axia order reconcile --days N` back to that moment, compare with the "
        "terminal, then `axia kill-switch off --reason ...`. For a day each order is looked for before it is sent."
    )


def _evidence(settings: Settings, order_id: str, word: Word) -> tuple[OrderRecord, Finding]:
    from axia_core.adapters import dynamodb
    from axia_core.adapters.mt5 import beside
    from axia_core.adapters.secrets import with_credentials

    clock = SystemClock(settings.clock_shift)
    with beside.connect(with_credentials(settings), clock) as broker:
        return evidence(order_id, word, ledger=dynamodb.connect(settings), broker=broker)


def _resolve(settings: Settings, order_id: str, word: Word, wait_s: float) -> OrderRecord:
    """Under the lease, as soon as no desk holds it: the next desk takes seconds to open, this takes it at once."""
    from axia_core.adapters.mt5 import desk_terminal
    from axia_core.adapters.secrets import with_credentials

    clock, deadline = SystemClock(settings.clock_shift), time.monotonic() + wait_s
    with desk_terminal.connect(with_credentials(settings), clock) as broker:
        reconciliation = composed(settings, broker, clock, "axia order resolve")
        while True:
            try:
                return reconciliation.resolve(order_id, word)
            except NotRunning as held:
                if time.monotonic() >= deadline:
                    raise NotRunning(f"{held}: terminate the run of order_desk while this waits (--wait)") from held
                time.sleep(POLL_S)


def _show(settings: Settings, record: OrderRecord, finding: Finding) -> None:
    from axia_core.adapters import dynamodb

    say(describe(settings))
    console.print(views.orders_table([record]))
    console.print(views.timeline_table(dynamodb.connect(settings).events(record.order.order_id)))
    say(f"the broker: {_sentence(finding)}")


def _sentence(finding: Finding) -> str:
    match finding:
        case Evidence(state=state, execution=execution, found_in=place):
            return f"{state}, ticket {execution.ticket}, in its {place}"
        case CannotTell(reason=reason):
            return f"cannot tell: {reason}"
    return "shows no trace of it"
