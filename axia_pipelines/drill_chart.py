"""A picture of how the figures of a drill have gone: RPO and RTO of its last reports below what is promised. Pure.

As for `candles`: Markdown whose image is its own address, and below a thousand characters, or Dagster hides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import log10
from urllib.parse import quote

from axia_core.domain.drill import TARGETS, DrillReport, Result
from axia_core.domain.drill_document import seconds

MOST_POINTS = 20
WIDTH, HEIGHT = 240, 80
SHOWN_WIDTH = 400
TOP, BOTTOM = 8, 74
RPO, RTO, PROMISE, BAD = "#27c", "#0a7", "#888", "#c33"


def trend_picture(reports: Sequence[DrillReport]) -> str:
    """Markdown: RPO (blue) and RTO (green) of a drill's reports, oldest first, the promise as a grey line above.

    Logarithmic, because seconds are held against hours. A red stroke is a drill that failed; a gap was not measured.
    """
    shown = reports[-MOST_POINTS:]
    image = quote(trend_svg(shown), safe="/:='(),")
    last = shown[-1]
    said = f"{len(shown)} drills; the last: RPO {seconds(last.rpo)} s, RTO {seconds(last.rto)} s ({last.environment})"
    return f"![trend](data:image/svg+xml,{image})\n\n{said}"


def trend_svg(reports: Sequence[DrillReport]) -> str:
    """The picture alone, as an SVG document."""
    promise = TARGETS[reports[-1].drill].rto
    pitch = WIDTH / len(reports)
    failed = [number for number, one in enumerate(reports) if one.result is Result.FAILED]
    paths = (
        _path(PROMISE, [f"M0,{TOP}h{WIDTH}"]),
        _path(BAD, [f"M{_x(number, pitch)},{TOP}V{BOTTOM}" for number in failed]),
        _path(RPO, _line([one.rpo for one in reports], promise, pitch)),
        _path(RTO, _line([one.rto for one in reports], promise, pitch)),
    )
    size = f"width='{SHOWN_WIDTH}' viewBox='0 0 {WIDTH} {HEIGHT}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{''.join(paths)}</svg>"


def _line(figures: Sequence[timedelta | None], promise: timedelta, pitch: float) -> Iterable[str]:
    """A stroke to each figure that is known; after a gap it begins anew, with a dot."""
    begun = False
    for number, figure in enumerate(figures):
        if figure is not None:
            x, y = _x(number, pitch), _y(figure, promise)
            yield f"L{x},{y}" if begun else f"M{x - 2},{y}h4"
        begun = figure is not None


def _x(number: int, pitch: float) -> int:
    return round((number + 0.5) * pitch)


def _y(figure: timedelta, promise: timedelta) -> int:
    """A second lies at the bottom, the promise at the top, and what breaks it above."""
    share = log10(1 + figure.total_seconds()) / log10(1 + promise.total_seconds())
    return max(0, round(BOTTOM - share * (BOTTOM - TOP)))


def _path(colour: str, lines: Iterable[str]) -> str:
    drawn = "".join(lines)
    return f"<path fill='none' stroke='{colour}' stroke-width='2' d='{drawn}'/>" if drawn else ""
