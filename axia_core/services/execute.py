"""Execute one received order: refuse it, let it wait, or send it at most once per permission of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from axia_core.domain.absence import Absences
from axia_core.domain.broker import Absent, Account, CannotTell, Evidence, PendingOrder, Position
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.limits import Facts, Limits, Refusal, check_entry, expired, from_the_future, sendable_until
from axia_core.domain.messages import Epoch, Lease
from axia_core.domain.modify import Risk, risk_of
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled, TryNewPrice, Unknown
from axia_core.domain.sessions import is_open, loss_day
from axia_core.domain.targets import addressed
from axia_core.errors import ServerClockMismatch, SourceUnavailable, WrongAccount
from axia_core.ports import Attempts, Broker, Clock

MAX_ATTEMPTS = 3
TOO_MANY_REQUESTS = 10024
BACK_OFF_S, LONG_BACK_OFF_S = 0.3, 1.0
# After a rewind or a restore a client may send again what the ledger has forgotten, with a new time in it: so every
# entry is looked for, not only those that look old. Nobody repeats an order a day later and means the same one.
GUARDED_AFTER_REWIND = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the desk knows around one order: its lease and limits, and what else is under way."""

    lease: Lease
    epoch: Epoch | None  # of the lease: one that begins later takes the lease away
    limits: Limits
    send_margin: timedelta
    absence: timedelta
    absences: Absences = field(default_factory=Absences)
    under_way: tuple[OrderRecord, ...] = ()  # SUBMITTING, UNKNOWN and PLACED orders
    entries_last_minute: int = 0
    equity_peak: Decimal | None = None  # the highest since the kill switch was released last


def execute(record: OrderRecord, room: Room, *, ledger: Attempts, broker: Broker, clock: Clock) -> OrderRecord:
    """The order's record after this try; still RECEIVED where it must wait (its age limit ends the wait).

    Raises StoreUnavailable, LeaseLost and VersionConflict; whatever was sent before is then SUBMITTING in the ledger,
    and reconciliation finds out.
    """
    if record.state is not State.RECEIVED:
        return record
    if _may_be_at_broker(record, room.epoch):
        # Before anything else: an order that took effect must not be called EXPIRED or REFUSED.
        found = _look_before_first_send(record, room, ledger, broker, clock)
        if found is not None:
            return found
    if record.order.action.is_entry and (future := from_the_future(record, clock.now())) is not None:
        return ledger.move(record, State.REFUSED, clock.now(), reason=str(future), lease=room.lease)
    return _attempts(record, room, ledger, broker, clock)


def _may_be_at_broker(record: OrderRecord, epoch: Epoch | None) -> bool:
    """Whether the ledger was rewound or restored so recently that the order may have been executed without a trace."""
    if epoch is None or record.known_since >= epoch.since + GUARDED_AFTER_REWIND:
        return False
    # An order that goes by its message's id cannot be a client's second try: the queue has made both id and time.
    made_by_queue = record.order.order_id == record.message_id
    # Beside a restored table the one that it replaces may be in use for a while yet, by a desk on the same queue.
    return not (made_by_queue and epoch.restored_to is None and record.sent_at >= epoch.since)


def _sent_since(record: OrderRecord, epoch: Epoch | None) -> datetime:
    """From when on it may have been sent: after a restore at any time since then, whatever time it carries now."""
    restored_to = epoch.restored_to if epoch else None
    return record.known_since if restored_to is None else min(record.known_since, restored_to)


def _look_before_first_send(
    record: OrderRecord, room: Room, ledger: Attempts, broker: Broker, clock: Clock
) -> OrderRecord | None:
    """None once it is certain that the broker has no trace; the record where it has one, or where nobody can tell."""
    finding = broker.find(record.order, _sent_since(record, room.epoch))
    absent_for = room.absences.note(record.order.order_id, finding, clock.now())
    match finding:
        case Evidence() as evidence:
            reason = f"found at the broker ({evidence.found_in}) although the ledger had no trace"
            unknown = ledger.move(record, State.UNKNOWN, clock.now(), reason=reason, lease=room.lease)
            execution = evidence.execution
            return ledger.move(
                unknown, evidence.state, clock.now(), reason=reason, execution=execution, lease=room.lease
            )
        case Absent():
            return None if absent_for >= room.absence else record
        case CannotTell():
            # Where their target is gone nobody could ever tell, and repeating one of these doubles nothing.
            return None if record.order.action in (Action.CANCEL, Action.MODIFY) else record


def _attempts(record: OrderRecord, room: Room, ledger: Attempts, broker: Broker, clock: Clock) -> OrderRecord:
    """Each attempt looks at age, switch and limits anew, and is permitted by a transaction of its own."""
    reason = ""
    for _ in range(MAX_ATTEMPTS):
        too_old = expired(record, clock.now(), room.limits)
        if too_old is not None:
            return ledger.move(record, State.EXPIRED, clock.now(), reason=str(too_old), lease=room.lease)
        risk = _risk(record.order, ledger, broker)
        if risk is None:
            forbidden = _forbidden(record, room, ledger, clock.now(), reduces=True)
            return forbidden or _waiting(record, room, ledger, clock.now())
        held = _held_back(record, risk, room, ledger, broker, clock)
        if held is not None:
            return held
        begun = ledger.begin_attempt(record, room.lease, clock.now(), risk.reduces)
        if begun is None:
            return _stopped_by_switch(record, ledger.kill_switch(), room, ledger, clock.now(), risk.reduces)
        room.absences.forget(record.order.order_id)  # what was absent until now may be there from now on
        outcome = _submit(begun, room, ledger, broker, clock)
        if not isinstance(outcome, TryNewPrice):
            return _settle(begun, outcome, room.lease, ledger, clock.now())
        record, reason = begun, outcome.reason
        clock.sleep(LONG_BACK_OFF_S if outcome.retcode == TOO_MANY_REQUESTS else BACK_OFF_S)
    text = f"{reason}, {MAX_ATTEMPTS} times"
    return ledger.move(record, State.REJECTED, clock.now(), reason=text, lease=room.lease)


def _risk(order: Order, ledger: Attempts, broker: Broker) -> Risk | None:
    """What the order does to the risk; None where a MODIFY cannot be held against the book now."""
    if order.action is not Action.MODIFY:
        return Risk(reduces=not order.action.is_entry, entry=order if order.action.is_entry else None)
    try:
        return risk_of(order, _target(_by_ticket(order, ledger), broker))
    except SourceUnavailable:
        return None


def _by_ticket(order: Order, ledger: Attempts) -> Order:
    """The order with the ticket of the order that it names, where that one has one."""
    if order.target_order_id is None:
        return order
    return addressed(order, ledger.order(order.target_order_id)) or order


def _target(order: Order, broker: Broker) -> Position | PendingOrder | None:
    position = next((one for one in broker.positions() if one.ticket == order.mt5_ticket), None)
    return position or next((one for one in broker.pending() if one.ticket == order.mt5_ticket), None)


def _submit(begun: OrderRecord, room: Room, ledger: Attempts, broker: Broker, clock: Clock) -> Outcome:
    """What the broker said. At a terminal that must not be used nothing was sent, and the order waits for another."""
    try:
        return broker.submit(begun.order, _send_by(begun, room))
    except (WrongAccount, ServerClockMismatch) as error:
        ledger.move(begun, State.RECEIVED, clock.now(), reason=str(error), lease=room.lease)
        raise


def _held_back(
    record: OrderRecord, risk: Risk, room: Room, ledger: Attempts, broker: Broker, clock: Clock
) -> OrderRecord | None:
    """The record where it must not be sent now, moved or waiting; None where it may go."""
    try:
        refusal = _limits(record, risk, room, ledger, broker, clock)
    except (WrongAccount, ServerClockMismatch):
        forbidden = _forbidden(record, room, ledger, clock.now(), risk.reduces)
        if forbidden is None:
            raise
        return forbidden
    if refusal is False:
        return None  # the transaction that begins the attempt asks the switch
    forbidden = _forbidden(record, room, ledger, clock.now(), risk.reduces)
    return forbidden or _limited(record, refusal, room, ledger, clock.now())


def _limited(
    record: OrderRecord, refusal: Refusal | Literal[True], room: Room, ledger: Attempts, now: datetime
) -> OrderRecord:
    if isinstance(refusal, Refusal):
        return ledger.move(record, State.REFUSED, now, reason=str(refusal), lease=room.lease)
    return _waiting(record, room, ledger, now)


def _forbidden(
    record: OrderRecord, room: Room, ledger: Attempts, now: datetime, reduces: bool = False
) -> OrderRecord | None:
    """Stopped by the switch, which goes before limits: what it forbids must not wait until it is released."""
    switch = ledger.kill_switch()
    if switch.permits(record.order.action, reduces):
        return None
    return _stopped_by_switch(record, switch, room, ledger, now, reduces)


def _stopped_by_switch(
    record: OrderRecord, switch: KillSwitch, room: Room, ledger: Attempts, now: datetime, reduces: bool = False
) -> OrderRecord:
    """Refused by a switch that was read; where it could not be read, or is off by now, the order waits."""
    if not switch.known or switch.permits(record.order.action, reduces):
        return _waiting(record, room, ledger, now)
    text = f"KILL_SWITCH: {switch.mode} ({switch.reason or 'no reason given'}); see `axia kill-switch status`"
    if record.order.action is Action.MODIFY and switch.mode is Mode.REDUCE_ONLY:
        text += "; only a MODIFY that brings a position's stops nearer passes; CANCEL and CLOSE do"
    return ledger.move(record, State.REFUSED, now, reason=text, lease=room.lease)


def _waiting(record: OrderRecord, room: Room, ledger: Attempts, now: datetime) -> OrderRecord:
    """RECEIVED as it is, or again after an attempt that proved that nothing was done."""
    if record.state is State.RECEIVED:
        return record
    return ledger.move(record, State.RECEIVED, now, reason="it waits", lease=room.lease)


def _send_by(record: OrderRecord, room: Room) -> datetime:
    """Before the lease ends, and before the order does."""
    lease_ends = room.lease.expires_at - room.send_margin
    return min(lease_ends, sendable_until(record, room.limits) or lease_ends)


def _limits(
    record: OrderRecord, risk: Risk, room: Room, ledger: Attempts, broker: Broker, clock: Clock
) -> Refusal | bool:
    """A Refusal, True where the order must wait, False where it may go. Exits pass, one at a time per ticket.

    A MODIFY that raises risk is held to what an entry is held to, except that it adds no lots.
    """
    if risk.size is not None and risk.size.refusal is not None:
        return risk.size.refusal
    entry = risk.entry
    if _must_wait(entry or record.order, room, ledger):
        return True
    if entry is None:
        return False
    if (future := from_the_future(record, clock.now())) is not None:
        return future
    if entry.kind.is_pending and not is_open(clock.now()):
        return True  # the broker takes it once the market is open
    try:
        facts = _facts(entry, room, ledger, broker, clock.now())
    except SourceUnavailable:
        return True
    return check_entry(entry, facts, room.limits, adds_lots=record.order.action.is_entry) or False


def _must_wait(order: Order, room: Room, ledger: Attempts) -> bool:
    """Whether what became of another order must be known first; two that close may name one position differently."""
    others = [one.order for one in room.under_way if one.state is not State.PLACED]
    others = [one for one in others if one.order_id != order.order_id]
    if order.action is Action.CLOSE:
        closing = [_by_ticket(one, ledger) for one in others if one.action is Action.CLOSE]
        return bool(closing) and any(_by_ticket(order, ledger).waits_for(one) for one in closing)
    return any(order.waits_for(one) for one in others)


def _facts(order: Order, room: Room, ledger: Attempts, broker: Broker, now: datetime) -> Facts:
    standing = broker.standing(order.symbol)
    equity, at_day_start = _equity(room, ledger, standing.account, now)
    entries = tuple(other for other in room.under_way if other.order.action.is_entry)
    return Facts(
        now=now,
        market_open=is_open(now),
        quote=standing.quote,
        instrument=broker.instrument(order.symbol),
        exposures=len(standing.positions) + len(entries),
        entries_last_minute=room.entries_last_minute,
        positions=standing.positions,
        under_way=entries,
        alike=ledger.alike(order) if room.limits.duplicate_window else None,
        equity=equity,
        equity_at_day_start=at_day_start,
        equity_peak=room.equity_peak,
    )


def _equity(
    room: Room, ledger: Attempts, account: Account, now: datetime
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """Now and when the day was first seen; nothing where no limit looks at it."""
    if room.limits.max_daily_loss_percent is None and room.limits.max_drawdown_percent is None:
        return None, None
    return account.equity, ledger.note_day_equity(loss_day(now), account.login, account.equity)


def _settle(record: OrderRecord, outcome: Outcome, lease: Lease, ledger: Attempts, now: datetime) -> OrderRecord:
    state, reason, execution = _ending(record, outcome)
    return ledger.move(record, state, now, reason=reason, execution=execution, lease=lease)


def _ending(record: OrderRecord, outcome: Outcome) -> tuple[State, str, Execution | None]:
    match outcome:
        case Settled(state=state, execution=execution, reason=reason):
            return state, reason, execution
        case Unknown(reason=reason, execution=execution):
            return State.UNKNOWN, reason, execution
        case NotSent(reason=reason, can_wait=can_wait):
            return State.RECEIVED if can_wait else State.REFUSED, reason, None
        case MarketClosed(retcode=retcode, reason=reason):
            waits = record.order.kind.is_pending
            return State.RECEIVED if waits else State.REJECTED, reason, Execution(retcode=retcode)
        case TryNewPrice(retcode=retcode, reason=reason):
            return State.REJECTED, reason, Execution(retcode=retcode)
