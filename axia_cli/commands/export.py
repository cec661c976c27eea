"""`axia ohlcv export`: bars of any range as one file, whole or not at all. What is read is `load`'s."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from axia_cli.bar_documents import bars_document, facts_document, load_days, summary
from axia_cli.commands.data import First, Last, RequireComplete, Sources, chosen_range
from axia_cli.output import Json, emit, json_text, say
from axia_cli.stored_series import known_symbol
from axia_cli.target import describe, target_settings
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

if TYPE_CHECKING:
    from axia_core.loaded import Loaded

STDOUT = "-"
FORMATS = ("csv", "parquet", "arrow", "json")


def export(
    symbol: Annotated[str, typer.Argument(help="For example USDJPY.")],
    timeframe: Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")],
    output: Annotated[str, typer.Option("--output", "-o", help="The file, or - for standard output.")],
    first: First = "",
    last: Last = "",
    form: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}; default: the file's ending.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    sources: Sources = False,
    require_complete: RequireComplete = False,
    as_json: Json = False,
) -> None:
    """Write the bars of trading days to a file, by default those of the latest closed day, and say what is missing."""
    settings = target_settings()
    chosen = _format(form, output)
    if as_json and output == STDOUT:
        raise InvalidInput("--json", True, "standard output holds the bars already", "Give --output a file's name.")
    _refuse_to_overwrite(output, force)
    series = known_symbol(settings, symbol), Timeframe.parse(timeframe)
    days = chosen_range(settings, first, last, 1)
    loaded = load_days(settings, *series, days, sources=sources, require_complete=require_complete)
    _write(loaded, days, chosen, output, force)
    if as_json:
        return emit(facts_document(loaded, days) | {"format": chosen, "output": str(Path(output).resolve())})
    return say(f"{describe(settings)}\n{summary(loaded)}")


def _format(form: str, output: str) -> str:
    chosen = (form or Path(output).suffix.removeprefix(".")).lower()
    if chosen not in FORMATS:
        raise InvalidInput("--format", chosen, f"it is none of {', '.join(FORMATS)}", "Example: --format parquet.")
    return chosen


def _refuse_to_overwrite(output: str, force: bool) -> None:
    target = Path(output)
    if output == STDOUT:
        return
    if not target.parent.is_dir():
        raise InvalidInput("--output", output, f"there is no folder {target.parent}", "Create it first.")
    if target.is_dir() or (target.exists() and not force):
        rule = "it is a folder" if target.is_dir() else "a file of that name is there"
        raise InvalidInput("--output", output, rule, "Choose another name, or replace a file with --force.")


def _write(loaded: Loaded, days: tuple[date, date], form: str, output: str, force: bool) -> None:
    if output == STDOUT:
        _write_into(sys.stdout.buffer, loaded, days, form)
        sys.stdout.flush()
        return
    handle, name = tempfile.mkstemp(dir=Path(output).parent, prefix=f".{Path(output).name}.")
    try:
        with os.fdopen(handle, "wb") as sink:
            _write_into(sink, loaded, days, form)
        _refuse_to_overwrite(output, force)  # somebody else may have been faster
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(output)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _write_into(sink: BinaryIO, loaded: Loaded, days: tuple[date, date], form: str) -> None:
    from axia_core.adapters.export import FileFormat, write

    if form == FileFormat.JSON:
        sink.write(json_text(bars_document(loaded, days)).encode())
    else:
        write(loaded, FileFormat(form), sink)


def _umask() -> int:
    """mkstemp makes a file that others cannot read; the exported one is like any other."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
