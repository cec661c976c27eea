"""The statement as an asset: an object and an event per day, a check that goes red, its schedule, and no numpy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from axia_core.domain.broker import Booking, Deal
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import magic_of
from axia_core.domain.sessions import TOKYO
from axia_core.domain.statement import Verdict
from axia_core.errors import SourceUnavailable
from axia_core.ports import Broker
from axia_pipelines.assets.statement import STATEMENT, statement_asset
from axia_pipelines.definitions import build_definitions
from axia_pipelines.partitions import trading_dates
from tests.pipelines.fakes import WEDNESDAY_NOON, FakeDesk, FakeStatements, settings
from tests.services.test_survey import deal

DAY, NEXT = date(2026, 7, 1), date(2026, 7, 2)
FRIDAY_MORNING = datetime(2026, 7, 2, 22, 30, tzinfo=UTC)  # 07:30 in Tokyo
SCHEDULE = "statement_at_0730_tokyo"


@pytest.fixture
def desk() -> FakeDesk:
    """An account with one order, filled and known to the broker, looked at two mornings later."""
    desk = FakeDesk()
    desk.accept("A1")
    desk.hold_lease("desk", 10)
    lease, record = desk.ledger.lease_holder(desk.clock.now()), desk.ledger.order("A1")
    assert lease is not None
    assert record is not None
    begun = desk.ledger.begin_attempt(record, lease, desk.clock.now())
    assert begun is not None
    said = Execution(ticket=101, price=Decimal(151), lots=Decimal("0.1"))
    desk.ledger.move(begun, State.FILLED, desk.clock.now(), execution=said)
    desk.clock.step(FRIDAY_MORNING - desk.clock.now())
    desk.broker.history = [fill()]
    desk.broker.booked = [deposit()]
    desk.broker.balance = Decimal("10065.9")
    return desk


def fill(**changes: Any) -> Deal:
    return deal(1, closes=False, **({"magic": magic_of("A1")} | changes))


def deposit() -> Booking:
    at = WEDNESDAY_NOON - timedelta(days=60)
    return Booking(ticket=9, what="deposit or withdrawal", amount=Decimal(10_000), comment="a|b", at=at)


def make(
    instance: dg.DagsterInstance, statements: FakeStatements, first: date = DAY, last: date = NEXT
) -> dg.ExecuteInProcessResult:
    asset = statement_asset("demo", trading_dates(date(2026, 6, 1)), retry_delay_s=0)
    with dg.partition_loading_context(effective_dt=FRIDAY_MORNING):
        return dg.materialize(
            [asset],
            instance=instance,
            resources={"statements": statements},
            raise_on_error=False,
            tags={
                "dagster/asset_partition_range_start": first.isoformat(),
                "dagster/asset_partition_range_end": last.isoformat(),
            },
        )


def events(instance: dg.DagsterInstance) -> dict[str, dict[str, Any]]:
    """Metadata by partition."""
    records = instance.fetch_materializations(STATEMENT, limit=10).records
    found = [one.asset_materialization for one in records]
    return {str(one.partition): {name: v.value for name, v in one.metadata.items()} for one in found if one is not None}


def check_of(result: dg.ExecuteInProcessResult) -> tuple[bool, dg.AssetCheckSeverity]:
    (found,) = result.get_asset_check_evaluations()
    return found.passed, found.severity


def test_an_object_and_an_event_per_day(instance: dg.DagsterInstance, desk: FakeDesk) -> None:
    """Two days are one run: each is kept and shown with its figures, and the second begins where the first ended."""
    statements = FakeStatements(desk)

    result = make(instance, statements)

    first, second = events(instance)[DAY.isoformat()], events(instance)[NEXT.isoformat()]
    assert (result.success, sorted(statements.store.kept)) == (True, [DAY, NEXT])
    assert (first["account"], first["verdict"], first["matched"], first["unmatched"]) == ("demo 1", "MATCHES", 1, 0)
    assert (first["balance_start"], first["net"], first["balance_end"]) == (10_000.0, 65.9, 10_065.9)
    assert (second["balance_start"], second["balance_start_from"]) == (10_065.9, "the statement of 2026-07-01")
    assert check_of(result)[0]


def test_table_shows_each_deal(instance: dg.DagsterInstance, desk: FakeDesk) -> None:
    """The page is a table of the money and one of the deals, with the orders they belong to."""
    make(instance, FakeStatements(desk))

    page = events(instance)[DAY.isoformat()]["statement"]
    assert "| balance at the open | 10,000.00 |" in page
    assert "| 12:00:00 | BUY USDJPY 0.1 | 151 | 66.20 | 0.00 | -0.30 | order A1 |  |" in page


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"history": [fill(price=Decimal(152))]}, "price 151 in the ledger, 152 at the broker"),
        ({"history": [fill(lots=Decimal("0.2"))]}, "0.1 lots in the ledger, 0.2 at the broker"),
        ({"history": [fill(order=8)]}, "ticket 101 in the ledger, 8 at the broker"),
        ({"history": [fill(magic=magic_of("lost"))]}, "the ledger knows no order of it"),
        ({"history": [fill(magic=0)]}, "nobody here ordered it"),
        ({"history": [], "balance": Decimal(10_000)}, "the broker has no deal of it"),
    ],
)
def test_each_kind_of_mismatch_is_red(
    instance: dg.DagsterInstance, desk: FakeDesk, change: dict[str, Any], problem: str
) -> None:
    """Whatever does not match turns the check red, is named in it, is told, and is kept all the same."""
    for name, value in change.items():
        setattr(desk.broker, name, value)
    statements = FakeStatements(desk)

    result = make(instance, statements)

    (found,) = result.get_asset_check_evaluations()
    assert (result.success, check_of(result)) == (True, (False, dg.AssetCheckSeverity.ERROR))
    assert problem in (found.description or "")
    assert statements.store.kept[DAY].verdict is Verdict.DIFFERS
    assert ("statement", "critical") in [event[:2] for event in desk.events.published]


def test_money_that_nothing_explains_is_red(instance: dg.DagsterInstance, desk: FakeDesk) -> None:
    """A balance that moved without a booking since the last statement is an error with the amount."""
    statements = FakeStatements(desk)
    make(instance, statements, DAY, DAY)
    desk.broker.balance -= 50

    result = make(instance, statements, NEXT, NEXT)

    assert check_of(result) == (False, dg.AssetCheckSeverity.ERROR)
    assert events(instance)[NEXT.isoformat()]["unexplained"] == -50.0


def test_what_is_not_settled_is_a_warning(instance: dg.DagsterInstance, desk: FakeDesk) -> None:
    """A history that does not reach back leaves the opening balance unknown: a warning, not an error."""
    desk.broker.booked = []

    result = make(instance, FakeStatements(desk), DAY, DAY)

    assert check_of(result) == (False, dg.AssetCheckSeverity.WARN)
    assert "balance_start" not in events(instance)[DAY.isoformat()]


def test_finished_days_are_recorded_when_the_terminal_goes_away(instance: dg.DagsterInstance, desk: FakeDesk) -> None:
    """A terminal that does not answer any more is a red step; the day before is kept and recorded, once."""
    statements = FakeStatements(desk)
    asked = {"times": 0}

    class GoesAway(type(desk.broker)):  # type: ignore[misc]  # the class of the fake
        def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
            asked["times"] += 1
            if asked["times"] % 2 == 0:
                raise SourceUnavailable("the terminal is gone")
            return tuple(desk.broker.booked)

    gone: Broker = GoesAway(desk.clock, history=desk.broker.history, balance=desk.broker.balance)
    statements.desk = FakeDesk()
    statements.desk.broker = gone  # type: ignore[assignment]  # a broker of the same kind

    result = make(instance, statements)

    records = instance.fetch_materializations(STATEMENT, limit=10).records
    assert (result.success, [record.partition_key for record in records]) == (False, [DAY.isoformat()])


class TestSchedule:
    """When statements are made by themselves."""

    def requested(self, at: datetime) -> dg.RunRequest:
        found = build_definitions(settings(history_start=date(2024, 1, 1))).resolve_schedule_def(SCHEDULE)
        assert isinstance(found, dg.ScheduleDefinition)
        assert found.default_status is dg.DefaultScheduleStatus.RUNNING
        with dg.build_schedule_context(scheduled_execution_time=at) as context:
            (request,) = found.evaluate_tick(context).run_requests or []
        return request

    @pytest.mark.parametrize(
        "at", [datetime(2026, 1, 13, 7, 30, tzinfo=TOKYO), datetime(2026, 7, 7, 7, 30, tzinfo=TOKYO)]
    )
    def test_the_closed_day_and_the_one_before(self, at: datetime) -> None:
        """On a Tuesday in winter and in summer: Monday, which has closed, and Friday once more."""
        tags = self.requested(at).tags

        monday, friday = at.date() - timedelta(days=1), at.date() - timedelta(days=4)
        assert tags["dagster/asset_partition_range_start"] == friday.isoformat()
        assert tags["dagster/asset_partition_range_end"] == monday.isoformat()
