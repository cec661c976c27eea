"""Loaded bars as documents and in words, the same for every command that prints or exports them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from axia_core.domain.sessions import session
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy and redis are of no use to the commands that read no bars.
    from axia_core.domain.archive import ArchivedDay
    from axia_core.domain.bars import Bars
    from axia_core.loaded import Loaded


def load_days(
    settings: Settings,
    symbol: Symbol,
    timeframe: Timeframe,
    days: tuple[date, date],
    *,
    sources: bool = False,
    require_complete: bool = False,
    unfit_too: bool = False,
) -> Loaded:
    """The bars of trading days, both included."""
    from axia_core.reading import reader

    start, end = session(days[0]).open, session(days[1]).close
    return reader(settings).load(
        symbol, timeframe, start, end, sources=sources, require_complete=require_complete, unfit_too=unfit_too
    )


def bars_document(loaded: Loaded, days: tuple[date, date]) -> dict[str, Any]:
    """Everything of a load, its bars last."""
    return facts_document(loaded, days) | {"bars": list(rows(loaded.bars))}


def facts_document(loaded: Loaded, days: tuple[date, date]) -> dict[str, Any]:
    """What was loaded and what is missing, without the bars."""
    sources = [
        {"date": day.trading_date, "source": day.source, "provisional": day.provisional} for day in loaded.from_sources
    ]
    return {
        "symbol": loaded.bars.symbol.name,
        "timeframe": loaded.bars.timeframe,
        "from": days[0],
        "to": days[1],
        "cache": loaded.cache,
        "complete": loaded.complete,
        "missing_days": loaded.missing_days,
        "gaps": loaded.gaps,
        "archived": [archived_document(day) for day in loaded.archived],
        "left_out": [str(one) for one in loaded.left_out],
        "from_sources": sources,
        "notes": loaded.notes,
        "rows": len(loaded.bars),
    }


def archived_document(day: ArchivedDay) -> dict[str, Any]:
    """A day in an archive class."""
    return {"date": day.trading_date, "state": day.state, "until": day.until}


def rows(bars: Bars) -> Iterable[dict[str, Any]]:
    """Each bar by its columns."""
    from axia_core.domain.bars import NO_SPREAD, instant

    columns = {name: column.tolist() for name, column in bars.columns().items()}
    for time_us, *values, spread in zip(*columns.values(), strict=True):
        row = dict(zip(list(columns)[1:-1], values, strict=True))
        yield {"timestamp_utc": instant(time_us)} | row | {"spread": None if spread == NO_SPREAD else spread}


def summary(loaded: Loaded) -> str:
    """How many bars, from where, and what is missing."""
    series = f"{loaded.bars.symbol} {loaded.bars.timeframe}"
    lacking = f", {len(loaded.missing_days)} days and {len(loaded.gaps)} bars missing"
    lines = [f"{series}: {len(loaded.bars)} bars (cache: {loaded.cache}){lacking}"]
    if not loaded.complete:
        lines.append(f"Missing: {loaded.what_is_missing()}")
    for day in loaded.from_sources:
        kind = "provisional" if day.provisional else "final"
        lines.append(f"{day.trading_date} was read from {day.source} ({kind}) and is not stored: `axia collect` it.")
    return "\n".join(lines)
