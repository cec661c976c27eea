"""What every command shares: where text goes, what `--json` means, and how an error becomes a message and an exit code.

stdout carries the answer (one JSON document with `--json`), stderr everything else. No command's own logic.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from axia_core.errors import AxiaError, IncompleteHistory, InvalidInput, NotRunning, TransientError

OTHER, BAD_INPUT, NOT_RUNNING, TRANSIENT, INCOMPLETE, INTERRUPTED = 1, 2, 3, 4, 5, 130
_WANTS_JSON = "axia.json"

# Highlighting would colour paths and numbers in the middle of a sentence.
console = Console(stderr=True, highlight=False)


def _remember(context: typer.Context, value: bool) -> bool:
    context.meta[_WANTS_JSON] = value
    return value


Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.", callback=_remember, is_eager=True)
]


def say(text: str) -> None:
    """One line for the person who is watching."""
    console.print(text, markup=False, soft_wrap=True)


def emit(document: object) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(json_text(document))
    sys.stdout.flush()


def json_text(document: object) -> str:
    """A document as it is printed, for files that say the same."""
    return json.dumps(document, default=_plain, indent=2, ensure_ascii=False) + "\n"


class Commands(TyperGroup):
    """The root group: a refusal is one readable message and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command inside the error boundary."""
        try:
            return super().invoke(ctx)
        except (AxiaError, ValidationError) as error:
            _report(ctx, error)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def exit_code(error: Exception) -> int:
    """2 bad input, 3 not running, 4 worth trying again, 5 bars are missing that were required, 1 anything else."""
    match error:
        case InvalidInput() | ValidationError():
            return BAD_INPUT
        case NotRunning():
            return NOT_RUNNING
        case TransientError():
            return TRANSIENT
        case IncompleteHistory():
            return INCOMPLETE
    return OTHER


def message(error: Exception) -> str:
    """What went wrong, in words; of wrong settings each one."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "\n".join(_setting(details) for details in error.errors())


def _setting(details: Any) -> str:
    if details["loc"][:1] == ("pairs",):
        key = ".".join(str(part) for part in ("symbols", *details["loc"][1:]))
        return f"{key} {details['input']!r}: {details['msg']}. Correct it in the settings file (or in AXIA_PAIRS)."
    name = ".".join(str(part) for part in details["loc"]).upper() or "settings"
    name = name if name.startswith(("AXIA_", "AWS_", "settings")) else f"AXIA_{name}"
    # A value that was refused may be a secret: pydantic masks the field, not its input.
    shown = "" if "PASSWORD" in name else f" {details['input']!r}" if details["loc"] else ""
    return f"{name}{shown}: {details['msg']}. Correct it in the environment or in the settings file."


def _report(ctx: typer.Context, error: Exception) -> None:
    if ctx.meta.get(_WANTS_JSON):
        emit({"error": {"type": type(error).__name__, "message": message(error)}})
    console.print("axia:", style="bold red", end=" ")
    say(message(error))


def _plain(value: object) -> object:
    match value:
        case date():
            return value.isoformat()
        case Decimal() | Path():
            return str(value)
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
