"""Wait for what was being sent when the kill switch was thrown: at most one attempt, which is told by its name."""

from __future__ import annotations

from datetime import timedelta

from axia_core.domain.order_states import OrderRecord, State
from axia_core.ports import Clock, OrderLedger

ENDS_WITHIN = timedelta(seconds=15)  # a lease and a deadline: afterwards nothing can still be sent
INDEX_LAG_S = 0.5  # the ledger's list of open orders may lag behind by so much
LOOK_EVERY_S = 0.1


def await_attempts(*, ledger: OrderLedger, clock: Clock) -> tuple[OrderRecord, ...]:
    """The orders that are SUBMITTING now, as they stand once they have ended, or could not be sent any more.

    To be asked after the switch was written: from then on none is added. Raises StoreUnavailable.
    """
    deadline = clock.now() + ENDS_WITHIN
    found = _submitting(ledger)
    clock.sleep(INDEX_LAG_S)
    found |= _submitting(ledger)
    while True:
        ended = {order_id: ledger.order(order_id) or record for order_id, record in found.items()}
        sending = any(record.state is State.SUBMITTING for record in ended.values())
        if not sending or clock.now() >= deadline:
            return tuple(ended.values())
        clock.sleep(LOOK_EVERY_S)


def _submitting(ledger: OrderLedger) -> dict[str, OrderRecord]:
    return {one.order.order_id: one for one in ledger.open_orders() if one.state is State.SUBMITTING}
