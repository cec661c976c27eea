"""`axia history`: bars that somebody else recorded, from files into the store. What is in them is shown first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli.output import Json, console, emit, json_text, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import parse_trading_date
from axia_core.domain.symbols import Symbol, parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable, InvalidInput, UnreadableHistory
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy is of no use to the commands that read no bars.
    from axia_cli.import_report import Document, Tally
    from axia_core.adapters.importers.options import ReadOptions
    from axia_core.domain.found_series import FoundSeries
    from axia_core.ports import BarStore
    from axia_core.services.examine_history import Stated
    from axia_core.services.import_history import ImportRules, Planned

SOME_REFUSED_EXIT = 1
SHOWN_EVERY = 500
_ROWS_MIN = {"M1": 1, "M5": 5, "M15": 15, "M30": 30, "H1": 60, "H4": 240, "D1": 1440}

history = typer.Typer(no_args_is_help=True, help="Import bars from files.")


@history.callback()
def _group() -> None:
    """Import bars from files."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the files hold, and what of them was not taken."""

    series: tuple[FoundSeries, ...]
    refused: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


@history.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of bars or ticks.")],
    symbol: Annotated[str, typer.Option(help="The pair, where no name says it.")] = "",
    timeframe: Annotated[str, typer.Option(help="What a row is: M1, M5, M15, M30, H1, H4 or D1.")] = "",
    clock: Annotated[str, typer.Option(help='The rows\' clock, like "UTC-5", "EET", "America/New_York+7".')] = "",
    price_scale: Annotated[int, typer.Option(min=0, help="What prices are divided by; 0: see.")] = 0,
    side: Annotated[str, typer.Option(help="bid, ask or mid: what to take of both, or what the prices are.")] = "",
    day: Annotated[str, typer.Option("--date", help="The day of .bi5 files without one in their path.")] = "",
    first: Annotated[str, typer.Option("--from", help="First trading date to import, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last trading date to import, YYYY-MM-DD.")] = "",
    source: Annotated[str, typer.Option(help="Name of the source, instead of the file format.")] = "",
    final: Annotated[bool, typer.Option("--final", help="The broker's own: MT5 does not replace it.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what is stored, final bars too.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the whole report, every refused row, as JSON.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Show what history files hold, ask, and store it as trading days; exit code 1 when a file was refused."""
    if as_json and not (yes or dry_run):
        rule = "with --json nobody can be asked"
        raise InvalidInput("--yes", yes, rule, "Look with --dry-run, then add --yes.")
    settings = target_settings()
    say(describe(settings))
    options = _read_options(settings, symbol, side, day), _stated(settings, clock, price_scale, timeframe)
    found, rules = _find(paths, *options), _rules(settings, final, replace, source, first, last)
    _show(found, rules)
    document = _import(settings, found, rules, write=_decision(dry_run, yes, as_json))
    if report is not None:
        report.write_text(json_text(document), encoding="utf-8")
    if as_json:
        emit(document)
    if found.refused:
        raise typer.Exit(SOME_REFUSED_EXIT)


def _read_options(settings: Settings, symbol: str, side: str, day: str) -> ReadOptions:
    from axia_core.adapters.importers.options import ReadOptions, Side

    if side and side not in list(Side):
        raise InvalidInput("side", side, "a price side is bid, ask or mid", "Leave it out where you do not know.")
    try:
        dated = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise InvalidInput("date", day, "a date is written YYYY-MM-DD") from error
    pair = parse_symbol(symbol, settings.symbols).name if symbol else None
    return ReadOptions(symbols=settings.symbols, symbol=pair, side=Side(side) if side else None, day=dated)


def _stated(settings: Settings, clock: str, price_scale: int, timeframe: str) -> Stated:
    from axia_core.domain.file_clock import parse_clock
    from axia_core.services.examine_history import Stated

    if timeframe and timeframe.upper() not in _ROWS_MIN:
        raise InvalidInput("timeframe", timeframe, f"rows are of {', '.join(_ROWS_MIN)}", "Use one of those.")
    return Stated(
        symbols=settings.symbols,
        clock=parse_clock(clock) if clock else None,
        price_divisor=price_scale or None,
        step_min=_ROWS_MIN.get(timeframe.upper()),
    )


def _rules(settings: Settings, final: bool, replace: bool, source: str, first: str, last: str) -> ImportRules:
    from axia_core.services.import_history import ImportRules

    return ImportRules(
        final=final,
        replace=replace,
        source_name=source,
        first=parse_trading_date(first) if first else date.min,
        last=parse_trading_date(last) if last else date.max,
        holidays=settings.holiday_calendar,
    )


def _find(paths: Iterable[Path], options: ReadOptions, stated: Stated) -> _Found:
    """Everything that can be imported; raises UnreadableHistory where that is nothing."""
    from axia_cli.import_report import grouped
    from axia_core.adapters.importers.find import find
    from axia_core.services.examine_history import examine

    files = find(paths, options)
    examined = examine(files.files, stated)
    refused = (*files.refused, *examined.refused)
    if not examined.series:
        shown = "; ".join(reason for _, reason in grouped(refused)) or "no file is a history file of a known form"
        raise UnreadableHistory("path", ", ".join(map(str, paths)), f"nothing can be imported: {shown}")
    return _Found(examined.series, refused, files.ignored)


def _show(found: _Found, rules: ImportRules) -> None:
    from axia_cli.import_report import grouped, overlaps, series_table
    from axia_core.services.import_history import source_of

    for series in found.series:
        console.print(series_table(series, source_of(series, rules)))
    for said in overlaps(found.series):
        say(said)
    for files, reason in grouped(found.refused):
        say(f"not taken: {files}\n    {reason}")


def _decision(dry_run: bool, yes: bool, as_json: bool) -> Callable[[int], bool]:
    """Whether so many partitions are to be written; asks a person where nothing says it."""

    def decide(partitions: int) -> bool:
        if dry_run or not partitions:
            return False
        if not yes:
            typer.confirm(f"Write {partitions} partitions?", abort=True, err=True)
        return True

    return decide


def _import(settings: Settings, found: _Found, rules: ImportRules, write: Callable[[int], bool]) -> Document:
    from axia_cli.import_report import partitions_table
    from axia_core.adapters import s3
    from axia_core.services import import_history

    store = s3.connect(settings)
    planned = _count(import_history.plan(store, found.series, rules))
    console.print(partitions_table(planned, done=False))
    for why, count in planned.kept.items():
        say(f"kept as stored: {count} partitions, because {why}")
    if not write(planned.writes):
        say("nothing was written" if planned.writes else "the store has all of it: nothing to write")
        return _document(found, rules, planned, written=0)
    done = _count(import_history.write(store, found.series, rules), of=planned.writes)
    say(f"{done.writes} partitions written")
    return _document(found, rules, done, done.writes) | {"cached": _publish(settings, store, done)}


def _count(partitions: Iterable[Planned], of: int = 0) -> Tally:
    from axia_cli.import_report import Tally

    tally = Tally()
    for planned in partitions:
        tally.add(planned)
        if of and planned.fate.writes and tally.writes % SHOWN_EVERY == 0:
            say(f"{tally.writes} of {of} partitions")
    return tally


def _publish(settings: Settings, store: BarStore, done: Tally) -> list[str]:
    """Series whose cached bars were loaded anew; readers of a cache that is down go to the store."""
    from axia_core.adapters import redis
    from axia_core.services.publish import publish

    clock = SystemClock(settings.clock_shift)
    cache = redis.connect(settings, clock)
    published: list[str] = []
    try:
        for symbol, timeframe in sorted(done.written):
            publish(store, cache, clock, Symbol(symbol), Timeframe(timeframe), settings.cache_bars)
            published.append(f"{symbol} {timeframe}")
    except CacheUnavailable as error:
        say(f"the cache keeps what it had: {error}")
    return published


def _document(found: _Found, rules: ImportRules, tally: Tally, written: int) -> Document:
    from axia_cli.import_report import overlaps, refused_document, series_document
    from axia_core.services.import_history import source_of

    return {
        "series": [series_document(series, source_of(series, rules)) for series in found.series],
        "overlaps": overlaps(found.series),
        "refused_files": refused_document(found.refused),
        "ignored_files": list(found.ignored),
        "partitions": tally.documents(),
        "kept": [{"reason": why, "partitions": count} for why, count in tally.kept.items()],
        "written": written,
    }
