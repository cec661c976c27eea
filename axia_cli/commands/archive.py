"""`axia ohlcv restore`: stored days that a lifecycle has archived. Deciding what is archived is the bucket's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli.bar_documents import archived_document
from axia_cli.commands.data import First, Last, chosen_range
from axia_cli.output import Json, emit, say
from axia_cli.stored_series import bar_store, known_symbol
from axia_cli.target import describe, target_settings
from axia_core.domain.archive import RestoreSpeed
from axia_core.domain.timeframes import Timeframe

if TYPE_CHECKING:
    from axia_core.services.restore import Restored

_SHOWN = 10


def restore(
    symbol: Annotated[str, typer.Argument(help="For example USDJPY.")],
    timeframe: Annotated[str, typer.Argument(help="M5, M15, H1, H4 or D1.")],
    first: First = "",
    last: Last = "",
    keep_days: Annotated[int, typer.Option(min=1, help="How long the restored copies can be read.")] = 7,
    speed: Annotated[RestoreSpeed, typer.Option(help="Standard: up to 12 hours, Bulk: 48 and cheaper.")] = (
        RestoreSpeed.STANDARD
    ),
    check: Annotated[bool, typer.Option("--check", help="Only say what is archived; ask for nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Ask S3 to restore archived days, by default the latest closed one, and say how far each is; repeat it to look."""
    from axia_core.services import restore as service

    settings = target_settings()
    series = known_symbol(settings, symbol), Timeframe.parse(timeframe)
    days = chosen_range(settings, first, last, 1)
    found = service.restore(bar_store(settings), *series, *days, keep_days=keep_days, speed=speed, ask=not check)
    if as_json:
        document = {"symbol": series[0].name, "timeframe": series[1], "from": days[0], "to": days[1]}
        archived = [archived_document(day) for day in found.days]
        return emit(document | {"asked": found.asked, "archived": archived, "readable": found.readable})
    return say(f"{describe(settings)}\n{series[0]} {series[1]} {days[0]} to {days[1]}: {_summary(found)}")


def _summary(found: Restored) -> str:
    if not found.days:
        return "nothing is archived, every stored day can be read"
    counts = Counter(day.state.value for day in found.days)
    lines = [
        f"{', '.join(f'{count} {state}' for state, count in counts.items())}; asked for {len(found.asked)} just now"
    ]
    for day in found.days[:_SHOWN]:
        until = f" until {day.until:%Y-%m-%d %H:%M} UTC" if day.until else ""
        lines.append(f"  {day.trading_date} {day.state}{until}")
    more = len(found.days) - _SHOWN
    return "\n".join([*lines, *([f"  ... and {more} more"] if more > 0 else [])])
