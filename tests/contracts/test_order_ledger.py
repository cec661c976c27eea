"""One contract for every order ledger: in memory, and in DynamoDB on the local AWS server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.messages import Epoch, Lease, Message
from axia_core.domain.names import TABLE
from axia_core.domain.order_states import Execution, Move, OrderRecord, State, moved, new_record
from axia_core.domain.orders import Order, parse_order
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.errors import IllegalTransition, LeaseLost, VersionConflict
from axia_core.ports import Mark, OrderLedger, Recorded

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def empty(table: Any) -> None:
    """Removes every item, so that each test starts from nothing."""
    items = table.scan(TableName=TABLE)["Items"]
    for item in items:
        table.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[OrderLedger]:
    if request.param == "memory":
        yield MemoryOrderLedger()
        return
    dynamodb = request.getfixturevalue("aws").client("dynamodb")
    empty(dynamodb)
    yield DynamoOrderLedger(dynamodb, TABLE)


def message(order_id: str = "A1", **changes: Any) -> Message:
    body = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1, "order_id": order_id}
    return Message(
        message_id=f"message-{order_id}",
        body=json.dumps(body | changes),
        sent_at=NOW - timedelta(seconds=1),
        receive_count=1,
        sender="AIDA-TRADER",
        receipt="r",
    )


def record(ledger: OrderLedger, order_id: str = "A1", **changes: Any) -> OrderRecord:
    sent = message(order_id, **changes)
    written = ledger.record(parse_order(sent.body, sent.message_id, DEFAULT_SYMBOLS), sent, NOW)
    found = ledger.order(order_id)
    assert found is not None
    assert written is (Recorded.OVERTAKEN if found.state is State.CANCELLED else Recorded.NEW)
    return found


def release(ledger: OrderLedger) -> None:
    ledger.initialise_kill_switch(active=False, who="test", now=NOW)


def begin(ledger: OrderLedger, found: OrderRecord) -> OrderRecord:
    release(ledger)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None
    begun = ledger.begin_attempt(found, lease, NOW)
    assert begun is not None
    return begun


def test_recorded_order_reads_back(ledger: OrderLedger) -> None:
    """What was recorded is read back whole, with sender, message id and exact decimals."""
    found = record(ledger, sl_price=149.125, comment="hello")

    assert (
        found.state,
        found.version,
        found.sender,
        found.message_id,
    ) == (State.RECEIVED, 1, "AIDA-TRADER", "message-A1")
    assert (Decimal("0.1"), Decimal("149.125"), "hello") == (
        found.order.lots,
        found.order.stop_loss,
        found.order.comment,
    )
    assert NOW - timedelta(seconds=1) == found.sent_at


def test_new_order_needs_no_second_look(ledger: OrderLedger) -> None:
    """An order that was NEW is held exactly as `new_record` says, so that nobody has to read what was just written."""
    sent = message(sl_price=149.125, comment="hello", created_at=NOW.isoformat(), expires_at="2026-01-01T00:00:00Z")
    order = parse_order(sent.body, sent.message_id, DEFAULT_SYMBOLS)

    assert ledger.record(order, sent, NOW) is Recorded.NEW

    assert ledger.order("A1") == new_record(order, sent, NOW)


def test_unknown_order_is_none(ledger: OrderLedger) -> None:
    """An id that was never recorded has no record."""
    assert ledger.order("nobody") is None


def test_unreadable_reason_is_kept(ledger: OrderLedger) -> None:
    """Why a message could not become an order can be looked up by its id; of others nothing is known."""
    ledger.record_unreadable(message("bad"), "lot_size: -1 was refused", NOW)

    assert ledger.unreadable_reason("message-bad") == "lot_size: -1 was refused"
    assert ledger.unreadable_reason("nobody") is None


def test_attempted_entry_is_found_by_its_likeness(ledger: OrderLedger) -> None:
    """Of entries that ask for the same, the one attempted last is found, as it stands; before any attempt none."""
    first = record(ledger, comment="one")
    like = parse_order(message("B1", comment="two").body, "x", DEFAULT_SYMBOLS)
    other = parse_order(message("C1", lot_size=0.2).body, "x", DEFAULT_SYMBOLS)
    before = ledger.alike(like)

    begun = begin(ledger, first)

    assert before is None
    assert ledger.alike(like) == begun
    assert ledger.alike(other) is None


def test_first_equity_of_a_day_stays(ledger: OrderLedger) -> None:
    """The first equity noted for a day and an account is kept, and other days and accounts have their own."""
    day = NOW.date()
    assert ledger.day_equity(day, 1) is None

    assert ledger.note_day_equity(day, 1, Decimal("10000.50")) == Decimal("10000.50")
    assert ledger.note_day_equity(day, 1, Decimal(9_000)) == Decimal("10000.50")

    assert ledger.day_equity(day, 1) == Decimal("10000.50")
    assert ledger.day_equity(day, 2) is None
    assert ledger.day_equity(day + timedelta(days=1), 1) is None


def test_overtaken_order_is_born_cancelled(ledger: OrderLedger) -> None:
    """An order that finds its tombstone is recorded as CANCELLED, with the CANCEL's name, and is not open."""
    assert ledger.leave_tombstone("A1", "C1", NOW)
    assert ledger.leave_tombstone("A1", "C2", NOW)

    found = record(ledger)

    assert (found.state, "C1" in found.reason) == (State.CANCELLED, True)
    assert [event.state for event in ledger.events("A1")] == [State.CANCELLED]
    assert ledger.open_orders() == ()
    assert ledger.unreported_orders() == (found,)
    sent = message()
    assert ledger.record(parse_order(sent.body, "x", DEFAULT_SYMBOLS), sent, NOW) is Recorded.KNOWN


def test_order_that_has_come_gets_no_tombstone(ledger: OrderLedger) -> None:
    """A tombstone for an order that the ledger knows is refused and changes nothing."""
    found = record(ledger)

    assert not ledger.leave_tombstone("A1", "C1", NOW)
    assert ledger.order("A1") == found


def test_target_reads_back(ledger: OrderLedger) -> None:
    """The order that an exit names is read back."""
    record(ledger, order_action="CLOSE", target_order_id="E1")

    found = ledger.order("A1")

    assert found is not None
    assert found.order.target_order_id == "E1"


def test_same_content_is_known_and_other_content_conflicts(ledger: OrderLedger) -> None:
    """The second record of an id says KNOWN or CONFLICT and changes nothing."""
    first = record(ledger)
    same, other = message(), message(lot_size=0.2)

    assert Recorded.KNOWN is ledger.record(parse_order(same.body, "x", DEFAULT_SYMBOLS), same, NOW)
    assert Recorded.CONFLICT is ledger.record(parse_order(other.body, "x", DEFAULT_SYMBOLS), other, NOW)
    assert first == ledger.order("A1")


def test_new_orders_are_recorded_together(ledger: OrderLedger) -> None:
    """Several new orders are held as if each had been recorded by itself."""
    orders = several("A1", "A2", "A3")

    assert ledger.record_together(orders, NOW)

    assert [ledger.order(order.order_id) for order, _ in orders] == [new_record(*one, NOW) for one in orders]
    assert [[event.state for event in ledger.events(name)] for name in ("A1", "A3")] == [[State.RECEIVED]] * 2


@pytest.mark.parametrize("other", ["known", "overtaken", "twice"])
def test_together_it_is_all_or_nothing(ledger: OrderLedger, other: str) -> None:
    """With one among them that is known, that a CANCEL has overtaken or that comes twice, none is written."""
    record(ledger, "known")
    ledger.leave_tombstone("overtaken", "C1", NOW)
    orders = several("A1", *(["A2", "A2"] if other == "twice" else [other]))

    assert not ledger.record_together(orders, NOW)

    assert [ledger.order(name) for name in ("A1", "A2", "overtaken")] == [None, None, None]


def several(*order_ids: str) -> list[tuple[Order, Message]]:
    messages = [message(order_id) for order_id in order_ids]
    return [(parse_order(sent.body, sent.message_id, DEFAULT_SYMBOLS), sent) for sent in messages]


def test_move_is_conditional_on_the_version(ledger: OrderLedger) -> None:
    """Of two moves from the same version one wins, the other raises and changes nothing."""
    found = record(ledger)
    ledger.move(found, State.EXPIRED, NOW, reason="too old")

    with pytest.raises(VersionConflict):
        ledger.move(found, State.REFUSED, NOW)
    current = ledger.order("A1")
    assert current is not None
    assert (current.state, current.version, current.reason) == (State.EXPIRED, 2, "too old")


def test_illegal_move_is_refused(ledger: OrderLedger) -> None:
    """The ledger does not write a move that the state machine lacks."""
    found = record(ledger)

    with pytest.raises(IllegalTransition):
        ledger.move(found, State.FILLED, NOW)


def test_execution_is_kept_exactly(ledger: OrderLedger) -> None:
    """Ticket, deal, price and lots of a fill are read back as written."""
    execution = Execution(ticket=50067383081, deal=7, price=Decimal("1.09736"), lots=Decimal("0.1"), retcode=10009)
    begun = begin(ledger, record(ledger))

    ledger.move(begun, State.FILLED, NOW, execution=execution)

    found = ledger.order("A1")
    assert found is not None
    assert execution == found.execution


def test_timeline_tells_every_move(ledger: OrderLedger) -> None:
    """Each move leaves one event, in order."""
    begun = begin(ledger, record(ledger))
    ledger.move(begun, State.UNKNOWN, NOW, reason="no answer")

    events = ledger.events("A1")

    assert [event.state for event in events] == [State.RECEIVED, State.SUBMITTING, State.UNKNOWN]
    assert [event.version for event in events] == [1, 2, 3]
    assert events[-1].text == "no answer"


def test_open_orders_are_those_not_final(ledger: OrderLedger) -> None:
    """The open list holds what is not final, oldest first."""
    record(ledger, "A1")
    done = record(ledger, "A2")
    ledger.move(done, State.EXPIRED, NOW)

    assert [found.order.order_id for found in ledger.open_orders()] == ["A1"]


def test_open_orders_leave_out_what_is_known(ledger: OrderLedger) -> None:
    """A desk that holds hundreds asks for what it does not hold."""
    for order_id in ("A1", "A2", "A3"):
        record(ledger, order_id)

    assert [found.order.order_id for found in ledger.open_orders(known={"A1", "A3"})] == ["A2"]


def test_final_orders_are_unreported_until_marked(ledger: OrderLedger) -> None:
    """A final order is listed as unreported until it is marked, which may be repeated."""
    done = ledger.move(record(ledger), State.EXPIRED, NOW)

    before = ledger.unreported_orders()
    ledger.mark_reported(done)
    ledger.mark_reported(done)

    assert [found.order.order_id for found in before] == ["A1"]
    assert ledger.unreported_orders() == ()
    assert done == ledger.order("A1")


def test_recent_orders_come_newest_first(ledger: OrderLedger) -> None:
    """The list for people is ordered by the last change and bounded."""
    for number in range(3):
        found = record(ledger, f"A{number}")
        ledger.move(found, State.EXPIRED, NOW + timedelta(seconds=number))

    assert [found.order.order_id for found in ledger.recent_orders(2)] == ["A2", "A1"]


def test_missing_switch_means_halt(ledger: OrderLedger) -> None:
    """Before anybody wrote the switch it is active, and no attempt can begin."""
    found, lease = record(ledger), ledger.acquire_lease("desk", 10, NOW)

    assert lease is not None
    assert ledger.kill_switch().active
    assert ledger.begin_attempt(found, lease, NOW) is None
    assert found == ledger.order("A1")


def test_first_start_writes_the_switch_once(ledger: OrderLedger) -> None:
    """Initialising writes the switch only where there is none: it never releases one that was thrown."""
    release(ledger)
    ledger.set_kill_switch(KillSwitch(active=True, reason="stop"), 1, NOW)

    assert not ledger.initialise_kill_switch(active=False, who="test", now=NOW)
    assert ledger.kill_switch().active


def test_switch_has_an_optimistic_lock(ledger: OrderLedger) -> None:
    """A change from an old version loses."""
    release(ledger)
    changed = ledger.set_kill_switch(KillSwitch(active=True, reason="stop", who="ops"), 1, NOW)

    with pytest.raises(VersionConflict):
        ledger.set_kill_switch(KillSwitch(active=False), 1, NOW)
    assert (changed.version, changed.reason, changed.who, ledger.kill_switch().active) == (2, "stop", "ops", True)


def test_attempt_under_reduce_only(ledger: OrderLedger) -> None:
    """REDUCE_ONLY lets the transaction of a CLOSE pass and stops that of an entry."""
    release(ledger)
    ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.REDUCE_ONLY), 1, NOW)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None
    entry, close = record(ledger, "entry"), record(ledger, "close", order_action="CLOSE", mt5_ticket=1)

    assert ledger.begin_attempt(entry, lease, NOW) is None
    assert ledger.begin_attempt(close, lease, NOW) is not None


def test_attempt_counts_and_can_be_repeated(ledger: OrderLedger) -> None:
    """A further attempt is a transaction of its own and counts."""
    begun = begin(ledger, record(ledger))
    lease = ledger.lease_holder(NOW)
    assert lease is not None

    again = ledger.begin_attempt(begun, lease, NOW)

    assert again is not None
    assert (State.SUBMITTING, 2, begun.version + 1) == (again.state, again.attempts, again.version)


def test_attempt_needs_a_lease_in_force(ledger: OrderLedger) -> None:
    """An expired lease, or one that has passed on, begins nothing."""
    release(ledger)
    found = record(ledger)
    lease = ledger.acquire_lease("first", 10, NOW)
    assert lease is not None
    later = NOW + timedelta(seconds=11)

    with pytest.raises(LeaseLost):
        ledger.begin_attempt(found, lease, later)
    ledger.acquire_lease("second", 10, later)
    with pytest.raises(LeaseLost):
        ledger.begin_attempt(found, replace(lease, expires_at=later + timedelta(hours=1)), later)
    assert found == ledger.order("A1")


def test_attempt_from_an_old_version_loses(ledger: OrderLedger) -> None:
    """Of two workers that saw the same RECEIVED order, only one begins."""
    found = record(ledger)
    begin(ledger, found)
    lease = ledger.lease_holder(NOW)
    assert lease is not None

    with pytest.raises(VersionConflict):
        ledger.begin_attempt(found, lease, NOW)


@pytest.mark.parametrize("passed_on", [False, True])
def test_move_without_the_lease_changes_nothing(ledger: OrderLedger, passed_on: bool) -> None:
    """What is under way is moved by the desk that holds the lease, and by nobody who held it before."""
    begun = begin(ledger, record(ledger))
    lease = ledger.lease_holder(NOW)
    assert lease is not None
    later = NOW + timedelta(seconds=11)
    if passed_on:
        ledger.acquire_lease("second", 10, later)

    with pytest.raises(LeaseLost):
        ledger.move(begun, State.REJECTED, later, lease=lease)

    assert ledger.order("A1") == begun
    assert [event.state for event in ledger.events("A1")] == [State.RECEIVED, State.SUBMITTING]


def test_move_under_the_lease(ledger: OrderLedger) -> None:
    """The desk that holds the lease moves an order; from an old version it is told so, not that its lease is lost."""
    begun = begin(ledger, record(ledger))
    lease = ledger.lease_holder(NOW)

    moved = ledger.move(begun, State.FILLED, NOW, lease=lease)

    assert ledger.order("A1") == moved
    with pytest.raises(VersionConflict):
        ledger.move(begun, State.REJECTED, NOW, lease=lease)


def test_same_order_made_at_another_time_is_known(ledger: OrderLedger) -> None:
    """A client that sends an id again puts a new time in it, and means the same order."""
    record(ledger, created_at="2026-07-01T11:59:58Z")
    again = message(created_at="2026-07-01T12:00:07Z")

    assert Recorded.KNOWN is ledger.record(parse_order(again.body, "m", DEFAULT_SYMBOLS), again, NOW)


def test_lease_has_one_holder(ledger: OrderLedger) -> None:
    """While one desk holds the lease nobody else gets it; afterwards the fence has grown."""
    first = ledger.acquire_lease("first", 10, NOW)
    assert first is not None

    assert ledger.acquire_lease("second", 10, NOW + timedelta(seconds=9)) is None
    second = ledger.acquire_lease("second", 10, NOW + timedelta(seconds=10))
    assert second is not None
    assert second.fence > first.fence
    assert second == ledger.lease_holder(NOW + timedelta(seconds=11))


def test_lease_can_be_renewed_by_its_holder_only(ledger: OrderLedger) -> None:
    """Renewal moves the end; after it has passed on, the old holder is told."""
    lease = ledger.acquire_lease("first", 10, NOW)
    assert lease is not None
    renewed = ledger.renew_lease(lease, 10, NOW + timedelta(seconds=5))
    later = NOW + timedelta(seconds=16)
    ledger.acquire_lease("second", 10, later)

    assert NOW + timedelta(seconds=15) == renewed.expires_at
    with pytest.raises(LeaseLost):
        ledger.renew_lease(renewed, 10, later)


def test_released_lease_is_free(ledger: OrderLedger) -> None:
    """After its release the lease can be taken at once; releasing again is harmless."""
    lease = ledger.acquire_lease("first", 10, NOW)
    assert lease is not None
    ledger.release_lease(lease)
    ledger.release_lease(lease)

    assert ledger.lease_holder(NOW) is None
    assert ledger.acquire_lease("second", 10, NOW) is not None


def test_epoch_changes_with_the_boot(ledger: OrderLedger) -> None:
    """A new boot id begins an epoch; the same one does not."""
    assert ledger.epoch() is None
    assert ledger.begin_epoch("boot-1", NOW)
    assert not ledger.begin_epoch("boot-1", NOW + timedelta(hours=1))

    epoch = ledger.epoch()
    assert epoch is not None
    assert (epoch.boot_id, epoch.since) == ("boot-1", NOW)
    assert ledger.lease_holder(NOW) is None
    assert ledger.acquire_lease("desk", 10, NOW) is not None


def test_new_epoch_takes_the_lease_away(ledger: OrderLedger) -> None:
    """Who held the lease before an epoch began can do nothing more with it, and a successor still waits for its end."""
    found = record(ledger)
    release(ledger)
    ledger.begin_epoch("boot-1", NOW)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None
    ledger.begin_epoch("boot-1", NOW)
    lease = ledger.renew_lease(lease, 10, NOW)

    ledger.begin_epoch("boot-2", NOW)

    for use in (
        lambda: ledger.begin_attempt(found, lease, NOW),
        lambda: ledger.move(found, State.EXPIRED, NOW, lease=lease),
        lambda: ledger.renew_lease(lease, 10, NOW),
    ):
        with pytest.raises(LeaseLost):
            use()
    assert ledger.acquire_lease("next", 10, NOW + timedelta(seconds=9)) is None
    assert ledger.acquire_lease("next", 10, NOW + timedelta(seconds=10)) is not None


def test_attempts_of_entries_are_counted(ledger: OrderLedger) -> None:
    """Each attempt of an entry leaves its time, also a further one; an exit leaves none."""
    begun = begin(ledger, record(ledger))
    lease = ledger.lease_holder(NOW)
    assert lease is not None
    later = NOW + timedelta(seconds=2)
    ledger.begin_attempt(begun, lease, later)
    ledger.begin_attempt(record(ledger, "C1", order_action="CLOSE", mt5_ticket=7), lease, NOW)

    assert ledger.times_of(Mark.ENTRY, NOW) == (NOW, later)
    assert ledger.times_of(Mark.ENTRY, NOW + timedelta(seconds=1)) == (later,)


def test_unknown_orders_are_counted(ledger: OrderLedger) -> None:
    """Only what became UNKNOWN while it was being sent: one that was found after a restore is no failed sending."""
    begun = begin(ledger, record(ledger))
    ledger.move(begun, State.UNKNOWN, NOW)
    ledger.move(record(ledger, "A2"), State.UNKNOWN, NOW)

    assert ledger.times_of(Mark.UNKNOWN, NOW) == (NOW,)


def test_highest_equity_of_a_count(ledger: OrderLedger) -> None:
    """It only rises, for each account by itself, and a later count begins anew."""
    noted = [ledger.note_peak_equity(1, Decimal(equity), NOW) for equity in (100, 120, 90)]

    assert noted == [100, 120, 120]
    assert (ledger.peak_equity(1, NOW), ledger.peak_equity(2, NOW)) == (Decimal(120), None)
    later = NOW + timedelta(seconds=1)
    assert ledger.peak_equity(1, later) is None
    assert ledger.note_peak_equity(1, Decimal(90), later) == 90
    assert ledger.peak_equity(1, later) == 90


def test_first_sight_of_evidence_stays(ledger: OrderLedger) -> None:
    """When it was seen again says nothing."""
    later = NOW + timedelta(seconds=1)

    assert [ledger.note_evidence("STRAY#7", at) for at in (NOW, later)] == [NOW, NOW]
    assert ledger.note_evidence("STRAY#8", later) == later


@pytest.mark.parametrize("reduces", [True, False])
def test_modify_under_reduce_only(ledger: OrderLedger, reduces: bool) -> None:
    """The transaction lets a MODIFY begin only where it was found to reduce risk."""
    release(ledger)
    version = ledger.kill_switch().version
    ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.REDUCE_ONLY), version, NOW)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None
    found = record(ledger, "M1", order_action="MODIFY", mt5_ticket=7, sl_price=149.0, lot_size=None)

    assert (ledger.begin_attempt(found, lease, NOW, reduces_risk=reduces) is not None) is reduces


@pytest.mark.parametrize("order_action", ["BUY", "MODIFY"])
def test_nothing_begins_under_halt(ledger: OrderLedger, order_action: str) -> None:
    """HALT stops what reduces risk, too."""
    ledger.initialise_kill_switch(active=True, who="test", now=NOW)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None
    asked = {"mt5_ticket": 7, "sl_price": 149.0, "lot_size": None} if order_action == "MODIFY" else {}
    found = record(ledger, "M1", order_action=order_action, **asked)

    assert ledger.begin_attempt(found, lease, NOW, reduces_risk=True) is None


def test_entry_is_no_reducing_whatever_is_said(ledger: OrderLedger) -> None:
    """Under REDUCE_ONLY an entry does not begin by being called reducing."""
    release(ledger)
    ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.REDUCE_ONLY), ledger.kill_switch().version, NOW)
    lease = ledger.acquire_lease("desk", 10, NOW)
    assert lease is not None

    assert ledger.begin_attempt(record(ledger), lease, NOW, reduces_risk=True) is None


def test_epoch_of_a_restore_keeps_its_moment(ledger: OrderLedger) -> None:
    """From when on the broker is searched is read back; a boot without one has none."""
    restored_to = NOW - timedelta(days=5)

    assert ledger.begin_epoch("restored", NOW, restored_to)
    assert ledger.epoch() == Epoch(boot_id="restored", since=NOW, restored_to=restored_to)
    assert ledger.begin_epoch("boot", NOW)
    assert ledger.epoch() == Epoch(boot_id="boot", since=NOW)


@pytest.mark.parametrize("left", [True, False])
def test_switch_says_whether_pending_orders_are_left_to_the_desk(ledger: OrderLedger, left: bool) -> None:
    """What whoever threw it left to the desk is read back, and is gone with the release."""
    version = ledger.kill_switch().version

    thrown = ledger.set_kill_switch(KillSwitch(active=True, cancel_pending=left), version, NOW)

    assert ledger.kill_switch().cancel_pending is left
    assert not ledger.set_kill_switch(KillSwitch(active=False), thrown.version, NOW).cancel_pending


@pytest.mark.parametrize("automatic", [True, False])
def test_switch_says_whether_a_person_threw_it(ledger: OrderLedger, automatic: bool) -> None:
    """It is read back, and is gone with the next change."""
    release(ledger)
    version = ledger.kill_switch().version
    thrown = ledger.set_kill_switch(KillSwitch(active=True, automatic=automatic), version, NOW)

    assert ledger.kill_switch() == thrown
    assert thrown.automatic is automatic
    assert not ledger.set_kill_switch(KillSwitch(active=False), thrown.version, NOW).automatic


@dataclass(frozen=True)
class Pair:
    """An order that was sent and has its result, and the next one; under one lease."""

    lease: Lease
    fill: Move
    next: OrderRecord


@pytest.fixture
def pair(ledger: OrderLedger) -> Pair:
    begun = begin(ledger, record(ledger, "A1"))
    lease = ledger.lease_holder(NOW)
    assert lease is not None
    after = moved(begun, State.FILLED, NOW, "filled", Execution(ticket=7, lots=Decimal("0.1")))
    return Pair(lease, Move(before=begun, after=after, lease=lease), record(ledger, "A2"))


def test_result_is_written_along_with_the_next_attempt(ledger: OrderLedger, pair: Pair) -> None:
    """One order is filled and the other begun, each with its event."""
    begun = ledger.begin_attempt(pair.next, pair.lease, NOW, along=pair.fill)

    assert begun == ledger.order("A2")
    assert begun is not None
    assert begun.state is State.SUBMITTING
    assert ledger.order("A1") == pair.fill.after
    assert [event.state for event in ledger.events("A1")] == [State.RECEIVED, State.SUBMITTING, State.FILLED]


def test_result_is_written_although_the_switch_forbids_the_attempt(ledger: OrderLedger, pair: Pair) -> None:
    """What has been filled stays filled, whatever is forbidden from now on."""
    ledger.set_kill_switch(KillSwitch(active=True, mode=Mode.HALT), ledger.kill_switch().version, NOW)

    assert ledger.begin_attempt(pair.next, pair.lease, NOW, along=pair.fill) is None

    assert ledger.order("A1") == pair.fill.after
    assert ledger.order("A2") == pair.next


def test_result_is_written_although_the_next_order_moved(ledger: OrderLedger, pair: Pair) -> None:
    """Somebody cancelled the other one meanwhile."""
    ledger.move(pair.next, State.CANCELLED, NOW)

    with pytest.raises(VersionConflict):
        ledger.begin_attempt(pair.next, pair.lease, NOW, along=pair.fill)

    assert ledger.order("A1") == pair.fill.after


def test_nothing_begins_along_with_a_result_that_is_overtaken(ledger: OrderLedger, pair: Pair) -> None:
    """Whoever moved the order that was sent, a successor perhaps: the next one waits until that is understood."""
    unknown = ledger.move(pair.fill.before, State.UNKNOWN, NOW)

    with pytest.raises(VersionConflict):
        ledger.begin_attempt(pair.next, pair.lease, NOW, along=pair.fill)

    assert ledger.order("A1") == unknown
    assert ledger.order("A2") == pair.next


def test_neither_is_written_without_the_lease(ledger: OrderLedger, pair: Pair) -> None:
    """The successor finds the one SUBMITTING, and asks the broker; the other was never sent."""
    later = NOW + timedelta(minutes=1)
    assert ledger.acquire_lease("successor", 10, later) is not None

    with pytest.raises(LeaseLost):
        ledger.begin_attempt(pair.next, pair.lease, later, along=pair.fill)

    assert ledger.order("A1") == pair.fill.before
    assert ledger.order("A2") == pair.next


def test_move_is_written_once(ledger: OrderLedger, pair: Pair) -> None:
    """A second writing of the same move is a conflict, and changes nothing."""
    ledger.write(pair.fill)

    with pytest.raises(VersionConflict):
        ledger.write(pair.fill)

    assert ledger.order("A1") == pair.fill.after
