"""The short version of `python -m benchmarks.soak`: two days, a daylight-saving switch between them, SIGKILL."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.sessions import NEW_YORK, is_trading_day, session
from benchmarks.soak import Report, days_around_a_switch, run
from benchmarks.soak_traders import DayPlan
from benchmarks.soak_world import Scale

TODAY = date.today()  # noqa: DTZ011 - any day will do: the soak lies around the last switch before it
PLAN = DayPlan(date(2026, 10, 30), 47, ("EURUSD", "USDJPY"), 1)


@pytest.fixture(scope="module")
def report() -> Report:
    days = days_around_a_switch(2, TODAY)
    return run(Scale(days, 32, ("EURUSD", "USDJPY"), seed=20_261_124))


@pytest.mark.slow
def test_two_days_hold(report: Report) -> None:
    """No order is lost or doubled, no partition is missing, storage is bounded: every check of the ledger holds."""
    assert {check.what: check.violations for check in report.checks if check.violations} == {}


@pytest.mark.slow
def test_every_check_looked_at_something(report: Report) -> None:
    """No check passes because there was nothing to look at; retention had desk runs to delete."""
    assert [check.what for check in report.checks if not check.looked_at] == []
    assert report.orders_sent >= 30
    assert sum(line["runs_deleted"] for line in report.retained) > 0


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.sampled_from([2, 5, 20]))
def test_a_switch_lies_inside(today: date, count: int) -> None:
    """Whenever it runs, the days are past trading days in order, with a switch of New York's clock among them."""
    days = days_around_a_switch(count, today)

    assert len(days) == count
    assert list(days) == sorted(days)
    assert all(is_trading_day(day) for day in days)
    assert days[-1] < today
    assert len({session(day).open.astimezone(NEW_YORK).utcoffset() for day in days}) == 2


def test_a_plan_holds_half_its_orders_as_entries() -> None:
    """The batches of a day hold every entry once, in time between the session's open and close, the last one none."""
    entries = [entry["order_id"] for batch in range(PLAN.batches) for entry in PLAN.entries(batch)]
    times = [PLAN.at(batch) for batch in range(PLAN.batches)]

    assert len(entries) == len(set(entries)) == PLAN.orders // 2
    assert PLAN.entries(PLAN.batches - 1) == []
    assert times == sorted(times)
    assert all(at in PLAN.session for at in times)


def test_a_plan_is_the_same_again() -> None:
    """Whoever takes a day over after a SIGKILL sends the same orders."""
    again = DayPlan(PLAN.day, PLAN.orders, PLAN.symbols, PLAN.seed)

    assert again.entries(1) == PLAN.entries(1)
    assert DayPlan(PLAN.day, PLAN.orders, PLAN.symbols, 2).entries(1) != PLAN.entries(1)
