"""Take a restored ledger into use: nothing is sent before the broker was asked about all that it has forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.messages import Epoch
from axia_core.errors import InvalidInput, VersionConflict
from axia_core.ports import Clock, OrderLedger

SEARCHED_BACK = timedelta(days=60)  # how far a broker's history is searched for an order
TRIES = 10


def restored(to: datetime, who: str, *, ledger: OrderLedger, clock: Clock) -> Epoch:
    """Throws the switch and begins an epoch that is searched from *to* on; safe to repeat after a death in between.

    HALT first: the switch of *to* may have been off, and what changed it since is forgotten. Raises InvalidInput,
    StoreUnavailable, VersionConflict.
    """
    now = clock.now()
    if not now - SEARCHED_BACK <= to <= now:
        rule = f"a restore goes to a moment in the last {SEARCHED_BACK.days} days, which is how far orders are searched"
        raise InvalidInput("--to", to.isoformat(), rule, "Give the time that the restore was asked for.")
    _halt(f"the ledger was restored to its state of {to.isoformat()}", who, ledger, now)
    ledger.begin_epoch(f"restored to {to.isoformat()} at {now.isoformat()}", now, to)
    return Epoch(boot_id=f"restored to {to.isoformat()} at {now.isoformat()}", since=now, restored_to=to)


def _halt(reason: str, who: str, ledger: OrderLedger, now: datetime) -> None:
    for _ in range(TRIES):
        try:
            ledger.set_kill_switch(KillSwitch(active=True, reason=reason, who=who), ledger.kill_switch().version, now)
        except VersionConflict:
            continue
        return
    raise VersionConflict("the kill switch changes faster than it can be written; try again at once")
