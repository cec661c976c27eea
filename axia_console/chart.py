"""Candles with volume, and the calendar of coverage, as Plotly figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from axia_core.domain.bars import PRICES, Bars
from axia_core.services.coverage import Coverage

UP, DOWN, SHADE = "#1b8a5a", "#c8423b", "rgba(128,128,128,.45)"
MOST_LABELS = 14
MOST_CANDLES = 1_500
Times = NDArray[np.str_]
STATUSES = ("missing", "partial", "provisional", "complete")
COLOURS = ("#9e9e9e", "#d97a00", "#3b78c2", "#1b8a5a")


def candles(bars: Bars, volume_name: str) -> go.Figure:
    """The bars side by side, and below them their volume: what is closed takes no room."""
    times = np.char.replace(np.datetime_as_string(bars.time_us.astype("datetime64[us]"), unit="m"), "T", " ")
    figure = go.Figure()
    (_candles if len(bars) <= MOST_CANDLES else _strokes)(figure, bars, times, volume_name)
    figure.update_layout(_layout(volume_name, bars.symbol.digits), showlegend=False)
    at, labels = _ticks(bars)
    return figure.update_xaxes(rangeslider_visible=False, tickvals=at, ticktext=labels, showgrid=False)


def _candles(figure: go.Figure, bars: Bars, times: Times, volume_name: str) -> None:
    places, prices = np.arange(len(bars)), _prices(bars)
    lines = {"increasing": {"line": {"color": UP, "width": 1}}, "decreasing": {"line": {"color": DOWN, "width": 1}}}
    figure.add_candlestick(x=places, **prices, **lines, text=times, name=str(bars.symbol))
    marker = {"color": SHADE, "line": {"width": 0}}
    figure.add_bar(x=places, y=bars.volume, name=volume_name, marker=marker, yaxis="y2")


def _strokes(figure: go.Figure, bars: Bars, times: Times, volume_name: str) -> None:
    """The same in a handful of shapes instead of one for each bar, which a browser takes many seconds to draw."""
    places, prices = np.arange(len(bars)), _prices(bars)
    rising = prices["close"] >= prices["open"]
    for chosen, colour in ((rising, UP), (~rising, DOWN)):
        for low, high, width in (("low", "high", 1), ("open", "close", 3)):
            x, y = _pairs(places[chosen], places[chosen]), _pairs(prices[low][chosen], prices[high][chosen])
            text = np.repeat(times[chosen], 3)
            line = {"color": colour, "width": width}
            figure.add_scatter(x=x, y=y, text=text, mode="lines", line=line, name=f"{low}, {high}", hoverinfo="y+text")
    line = {"width": 0, "shape": "hvh"}
    figure.add_scatter(
        x=places, y=bars.volume, fill="tozeroy", fillcolor=SHADE, line=line, name=volume_name, yaxis="y2"
    )


def _prices(bars: Bars) -> dict[str, NDArray[np.float64]]:
    return {name: np.round(getattr(bars, name), bars.symbol.digits) for name in PRICES}


def _pairs(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.float64]:
    """A stroke from each first to its second, with a gap after it."""
    return np.column_stack([first, second, np.full(len(first), np.nan)]).ravel()


def calendar(days: Sequence[Coverage], names: dict[str, str]) -> go.Figure:
    """A square for each trading day, a column for each week; *names* are the statuses in the reader's language."""
    weeks = sorted({_monday(one.trading_date) for one in days})
    column = {week: place for place, week in enumerate(weeks)}
    level: list[list[float | None]] = [[None] * len(weeks) for _ in range(5)]
    text = [[""] * len(weeks) for _ in range(5)]
    for one in days:
        row, place = one.trading_date.weekday(), column[_monday(one.trading_date)]
        level[row][place] = STATUSES.index(status(one))
        text[row][place] = f"{one.trading_date} · {names[status(one)]}"
    scale = [[edge, colour] for at, colour in enumerate(COLOURS) for edge in (at / 4, (at + 1) / 4)]
    figure = go.Figure(
        go.Heatmap(
            z=level,
            x=weeks,
            y=["Mon", "Tue", "Wed", "Thu", "Fri"],
            text=text,
            hovertemplate="%{text}<extra></extra>",
            colorscale=scale,
            zmin=-0.5,
            zmax=3.5,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    figure.update_layout(height=210, margin={"l": 40, "r": 10, "t": 10, "b": 30})
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def status(one: Coverage) -> str:
    """What a day is, in one of four words."""
    if one.truth is None:
        return "missing"
    if not one.truth.complete:
        return "partial"
    return "provisional" if one.truth.provisional else "complete"


def _layout(volume_name: str, digits: int) -> dict[str, object]:
    return {
        "height": 520,
        "margin": {"l": 10, "r": 10, "t": 10, "b": 20},
        "hovermode": "x",
        "dragmode": "pan",
        "bargap": 0.1,
        "xaxis": {"anchor": "y2"},
        "yaxis": {"domain": [0.22, 1.0], "side": "right", "tickformat": f".{digits}f"},
        "yaxis2": {"domain": [0.0, 0.17], "side": "right", "title": {"text": volume_name, "font": {"size": 11}}},
    }


def _ticks(bars: Bars) -> tuple[list[int], list[str]]:
    """A label where a day, week or month begins: the shortest of which there are not too many."""
    days = bars.time_us.astype("datetime64[us]").astype("datetime64[D]")
    weeks = (days.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    for spans in (days.astype(np.int64), weeks, days.astype("datetime64[M]").astype(np.int64)):
        begins = np.flatnonzero(np.diff(spans, prepend=spans[:1] - 1))
        if len(begins) <= MOST_LABELS:
            break
    chosen = begins[:: -(-len(begins) // MOST_LABELS)]
    return chosen.tolist(), [days[at].item().strftime("%d %b<br>%Y") for at in chosen]


def _monday(day: date) -> datetime:
    return datetime.combine(day - timedelta(days=day.weekday()), datetime.min.time(), UTC)
