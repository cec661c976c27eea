"""A picture of one stored trading day: its candles, and below them where bars are missing. Markdown, pure.

Dagster shows a Markdown image whose address is the picture itself, and strips inline SVG and HTML. It shows it in
place only below a thousand characters, else behind a link (1.13): hence 24 candles, and percent signs for base64.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from axia_core.domain.sessions import Session

if TYPE_CHECKING:
    # Annotations only: the values drag numpy in, which the desk and the code server do without.
    from axia_core.domain.bars import Bars, PartitionTruth

MOST_COLUMNS = 24  # M5 and M15 are drawn as hours
WIDTH, HEIGHT = 240, 80
SHOWN_WIDTH = 400  # fits the column of the partition's page
TOP, BOTTOM, STRIP = 3, 70, 76  # of the candles, and the middle of the coverage below them
RISING, FALLING, WICK, MISSING, REFUSED = "#0a7", "#c33", "#888", "#e33", "#fa0"


class Candle(NamedTuple):
    """One column of the picture."""

    column: int
    open: float
    high: float
    low: float
    close: float


def day_picture(bars: Bars, truth: PartitionTruth, session: Session) -> str:
    """Markdown: the day's candles, its coverage (red: missing, amber: refused) and its figures in words."""
    image = quote(day_svg(bars, truth, session), safe="/:='(),")
    said = f"{truth.actual} of {truth.expected} bars"
    if len(bars):
        digits = bars.symbol.digits
        said += f", {bars.low.min():.{digits}f} to {bars.high.max():.{digits}f}"
    return f"![candles](data:image/svg+xml,{image})\n\n{said}"


def day_svg(bars: Bars, truth: PartitionTruth, session: Session) -> str:
    """The picture alone, as an SVG document."""
    columns = min(MOST_COLUMNS, truth.timeframe.bars_per_session)
    pitch = WIDTH / columns
    inside = _candles(bars, session, columns), pitch
    paths = "".join((_wicks(*inside), _bodies(*inside), _faults(truth, session, columns, pitch)))
    size = f"width='{SHOWN_WIDTH}' viewBox='0 0 {WIDTH} {HEIGHT}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{paths}</svg>"


def _candles(bars: Bars, session: Session, columns: int) -> list[Candle]:
    """One candle for each column that has bars, several of them together where there are more than columns."""
    from axia_core.domain.bars import microseconds

    length = (session.close - session.open) // columns
    places = ((bars.time_us - microseconds(session.open)) // (length.total_seconds() * 1_000_000)).astype(int).tolist()
    values = (bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist())
    grouped = groupby(zip(places, *values, strict=True), key=lambda row: row[0])
    return [_candle(column, list(rows)) for column, rows in grouped]


def _candle(column: int, rows: list[tuple[int, float, float, float, float]]) -> Candle:
    _, opens, highs, lows, closes = zip(*rows, strict=True)
    return Candle(column, opens[0], max(highs), min(lows), closes[-1])


def _wicks(candles: list[Candle], pitch: float) -> str:
    """And the line on which the coverage stands."""
    lines = [f"M{_middle(c, pitch)},{_y(c.high, candles)}V{_y(c.low, candles)}" for c in candles]
    return _path(WICK, 1, [*lines, f"M0,{STRIP}h{WIDTH}"])


def _bodies(candles: list[Candle], pitch: float) -> str:
    width = min(max(2, round(pitch * 0.7)), 12)
    drawn: dict[str, list[str]] = {RISING: [], FALLING: []}
    for candle in candles:
        head, foot = (_y(price, candles) for price in (max(candle[1], candle[4]), min(candle[1], candle[4])))
        colour = RISING if candle.close >= candle.open else FALLING
        # A body without height is still a line.
        drawn[colour].append(f"M{_middle(candle, pitch)},{head}V{max(foot, head + 1)}")
    return "".join(_path(colour, width, lines) for colour, lines in drawn.items())


def _faults(truth: PartitionTruth, session: Session, columns: int, pitch: float) -> str:
    """Columns in which a bar is missing, neighbours as one stroke; refused bars are drawn over them."""
    length = (session.close - session.open) // columns
    missing = {(at - session.open) // length for at in truth.gaps}
    refused = {(bar.at - session.open) // length for bar in truth.refused}
    return _strokes(MISSING, missing - refused, pitch) + _strokes(REFUSED, refused, pitch)


def _strokes(colour: str, columns: Iterable[int], pitch: float) -> str:
    ordered = sorted(columns)
    # Columns in a row keep the same distance to their position in the list.
    runs = [[column for _, column in run] for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])]
    lines = [f"M{round(run[0] * pitch)},{STRIP}h{round(len(run) * pitch)}" for run in runs]
    return _path(colour, 6, lines)


def _path(colour: str, width: int, lines: list[str]) -> str:
    return f"<path stroke='{colour}' stroke-width='{width}' d='{''.join(lines)}'/>" if lines else ""


def _middle(candle: Candle, pitch: float) -> int:
    return round((candle.column + 0.5) * pitch)


def _y(price: float, candles: list[Candle]) -> int:
    highest, lowest = max(candle.high for candle in candles), min(candle.low for candle in candles)
    share = (highest - price) / (highest - lowest) if highest > lowest else 0.5
    return round(TOP + share * (BOTTOM - TOP))
