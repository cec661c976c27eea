"""Execute one received order: refuse it, let it wait, or send it at most once per permission of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from axia_core.domain.broker import Absent, CannotTell, Evidence
from axia_core.domain.limits import Facts, Limits, Refusal, check_entry, expired, from_the_future
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled, TryNewPrice, Unknown
from axia_core.domain.sessions import is_open
from axia_core.errors import SourceUnavailable
from axia_core.ports import Broker, Clock, OrderLedger

MAX_ATTEMPTS = 3
# After a rewind or a restore a client may send again what the ledger has forgotten, with a new time in it: so every
# entry is looked for, not only those that look old. Nobody repeats an order a day later and means the same one.
GUARDED_AFTER_REWIND = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the desk knows around one order: its lease and limits, and what else is under way."""

    lease: Lease
    limits: Limits
    send_margin: timedelta
    absence: timedelta
    connected_at: datetime
    under_way: tuple[OrderRecord, ...] = ()  # SUBMITTING, UNKNOWN and PLACED orders
    entries_last_minute: int = 0


def execute(record: OrderRecord, room: Room, *, ledger: OrderLedger, broker: Broker, clock: Clock) -> OrderRecord:
    """The order's record after this try; still RECEIVED where it must wait (its age limit ends the wait).

    Raises StoreUnavailable, LeaseLost and VersionConflict; whatever was sent before is then SUBMITTING in the ledger,
    and reconciliation finds out.
    """
    if record.state is not State.RECEIVED:
        return record
    if _may_be_at_broker(record, ledger):
        # Before anything else: an order that took effect must not be called EXPIRED or REFUSED.
        found = _look_before_first_send(record, room, ledger, broker, clock)
        if found is not None:
            return found
    refused = _refuse_early(record, room, ledger, clock)
    if refused is not None:
        return refused
    refusal = _limits(record, room, broker, clock)
    if isinstance(refusal, Refusal):
        return ledger.move(record, State.REFUSED, clock.now(), reason=str(refusal))
    return record if refusal else _attempt(record, room, ledger, broker, clock)


def _refuse_early(record: OrderRecord, room: Room, ledger: OrderLedger, clock: Clock) -> OrderRecord | None:
    now = clock.now()
    too_old = expired(record, now, room.limits)
    if too_old is not None:
        return ledger.move(record, State.EXPIRED, now, reason=str(too_old))
    future = from_the_future(record, now)
    if future is not None:
        return ledger.move(record, State.REFUSED, now, reason=str(future))
    return None if ledger.kill_switch().permits(record.order.action) else _refuse_by_switch(record, ledger, now)


def _refuse_by_switch(record: OrderRecord, ledger: OrderLedger, now: datetime) -> OrderRecord:
    switch = ledger.kill_switch()
    text = f"KILL_SWITCH: {switch.mode} ({switch.reason or 'no reason given'}); see `axia kill-switch status`"
    return ledger.move(record, State.REFUSED, now, reason=text)


def _may_be_at_broker(record: OrderRecord, ledger: OrderLedger) -> bool:
    """Whether the ledger was rewound or restored so recently that the order may have been executed without a trace."""
    epoch = ledger.epoch()
    return epoch is not None and record.known_since < epoch.since + GUARDED_AFTER_REWIND


def _look_before_first_send(
    record: OrderRecord, room: Room, ledger: OrderLedger, broker: Broker, clock: Clock
) -> OrderRecord | None:
    """None once it is certain that the broker has no trace; the record where it has one, or where nobody can tell."""
    match broker.find(record.order, record.known_since):
        case Evidence() as evidence:
            reason = f"found at the broker ({evidence.found_in}) although the ledger had no trace"
            unknown = ledger.move(record, State.UNKNOWN, clock.now(), reason=reason)
            return ledger.move(unknown, evidence.state, clock.now(), reason=reason, execution=evidence.execution)
        case Absent():
            return None if clock.now() - room.connected_at >= room.absence else record
        case CannotTell():
            return record


def _limits(record: OrderRecord, room: Room, broker: Broker, clock: Clock) -> Refusal | bool:
    """A Refusal, True where the order must wait, False where it may go. Exits pass."""
    order = record.order
    if not order.action.is_entry:
        return False
    if any(other.state is not State.PLACED and other.order.symbol == order.symbol for other in room.under_way):
        return True  # what happened to another order on this symbol is not known yet
    try:
        facts = _facts(record, room, broker, clock)
    except SourceUnavailable:
        return True
    return check_entry(order, facts, room.limits) or False


def _facts(record: OrderRecord, room: Room, broker: Broker, clock: Clock) -> Facts:
    symbol = record.order.symbol
    counted = [other for other in room.under_way if other.order.action.is_entry]
    now = clock.now()
    return Facts(
        now=now,
        market_open=is_open(now),
        quote=broker.quote(symbol),
        instrument=broker.instrument(symbol),
        exposures=len(broker.positions()) + len(counted),
        entries_last_minute=room.entries_last_minute,
    )


def _attempt(record: OrderRecord, room: Room, ledger: OrderLedger, broker: Broker, clock: Clock) -> OrderRecord:
    """Each attempt is permitted by a transaction of its own, which rechecks switch, lease and version."""
    for _ in range(MAX_ATTEMPTS):
        begun = ledger.begin_attempt(record, room.lease, clock.now())
        if begun is None:
            return _refuse_by_switch(record, ledger, clock.now())
        outcome = broker.submit(begun.order, room.lease.expires_at - room.send_margin)
        if not isinstance(outcome, TryNewPrice) or expired(begun, clock.now(), room.limits):
            return _settle(begun, outcome, ledger, clock.now())
        record = begun
    return ledger.move(record, State.REJECTED, clock.now(), reason=f"{outcome.reason}, {MAX_ATTEMPTS} times")


def _settle(record: OrderRecord, outcome: Outcome, ledger: OrderLedger, now: datetime) -> OrderRecord:
    match outcome:
        case Settled(state=state, execution=execution, reason=reason):
            return ledger.move(record, state, now, reason=reason, execution=execution)
        case Unknown(reason=reason):
            return ledger.move(record, State.UNKNOWN, now, reason=reason)
        case NotSent(reason=reason, can_wait=can_wait):
            return ledger.move(record, State.RECEIVED if can_wait else State.REFUSED, now, reason=reason)
        case MarketClosed(retcode=retcode, reason=reason):
            waits = record.order.kind.is_pending
            state = State.RECEIVED if waits else State.REJECTED
            return ledger.move(record, state, now, reason=reason, execution=Execution(retcode=retcode))
        case TryNewPrice(retcode=retcode, reason=reason):
            return ledger.move(record, State.REJECTED, now, reason=reason, execution=Execution(retcode=retcode))
