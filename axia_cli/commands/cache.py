"""`axia cache`: what the cache holds of the bars. Filling it is the cache assets' and the reads' business."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Column, Table

from axia_cli.output import Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock

if TYPE_CHECKING:
    from axia_core.domain.cached_series import CachedSeries, CacheStatus

cache = typer.Typer(no_args_is_help=True, help="Look at the cached bars.")


@cache.callback()
def group() -> None:
    """Look at the cached bars."""


@cache.command()
def status(as_json: Json = False) -> None:
    """Show every cached series with its age and size, and how often loads found what they wanted."""
    from axia_core.adapters import redis

    settings = target_settings()
    clock = SystemClock(settings.clock_shift)
    found = redis.connect(settings, clock).status()
    if as_json:
        return emit(_document(found, clock.now()))
    say(f"{describe(settings)}\n{_summary(found)}")
    return console.print(_table(found, clock.now()))


def _document(found: CacheStatus, now: datetime) -> dict[str, Any]:
    return {
        "series": [_series_document(one, now) for one in found.series],
        "size_bytes": found.size_bytes,
        "used_bytes": found.used_bytes,
        "max_bytes": found.max_bytes,
        "evicted_keys": found.evicted_keys,
        "loads": found.loads,
        "hit_rate": found.hit_rate,
        "counted_since": found.counted_since,
    }


def _series_document(one: CachedSeries, now: datetime) -> dict[str, Any]:
    return {
        "symbol": one.symbol.name,
        "timeframe": one.timeframe,
        "rows": one.rows,
        "size_bytes": one.size_bytes,
        "last_bar": one.last_open,
        "written_at": one.written_at,
        "age_s": None if one.written_at is None else round((now - one.written_at).total_seconds(), 3),
        "expires_at": one.expires_at,
        "expires_in_s": round((one.expires_at - now).total_seconds(), 3),
    }


def _summary(found: CacheStatus) -> str:
    limit = f" of {found.max_bytes / 1e6:.1f}" if found.max_bytes else ""
    lines = [
        f"{len(found.series)} series, {found.size_bytes / 1e6:.2f} MB; the server uses {found.used_bytes / 1e6:.1f}"
        f"{limit} MB and has evicted {found.evicted_keys} keys"
    ]
    if found.hit_rate is not None:
        counts = ", ".join(f"{count} {use}" for use, count in found.loads.items())
        lines.append(f"{found.hit_rate:.1%} of loads hit since {found.counted_since:%Y-%m-%d %H:%M} UTC ({counts})")
    return "\n".join(lines)


def _table(found: CacheStatus, now: datetime) -> Table:
    table = Table(Column("series", no_wrap=True), "bars", "kB", "last bar (UTC)", "age", "expires in")
    for one in found.series:
        last = "" if one.last_open is None else f"{one.last_open:%Y-%m-%d %H:%M}"
        age = "" if one.written_at is None else _spoken(now - one.written_at)
        ends = _spoken(one.expires_at - now)
        table.add_row(f"{one.symbol} {one.timeframe}", str(one.rows), f"{one.size_bytes / 1e3:.1f}", last, age, ends)
    return table


def _spoken(length: timedelta) -> str:
    return str(timedelta(seconds=round(length.total_seconds())))
