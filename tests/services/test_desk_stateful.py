"""Any sequence of orders, deaths, answers, switches, waits and rewinds: the broker's books and the ledger agree."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from tests.crashing import ANSWERS, LEASE_IS_OVER, CrashWorld
from tests.services.test_flatten import pending, position

ENTRIES = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(DEFAULT_SYMBOLS[:3]),
        "order_action": st.sampled_from(["BUY", "SELL"]),
        "order_type": st.sampled_from(["MARKET", "LIMIT", "STOP"]),
        "lot_size": st.sampled_from([0.01, 0.1, 1.0, 1.01]),
    }
).map(lambda fields: fields if fields["order_type"] == "MARKET" else fields | {"entry_price": 149.0})
EXITS = st.fixed_dictionaries(
    {
        "order_action": st.sampled_from(["CLOSE", "CANCEL"]),
        "mt5_ticket": st.integers(1, 5),
    }
)
MODIFIES = st.fixed_dictionaries(
    {
        "order_action": st.just("MODIFY"),
        "mt5_ticket": st.integers(7, 9),  # a position, a pending order, nothing
        "lot_size": st.sampled_from([None, 0.1, 0.2]),
        "sl_price": st.sampled_from([147.0, 149.0]),
    }
)
HELD = replace(position(7), stop_loss=Decimal(148), take_profit=Decimal(152))
WAITING = replace(pending(8), price=Decimal(150))
BROKEN = st.sampled_from([{"lot_size": -1}, {"symbol": "NOPE"}, {"order_type": "LIMIT"}, {"surprise": 1}])


class Desks(RuleBasedStateMachine):
    """Drives one world; what must never be is looked at whenever things have come to rest."""

    def __init__(self) -> None:
        super().__init__()
        self.world = CrashWorld()
        self.world.broker.open_positions, self.world.broker.pending_orders = [HELD], [WAITING]
        self.bodies: dict[str, dict[str, Any]] = {}
        self.saved: Any = None
        self.rewinds = 0

    @initialize()
    def begin(self) -> None:
        self.saved = self.world.remember()

    @rule(fields=ENTRIES | EXITS | MODIFIES)
    def send(self, fields: dict[str, Any]) -> None:
        order_id = f"order-{len(self.bodies)}"
        self.bodies[order_id] = fields
        self.world.send(order_id, **fields)

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.bodies)))
        self.world.send(order_id, **self.bodies[order_id])

    @rule(fields=BROKEN)
    def send_malformed(self, fields: dict[str, Any]) -> None:
        self.world.send("malformed", **fields)
        self.world.sent.discard("malformed")

    @rule(answer=st.sampled_from(ANSWERS))
    def broker_will_answer(self, answer: Any) -> None:
        self.world.broker.answers.append(answer)

    @rule(seconds=st.floats(0.5, 200))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    @rule(seconds=st.integers(1, 15), kill_at=st.none() | st.integers(0, 60))
    def desk_works(self, seconds: int, kill_at: int | None) -> None:
        if self.world.run_desk(seconds, kill_at):
            self.world.clock.step(LEASE_IS_OVER)

    @rule(mode=st.sampled_from(Mode))
    def switch_is_thrown(self, mode: Mode) -> None:
        version = self.world.ledger.kill_switch().version
        self.world.ledger.set_kill_switch(KillSwitch(active=True, mode=mode), version, self.world.clock.now())

    @rule()
    def switch_is_released(self) -> None:
        version = self.world.ledger.kill_switch().version
        self.world.ledger.set_kill_switch(KillSwitch(active=False), version, self.world.clock.now())

    @rule()
    def state_is_saved(self) -> None:
        self.saved = self.world.remember()

    @rule()
    def state_is_rewound(self) -> None:
        self.rewinds += 1
        self.world.rewind(self.saved, f"boot-{self.rewinds}")

    def teardown(self) -> None:
        self.world.leave_alone()
        assert list(self.world.violations()) == []


TestDesks = Desks.TestCase
TestDesks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
