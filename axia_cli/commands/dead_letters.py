"""`axia dlq`: what could not be accepted, why, what a redrive would come to, and a person's decision about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from axia_cli.output import Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_cli.views import order_fields
from axia_core.adapters.clock import SystemClock
from axia_core.domain.messages import Message
from axia_core.errors import InvalidInput
from axia_core.ports import DeadLetterQueue
from axia_core.services import redrive as service
from axia_core.services.redrive import DeadLetter
from axia_core.settings import Settings

SHOWN_CHARACTERS = 2_000

dlq = typer.Typer(no_args_is_help=True, help="Look at the dead-letter queue, send from it again, or empty it.")

MessageId = Annotated[str, typer.Argument(help="The message's id, as `axia dlq list` shows it.")]
Everything = Annotated[bool, typer.Option("--all", help="Every message that lies there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dlq.command("list")
def list_letters(as_json: Json = False) -> None:
    """What lies there, why, and what a redrive would come to."""
    settings = target_settings()
    letters, now = _look(settings), _now(settings)
    if as_json:
        return emit([_document(letter, now) for letter in letters])
    say(describe(settings))
    return _print(letters, now)


@dlq.command()
def show(message_id: MessageId, as_json: Json = False) -> None:
    """One message with its body."""
    settings = target_settings()
    letters, now = service.chosen(_look(settings), message_id), _now(settings)
    if as_json:
        return emit(_document(letters[0], now) | {"body": letters[0].message.body})
    say(describe(settings))
    _print(letters, now)
    return say(letters[0].message.body[:SHOWN_CHARACTERS])


@dlq.command()
def redrive(
    message_id: MessageId = "", everything: Everything = False, yes: Yes = False, as_json: Json = False
) -> None:
    """Send messages to the order queue again, under their original id and age; asks first."""
    settings = target_settings()
    ids = _decide(settings, message_id, everything, yes, as_json, "Send this to the order queue again?")
    moved = service.redrive(_dead_letters(settings), ids)
    _report(moved, "redriven", as_json)


@dlq.command()
def purge(message_id: MessageId = "", everything: Everything = False, yes: Yes = False, as_json: Json = False) -> None:
    """Remove messages for good; asks first."""
    settings = target_settings()
    ids = _decide(settings, message_id, everything, yes, as_json, "Remove this for good?")
    removed = service.purge(_dead_letters(settings), ids)
    _report(removed, "removed", as_json)


def _decide(
    settings: Settings, message_id: str, everything: bool, yes: bool, as_json: bool, question: str
) -> frozenset[str]:
    """The ids that the person confirmed after seeing what they are; nothing that comes later is among them."""
    if bool(message_id) == everything:
        raise InvalidInput("message id", message_id, "give one message id, or --all")
    if as_json and not yes:
        rule = "with --json nobody can be asked"
        raise InvalidInput("--yes", yes, rule, "Look with `axia dlq list`, then add --yes.")
    letters = _look(settings) if everything else service.chosen(_look(settings), message_id)
    if not as_json:
        say(describe(settings))
        _print(letters, _now(settings))
    if letters and not yes:
        typer.confirm(question, abort=True, err=True)
    return frozenset(letter.message.message_id for letter in letters)


def _report(messages: Sequence[Message], done: str, as_json: bool) -> None:
    if as_json:
        return emit({done: [message.message_id for message in messages]})
    return say(f"{done}: {len(messages)}")


def _document(letter: DeadLetter, now: datetime) -> dict[str, Any]:
    message = letter.message
    return {
        "message_id": message.message_id,
        "sent_at": message.sent_at,
        "age_s": round((now - message.sent_at).total_seconds(), 1),
        "receive_count": message.receive_count,
        "sender": message.sender,
        "reason": letter.recorded_reason,
        "order": order_fields(letter.order) if letter.order else None,
        "redrive": {"prospect": letter.prospect, "text": letter.prospect_text},
    }


def _print(letters: Sequence[DeadLetter], now: datetime) -> None:
    if not letters:
        return say("the dead-letter queue is empty")
    table = Table("message", "age", "receives", "what", "why it is here", "a redrive")
    for letter in letters:
        message, order = letter.message, letter.order
        age = timedelta(seconds=int((now - message.sent_at).total_seconds()))
        what = f"{order.action} {order.kind} {order.symbol} {order.lots or ''}".strip() if order else "unreadable"
        why = letter.recorded_reason or "not recorded: it was never judged, or its acknowledgement failed"
        prospect = f"{letter.prospect}: {letter.prospect_text}"
        table.add_row(message.message_id, str(age), str(message.receive_count), what, why, prospect)
    return console.print(table)


def _look(settings: Settings) -> tuple[DeadLetter, ...]:
    from axia_core.adapters import dynamodb

    around = service.Surroundings(
        ledger=dynamodb.connect(settings),
        clock=SystemClock(settings.clock_shift),
        symbols=settings.symbols,
        limits=settings.limits,
    )
    return service.look(_dead_letters(settings), around)


def _dead_letters(settings: Settings) -> DeadLetterQueue:
    from axia_core.adapters import sqs

    return sqs.connect_dead_letters(settings)


def _now(settings: Settings) -> datetime:
    return SystemClock(settings.clock_shift).now()
