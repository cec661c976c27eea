"""The figures: every bar is in it, closed hours take no room, labels stay few; each day has its colour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from axia_console.chart import MOST_LABELS, STATUSES, calendar, candles, status
from axia_core.domain.timeframes import Timeframe
from axia_core.services.coverage import Coverage
from tests.bar_examples import many_sessions, session_bars, truth_of

NAMES = {name: name for name in STATUSES}
FIRST, LAST = date(2026, 6, 29), date(2026, 7, 10)


def test_every_bar_side_by_side() -> None:
    """Two weeks of H1 are 240 candles without a hole for the weekend, with their times to read."""
    figure = candles(many_sessions(Timeframe.H1, FIRST, LAST), "Volume")

    candle, volume = figure.data
    assert list(candle.x) == list(range(240))
    assert (candle.text[0], candle.text[-1]) == ("2026-06-28 21:00", "2026-07-10 20:00")
    assert len(volume.y) == 240


def test_year_is_a_handful_of_shapes() -> None:
    """Thousands of bars are drawn as strokes, each bar once as a wick and once as a body, in its colour."""
    bars = many_sessions(Timeframe.H1, date(2025, 7, 10), LAST)

    figure = candles(bars, "Volume")

    assert len(figure.data) == 5
    assert sum(len(trace.y) for trace in figure.data[:4]) == 2 * 3 * len(bars)
    assert list(figure.data[0].y[:2]) == [149.99, 150.02]
    assert str(figure.data[0].text[0]) == "2025-07-09 21:00"


@pytest.mark.parametrize("first", [date(2026, 7, 10), FIRST, date(2026, 3, 2), date(2025, 7, 10)], ids=str)
def test_labels_stay_few(first: date) -> None:
    """From a day to a year there are some labels and not too many."""
    figure = candles(many_sessions(Timeframe.H1, first, LAST), "Volume")

    assert 1 <= len(figure.layout.xaxis.tickvals) <= MOST_LABELS


def test_status_of_a_day() -> None:
    """Missing, incomplete, provisional and complete are told apart."""
    whole = truth_of(session_bars())
    holed = replace(whole, gaps=(datetime(2026, 7, 2, 22, tzinfo=UTC),))

    found = [status(Coverage(LAST, truth)) for truth in (None, holed, replace(whole, provisional=True), whole)]

    assert tuple(found) == STATUSES


def test_calendar_has_a_square_a_day() -> None:
    """Ten days in two weeks: every weekday's square names its day and status."""
    days = [Coverage(day, None) for day in (date(2026, 6, 29), date(2026, 7, 10))]

    (heat,) = calendar(days, NAMES).data

    assert heat.z[0][0] == heat.z[4][1] == 0
    assert heat.z[1][0] is None
    assert heat.text[4][1] == "2026-07-10 · missing"
