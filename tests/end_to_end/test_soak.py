"""The short version of `python -m benchmarks.soak`: two days, a daylight-saving switch between them, SIGKILL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import magic_of
from axia_core.domain.sessions import NEW_YORK, is_trading_day, session
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from benchmarks.soak import CHECKS, Report, days_around_a_switch, run
from benchmarks.soak_traders import DayPlan
from benchmarks.soak_world import Scale, SoakWorld

TODAY = date.today()  # noqa: DTZ011 - any day will do: the soak lies around the last switch before it
PLAN = DayPlan(date(2026, 10, 30), 47, ("EURUSD", "USDJPY"), 1)


@pytest.fixture(scope="module")
def report() -> Report:
    days = days_around_a_switch(2, TODAY)
    return run(Scale(days, 32, ("EURUSD", "USDJPY"), seed=20_261_124))


@pytest.mark.slow
@pytest.mark.long
def test_two_days_hold(report: Report) -> None:
    """No order is lost or doubled, no partition is missing, storage is bounded: every check of the ledger holds."""
    assert {check.what: check.violations for check in report.checks if check.violations} == {}


@pytest.mark.slow
@pytest.mark.long
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


class Told(SoakWorld):
    """A world of two orders, one partition and one retention, as told: what the checks read and nothing else."""

    def __init__(self) -> None:
        super().__init__(Settings(), Scale((PLAN.day,), 2, ("USDJPY",), 1), psutil.Process(), lambda _: None, killed=1)
        self.states = {"in": State.FILLED, "out": State.DONE}
        self.found_deals = {magic_of("in"): 1, magic_of("out"): 1}
        self.found_partitions = {f"{one} {PLAN.day}|USDJPY": True for one in Timeframe}
        self.materialized = {one: [f"{PLAN.day}|USDJPY"] for one in Timeframe}
        self.noted: dict[str, list[dict[str, Any]]] = {
            "runs": [{"job": "order_desk", "status": "SUCCESS"}],
            "retained": [{"old_desk_runs": 0, "orphaned_files": 0, "bytes_after": 2_000_000}],
            "memory": [{"pid": 1, "day": "2026-10-30", "rss": 90_000_000 + batch} for batch in range(9)],
        }
        self.unfinished, self.kept = 0, ["GLOBALCONFIG SETTING#KILL_SWITCH"]

    def sent(self) -> dict[str, dict[str, Any]]:
        return {"in": {"order_action": "BUY"}, "out": {"order_action": "CLOSE"}}

    def record(self, order_id: str) -> OrderRecord | None:
        state = self.states.get(order_id)
        return cast(OrderRecord, SimpleNamespace(state=state)) if state else None

    def deals(self) -> dict[int, int]:
        return self.found_deals

    def partitions(self) -> Iterator[tuple[str, bool]]:
        yield from self.found_partitions.items()

    def in_dagster(self) -> dict[str, Any]:
        return {"partitions": self.materialized, "unfinished": self.unfinished}

    def lines(self, name: str) -> list[dict[str, Any]]:
        return self.noted[name]

    def items_without_ttl(self) -> tuple[int, list[str]]:
        return 9, self.kept

    def audit_rows(self) -> int:
        return 9


def violated(world: Told) -> list[str]:
    """What the ledger says against the world, apart from what two orders on one day cannot be."""
    checks = [check(world) for check in CHECKS]
    trivial = ("every planned entry was sent", "a daylight-saving switch lies inside")
    return [check.what for check in checks if check.violations and check.what not in trivial]


TAMPERED: dict[str, tuple[Callable[[Told], object], str]] = {
    "lost": (lambda world: world.states.pop("in"), "no order is lost"),
    "left open": (lambda world: world.states.update(out=State.UNKNOWN), "no order is lost or left open"),
    "doubled": (lambda world: world.found_deals.update({magic_of("in"): 2}), "no order is doubled"),
    "misreported": (lambda world: world.states.update({"in": State.REJECTED}), "no order is doubled"),
    "partition": (lambda world: world.found_partitions.update({f"H1 {PLAN.day}|USDJPY": False}), "in S3"),
    "forgotten": (lambda world: world.materialized[Timeframe.M5].clear(), "still materialized"),
    "no hand-over": (lambda world: world.noted["runs"].clear(), "ends well at the close"),
    "zombie": (lambda world: setattr(world, "unfinished", 1), "ends well at the close"),
    "leak": (lambda world: world.noted["memory"][-1].update(rss=120_000_000), "memory"),
    "old run": (lambda world: world.noted["retained"][-1].update(old_desk_runs=1), "retention"),
    "storage": (lambda world: world.noted["retained"][-1].update(bytes_after=90_000_000), "storage"),
    "for ever": (lambda world: world.kept.append("ORDER#in METADATA"), "has an end"),
}


def test_a_world_in_order_violates_nothing() -> None:
    """The checks find nothing where nothing is wrong."""
    assert violated(Told()) == []


@pytest.mark.parametrize("what", TAMPERED)
def test_each_check_sees_its_fault(what: str) -> None:
    """What is lost, doubled, missing or growing is a violation of the check that looks for it."""
    world = Told()
    tamper, named = TAMPERED[what]
    tamper(world)

    assert any(named in one for one in violated(world))
