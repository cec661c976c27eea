"""How long a cached series lives and how much of it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from axia_core.domain.cached_series import expires_at, series_length
from axia_core.domain.sessions import session
from axia_core.domain.timeframes import Timeframe

SATURDAY = datetime(2026, 7, 4, 1, tzinfo=UTC)


def test_lives_to_the_next_close() -> None:
    """A series that holds the latest closed session lives to the next New York close, over the weekend if need be."""
    assert expires_at(date(2026, 7, 3), SATURDAY) == session(date(2026, 7, 6)).close


def test_lacking_the_latest_session_it_lives_a_minute() -> None:
    """A series that lacks the latest closed session lives 60 seconds."""
    assert expires_at(date(2026, 7, 2), SATURDAY) - SATURDAY == timedelta(seconds=60)


def test_before_the_close_yesterday_is_the_latest() -> None:
    """While Friday's session is open, Thursday's is the latest one that can be there."""
    friday_noon = datetime(2026, 7, 3, 12, tzinfo=UTC)

    assert expires_at(date(2026, 7, 2), friday_noon) == session(date(2026, 7, 3)).close


@pytest.mark.parametrize(
    ("timeframe", "length"),
    [(Timeframe.M5, 8_000), (Timeframe.M15, 8_000), (Timeframe.H1, 6_240), (Timeframe.H4, 1_560), (Timeframe.D1, 260)],
)
def test_long_timeframes_hold_less(timeframe: Timeframe, length: int) -> None:
    """H1, H4 and D1 hold a year of sessions, shorter timeframes the configured number of bars."""
    assert series_length(timeframe, 8_000) == length
