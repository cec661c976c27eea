"""Reconcile one order with the broker: close what is not known by evidence, and only by evidence."""

from __future__ import annotations

from datetime import timedelta

from axia_core.domain.absence import Absences
from axia_core.domain.broker import Absent, CannotTell, Evidence
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action
from axia_core.ports import Broker, Clock, OrderLedger


def mark_unknown(record: OrderRecord, reason: str, *, ledger: OrderLedger, clock: Clock, lease: Lease) -> OrderRecord:
    """A SUBMITTING order whose sender is gone, or gave up on it: nobody knows whether it took effect."""
    return ledger.move(record, State.UNKNOWN, clock.now(), reason=reason, lease=lease)


def reconcile(
    record: OrderRecord,
    *,
    ledger: OrderLedger,
    broker: Broker,
    clock: Clock,
    lease: Lease,
    absences: Absences,
    absence: timedelta,
) -> OrderRecord:
    """An UNKNOWN or PLACED order after asking the broker; unchanged while the broker's word proves nothing.

    No trace counts only after an unbroken stretch of looks that lasts for *absence*, because history arrives late.
    """
    finding = broker.find(record.order, record.known_since)
    absent_for = absences.note(record.order.order_id, finding, clock.now())
    match finding:
        case Evidence() as evidence if not _tells_more(evidence, record):
            return record
        case Evidence() as evidence:
            reason = f"found at the broker in {evidence.found_in}"
            execution = evidence.execution
            return ledger.move(record, evidence.state, clock.now(), reason=reason, execution=execution, lease=lease)
        case Absent() if absent_for >= absence:
            return _absent(record, absent_for, ledger, clock, lease)
        case Absent() | CannotTell():
            return record


def has_vanished(record: OrderRecord, absent_for: timedelta, absence: timedelta) -> bool:
    """Whether the broker had acknowledged it and has shown no trace of it for *absence*: the two disagree.

    Not of a CANCEL or MODIFY, whose absence says that they had no effect, and nothing about the book.
    """
    sent = record.order.action.is_entry or record.order.action is Action.CLOSE
    acknowledged = record.state is State.UNKNOWN and record.execution.ticket is not None
    return sent and acknowledged and absent_for >= absence


def _tells_more(evidence: Evidence, record: OrderRecord) -> bool:
    """Another state, or of a PLACED order its ticket or a part that was filled meanwhile."""
    said, known = evidence.execution, record.execution
    return evidence.state is not record.state or (said.ticket, said.lots) != (known.ticket, known.lots)


def _absent(record: OrderRecord, absent_for: timedelta, ledger: OrderLedger, clock: Clock, lease: Lease) -> OrderRecord:
    """Never executed, if the broker never acknowledged it; what it did acknowledge cannot just be gone."""
    text = f"the broker has shown no trace of it for {absent_for.total_seconds():.0f} s"
    if record.state is State.PLACED:
        reason = f"{text}, although it had accepted it as {record.execution.ticket}; look at the terminal"
        return ledger.move(record, State.UNKNOWN, clock.now(), reason=reason, lease=lease)
    if record.execution.ticket is not None:
        return record
    return ledger.move(record, State.REJECTED, clock.now(), reason=f"{text}; it was not executed", lease=lease)
