"""What follows once AXIA has thrown the switch by itself: its pending orders leave the broker, or they would fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from axia_core.domain.events import EventType, Severity
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.orders import Action
from axia_core.errors import AttemptInFlight
from axia_core.ports import Broker, Clock, Events, OrderLedger
from axia_core.services.flatten import Flattened, flatten

VERIFIED_WITHIN = timedelta(seconds=2)  # exits wait meanwhile


@dataclass
class Sweep:
    """Done once for each throw that a desk sees, so by the next one too where the first has died; twice is harmless.

    A switch that a person threw has been dealt with by that person, unless it was left to the desk. Only orders with a
    number of AXIA's are touched.
    """

    ledger: OrderLedger
    broker: Broker
    clock: Clock
    events: Events
    swept_version: int | None = None

    def is_due(self, switch: KillSwitch | None) -> bool:
        """Whether *switch* was thrown by AXIA, or leaves this to the desk, and this has not followed yet."""
        if switch is None or not switch.active or switch.version == self.swept_version:
            return False
        return switch.automatic or switch.cancel_pending

    def follow(self, switch: KillSwitch) -> None:
        """Cancels; what is left is told. Raises StoreUnavailable."""
        try:
            found = flatten(
                (Action.CANCEL,),
                switch.who,
                ledger=self.ledger,
                broker=self.broker,
                clock=self.clock,
                only_ours=True,
                verified_within=VERIFIED_WITHIN,
            )
        except AttemptInFlight:
            return  # with the next round
        self.swept_version = switch.version
        if found.steps or not found.is_complete:
            self._tell(found)

    def _tell(self, found: Flattened) -> None:
        left = ", ".join(str(one.ticket) for one in found.left) or found.unverified or "none"
        severity = Severity.WARNING if found.is_complete else Severity.CRITICAL
        text = f"pending orders were cancelled after the throw: {len(found.steps)} tried, left: {left}"
        self.events.publish(EventType.KILL_SWITCH, severity, "order_processor", text)
