"""Reconcile one order with the broker: close what is not known by evidence, and only by evidence."""

from __future__ import annotations

from datetime import datetime, timedelta

from axia_core.domain.broker import Absent, CannotTell, Evidence
from axia_core.domain.order_states import OrderRecord, State
from axia_core.ports import Broker, Clock, OrderLedger


def mark_unknown(record: OrderRecord, *, ledger: OrderLedger, clock: Clock) -> OrderRecord:
    """A SUBMITTING order whose sender is gone: nobody knows whether it took effect."""
    return ledger.move(record, State.UNKNOWN, clock.now(), reason="the desk that was sending it ended in mid-attempt")


def reconcile(
    record: OrderRecord,
    *,
    ledger: OrderLedger,
    broker: Broker,
    clock: Clock,
    absence: timedelta,
    connected_at: datetime,
) -> OrderRecord:
    """An UNKNOWN or PLACED order after asking the broker; unchanged while the broker's word proves nothing.

    No trace counts only when it has lasted for *absence* since the order became UNKNOWN and since the terminal was
    connected, because history arrives late.
    """
    match broker.find(record.order, record.received_at):
        case Evidence() as evidence:
            return _adopt(record, evidence, ledger, clock)
        case Absent():
            return _absent(record, ledger, clock, absence, connected_at)
        case CannotTell():
            return record


def _adopt(record: OrderRecord, evidence: Evidence, ledger: OrderLedger, clock: Clock) -> OrderRecord:
    if evidence.state is record.state:
        return record
    reason = f"found at the broker in {evidence.found_in}"
    return ledger.move(record, evidence.state, clock.now(), reason=reason, execution=evidence.execution)


def _absent(
    record: OrderRecord, ledger: OrderLedger, clock: Clock, absence: timedelta, connected_at: datetime
) -> OrderRecord:
    now = clock.now()
    quiet = now - max(record.updated_at, connected_at)
    if record.state is not State.UNKNOWN or quiet < absence:
        return record
    reason = f"the broker has shown no trace of it for {quiet.total_seconds():.0f} s; it was not executed"
    return ledger.move(record, State.REJECTED, now, reason=reason)
