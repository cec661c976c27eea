"""Surveys: what closed a position is noted on its order's timeline, and strays raise an alarm, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.memory import MemoryBroker
from axia_core.domain.broker import Deal, DealBy
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import magic_of
from axia_core.domain.survey import WITHOUT_EFFECT, stray
from axia_core.errors import SourceUnavailable
from axia_core.services.survey import EVERY, LATE, Rounds, Seen, Surveyed, survey
from tests.services.conftest import WEDNESDAY, World
from tests.services.test_flatten import Away, position


def deal(ticket: int, *, closes: bool = True, magic: int = 0, **changes: Any) -> Deal:
    made = Deal(
        ticket=ticket,
        order=ticket + 100,
        position=7,
        symbol="USDJPY",
        buying=not closes,
        opens=not closes,
        closes=closes,
        lots=Decimal("0.1"),
        price=Decimal(151),
        commission=Decimal("-0.3"),
        swap=Decimal(0),
        fee=Decimal(0),
        profit=Decimal("66.2"),
        magic=magic,
        comment="",
        by=DealBy.PERSON,
        at=WEDNESDAY,
    )
    return replace(made, **changes)


def filled(world: World, order_id: str = "A1", state: State = State.FILLED) -> OrderRecord:
    record = world.received(order_id=order_id)
    lease = world.ledger.lease_holder(world.clock.now()) or world.lease()
    begun = world.ledger.begin_attempt(record, lease, world.clock.now())
    assert begun is not None
    return world.ledger.move(begun, state, world.clock.now())


def look(world: World, seen: Seen | None = None, limit: int | None = None) -> Surveyed:
    seen = Seen() if seen is None else seen
    return survey(seen, ledger=world.ledger, broker=world.broker, clock=world.clock, events=world.events, limit=limit)


def notes(world: World, order_id: str = "A1") -> list[str]:
    return [event.text for event in world.ledger.events(order_id) if "closed by" in event.text]


@pytest.mark.parametrize("by", [DealBy.STOP_LOSS, DealBy.TAKE_PROFIT, DealBy.PERSON, DealBy.STOP_OUT])
def test_what_closed_a_position_is_on_the_timeline(world: World, by: DealBy) -> None:
    """A stop that was hit and a close by hand stand on the order's timeline; its state stays as it was."""
    filled(world)
    ours = magic_of("A1")
    world.broker.history = [deal(1, closes=False, magic=ours), deal(2, magic=0 if by is DealBy.PERSON else ours, by=by)]

    look(world)

    (note,) = notes(world)
    assert by.value in note
    assert "151" in note
    record = world.ledger.order("A1")
    assert record is not None
    assert (record.state, record.version) == (State.FILLED, 3)


def test_own_close_is_named(world: World) -> None:
    """A position that a CLOSE of ours closed names that order."""
    filled(world)
    filled(world, "C1", State.FILLED)
    closing = deal(2, magic=magic_of("C1"), by=DealBy.PROGRAM)
    world.broker.history = [deal(1, closes=False, magic=magic_of("A1")), closing]

    look(world)

    assert "closed by order C1" in notes(world)[0]


def test_surveyed_twice_is_noted_once(world: World) -> None:
    """Another desk that surveys the same history, and the same desk again, add nothing."""
    filled(world)
    world.broker.history = [deal(1, closes=False, magic=magic_of("A1")), deal(2)]
    seen = Seen()

    first, again, other = look(world, seen), look(world, seen), look(world)

    assert (len(first.noted), len(again.noted), len(other.noted)) == (1, 0, 1)
    assert len(notes(world)) == 1


@pytest.mark.parametrize(
    ("by", "severity"), [(DealBy.TAKE_PROFIT, "info"), (DealBy.PERSON, "warning"), (DealBy.STOP_OUT, "critical")]
)
def test_closing_is_told_once(world: World, by: DealBy, severity: str) -> None:
    """What closed a position is an event with its figures; another desk that finds it noted says nothing."""
    filled(world)
    world.broker.history = [deal(1, closes=False, magic=magic_of("A1")), deal(2, by=by)]

    look(world)
    look(world)

    assert [event[:2] for event in world.events.published] == [("position_closed", severity)]
    details = world.events.details[0]
    assert (details["order_id"], details["event_id"], details["net"]) == ("A1", "deal#2", "65.9")


def test_own_close_is_told_by_its_order(world: World) -> None:
    """A position that AXIA closed is no event of its own: the CLOSE has been told."""
    filled(world)
    closing = deal(2, magic=magic_of("C1"), by=DealBy.PROGRAM)
    world.broker.history = [deal(1, closes=False, magic=magic_of("A1")), closing]

    look(world)

    assert world.events.published == []


def test_what_arrives_late_is_not_missed(world: World) -> None:
    """A deal that shows in the history minutes after it happened is noted all the same."""
    filled(world)
    opening = deal(1, closes=False, magic=magic_of("A1"))
    world.broker.history = [opening]
    seen = Seen()
    look(world, seen)
    world.clock.step(timedelta(minutes=10))
    look(world, seen)

    world.broker.history = [opening, deal(2, at=WEDNESDAY + timedelta(minutes=1))]

    assert len(look(world, seen).noted) == 1


def test_limited_survey_goes_on_where_it_stopped(world: World) -> None:
    """With a limit the rest of the closings is left to the next survey."""
    filled(world)
    world.broker.history = [deal(1, closes=False, magic=magic_of("A1")), *(deal(ticket) for ticket in (2, 3, 4))]
    seen = Seen()

    counts = [len(look(world, seen, limit=2).noted) for _ in range(3)]

    assert counts == [2, 1, 0]


def test_closing_of_a_stranger_is_nobodys(world: World) -> None:
    """A position that somebody opened and closed by hand stands on no timeline."""
    world.broker.history = [deal(1, closes=False), deal(2)]

    assert look(world).noted == ()


def test_position_that_nobody_ordered_warns_once(world: World) -> None:
    """A position without AXIA's magic is a warning, once."""
    world.broker.open_positions = [position(7)]
    seen = Seen()

    found = look(world, seen), look(world, seen)

    assert [len(one.strays) for one in found] == [1, 0]
    assert [severity for _, severity, _ in world.events.published] == ["warning"]


def test_position_of_an_order_that_the_ledger_does_not_know_alarms(world: World) -> None:
    """Our magic without an order in the ledger is critical."""
    world.broker.open_positions = [replace(position(7), magic=magic_of("forgotten"))]

    (found,) = look(world).strays

    assert found.ours
    assert [severity for _, severity, _ in world.events.published] == ["critical"]


def test_position_of_a_rejected_order_alarms(world: World) -> None:
    """A position of an order that the ledger calls REJECTED is critical, and names the order."""
    filled(world, state=State.REJECTED)
    world.broker.open_positions = [replace(position(7), magic=magic_of("A1"))]

    (found,) = look(world).strays

    assert "order A1, which the ledger calls REJECTED" in found.text


def test_position_of_a_filled_order_is_in_order(world: World) -> None:
    """A position of a filled order raises nothing, and so does one of an order that is still being settled."""
    filled(world)
    filled(world, "A2", State.UNKNOWN)
    world.broker.open_positions = [replace(position(7 + i), magic=magic_of(f"A{i + 1}")) for i in range(2)]

    assert look(world).strays == ()
    assert world.events.published == []


def test_position_that_was_found_at_the_broker_is_in_order(world: World) -> None:
    """An order that a rewound ledger never sent, and found at the broker, accounts for its position."""
    record = world.ledger.move(world.received(order_id="A1"), State.UNKNOWN, world.clock.now())
    world.ledger.move(record, State.FILLED, world.clock.now())
    world.broker.open_positions = [replace(position(7), magic=magic_of("A1"))]

    assert look(world).strays == ()


@pytest.mark.parametrize("state", list(State))
def test_only_what_has_no_effect_contradicts_a_position(world: World, state: State) -> None:
    """Exactly the states that deny an effect make a stray of a position."""
    record = replace(world.received(order_id="A1"), state=state)
    found = stray(replace(position(7), magic=magic_of("A1")), "A1", record)

    assert (found is not None) is (state in WITHOUT_EFFECT)


def test_order_older_than_the_ledger_is_no_stray() -> None:
    """A position whose order the ledger has kept its time and forgotten is not alarmed at."""
    assert stray(replace(position(7), magic=magic_of("A1")), "A1", None) is None


def test_terminal_that_is_away_raises(world: World) -> None:
    """A survey that cannot look says so; a round of a desk goes on without it."""
    world.broker = Away(world.clock)
    ports = {"ledger": world.ledger, "broker": world.broker, "clock": world.clock, "events": world.events}

    with pytest.raises(SourceUnavailable):
        look(world)
    Rounds().look(**ports)  # type: ignore[arg-type]

    assert world.events.published == []


def test_desk_surveys_every_minute(world: World) -> None:
    """An open desk finds a stray within its interval, and executes orders as ever."""
    world.broker.open_positions = [position(7)]
    started = world.clock.now()

    running = world.desk().run(lambda: world.clock.now() > started + EVERY + EVERY)
    list(running)

    assert [event for event, _, _ in world.events.published] == ["stray_position"]


def test_fault_of_a_survey_stops_no_order(world: World) -> None:
    """A survey that breaks is told, and the next order is executed."""
    world.broker = BreaksHistory(world.clock)
    started = world.clock.now()
    list(world.desk().run(lambda: world.clock.now() > started + 2 * EVERY))

    world.send(order_id="A1")
    (record,) = list(world.desk().run(lambda: world.ledger.order("A1") is not None))

    assert record.state is State.FILLED
    assert world.events.published[0][:2] == ("survey_fault", "warning")


class BreaksHistory(MemoryBroker):
    """A broker whose history breaks whoever reads it."""

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        raise ValueError("a struct of another version")


def test_memory_does_not_grow_with_trades(world: World) -> None:
    """What a later survey cannot meet again is forgotten: deals before its look back, positions that are closed."""
    filled(world)
    seen = Seen()
    for ticket in range(1, 30):
        world.clock.step(timedelta(minutes=5))
        world.broker.history = [*world.broker.history, deal(ticket, magic=magic_of("A1"), at=world.clock.now())]
        world.broker.open_positions = [position(ticket)]
        look(world, seen)

    assert len(seen.deals) <= LATE / timedelta(minutes=5) + 2
    assert seen.positions == {29}
