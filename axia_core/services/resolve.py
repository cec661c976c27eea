"""Resolve one UNKNOWN order by a person's word, where the evidence will never come: what reconciling leaves.

The word is held against the broker first: it may say what nobody can see any more, never what the broker contradicts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from axia_core.domain.broker import CannotTell, Evidence, Finding
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Action
from axia_core.errors import InvalidInput
from axia_core.ports import Broker, Clock, OrderLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says that became of an order, who says it and why."""

    state: State
    reason: str
    who: str


def check_word(record: OrderRecord, word: Word) -> None:
    """Raises InvalidInput where nobody may say this of the order, whatever the broker shows."""
    if not word.reason.strip():
        rule = "a person's word needs a reason"
        raise InvalidInput(
            "--reason", word.reason, rule, 'Example: --reason "the broker\'s portal shows no such order".'
        )
    if record.state is not State.UNKNOWN:
        rule = f"order {record.order.order_id} is {record.state}, and only an UNKNOWN one is resolved by hand"
        raise InvalidInput("order_id", record.order.order_id, rule, "See `axia order show`.")
    allowed = (State.REJECTED, State.FILLED if record.order.action.is_entry else State.DONE)
    if word.state not in allowed:
        rule = f"of a {record.order.action} it can be said that it is {' or '.join(allowed)}"
        raise InvalidInput("--as", word.state, rule, "Choose one of them.")


def resolve(
    record: OrderRecord,
    word: Word,
    *,
    ledger: OrderLedger,
    broker: Broker,
    clock: Clock,
    lease: Lease,
    absence: timedelta,
) -> OrderRecord:
    """The order as the person says; what is about to be written stands in the audit before, and what came of it after.

    Raises InvalidInput where the broker says otherwise, or may still; StoreUnavailable, VersionConflict, LeaseLost.
    """
    check_word(record, word)
    finding = broker.find(record.order, record.known_since)
    _require_no_contradiction(record, word, finding)
    if clock.now() - record.updated_at < absence:
        rule = f"it is UNKNOWN for less than {absence.total_seconds():.0f} s, and the broker's history arrives late"
        raise InvalidInput("order_id", record.order.order_id, rule, "Wait for the desk's own search, then try again.")
    what = f"order {record.order.order_id} resolved as {word.state} by hand"
    ledger.note_audit(AuditLine(at=clock.now(), who=word.who, what=what, outcome=f"about to be written: {word.reason}"))
    moved = ledger.move(
        record,
        word.state,
        clock.now(),
        reason=f"{word.who} resolved it by hand: {word.reason}",
        execution=_execution(record, word, finding),
        lease=lease,
    )
    ledger.note_audit(AuditLine(at=clock.now(), who=word.who, what=what, outcome=word.reason))
    return moved


def _require_no_contradiction(record: OrderRecord, word: Word, finding: Finding) -> None:
    """CANCEL and MODIFY whose target is gone can never be told by the broker; of all others it must be able to."""
    order_id = record.order.order_id
    match finding:
        case Evidence(state=state, found_in=place) if state is not word.state:
            rule = f"the broker shows order {order_id} as {state} in its {place}"
            raise InvalidInput("--as", word.state, rule, "Leave it to the desk, which closes it by that evidence.")
        case CannotTell(reason=reason) if record.order.action not in (Action.CANCEL, Action.MODIFY):
            rule = f"the broker cannot tell now of order {order_id}: {reason}"
            raise InvalidInput("--as", word.state, rule, "Try again when the terminal is connected and ticks come in.")


def _execution(record: OrderRecord, word: Word, finding: Finding) -> Execution:
    """What the broker had said; of a fill that nobody can see any more, the lots that were asked for."""
    if isinstance(finding, Evidence):
        return finding.execution
    known = record.execution
    filled = word.state is State.FILLED and known.lots is None
    return replace(known, lots=record.order.lots) if filled else known
