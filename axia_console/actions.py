"""What a page does to the world: send an order message, throw and release the switch. Each is audited with who did it.

The audit is written first: what cannot be audited is not done, except stopping, which audits itself in the ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from axia_console.tickets import Claim, Tickets
from axia_core.domain.kill_switch import AuditLine, KillSwitch, Mode
from axia_core.domain.orders import Order, parse_order
from axia_core.errors import AxiaError, InvalidInput, VersionConflict
from axia_core.ports import Clock, OrderLedger, OrderQueue
from axia_core.services.send import completed, send

STOPPING_TRIES = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """The order is in the queue, by this call or by one before it."""

    order_id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class OtherContent:
    """Nothing was sent: the ticket's id was sent with other content, in another tab perhaps."""

    order_id: str


def order_of(message: dict[str, Any], clock: Clock, symbols: tuple[str, ...]) -> tuple[Order, str]:
    """The order in a message and its body as it would be sent now; raises InvalidOrder."""
    body = json.dumps(completed(message, clock.now()), default=float)
    return parse_order(body, "not-sent-yet", symbols), body


def send_once(
    message: dict[str, Any],
    who: str,
    *,
    tickets: Tickets,
    ledger: OrderLedger,
    queue: OrderQueue,
    clock: Clock,
    symbols: tuple[str, ...],
) -> Sent | OtherContent:
    """Sends the message unless its id has been sent before. Raises InvalidOrder, StoreUnavailable.

    Where it raises after the claim, the same may be sent once more under the same id, which orders once all the same.
    """
    order, _ = order_of(message, clock, symbols)
    claim = tickets.claim(order.order_id, order.content_hash())
    if claim is not Claim.YOURS:
        return Sent(order.order_id, repeated=True) if claim is Claim.SENT else OtherContent(order.order_id)
    try:
        known = ledger.order(order.order_id)  # sent before this console was started again
        if known is not None:
            same = known.order.content_hash() == order.content_hash()
            return Sent(order.order_id, repeated=True) if same else OtherContent(order.order_id)
        ledger.note_audit(AuditLine(at=clock.now(), who=who, what=f"console: {_words(order)}", outcome="sending"))
        send(message, queue=queue, clock=clock, symbols=symbols)
    except AxiaError:
        tickets.mark_failed(order.order_id)
        raise
    return Sent(order.order_id)


def throw(mode: Mode, reason: str, who: str, *, ledger: OrderLedger, clock: Clock) -> KillSwitch:
    """Stops trading; it wins over whoever changes the switch meanwhile. Raises StoreUnavailable, VersionConflict.

    The pending orders at the broker, which would fill, are left to the desk: a page calls no broker.
    """
    why = reason.strip() or "thrown in the console"
    wanted = KillSwitch(active=True, mode=mode, reason=why, who=who, cancel_pending=True)
    for _ in range(STOPPING_TRIES):
        try:
            return ledger.set_kill_switch(wanted, ledger.kill_switch().version, clock.now())
        except VersionConflict:
            continue
    raise VersionConflict("the kill switch changes faster than it can be written; try again at once")


def release(reason: str, who: str, seen: KillSwitch, *, ledger: OrderLedger, clock: Clock) -> KillSwitch:
    """Lets trading go on, if the switch is still as it was *seen*. Raises InvalidInput, VersionConflict."""
    if not reason.strip():
        raise InvalidInput("reason", reason, "a release needs a reason", "Write why it is safe to trade again.")
    if not seen.known:
        rule = "the switch cannot be read, so nobody can have judged it"
        raise InvalidInput("kill switch", "unknown", rule, "See the runbook: Stop trading.")
    wanted = KillSwitch(active=False, reason=reason.strip(), who=who)
    return ledger.set_kill_switch(wanted, seen.version, clock.now())


def _words(order: Order) -> str:
    what = [order.action.value, order.symbol, "" if order.lots is None else f"{order.lots:f} lots", order.kind.value]
    about = "" if order.mt5_ticket is None else f"ticket {order.mt5_ticket}"
    return " ".join(word for word in (*what, about, f"as {order.order_id}") if word)
