"""`axia ohlcv`: look at the stored bars and at what is known of them. Collecting them is `axia collect`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from axia_cli.output import Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, parse_trading_date, session
from axia_core.domain.symbols import Symbol, parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy and redis are of no use to the commands that read no bars.
    from axia_core.domain.bars import Bars, PartitionTruth
    from axia_core.services.coverage import Coverage
    from axia_core.services.load import Loaded

DEFAULT_DAYS = 5
SHOWN = 24

ohlcv = typer.Typer(no_args_is_help=True, help="Look at the stored bars.")

First = Annotated[str, typer.Option("--from", help="First trading date, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="Last trading date, YYYY-MM-DD.")]


@ohlcv.command()
def show(
    symbol: Annotated[str, typer.Argument(help="For example USDJPY.")],
    timeframe: Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")],
    first: First = "",
    last: Last = "",
    rows: Annotated[int, typer.Option(min=1, help="Rows of the table; --json has all.")] = SHOWN,
    as_json: Json = False,
) -> None:
    """Show bars, by default those of the latest closed trading day, from the cache or from S3."""
    settings = target_settings()
    series = parse_symbol(symbol, settings.symbols), Timeframe.parse(timeframe)
    days = _range(settings, first, last, 1)
    loaded = _load(settings, *series, days)
    if as_json:
        return emit(_bars_document(loaded, days))
    say(f"{describe(settings)}\n{_summary(loaded)}")
    return console.print(_bars_table(loaded.bars, rows))


@ohlcv.command()
def coverage(
    first: First = "",
    last: Last = "",
    symbol: Annotated[list[str] | None, typer.Option(help="A pair; repeat it for several. Default: all.")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="M5, M15, H1, H4 or D1; repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Show which trading days are stored and complete, by default of the last five that have closed."""
    settings = target_settings()
    days = _range(settings, first, last, DEFAULT_DAYS)
    symbols = [parse_symbol(name, settings.symbols) for name in symbol or settings.symbols]
    timeframes = [Timeframe.parse(name) for name in timeframe or Timeframe]
    covered = _coverage(settings, symbols, timeframes, days)
    if as_json:
        return emit({"from": days[0], "to": days[1], "series": [_series_document(*one) for one in covered]})
    say(describe(settings))
    return console.print(_coverage_table(covered, days))


def _range(settings: Settings, first: str, last: str, default_days: int) -> tuple[date, date]:
    """What was asked for; an open beginning is the given end's own day, an open end the newest closed day."""
    closed = last_closed_trading_days(SystemClock(settings.clock_shift).now(), default_days)
    end = parse_trading_date(last) if last else closed[-1]
    if first:
        return parse_trading_date(first), end
    return (end if last else closed[0]), end


def _load(settings: Settings, symbol: Symbol, timeframe: Timeframe, days: tuple[date, date]) -> Loaded:
    from axia_core.adapters import redis, s3
    from axia_core.services.load import load

    clock = SystemClock(settings.clock_shift)
    start, end = session(days[0]).open, session(days[1]).close
    cache, store = redis.connect(settings, clock), s3.connect(settings)
    return load(cache, store, clock, symbol, timeframe, start, end, max_bars=settings.cache_bars)


def _coverage(
    settings: Settings, symbols: Iterable[Symbol], timeframes: Sequence[Timeframe], days: tuple[date, date]
) -> list[tuple[Symbol, Timeframe, tuple[Coverage, ...]]]:
    from axia_core.adapters import s3
    from axia_core.services.coverage import coverage as cover

    store = s3.connect(settings)
    return [(one, timeframe, cover(store, one, timeframe, *days)) for one in symbols for timeframe in timeframes]


def _bars_document(loaded: Loaded, days: tuple[date, date]) -> dict[str, Any]:
    return {
        "symbol": loaded.bars.symbol.name,
        "timeframe": loaded.bars.timeframe,
        "from": days[0],
        "to": days[1],
        "cache": loaded.cache,
        "missing_days": loaded.missing_days,
        "gaps": loaded.gaps,
        "rows": len(loaded.bars),
        "bars": list(_rows(loaded.bars)),
    }


def _rows(bars: Bars) -> Iterable[dict[str, Any]]:
    from axia_core.domain.bars import NO_SPREAD, instant

    columns = {name: column.tolist() for name, column in bars.columns().items()}
    for time_us, *values, spread in zip(*columns.values(), strict=True):
        row = dict(zip(list(columns)[1:-1], values, strict=True))
        yield {"timestamp_utc": instant(time_us)} | row | {"spread": None if spread == NO_SPREAD else spread}


def _summary(loaded: Loaded) -> str:
    lacking = f", {len(loaded.missing_days)} days and {len(loaded.gaps)} bars missing"
    series = f"{loaded.bars.symbol} {loaded.bars.timeframe}"
    return f"{series}: {len(loaded.bars)} bars (cache: {loaded.cache}){lacking}"


def _bars_table(bars: Bars, rows: int) -> Table:
    table = Table("open time (UTC)", "open", "high", "low", "close", "volume", "spread")
    digits = bars.symbol.digits
    for row in _rows(bars.take(slice(-rows, None))):
        at, *prices, volume, spread = row.values()
        shown = [f"{price:.{digits}f}" for price in prices]
        table.add_row(f"{at:%Y-%m-%d %H:%M}", *shown, str(volume), "" if spread is None else str(spread))
    return table


def _series_document(symbol: Symbol, timeframe: Timeframe, days: Sequence[Coverage]) -> dict[str, Any]:
    return {
        "symbol": symbol.name,
        "timeframe": timeframe,
        "complete": sum(day.complete for day in days),
        "days": [{"date": day.trading_date} | _truth_document(day.truth) for day in days],
    }


def _truth_document(truth: PartitionTruth | None) -> dict[str, Any]:
    if truth is None:
        return {"stored": False}
    return {
        "stored": True,
        "complete": truth.complete,
        "source": truth.source,
        "provisional": truth.provisional,
        "expected": truth.expected,
        "actual": truth.actual,
        "gaps": truth.gaps,
        "refused": [{"at": bar.at, "reason": bar.reason} for bar in truth.refused],
    }


def _coverage_table(covered: Iterable[tuple[Symbol, Timeframe, Sequence[Coverage]]], days: tuple[date, date]) -> Table:
    table = Table("series", "days", "complete", "with gaps", "not stored", title=f"{days[0]} to {days[1]}")
    for symbol, timeframe, found in covered:
        complete, absent = sum(day.complete for day in found), sum(day.truth is None for day in found)
        counts = (len(found), complete, len(found) - complete - absent, absent)
        table.add_row(f"{symbol} {timeframe}", *(str(count) for count in counts))
    return table
