"""With the switch off a MODIFY that raises risk must pass what an entry must pass; one that reduces it passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker, MemoryDryRun
from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.outcomes import Settled
from axia_core.errors import SourceUnavailable
from axia_core.services.check_order import ComesTo
from axia_core.services.execute import execute
from tests.services.conftest import World
from tests.services.test_check_order import failed, forecast
from tests.services.test_flatten import pending, position

HELD = replace(position(7), long=True, stop_loss=Decimal(148), take_profit=Decimal(152))
WAITING = replace(pending(8), price=Decimal(149), stop_loss=Decimal(148), take_profit=Decimal(152))
MODIFY: dict[str, Any] = {"order_action": "MODIFY", "mt5_ticket": 7, "lot_size": None, "tp_price": None}
WIDER, NEARER = 147.0, 149.0


def executed(world: World, **changes: Any) -> OrderRecord:
    record = world.received(**(MODIFY | changes))
    return execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)


def limited(world: World, **limits: Any) -> None:
    world.rules = replace(world.rules, limits=replace(world.rules.limits, **limits))


def lose(world: World) -> None:
    """The account has lost a tenth of what the day began with."""
    world.ledger.note_day_equity(datetime(2026, 7, 1, tzinfo=UTC).date(), 1, Decimal(10_000))
    world.broker.equity = Decimal(9_000)


@pytest.fixture(autouse=True)
def _book(world: World) -> None:
    world.broker = MemoryBroker(world.clock, [Settled(state=State.DONE)])
    world.broker.open_positions, world.broker.pending_orders = [HELD], [WAITING]


@pytest.mark.parametrize("changes", [{"sl_price": WIDER}, {"mt5_ticket": 8, "entry_price": 149.5, "sl_price": None}])
def test_it_passes_within_the_limits(world: World, changes: dict[str, Any]) -> None:
    """A wider stop, or another entry price of a pending order, is sent where no limit is broken."""
    assert executed(world, **changes).state is State.DONE


@pytest.mark.parametrize(("stop", "state"), [(WIDER, State.REFUSED), (NEARER, State.DONE)])
def test_after_the_daily_loss(world: World, stop: float, state: State) -> None:
    """Once the day has lost its limit a stop may come nearer, and not move away."""
    lose(world)

    record = executed(world, sl_price=stop)

    assert record.state is state
    assert (state is State.DONE) or record.reason.startswith("DAILY_LOSS")
    assert len(world.broker.submitted) == (state is State.DONE)


@pytest.mark.parametrize(
    ("code", "changes", "limits"),
    [
        ("PRICE_BAND", {"mt5_ticket": 8, "entry_price": 190.0, "sl_price": None}, {}),
        ("STOPS", {"mt5_ticket": 8, "entry_price": 147.0, "sl_price": None}, {}),
        ("STOP_DISTANCE", {"mt5_ticket": 8, "entry_price": 148.01, "sl_price": None}, {"min_stop_points": 50}),
        ("STOP_DISTANCE", {"mt5_ticket": 7, "sl_price": None, "tp_price": 152.5}, {"min_stop_points": 3_000}),
        ("CREATED_IN_FUTURE", {"sl_price": WIDER, "created_at": "2026-07-01T13:00:00Z"}, {}),
    ],
)
def test_limits_of_an_entry(world: World, code: str, changes: dict[str, Any], limits: dict[str, Any]) -> None:
    """Price band, sides and distances of stops, and the future are looked at as for an entry."""
    limited(world, **limits)

    record = executed(world, **changes)

    assert (record.state, record.reason.split(":")[0]) == (State.REFUSED, code)
    assert world.broker.submitted == []


def test_stop_is_not_widened_in_a_closed_market(world: World) -> None:
    """Outside of the FX week it is refused here, by name."""
    world.clock.step(timedelta(days=3))

    assert executed(world, sl_price=WIDER).reason.startswith("MARKET_CLOSED")


def test_too_old(world: World) -> None:
    """Older than an entry may be, it is never sent."""
    record = world.received(**(MODIFY | {"sl_price": WIDER}))
    world.clock.step(timedelta(seconds=121))

    moved = execute(record, world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)

    assert (moved.state, world.broker.submitted) == (State.EXPIRED, [])


def test_size_and_number_do_not_count(world: World) -> None:
    """It adds no lots: what limits size, number and rate does not hold it."""
    limited(world, max_open_positions=1, max_net_lots=Decimal("0.01"), max_lots_per_order=Decimal("0.01"))

    assert executed(world, sl_price=WIDER).state is State.DONE


@pytest.mark.parametrize(("lots", "state"), [(0.1, State.DONE), (0.2, State.REFUSED)])
@pytest.mark.parametrize("stop", [WIDER, NEARER])
def test_lot_size_of_a_modify(world: World, lots: float, state: State, stop: float) -> None:
    """A size that is not the target's asks for what no MODIFY can do, and is refused by name."""
    record = executed(world, sl_price=stop, lot_size=lots)

    assert record.state is state
    assert state is State.DONE or record.reason.startswith("SIZE: lot_size 0.2, and 7 has 0.1 lots")


def test_waits_for_an_entry_that_is_not_known(world: World) -> None:
    """As an entry it waits while what became of another one on its symbol is not known; a reducing one does not."""
    lease = world.lease()
    begun = world.ledger.begin_attempt(world.received(order_id="A1"), lease, world.clock.now())
    assert begun is not None
    unknown = world.ledger.move(begun, State.UNKNOWN, world.clock.now())
    raising, reducing = (world.received(**(MODIFY | {"sl_price": stop})) for stop in (WIDER, NEARER))

    room = world.room(under_way=(unknown,))
    rest: dict[str, Any] = {"ledger": world.ledger, "broker": world.broker, "clock": world.clock}
    moved = [execute(one, room, **rest) for one in (raising, reducing)]

    assert [one.state for one in moved] == [State.RECEIVED, State.DONE]


def test_book_that_cannot_be_read(world: World) -> None:
    """With the switch off it waits for the terminal too: nobody can tell what it raises."""
    world.broker = AwayBook(world.clock)

    assert executed(world, sl_price=NEARER).state is State.RECEIVED
    assert world.broker.submitted == []


@pytest.mark.parametrize(
    ("changes", "codes", "comes_to"),
    [
        ({"sl_price": NEARER}, [], ComesTo.SENT),
        ({"sl_price": WIDER}, [], ComesTo.SENT),
        ({"mt5_ticket": 8, "entry_price": 190.0, "sl_price": None}, ["PRICE_BAND", "STOPS"], ComesTo.REFUSED),
        ({"sl_price": NEARER, "lot_size": 5}, ["SIZE"], ComesTo.REFUSED),
    ],
)
def test_dry_run(world: World, changes: dict[str, Any], codes: list[str], comes_to: ComesTo) -> None:
    """`axia order check` says the same of it."""
    broker = MemoryDryRun(world.clock, open_positions=[HELD], pending_orders=[WAITING])

    found = forecast(world, broker, **(MODIFY | changes))

    assert (failed(found), found.comes_to) == (codes, comes_to)


class AwayBook(MemoryBroker):
    """A terminal that does not tell its positions."""

    def positions(self) -> tuple[Position, ...]:
        raise SourceUnavailable("away")

    def pending(self) -> tuple[PendingOrder, ...]:
        raise SourceUnavailable("away")
