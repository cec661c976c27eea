"""`axia ohlcv check` and `axia ohlcv refused`: what is wrong with the stored bars, and what was not taken, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from axia_cli.output import OTHER, Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.sessions import last_closed_trading_days, parse_trading_date
from axia_core.domain.symbols import Symbol, parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy is loaded by what reads bars.
    from axia_core.domain.quality import Finding
    from axia_core.domain.refused import Refused
    from axia_core.services.inspect import Inspection

CHECKED_DAYS = 20
REFUSED_DAYS = 260

SymbolName = Annotated[str, typer.Argument(help="For example USDJPY.")]
TimeframeName = Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")]
First = Annotated[str, typer.Option("--from", help="First trading date, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="Last trading date, YYYY-MM-DD.")]


def check(
    symbol: SymbolName, timeframe: TimeframeName, first: First = "", last: Last = "", as_json: Json = False
) -> None:
    """Look for what is wrong with stored bars, by default of the last four weeks; exit code 1 on an ERROR.

    A clock that was off for some weeks shows only in a longer range: give two months or more.
    """
    from axia_core.adapters import s3
    from axia_core.services.inspect import inspect

    settings = target_settings()
    series = parse_symbol(symbol, settings.symbols), Timeframe.parse(timeframe)
    days, holidays = _range(settings, first, last, CHECKED_DAYS), settings.universe.holidays
    found = inspect(s3.connect(settings), *series, *days, holidays=holidays)
    if as_json:
        emit(_inspection_document(found))
    else:
        say(f"{describe(settings)}\n{_summary(found)}")
        console.print(_findings_table(found.findings))
        for code, remedy in {one.code: one.remedy for one in found.findings}.items():
            say(f"{code}: {remedy}")
    if found.severity == "ERROR":
        raise typer.Exit(OTHER)


def refused(
    symbol: SymbolName, timeframe: TimeframeName, first: First = "", last: Last = "", as_json: Json = False
) -> None:
    """Show bars that a source gave and that were not taken, with the reason, by default of the last year."""
    settings = target_settings()
    series = parse_symbol(symbol, settings.symbols), Timeframe.parse(timeframe)
    days = _range(settings, first, last, REFUSED_DAYS)
    found = _refused(settings, *series, *days)
    if as_json:
        return emit(
            {"symbol": series[0].name, "timeframe": series[1], "from": days[0], "to": days[1], "bars": _rows(found)}
        )
    say(f"{describe(settings)}\n{series[0]} {series[1]}: {sum(map(len, found))} bars refused on {len(found)} days")
    return console.print(_refused_table(found, series[0].digits))


def _range(settings: Settings, first: str, last: str, default_days: int) -> tuple[date, date]:
    """What was asked for; an open end is the newest closed day, an open beginning some weeks before the end."""
    closed = last_closed_trading_days(SystemClock(settings.clock_shift).now(), default_days)
    end = parse_trading_date(last) if last else closed[-1]
    return parse_trading_date(first) if first else min(closed[0], end), end


def _refused(settings: Settings, symbol: Symbol, timeframe: Timeframe, first: date, last: date) -> list[Refused]:
    from axia_core.adapters import s3

    store = s3.connect(settings)
    days = [day for day in store.refused_dates(symbol, timeframe) if first <= day <= last]
    return [found for day in days if (found := store.refused(symbol, timeframe, day)) is not None]


def _summary(found: Inspection) -> str:
    from axia_core.domain.quality import counted

    told = ", ".join(f"{count} {code}" for code, count in counted(found.findings).items()) or "nothing found"
    return f"{found.symbol} {found.timeframe} {found.first} to {found.last}, {found.bars} bars: {told}"


def _inspection_document(found: Inspection) -> dict[str, Any]:
    from axia_core.domain.quality import counted

    return {
        "symbol": found.symbol.name,
        "timeframe": found.timeframe,
        "from": found.first,
        "to": found.last,
        "bars": found.bars,
        "severity": found.severity,
        "counts": counted(found.findings),
        "findings": [_finding_document(one) for one in found.findings],
    }


def _finding_document(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "symbol": one.symbol.name,
        "timeframe": one.timeframe,
        "start": one.start,
        "end": one.end,
        "said": one.said,
        "figures": dict(one.figures),
        "remedy": one.remedy,
    }


def _findings_table(findings: Sequence[Finding]) -> Table:
    table = Table(Column("from (UTC)", no_wrap=True), Column("to", no_wrap=True), "severity", "what", "said")
    for one in findings:
        said = (one.severity.value, one.code.value, one.said)
        table.add_row(f"{one.start:%Y-%m-%d %H:%M}", f"{one.end:%Y-%m-%d %H:%M}", *said)
    return table


def _rows(found: Iterable[Refused]) -> list[dict[str, Any]]:
    return [{"date": one.trading_date, "source": one.source} | row for one in found for row in _bars_of(one)]


def _bars_of(refused: Refused) -> Iterable[dict[str, Any]]:
    """JSON knows neither NaN nor infinity: a price that is no number is null."""
    from axia_core.domain.bars import NO_SPREAD, PRICES, instant

    columns = {name: column.tolist() for name, column in refused.bars.columns().items()}
    for row, reason in enumerate(refused.reasons):
        prices = {name: value if isfinite(value := columns[name][row]) else None for name in PRICES}
        spread = columns["spread"][row]
        known = {"volume": columns["volume"][row], "spread": None if spread == NO_SPREAD else spread}
        yield {"timestamp_utc": instant(columns["time_us"][row]), **prices, **known, "reason": reason}


def _refused_table(found: Sequence[Refused], digits: int) -> Table:
    table = Table(Column("open time (UTC)", no_wrap=True), "source", "open", "high", "low", "close", "volume", "reason")
    for row in _rows(found):
        prices = ["-" if row[name] is None else f"{row[name]:.{digits}f}" for name in ("open", "high", "low", "close")]
        at = f"{row['timestamp_utc']:%Y-%m-%d %H:%M}"
        table.add_row(at, row["source"], *prices, str(row["volume"]), row["reason"])
    return table
