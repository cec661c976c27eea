"""What `axia collect` refuses, each by name, before it starts anything."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from axia_cli.commands.collect import checked
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotATradingDay, UnknownSymbol, UnknownTimeframe
from tests.pipelines.fakes import settings

NOW = datetime(2026, 7, 3, 21, 59, tzinfo=UTC)  # one minute before 07:00 in Tokyo


def test_everything_by_default() -> None:
    """Without symbols and timeframes all of them are collected."""
    request = checked(settings(), "2026-06-30", "2026-07-02", (), (), NOW)

    assert request.days == (date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2))
    assert request.symbols == settings().symbols
    assert request.timeframes == tuple(Timeframe)


@pytest.mark.parametrize(
    ("first", "last", "error", "text"),
    [
        ("2026-07-04", "2026-07-06", NotATradingDay, "Saturday"),
        ("2026-07-02", "2026-07-01", InvalidInput, "Exchange the two dates"),
        ("2026-05-29", "2026-07-01", InvalidInput, "AXIA_HISTORY_START"),
        ("2026-07-01", "2026-07-03", InvalidInput, "07:00 in Tokyo"),
        ("yesterday", "2026-07-01", InvalidInput, "YYYY-MM-DD"),
    ],
)
def test_wrong_days(first: str, last: str, error: type[InvalidInput], text: str) -> None:
    """A day that has no session, no partition or no end yet is refused with what to do instead."""
    with pytest.raises(error, match=text):
        checked(settings(), first, last, (), (), NOW)


def test_unknown_series() -> None:
    """A symbol or timeframe that we do not have is named."""
    with pytest.raises(UnknownSymbol, match="XAUUSD"):
        checked(settings(), "2026-07-01", "2026-07-02", ["XAUUSD"], (), NOW)
    with pytest.raises(UnknownTimeframe, match="M1"):
        checked(settings(), "2026-07-01", "2026-07-02", (), ["M1"], NOW)
