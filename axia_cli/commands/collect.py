"""`axia collect`: trading days of some series, through Dagster runs, so that they are recorded like every other day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from axia_cli.output import Json, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.dagster_http.client import DagsterClient, RunStatus, neighbours
from axia_core.domain.sessions import collection_time, parse_trading_date, previous_trading_day, trading_days
from axia_core.domain.symbols import parse_symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

FAILED_EXIT = 1


@dataclass(frozen=True)
class Request:
    """What to collect; every part is checked before anything is started."""

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]


def collect(
    first: Annotated[str, typer.Option("--from", help="First trading date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last trading date, YYYY-MM-DD.")],
    symbol: Annotated[list[str] | None, typer.Option(help="A pair; repeat it for several. Default: all.")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="M5, M15, H1, H4 or D1; repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Collect trading days through Dagster and wait for the end; exit code 1 when a run did not succeed."""
    settings = target_settings()
    request = checked(settings, first, last, symbol or (), timeframe or (), datetime.now(UTC))
    say(describe(settings))
    dagster = DagsterClient(f"http://{settings.host}:{settings.webserver_port}")
    documents = [_run(dagster, request, stretch) for stretch in neighbours(request.symbols, settings.symbols)]
    if as_json:
        emit({"from": request.days[0], "to": request.days[-1], "runs": documents})
    if any(document["status"] != "SUCCESS" for document in documents):
        raise typer.Exit(FAILED_EXIT)


def checked(
    settings: Settings, first: str, last: str, symbols: Sequence[str], timeframes: Sequence[str], now: datetime
) -> Request:
    """The request, or the first thing that is wrong with it: raises InvalidInput and its kinds.

    *now* is the wall clock, as Dagster's partitions know no shift.
    """
    begin, end = parse_trading_date(first), parse_trading_date(last)
    if begin > end:
        raise InvalidInput("--from", first, f"it is after --to {last}", "Exchange the two dates.")
    start = settings.universe.first_day
    if begin < start:
        remedy = "Set AXIA_HISTORY_START, or a pair's `start`, earlier and restart Dagster."
        raise InvalidInput("--from", first, f"partitions begin with {start}", remedy)
    if collection_time(end) > now:
        rule = f"it is collected from {collection_time(end):%Y-%m-%d %H:%M} UTC on (07:00 in Tokyo)"
        raise InvalidInput("--to", last, rule, f"The trading day before it is {previous_trading_day(end)}.")
    return Request(
        days=tuple(trading_days(begin, end)),
        symbols=tuple(parse_symbol(name, settings.symbols).name for name in symbols) or settings.symbols,
        timeframes=tuple(Timeframe.parse(name) for name in timeframes) or tuple(Timeframe),
    )


def _run(dagster: DagsterClient, request: Request, symbols: tuple[str, ...]) -> dict[str, Any]:
    run_id = dagster.launch_collection(request.days, symbols, request.timeframes)
    partitions = len(request.days) * len(symbols) * len(request.timeframes)
    say(f"run {run_id}: {', '.join(symbols)}, {request.days[0]} to {request.days[-1]}, {partitions} partitions")
    status = dagster.wait(run_id, timeout_s=math.inf)  # ten years take hours
    failures = () if status.succeeded else dagster.failures(run_id)
    say(f"  {status.status} after {_seconds(status):.1f} s, {status.materializations} partitions and caches")
    for failure in failures:
        say(f"  {failure}")
    return {
        "run_id": run_id,
        "status": status.status,
        "symbols": symbols,
        "timeframes": request.timeframes,
        "partitions": partitions,
        "materializations": status.materializations,
        "seconds": round(_seconds(status), 3),
        "failures": failures,
    }


def _seconds(status: RunStatus) -> float:
    if status.started_at is None or status.ended_at is None:
        return 0.0
    return (status.ended_at - status.started_at).total_seconds()
