"""The desk: the working loop that composes accepting, executing and reconciling under one lease. No Dagster, no vendor.

It is the only composition of services in the core. A Dagster run keeps one desk open; whoever iterates `run` gets one
record per order that has come to an end, and only while the queue is empty, so that showing it never delays the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from axia_core.desk_lease import DeskLease
from axia_core.desk_results import OneBehind
from axia_core.desk_rules import DeskRules
from axia_core.desk_snapshot import SnapshotRounds
from axia_core.desk_sweep import Sweep
from axia_core.desk_unshown import Unshown
from axia_core.domain.absence import Absences
from axia_core.domain.events import EventType, Severity
from axia_core.domain.limits import DAILY_LOSS, DRAWDOWN
from axia_core.domain.messages import Epoch, Message
from axia_core.domain.metrics import order_readings
from axia_core.domain.order_news import order_news
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import is_open, loss_day, next_close
from axia_core.domain.triggers import disagreement, no_trace
from axia_core.errors import (
    AxiaError,
    InvalidInput,
    LeaseLost,
    ServerClockMismatch,
    StoreUnavailable,
    VersionConflict,
    WrongAccount,
)
from axia_core.log_context import log_context
from axia_core.ports import Broker, Clock, Events, Mark, Metrics, OrderLedger, OrderQueue, Snapshots
from axia_core.services.accept import accept
from axia_core.services.execute import Room, execute
from axia_core.services.guard import Guard
from axia_core.services.reconcile import has_vanished, mark_unknown, reconcile
from axia_core.services.survey import Rounds
from axia_core.services.target import AddressedBroker, settle_by_target

COMPONENT = "order_processor"
WAITING_POLL_S = 1
LOOK_EVERY = timedelta(seconds=1)
LOOK_AT_PLACED_EVERY = timedelta(seconds=30)
ADOPT_EVERY = timedelta(seconds=5)
TRY_AGAIN_AFTER = timedelta(seconds=1)
TRY_AGAIN_AFTER_ATTEMPT = timedelta(seconds=5)  # the broker has said no to it a moment ago
RECEIVE_LIMIT = 10
DEEP = 5  # a receive that brings so many is followed by the next at once
RECEIVE_AHEAD = 50  # messages per round
MOST_AHEAD = 500  # open orders; beyond them one receive a round is enough
ONE_ORDER_TAKES = timedelta(minutes=2)  # an unknown one is settled within a minute, if it can be
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """One desk; `owner` names it in the lease. Not for use from several threads."""

    queue: OrderQueue
    ledger: OrderLedger
    broker: Broker
    events: Events
    clock: Clock
    rules: DeskRules
    owner: str
    snapshots: Snapshots | None = None
    metrics: Metrics | None = None
    _epoch: Epoch | None = None
    _absences: Absences = field(default_factory=Absences)
    _open: dict[str, OrderRecord] = field(default_factory=dict)
    _entries: deque[datetime] = field(default_factory=deque)
    _next_look: dict[str, datetime] = field(default_factory=dict)
    _adopted_at: datetime | None = None
    _told: set[str] = field(default_factory=set)
    _durable: list[Message] = field(default_factory=list)
    _rounds: Rounds = field(default_factory=Rounds)

    def __post_init__(self) -> None:
        self._addressed = AddressedBroker(self.broker, self.ledger)
        self._lease = DeskLease(self.owner, self.rules.lease_s, self.ledger, self.clock)
        self._guard = Guard(
            self.owner, self.rules.limits, self.rules.unknowns, self.ledger, self.broker, self.clock, self.events
        )
        self._sweep = Sweep(self.ledger, self.broker, self.clock, self.events)
        self._finished = Unshown(self.ledger)
        self._behind = OneBehind(self.ledger)
        every, symbols = self.rules.snapshot_every, self.rules.symbols
        self._snapshots = SnapshotRounds(self.snapshots, every, symbols, self.broker, self.clock)

    def run(self, stopped: Callable[[], bool]) -> Iterator[OrderRecord]:
        """Works until the New York close, until *stopped*, or until an idle moment of a closed market.

        Yields every order that has come to an end, also those that a desk before this one did not show. Raises
        NotRunning when another desk holds the lease, LeaseLost when it was lost, and whatever the ports raise.
        """
        try:
            self._begin()
            ends_at = next_close(self.clock.now())
            while not (stopped() or self.clock.now() >= ends_at):
                busy = self._work()
                if self._finished and not busy:
                    yield from self._show_one()
                elif not busy and not self._worth_staying():
                    break
            while self._finished:
                yield from self._show_one()
        finally:
            self._end()

    def execute_one(self, order_id: str) -> OrderRecord:
        """One order by its id, for an operator: the same path under the same lease; raises InvalidInput, NotRunning.

        As it stands after a while, where it is still open then: every other order waits meanwhile.
        """
        try:
            self._begin()
            record = self.ledger.order(order_id)
            if record is None:
                raise InvalidInput("order_id", order_id, "the ledger does not know it", "See `axia order list`.")
            gives_up_at = self.clock.now() + ONE_ORDER_TAKES
            while not (record.state.is_final or record.state is State.PLACED or self.clock.now() >= gives_up_at):
                self._step(record)
                record = self._open.get(order_id) or self.ledger.order(order_id) or record
                self._lease.keep()
                if not record.state.is_final:
                    self.clock.sleep(WAITING_POLL_S)
            return record
        finally:
            self._end()

    def _begin(self) -> None:
        """Takes the lease, opens the terminal (which ends a predecessor's), and takes over what is open."""
        self._lease.acquire()
        with self._lease.kept_alive():
            account = self.broker.account()
        # Nothing is touched before it is certain that the lease has been held all the while.
        self._lease.renew()
        self._epoch = self.ledger.epoch()  # for as long as the lease: another one takes it away
        # The day's loss counts from the first sight of the day, which is a desk's, not an order's.
        self.ledger.note_day_equity(loss_day(self.clock.now()), account.login, account.equity)
        self._finished.look()
        self._entries.extend(self.ledger.times_of(Mark.ENTRY, self.clock.now() - MINUTE))
        self._guard.look()
        self._adopt()

    def _adopt(self) -> None:
        """Takes over what the ledger holds open and this desk does not know: left by a dead one, or by a stale one.

        Nothing is in hand at this moment, so what is SUBMITTING is being sent by nobody. What this desk knows is not
        read: hundreds may wait, and where somebody else moved one its next move fails, and it is read then.
        """
        self._adopted_at = self.clock.now()
        # A message that comes again may have told of one that a dead desk left SUBMITTING: nothing else looks after it.
        known = {order_id for order_id, one in self._open.items() if one.state is not State.SUBMITTING}
        for record in self.ledger.open_orders(known):
            if record.state is State.SUBMITTING:
                self._call_unknown(record, "whoever was sending it ended in mid-attempt")
            else:
                self._note(record)
        for text in set(self.ledger.passed_over()) - self._told:
            self._told.add(text)  # once per desk; it goes on with the others
            self.events.publish(EventType.LEDGER_ITEM, Severity.CRITICAL, COMPONENT, text)

    def _call_unknown(self, record: OrderRecord, reason: str) -> None:
        ledger, clock = self.ledger, self.clock
        self._note(mark_unknown(record, reason, ledger=ledger, clock=clock, lease=self._lease.held))

    def _end(self) -> None:
        try:
            with suppress(AxiaError):  # the desk ends of something else, and the next one asks the broker
                self._write_result()
        finally:
            self._behind.holds = False
            self._lease.release()

    def _work(self) -> bool:
        """One round: receive and accept, execute what is received, look after what is not known. True if busy."""
        self._lease.keep()
        received = self._receive()
        if self._guard.is_due():
            self._guard.look()  # before the next order, whatever waits
        if self._adopted_at is None or self.clock.now() - self._adopted_at >= ADOPT_EVERY:
            self._adopt()
        if (switch := self._guard.switch) is not None and self._sweep.is_due(switch):
            with self._lease.kept_alive():  # no order is in hand
                self._sweep.follow(switch)
        waiting = self._waiting()
        for number, record in enumerate(waiting, 1):
            self._behind.holds = number < len(waiting) and number % RECEIVE_LIMIT > 0
            self._step(record)
            self._acknowledge()
            self._lease.keep()
            if number < len(waiting) and number % RECEIVE_LIMIT == 0:
                self._let_exits_by()
        self._acknowledge()
        self._look_after_the_rest()
        busy = received or any(self._is_new(record) for record in self._open.values())
        if not busy and self._rounds.is_due(self.clock.now()):
            self._survey()
        if not busy and self._snapshots.is_due():
            with self._lease.kept_alive():  # nothing is sent meanwhile
                self._snapshots.publish()
        return busy

    def _survey(self) -> None:
        """Looks at the whole account; a position of our own number that nobody here ordered stops trading."""
        with self._lease.kept_alive():  # nothing is sent meanwhile
            strays = self._rounds.look(ledger=self.ledger, broker=self.broker, clock=self.clock, events=self.events)
        for stray in strays:
            if stray.ours:
                self._guard.throw(disagreement(stray.ticket, stray.text))

    def _receive(self) -> bool:
        """Receives and accepts, ahead of what is executed where the queue is deep: so that exits are seen early.

        Waits long only where nothing else is to be done.
        """
        unsettled = any(record.state is not State.PLACED for record in self._open.values())
        at_once = self._finished or any(self._is_new(record) for record in self._open.values())
        longest_s = min(self.rules.receive_wait_s, self._snapshots.longest_wait_s)
        wait_s = 0 if at_once else min(WAITING_POLL_S, longest_s) if unsettled else longest_s
        ahead = received = self._accept(wait_s)
        while received >= DEEP and ahead < RECEIVE_AHEAD and len(self._open) < MOST_AHEAD:
            ahead += (received := self._accept(0))
        return ahead > 0

    def _accept(self, wait_s: int) -> int:
        """One receive into the ledger; how many messages it brought."""
        messages = self.queue.receive(RECEIVE_LIMIT, wait_s, self.rules.receive_visibility_s)
        # A desk that stalled in the poll must not take messages away from the one that holds the lease by now.
        self._lease.keep()
        for record in accept(
            messages,
            acknowledge=self._durable.extend,
            ledger=self.ledger,
            clock=self.clock,
            events=self.events,
            symbols=self.rules.symbols,
        ):
            if record.order.order_id not in self._open:
                self._note(record)
        return len(messages)

    def _acknowledge(self) -> None:
        """What is in the ledger leaves the queue; the first order of a round does not wait for it.

        What a desk that died had not acknowledged comes again, and is known.
        """
        if self._durable:
            self.queue.delete_all(self._durable)
            self._durable.clear()

    def _waiting(self) -> list[OrderRecord]:
        """What is RECEIVED and due: exits before entries, then in order of sending, and not too many new ones.

        Between them the desk receives again, so that an exit does not wait for all entries that came before it.
        """
        due = [record for record in self._open.values() if record.state is State.RECEIVED and self._is_due(record)]
        due.sort(key=lambda record: (record.order.action.is_entry, record.sent_at))
        later = [record for record in due if self._is_new(record) and record.order.action.is_entry][RECEIVE_LIMIT:]
        put_off = {record.order.order_id for record in later}
        return [record for record in due if record.order.order_id not in put_off]

    def _let_exits_by(self) -> None:
        """Hundreds of entries may wait for one that is UNKNOWN: an exit that comes meanwhile is not behind them all."""
        if self._guard.is_due():
            self._guard.look()
        if self._accept(0):
            for record in self._waiting():
                if not record.order.action.is_entry:
                    self._step(record)
                    self._lease.keep()

    def _is_new(self, record: OrderRecord) -> bool:
        return record.state is State.RECEIVED and record.order.order_id not in self._next_look

    def _is_due(self, record: OrderRecord) -> bool:
        next_look = self._next_look.get(record.order.order_id)
        return next_look is None or self.clock.now() >= next_look

    def _step(self, record: OrderRecord) -> None:
        """Moves one open order on, as far as it goes now; what goes wrong with it stays with it.

        The result of the order before it, where that is held, is in the ledger afterwards, whatever became of this one.
        """
        held = self._behind.held
        try:
            self._move_on(record)
        finally:
            if held is not None and self._behind.held is held:
                self._write_result()

    def _move_on(self, record: OrderRecord) -> None:
        try:
            with log_context(order_id=record.order.order_id):
                self._execute(record) if record.state is State.RECEIVED else self._reconcile(record)
        except VersionConflict:
            self._read_again(record)
        except _ENDS_THE_DESK:
            raise
        except Exception as fault:  # noqa: BLE001 - one order's fault must not keep every other from being executed
            if self._behind.held is not None and self._behind.held.before.order.order_id != record.order.order_id:
                self._read_again(record)  # it may be the other one's fault: the next try is without company
            else:
                self._set_aside(record, fault)

    def _execute(self, record: OrderRecord) -> None:
        settled = settle_by_target(record, self.rules.limits, ledger=self.ledger, clock=self.clock)
        moved = settled or execute(record, self._room(), ledger=self._behind, broker=self._addressed, clock=self.clock)
        attempted = moved.attempts > record.attempts
        if attempted and moved.order.action.is_entry:
            self._entries.append(self.clock.now())
        self._look_later(moved, TRY_AGAIN_AFTER_ATTEMPT if attempted else TRY_AGAIN_AFTER)
        self._note(moved)

    def _write_result(self) -> None:
        """Writes what is held; where that is no longer how it is, it is read, and what goes wrong stays with it."""
        held, self._behind.held = self._behind.held, None
        if held is None:
            return
        order_id = held.after.order.order_id
        try:
            self.ledger.write(held)
        except VersionConflict:
            if self.ledger.order(order_id) != held.after:  # else it was written with an attempt after all
                self._finished.discard(order_id)
                self._read_again(held.after)
        except _ENDS_THE_DESK:
            raise
        except Exception as fault:  # noqa: BLE001 - as in `_move_on`
            self._finished.discard(order_id)
            self._set_aside(held.after, fault)

    def _reconcile(self, record: OrderRecord) -> None:
        self._look_later(record, LOOK_AT_PLACED_EVERY if record.state is State.PLACED else LOOK_EVERY)
        moved = reconcile(
            record,
            ledger=self.ledger,
            broker=self._addressed,
            clock=self.clock,
            lease=self._lease.held,
            absences=self._absences,
            absence=self.rules.absence,
        )
        self._note(moved)
        if has_vanished(moved, self._absences.lasted(moved.order.order_id, self.clock.now()), self.rules.absence):
            self._guard.throw(no_trace(moved))

    def _look_later(self, record: OrderRecord, after: timedelta) -> None:
        self._next_look[record.order.order_id] = self.clock.now() + after

    def _look_after_the_rest(self) -> None:
        for record in list(self._open.values()):
            if record.state in (State.UNKNOWN, State.PLACED) and self._is_due(record):
                self._step(record)
                self._lease.keep()

    def _read_again(self, record: OrderRecord) -> None:
        """Somebody else moved the order; where it says SUBMITTING, that was we, and we gave up on it."""
        current = self.ledger.order(record.order.order_id) or record
        if current.state is State.SUBMITTING:
            return self._call_unknown(current, "it moved while it was being sent")
        return self._note(current)

    def _set_aside(self, record: OrderRecord, fault: Exception) -> None:
        """An order that breaks the desk: refused where it has not been sent, UNKNOWN where it may have been."""
        self._tell_fault(record.order.order_id, fault)
        self._look_later(record, LOOK_AT_PLACED_EVERY)
        current = self.ledger.order(record.order.order_id) or record
        reason = f"FAULT: {type(fault).__name__}: {fault}"[:500]
        if current.state is State.SUBMITTING:
            self._call_unknown(current, reason)
        elif current.state is State.RECEIVED:
            now = self.clock.now()
            self._note(self.ledger.move(current, State.REFUSED, now, reason=reason, lease=self._lease.held))

    def _room(self) -> Room:
        now = self.clock.now()
        while self._entries and now - self._entries[0] > MINUTE:
            self._entries.popleft()
        return Room(
            lease=self._lease.held,
            epoch=self._epoch,
            limits=self.rules.limits,
            send_margin=self.rules.send_margin,
            absence=self.rules.absence,
            absences=self._absences,
            under_way=tuple(record for record in self._open.values() if record.state is not State.RECEIVED),
            entries_last_minute=len(self._entries),
            equity_peak=self._guard.peak,
        )

    def _note(self, record: OrderRecord) -> None:
        """Remembers where an order stands, and tells people when it has come to something."""
        order_id = record.order.order_id
        before = self._open.get(order_id)
        if record.state.is_final:
            self._forget(order_id)
            self._finished.add(record)
        else:
            self._open[order_id] = record
        if before is None or before.state is not record.state:
            self._snapshots.hurry()
            self._tell(record, None if before is None else before.state)
            if record.state is State.UNKNOWN or record.reason.startswith((DAILY_LOSS, DRAWDOWN)):
                self._guard.look()

    def _forget(self, order_id: str) -> None:
        """A desk that is open all day must not grow with what it has finished."""
        self._open.pop(order_id, None)
        self._next_look.pop(order_id, None)
        self._absences.forget(order_id)

    def _tell(self, record: OrderRecord, was: State | None = None) -> None:
        if self.metrics is not None:
            self.metrics.publish(order_readings(record, was))
        news = order_news(record, was)
        if news is not None:
            self.events.publish(EventType.ORDER_STATE, news.severity, COMPONENT, news.text, **news.details)

    def _tell_fault(self, what: str, fault: Exception) -> None:
        text = f"{what} cannot be worked on: {type(fault).__name__}: {fault}"[:1_000]
        self.events.publish(EventType.ORDER_FAULT, Severity.CRITICAL, COMPONENT, text, subject=what)

    def _show_one(self) -> Iterator[OrderRecord]:
        """Yields one finished order, and notes it as shown only when whoever iterates has come back for more."""
        record, is_told = self._finished.next()
        if not is_told:  # the desk that ended it may have died before it could tell
            self._tell(record)
        yield record
        self._finished.mark_shown(record)

    def _worth_staying(self) -> bool:
        return is_open(self.clock.now()) or any(record.state is not State.PLACED for record in self._open.values())


# What is wrong with the desk itself, not with an order: the run ends, is seen to have failed, and the next one opens.
_ENDS_THE_DESK = (LeaseLost, StoreUnavailable, WrongAccount, ServerClockMismatch)


def desk_is_needed(queue: OrderQueue, ledger: OrderLedger, clock: Clock) -> str | None:
    """Why a desk should be open now, or None: the market is open, messages wait, or orders are not settled."""
    if is_open(clock.now()):
        return "the market is open"
    if queue.depth().waiting:
        return "messages wait in the queue"
    if any(record.state is not State.PLACED for record in ledger.open_orders()):
        return "the ledger holds orders that are not settled"
    return None
