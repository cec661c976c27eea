"""Which days are asked for again, in how many runs, and that whoever asks is in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from axia_console.backfill import MOST_RUNS, Asked, Wish, ask_for, collectable, stretches
from axia_core.domain.sessions import trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import NotRunning
from tests.console.conftest import Desk

MONDAY = date(2026, 6, 1)
JUNE = list(trading_days(MONDAY, date(2026, 6, 30)))
USDJPY = Symbol("USDJPY")


class Dagster:
    """Starts *most* runs, and is not there for any more."""

    def __init__(self, most: int = 100) -> None:
        self.most = most
        self.asked: list[tuple[date, ...]] = []

    def launch_collection(self, days: Sequence[date], symbols: Sequence[str], timeframes: Sequence[Timeframe]) -> str:
        if len(self.asked) == self.most:
            raise NotRunning("no Dagster answers")
        assert (list(symbols), list(timeframes)) == (["USDJPY"], [Timeframe.H1])
        self.asked.append(tuple(days))
        return f"run-{len(self.asked)}"


def test_neighbours_are_one_stretch() -> None:
    """Friday and Monday are neighbours; a day that is whole parts two stretches."""
    friday, monday, wednesday = date(2026, 6, 5), date(2026, 6, 8), date(2026, 6, 10)

    assert stretches([friday, monday, wednesday]) == ((friday, monday), (wednesday, wednesday))
    assert stretches([]) == ()


@given(st.sets(st.sampled_from(JUNE)).map(sorted), st.integers(1, 6))
def test_every_day_is_in_a_stretch(days: list[date], most: int) -> None:
    """However few runs are allowed no day is left out, and no stretch begins or ends with a day that is whole."""
    found = stretches(days, most)

    assert len(found) <= most
    assert all(any(first <= day <= last for first, last in found) for day in days)
    assert {day for stretch in found for day in stretch} <= set(days)
    assert sorted(found) == list(found)


def test_only_days_with_a_partition() -> None:
    """A day before the pair's start and one that is not due by the wall clock have no partition."""
    noon_of_the_third = datetime(2026, 6, 3, 12, tzinfo=UTC)

    assert collectable(JUNE[:5], JUNE[1], noon_of_the_third) == [JUNE[1]]


def test_request_is_audited_with_its_runs(desk: Desk) -> None:
    """Before anything is started, and again with the runs."""
    dagster = Dagster()
    wish = Wish(USDJPY, Timeframe.H1, stretches([JUNE[0], JUNE[1], JUNE[5]]))

    asked = ask_for(wish, "alice", dagster=dagster, ledger=desk.ledger, clock=desk.clock)

    assert asked == Asked(("run-1", "run-2"))
    assert dagster.asked == [(JUNE[0], JUNE[1]), (JUNE[5], JUNE[5])]
    lines = desk.ledger.audit()
    assert {(line.who, line.what) for line in lines} == {("alice", f"console: collect {wish}")}
    assert sorted(line.outcome for line in lines) == ["started run-1, run-2", "starting"]


def test_what_was_not_started_is_audited(desk: Desk) -> None:
    """Where Dagster goes away in between, page and audit name what had started, and the fault."""
    wish = Wish(USDJPY, Timeframe.H1, stretches([JUNE[0], JUNE[5]]))

    asked = ask_for(wish, "alice", dagster=Dagster(most=1), ledger=desk.ledger, clock=desk.clock)

    assert asked == Asked(("run-1",), "no Dagster answers")
    assert "started run-1; then: no Dagster answers" in [line.outcome for line in desk.ledger.audit()]


def test_a_year_of_single_days_is_few_runs() -> None:
    """Every other day of a year is not a hundred runs."""
    days = list(trading_days(MONDAY, MONDAY + timedelta(days=365)))[::2]

    assert len(stretches(days)) == MOST_RUNS
