"""Candles with volume, and the calendar of coverage, as Plotly figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import plotly.graph_objects as go

from axia_core.domain.bars import Bars
from axia_core.services.coverage import Coverage

UP, DOWN, SHADE = "#1b8a5a", "#c8423b", "rgba(128,128,128,.45)"
STATUSES = ("missing", "partial", "provisional", "complete")
COLOURS = ("#9e9e9e", "#d97a00", "#3b78c2", "#1b8a5a")


def candles(bars: Bars, volume_name: str) -> go.Figure:
    """The bars, and below them their volume; weekends take no room."""
    times = bars.time_us.astype("datetime64[us]")
    digits = bars.symbol.digits
    rounded = {name: np.round(getattr(bars, name), digits) for name in ("open", "high", "low", "close")}
    colours = np.where(rounded["close"] >= rounded["open"], UP, DOWN)
    figure = go.Figure()
    lines = {"increasing": {"line": {"color": UP, "width": 1}}, "decreasing": {"line": {"color": DOWN, "width": 1}}}
    figure.add_candlestick(x=times, **rounded, name=str(bars.symbol), **lines, showlegend=False)
    marker = {"color": SHADE if len(bars) > 1_500 else colours, "line": {"width": 0}}
    figure.add_bar(x=times, y=bars.volume, name=volume_name, marker=marker, yaxis="y2", showlegend=False)
    figure.update_layout(_layout(volume_name, digits))
    figure.update_xaxes(rangebreaks=_closed(bars), rangeslider_visible=False)
    return figure


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
        "yaxis": {"domain": [0.22, 1.0], "side": "right", "tickformat": f".{digits}f"},
        "yaxis2": {"domain": [0.0, 0.17], "side": "right", "title": {"text": volume_name, "font": {"size": 11}}},
    }


def _closed(bars: Bars) -> list[dict[str, object]]:
    """Saturday in between: the FX week ends and begins on different UTC hours over the year."""
    if len(bars) < 2 or bars.timeframe.value == "D1":
        return [{"bounds": ["sat", "mon"]}]
    return [{"bounds": ["sat", "sun"]}]


def _monday(day: date) -> datetime:
    return datetime.combine(day - timedelta(days=day.weekday()), datetime.min.time(), UTC)
