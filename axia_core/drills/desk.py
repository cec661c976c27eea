"""A desk of a drill: it works a scratch queue and ledger by a broker of the drill's until one order has ended."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from axia_core.adapters.memory import MemoryEvents
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.symbols import Symbol
from axia_core.errors import NotRunning, SourceUnavailable
from axia_core.ports import Broker, Clock, OrderLedger, OrderQueue
from axia_core.services.send import send
from axia_core.settings import Settings

WITHIN = timedelta(seconds=110)  # a market order expires after two minutes
STOP_PIPS = 30
LOTS = Decimal("0.01")
LOOK_AGAIN_S = 0.25


@dataclass(frozen=True)
class ScratchDesk:
    """What the desk works with; *settings* are those of the rebuilt host. Its events page nobody."""

    settings: Settings
    queue: OrderQueue
    ledger: OrderLedger
    broker: Broker
    clock: Clock
    owner: str

    def smoke(self, order_id: str, symbol: str, lots: Decimal = LOTS) -> OrderRecord | None:
        """One small order with a stop, from the queue to its end; as it stands, where it has not ended in time.

        None where it never arrived. Raises what a desk raises.
        """
        message = self._message(order_id, symbol, lots)
        send(message, queue=self.queue, clock=self.clock, symbols=self.settings.symbols)
        ends_at = self.clock.now() + WITHIN
        while self.clock.now() < ends_at:
            record = self._worked(order_id)
            if record is not None and record.state.is_final:
                return record
            self.clock.sleep(LOOK_AGAIN_S)
        return self.ledger.order(order_id)

    def _worked(self, order_id: str) -> OrderRecord | None:
        """The order after a desk was open for it; a lease that was restored with the ledger has to run out first."""
        ends_at = self.clock.now() + WITHIN
        try:
            with closing(self._desk().run(lambda: self.clock.now() >= ends_at)) as shown:  # type: ignore[type-var]
                for record in shown:
                    if record.order.order_id == order_id:
                        return record
        except NotRunning:
            return None
        return self.ledger.order(order_id)

    def _desk(self) -> Desk:
        """A smoke order may look like one that production has just traded: nobody clicked twice."""
        settings = self.settings.model_copy(update={"duplicate_window_s": 0.0})
        return Desk(
            queue=self.queue,
            ledger=self.ledger,
            broker=self.broker,
            events=MemoryEvents(),
            clock=self.clock,
            rules=DeskRules.of(settings),
            owner=self.owner,
        )

    def _message(self, order_id: str, symbol: str, lots: Decimal) -> dict[str, Any]:
        stop = self.broker.quote(symbol).bid - STOP_PIPS * Symbol(symbol).pip
        return {
            "order_id": order_id,
            "symbol": symbol,
            "order_action": "BUY",
            "order_type": "MARKET",
            "lot_size": lots,
            "sl_price": stop,
            "comment": "recovery drill",
        }


def free_symbol(settings: Settings, ledger: OrderLedger) -> str:
    """A pair of which no order is open: entries wait for those. Raises SourceUnavailable where there is none."""
    taken = {record.order.symbol for record in ledger.open_orders()}
    free = [symbol for symbol in settings.symbols if symbol not in taken]
    if not free:
        raise SourceUnavailable("an order of every pair is open, and a smoke order would wait for it")
    return "USDJPY" if "USDJPY" in free else free[0]
