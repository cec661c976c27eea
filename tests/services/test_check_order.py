"""The dry run of an order: everything is looked at, nothing is changed, and what it says is what executing does."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axia_core.adapters.memory import MemoryDryRun, MemoryOrderLedger
from axia_core.domain.broker import Account, Position
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import Execution, State
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled
from axia_core.errors import SourceUnavailable
from axia_core.services.check_order import ComesTo, Forecast, check_order
from axia_core.services.execute import execute
from axia_core.settings import Settings
from tests.services.conftest import SEVEN_FIELDS, World

LIMITS = Settings().limits


def forecast(world: World, broker: MemoryDryRun | None = None, **changes: Any) -> Forecast:
    return check_order(
        json.dumps(SEVEN_FIELDS | changes),
        ledger=world.ledger,
        broker=broker or MemoryDryRun(world.clock),
        clock=world.clock,
        symbols=world.rules.symbols,
        limits=LIMITS,
    )


def failed(found: Forecast) -> list[str]:
    return [judged.check.code for judged in found.judged if judged.check.passed is False]


def test_good_order_would_be_sent(world: World) -> None:
    """An order that passes everything comes to SENT, and every limit is among what was looked at."""
    found = forecast(world)

    codes = [judged.check.code for judged in found.judged]
    assert (found.comes_to, found.decisive) == (ComesTo.SENT, None)
    assert {"KNOWN_ID", "EXPIRED", "KILL_SWITCH", "MAX_LOTS", "SPREAD", "DAILY_LOSS", "BROKER"} <= set(codes)


def test_nothing_is_changed(world: World) -> None:
    """Neither queue nor ledger nor broker knows of a dry run."""
    broker = MemoryDryRun(world.clock)

    forecast(world, broker, order_id="A1")

    assert world.ledger.order("A1") is None
    assert world.ledger.recent_orders(10) == ()
    assert (world.queue.depth().waiting, broker.submitted) == (0, [])


def test_all_that_is_wrong_is_listed(world: World) -> None:
    """The dry run goes on after the first failure, and the first one decides."""
    world.ledger.set_kill_switch(KillSwitch(active=True, reason="drill"), 1, world.clock.now())

    found = forecast(world, lot_size=9, sl_price=151.5, tp_price=0)

    assert failed(found) == ["KILL_SWITCH", "MAX_LOTS", "MAX_NET_LOTS", "STOPS"]
    assert found.comes_to is ComesTo.REFUSED


def test_message_that_is_no_order(world: World) -> None:
    """A malformed message would end in the dead-letter queue; field and rule are named."""
    found = forecast(world, lot_size=-1)

    assert (found.comes_to, found.order) == (ComesTo.DEAD_LETTER, None)
    assert found.decisive is not None
    assert "lot_size" in found.decisive.check.figure


def test_old_order_would_expire(world: World) -> None:
    """An order whose created_at is too old would be EXPIRED."""
    created = (world.clock.now() - timedelta(minutes=10)).isoformat()

    assert forecast(world, created_at=created).comes_to is ComesTo.EXPIRED


@pytest.mark.parametrize(("lots", "comes_to"), [(0.1, ComesTo.NOTHING), (0.2, ComesTo.DEAD_LETTER)])
def test_known_id(world: World, lots: float, comes_to: ComesTo) -> None:
    """A repeat of a known order does nothing, other content under its id ends in the dead-letter queue."""
    world.received(order_id="A1")

    assert forecast(world, order_id="A1", lot_size=lots).comes_to is comes_to


@pytest.mark.parametrize(
    ("objection", "comes_to"),
    [
        (Settled(state=State.REJECTED, reason="no money"), ComesTo.REJECTED),
        (NotSent("bad volume", can_wait=False), ComesTo.REFUSED),
        (MarketClosed(10018, "closed"), ComesTo.REJECTED),
    ],
)
def test_terminal_objects(world: World, objection: Outcome, comes_to: ComesTo) -> None:
    """What the terminal's own check says decides last, in its own words."""
    found = forecast(world, MemoryDryRun(world.clock, objections=[objection]))

    assert found.comes_to is comes_to
    assert found.decisive is not None
    assert objection.reason in found.decisive.check.figure


def test_terminal_away(world: World) -> None:
    """Without the terminal the order would wait, and what can be looked at without it is."""

    class Away(MemoryDryRun):
        def account(self) -> Account:
            raise SourceUnavailable("the terminal did not answer")

    found = forecast(world, Away(world.clock))

    assert (found.comes_to, failed(found)[0]) == (ComesTo.WAITS, "TERMINAL")


def test_unsettled_order_makes_an_entry_wait(world: World) -> None:
    """While another order of the symbol is UNKNOWN, an entry would wait."""
    record = world.received(order_id="A1")
    world.ledger.move(record, State.UNKNOWN, world.clock.now())

    assert forecast(world).comes_to is ComesTo.WAITS


def test_close_waits_for_another_of_the_same_ticket(world: World) -> None:
    """While another CLOSE of the ticket is UNKNOWN, a further one would wait; of another ticket it would be sent."""
    close = {"order_action": "CLOSE", "tp_price": 0, "sl_price": 0}
    record = world.received(order_id="C1", mt5_ticket=7, **close)
    world.ledger.move(record, State.UNKNOWN, world.clock.now())

    assert forecast(world, mt5_ticket=7, **close).comes_to is ComesTo.WAITS
    assert forecast(world, mt5_ticket=8, **close).comes_to is ComesTo.SENT


def test_pending_order_waits_for_an_open_market(world: World) -> None:
    """On a Saturday a pending order would wait, a market order be refused."""
    world.clock.step(timedelta(days=3))

    assert forecast(world, order_type="LIMIT", entry_price=149.5).comes_to is ComesTo.WAITS
    assert forecast(world).comes_to is ComesTo.REFUSED


def test_switch_that_cannot_be_read_makes_it_wait(world: World) -> None:
    """A switch that is not there stops the order without refusing it."""
    world.ledger = MemoryOrderLedger()

    assert forecast(world).comes_to is ComesTo.WAITS


def test_daily_loss_is_seen(world: World) -> None:
    """Equity below the day's limit refuses an entry, with the figures."""
    world.ledger.note_day_equity(world.clock.now().date(), 1, Decimal(11_000))

    found = forecast(world)

    assert failed(found) == ["DAILY_LOSS"]


def test_repeat_of_the_content_is_seen(world: World) -> None:
    """The same content attempted a moment ago under another id is refused."""
    execute(world.received(), world.room(), ledger=world.ledger, broker=world.broker, clock=world.clock)

    assert failed(forecast(world)) == ["DUPLICATE"]


def test_exit_passes_limits(world: World) -> None:
    """A CLOSE is held against no limit of entries."""
    found = forecast(world, order_action="CLOSE", mt5_ticket=7, tp_price=0, sl_price=0)

    codes = [judged.check.code for judged in found.judged]
    assert codes == ["KNOWN_ID", "EXPIRED", "KILL_SWITCH", "UNSETTLED", "BROKER"]


def test_target_is_resolved(world: World) -> None:
    """A CANCEL by order id tells what it would find: nothing yet, an unsent order, a ticket."""
    cancel = {"order_action": "CANCEL", "target_order_id": "A1", "order_id": "X1", "tp_price": 0, "sl_price": 0}
    unknown = forecast(world, **cancel)
    record = world.received(order_id="A1", order_type="LIMIT", entry_price=149.5)
    unsent = forecast(world, **cancel)
    begun = world.ledger.begin_attempt(record, world.lease(), world.clock.now())
    assert begun is not None
    world.ledger.move(begun, State.PLACED, world.clock.now(), execution=Execution(ticket=7))
    placed = forecast(world, **cancel)

    assert [unknown.comes_to, unsent.comes_to, placed.comes_to] == [ComesTo.WAITS, ComesTo.DONE, ComesTo.SENT]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    lots=st.sampled_from([0.1, 1, 1.5]),
    stop=st.sampled_from([0, 149.0, 149.99, 150.5]),
    action=st.sampled_from(["BUY", "SELL"]),
    held=st.integers(0, 21),
)
def test_forecast_and_execution_agree(world: World, lots: float, stop: float, action: str, held: int) -> None:
    """Whatever the dry run refuses by a limit that execution has the facts for, execution refuses by the same code."""
    one = Position(
        ticket=1,
        symbol="EURUSD",
        long=True,
        lots=Decimal(1),
        price_open=Decimal(1),
        stop_loss=None,
        take_profit=None,
        profit=Decimal(0),
        magic=0,
        comment="",
    )
    changes = {"lot_size": lots, "sl_price": stop, "tp_price": 0, "order_action": action}
    world.broker.open_positions = broker_positions = (one,) * held
    world.clock.step(timedelta(minutes=2))  # no repeat, no rate

    said = forecast(world, MemoryDryRun(world.clock, open_positions=broker_positions), **changes)
    room = world.room(limits=LIMITS)
    done = execute(world.received(**changes), room, ledger=world.ledger, broker=world.broker, clock=world.clock)

    assert (said.comes_to is ComesTo.SENT) == (done.state is State.FILLED)
    if said.decisive is not None:
        assert done.reason.startswith(f"{said.decisive.check.code}:")
