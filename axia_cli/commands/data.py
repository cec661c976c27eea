"""`axia ohlcv`: look at the stored bars and at what is known of them. Collecting them is `axia collect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from axia_cli.bar_documents import bars_document, load_days, rows, summary
from axia_cli.calendar_view import calendar, legend, worst
from axia_cli.output import Json, console, emit, say
from axia_cli.stored_series import bar_store, chosen_series, first_stored, known_symbol
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, parse_trading_date
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy and redis are of no use to the commands that read no bars.
    from axia_core.domain.bars import Bars, PartitionTruth
    from axia_core.ports import Partition
    from axia_core.services.coverage import Coverage

    Covered = list[tuple[Symbol, Timeframe, tuple[Coverage, ...]]]

DEFAULT_DAYS = 5
MOST_CALENDARS = 5  # more series than that share one calendar
SHOWN = 24

ohlcv = typer.Typer(no_args_is_help=True, help="Look at the stored bars.")

First = Annotated[str, typer.Option("--from", help="First trading date, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="Last trading date, YYYY-MM-DD.")]
Sources = Annotated[bool, typer.Option("--sources", help="Read days that are not stored from the series' sources.")]
RequireComplete = Annotated[
    bool, typer.Option("--require-complete", help="Refuse, with code 5, where bars are missing.")
]


@ohlcv.command()
def show(
    symbol: Annotated[str, typer.Argument(help="For example USDJPY.")],
    timeframe: Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")],
    first: First = "",
    last: Last = "",
    shown_rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of the table; --json has all.")] = SHOWN,
    revision: Annotated[str, typer.Option(help="Of the day --from: the version that `history` lists.")] = "",
    sources: Sources = False,
    require_complete: RequireComplete = False,
    as_json: Json = False,
) -> None:
    """Show bars, by default those of the latest closed trading day, from the cache or from S3."""
    settings = target_settings()
    series = known_symbol(settings, symbol), Timeframe.parse(timeframe)
    if revision:
        return _show_revision(settings, *series, _single_day(first, last), revision, shown_rows, as_json)
    days = chosen_range(settings, first, last, 1)
    # What is wrong with a day is looked for here, so all that is stored is shown.
    loaded = load_days(settings, *series, days, sources=sources, require_complete=require_complete, unfit_too=True)
    if as_json:
        return emit(bars_document(loaded, days))
    say(f"{describe(settings)}\n{summary(loaded)}")
    return console.print(_bars_table(loaded.bars, shown_rows))


@ohlcv.command()
def coverage(
    first: First = "",
    last: Last = "",
    symbol: Annotated[list[str] | None, typer.Option(help="A pair; repeat it for several. Default: all.")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="M5, M15, H1, H4 or D1; repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is true of every trading day, by default from the first one stored to the newest closed."""
    settings = target_settings()
    series = chosen_series(settings, symbol or (), timeframe or ())
    days = chosen_range(settings, first or (first_stored(settings, series) if not last else ""), last, DEFAULT_DAYS)
    covered = _coverage(settings, series, days)
    if as_json:
        return emit(_coverage_document(covered, days))
    say(describe(settings))
    console.print(_coverage_table(covered, days))
    return _say_calendars(covered)


def _single_day(first: str, last: str) -> date:
    if not first or last not in ("", first):
        raise InvalidInput("--from", first, "a revision is one of a single day", "Name the day with --from alone.")
    return parse_trading_date(first)


def _show_revision(
    settings: Settings, symbol: Symbol, timeframe: Timeframe, day: date, revision: str, newest: int, as_json: bool
) -> None:
    partition = bar_store(settings).read(symbol, timeframe, day, revision)
    if partition is None:
        remedy = f"`axia ohlcv history {symbol} {timeframe} {day}` lists those there are; a deletion has no bars."
        raise InvalidInput("--revision", revision, f"{symbol} {timeframe} {day} has no such version to read", remedy)
    if as_json:
        return emit(_revision_document(partition))
    truth = partition.truth
    say(f"{describe(settings)}\n{symbol} {timeframe} {day}, revision {revision}: {truth.actual} bars of {truth.source}")
    return console.print(_bars_table(partition.bars, newest))


def chosen_range(settings: Settings, first: str, last: str, default_days: int) -> tuple[date, date]:
    """What was asked for; an open beginning is the given end's own day, an open end the newest closed day."""
    holidays = settings.universe.holidays.dates
    closed = last_closed_trading_days(SystemClock(settings.clock_shift).now(), default_days, holidays)
    end = parse_trading_date(last) if last else closed[-1]
    if first:
        return parse_trading_date(first), end
    return (end if last else closed[0]), end


def _coverage(settings: Settings, series: Iterable[tuple[Symbol, Timeframe]], days: tuple[date, date]) -> Covered:
    from axia_core.services.coverage import coverage as cover

    store, universe = bar_store(settings), settings.universe
    return [
        (*one, cover(store, *one, *days, holidays=universe.holidays, start=universe.start_of(one[0]))) for one in series
    ]


def _bars_table(bars: Bars, newest: int) -> Table:
    table = Table("open time (UTC)", "open", "high", "low", "close", "volume", "spread")
    digits = bars.symbol.digits
    for row in rows(bars.take(slice(-newest, None))):
        at, *prices, volume, spread = row.values()
        shown = [f"{price:.{digits}f}" for price in prices]
        table.add_row(f"{at:%Y-%m-%d %H:%M}", *shown, str(volume), "" if spread is None else str(spread))
    return table


def _revision_document(partition: Partition) -> dict[str, Any]:
    truth = partition.truth
    return {
        "symbol": truth.symbol.name,
        "timeframe": truth.timeframe,
        "date": truth.trading_date,
        "revision": partition.revision,
        "source": truth.source,
        "provisional": truth.provisional,
        "gaps": truth.gaps,
        "rows": len(partition.bars),
        "bars": list(rows(partition.bars)),
    }


def _coverage_document(covered: Covered, days: tuple[date, date]) -> dict[str, Any]:
    from axia_core.services.coverage import probable_holidays

    return {
        "from": days[0],
        "to": days[1],
        "series": [_series_document(*one) for one in covered],
        "probable_holidays": probable_holidays(found for *_, found in covered),
    }


def _series_document(symbol: Symbol, timeframe: Timeframe, days: Sequence[Coverage]) -> dict[str, Any]:
    return {
        "symbol": symbol.name,
        "timeframe": timeframe,
        "complete": sum(day.complete for day in days),
        "counts": Counter(day.status.value for day in days),
        "days": [_day_document(day) for day in days],
    }


def _day_document(day: Coverage) -> dict[str, Any]:
    document: dict[str, Any] = {"date": day.trading_date, "status": day.status}
    document |= {"holiday": day.holiday} if day.holiday else {}
    return document | _truth_document(day.truth, day)


def _truth_document(truth: PartitionTruth | None, day: Coverage) -> dict[str, Any]:
    if truth is None:
        return {"stored": False}
    return {
        "stored": True,
        "complete": day.complete,
        "source": truth.source,
        "provisional": truth.provisional,
        "expected": truth.expected,
        "actual": truth.actual,
        "gaps": day.gaps,
        "digest": truth.digest,
        "refused": [{"at": bar.at, "reason": bar.reason} for bar in truth.refused],
    }


def _coverage_table(covered: Covered, days: tuple[date, date]) -> Table:
    from axia_core.services.coverage import Status

    table = Table(Column("series", no_wrap=True), "days", *Status, title=f"{days[0]} to {days[1]}")
    for symbol, timeframe, found in covered:
        counts = Counter(day.status for day in found)
        table.add_row(f"{symbol} {timeframe}", str(len(found)), *(str(counts[status] or "") for status in Status))
    return table


def _say_calendars(covered: Covered) -> None:
    from axia_core.services.coverage import probable_holidays

    if len(covered) > MOST_CALENDARS:
        _say_calendar("all series, of each day the worst (name --symbol and --timeframe for one of them)", covered)
    else:
        for one in covered:
            _say_calendar(f"{one[0]} {one[1]}", [one])
    say(legend())
    for day in probable_holidays(found for *_, found in covered):
        say(f'No series has {day}: if it was a holiday, write {day} = "its name" under [holidays] in axia.toml.')
    traded = {day.trading_date: day.holiday for *_, found in covered for day in found if day.traded_on_a_holiday}
    for day, name in sorted(traded.items()):
        say(f'{day} is {name} in the settings, and bars came: write {day} = "open" if your broker trades on it.')


def _say_calendar(title: str, covered: Covered) -> None:
    lines = calendar(worst(found for *_, found in covered))
    say("\n".join((title, *lines)))
