"""`axia ohlcv history`: the versions of a stored day. Reading one of them is `axia ohlcv show --revision`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axia_cli.output import Json, emit, say
from axia_cli.stored_series import bar_store, known_symbol
from axia_cli.target import describe, target_settings
from axia_core.domain.sessions import parse_trading_date
from axia_core.domain.timeframes import Timeframe

if TYPE_CHECKING:
    from axia_core.domain.differences import Difference
    from axia_core.services.revisions import Change


def history(
    symbol: Annotated[str, typer.Argument(help="For example USDJPY.")],
    timeframe: Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="Trading date, YYYY-MM-DD.")],
    as_json: Json = False,
) -> None:
    """Show every version of a stored day and what it changed; `show --from DATE --revision ID` reads any of them."""
    from axia_core.services.revisions import revisions

    settings = target_settings()
    pair, length, trading_date = known_symbol(settings, symbol), Timeframe.parse(timeframe), parse_trading_date(day)
    changes = revisions(bar_store(settings), pair, length, trading_date)
    if as_json:
        document = {"symbol": pair.name, "timeframe": length, "date": trading_date}
        return emit(document | {"revisions": [_change_document(change) for change in changes]})
    say(describe(settings))
    say(f"{pair} {length} {trading_date}: {len(changes)} revisions, oldest first")
    for change in changes:
        say(_change_text(change))
    return None


def _change_document(change: Change) -> dict[str, Any]:
    revision, truth, found = change.revision, change.revision.truth, change.difference
    document: dict[str, Any] = {
        "revision": revision.id,
        "written_at": revision.written_at,
        "current": revision.is_current,
        "deleted": revision.is_deletion,
        "size_bytes": revision.size_bytes,
    }
    if truth is not None:
        document |= {"source": truth.source, "provisional": truth.provisional, "rows": truth.actual}
        document |= {"gaps": len(truth.gaps), "digest": truth.digest}
    return (
        document | {"difference": asdict(found) if found else None} | ({"fault": change.fault} if change.fault else {})
    )


def _change_text(change: Change) -> str:
    revision, truth = change.revision, change.revision.truth
    head = f"{'*' if revision.is_current else ' '} {revision.id}  {revision.written_at:%Y-%m-%d %H:%M:%S} UTC"
    if revision.is_deletion:
        return f"{head}  deleted"
    if truth is None:
        return f"{head}  {revision.size_bytes} bytes that do not read back: {change.fault}"
    kind = "provisional" if truth.provisional else "final"
    told = (
        f"{head}  {truth.source}, {kind}, {truth.actual} rows, {revision.size_bytes} bytes, digest {truth.digest[:12]}"
    )
    changed = change.fault or ("" if change.difference is None else _difference_text(change.difference))
    return f"{told}\n      {changed}" if changed else told


def _difference_text(found: Difference) -> str:
    return str(found) if found else "the same bars, told otherwise"
