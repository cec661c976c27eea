"""A desk's world that survives the desk: ports that can kill it at every boundary, and a broker that keeps books.

The boundaries are not listed anywhere: every method of every port is one, before and after its effect.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.broker import Absent, Evidence, Finding
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Order
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome, Settled, TryNewPrice, Unknown
from axia_core.errors import AxiaError, NotRunning
from axia_core.settings import Settings
from benchmarks.instrumented import Instrumented

WEDNESDAY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LEASE_IS_OVER = timedelta(seconds=11)
# Once: reading the environment takes longer than a world lasts.
RULES = DeskRules.of(Settings(absence_s=5.0))
HAS_EFFECT = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.PLACED, State.DONE})


class Killed(BaseException):
    """kill -9: nothing in the product may catch it."""


@dataclass(frozen=True)
class Answer:
    """What the broker answers to one submit, and what it really did."""

    name: str
    outcome: Callable[[Order], Outcome]
    effect: State | None


def settled(state: State) -> Callable[[Order], Outcome]:
    return lambda order: Settled(state=state, execution=Execution(ticket=1, lots=order.lots, price=Decimal(150)))


def said(outcome: Outcome) -> Callable[[Order], Outcome]:
    return lambda _: outcome


ANSWERS = (
    Answer("done", settled(State.FILLED), State.FILLED),
    Answer("partial", settled(State.PARTIALLY_FILLED), State.PARTIALLY_FILLED),
    Answer("placed", settled(State.PLACED), State.PLACED),
    Answer("rejected", said(Settled(state=State.REJECTED, reason="no money")), None),
    Answer("new price", said(TryNewPrice(10004, "requote")), None),
    Answer("market closed", said(MarketClosed(10018, "closed")), None),
    Answer("not sent", said(NotSent("the terminal is away")), None),
    Answer("cannot be built", said(NotSent("bad volume", can_wait=False)), None),
    Answer("unknown, done", said(Unknown("no answer")), State.FILLED),
    Answer("unknown, not done", said(Unknown("no answer")), None),
)


@dataclass
class BookBroker(MemoryBroker):
    """Answers as told, once, and then fills; remembers by magic what really took effect, however often."""

    answers: list[Answer] = field(default_factory=list)
    effects: dict[int, list[State]] = field(default_factory=dict)
    halted: Callable[[], bool] = lambda: False
    sent_under_halt: list[str] = field(default_factory=list)

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        answer = self.answers.pop(0) if self.answers else ANSWERS[0]
        self.submitted.append(order)
        if order.action.is_entry and self.halted():
            self.sent_under_halt.append(order.order_id)
        if answer.effect is not None:
            self.effects.setdefault(order.magic, []).append(answer.effect)
        return answer.outcome(order)

    def find(self, order: Order, since: datetime) -> Finding:
        effects = self.effects.get(order.magic)
        if not effects:
            return Absent()
        return Evidence(state=effects[0], execution=Execution(ticket=1, lots=order.lots), found_in="deals")


@dataclass
class CrashWorld:
    """Queue, ledger and broker that outlive the desks that work on them."""

    clock: SteppedClock = field(default_factory=lambda: SteppedClock(WEDNESDAY))
    rules: DeskRules = RULES
    passed: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    may_be_forgotten: set[str] = field(default_factory=set)
    kill_at: int | None = None
    _desks: int = 0

    def __post_init__(self) -> None:
        self.queue = MemoryOrderQueue(self.clock, max_receives=10)
        self.ledger = MemoryOrderLedger(KillSwitch(active=False, version=1))
        self.broker = BookBroker(self.clock, halted=lambda: self.ledger.kill_switch().active)
        self.events = MemoryEvents()

    def send(self, order_id: str, **changes: Any) -> None:
        """Puts one order message into the queue."""
        body = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1}
        self.sent.add(order_id)
        self.queue.send(json.dumps(body | {"order_id": order_id} | changes))

    def run_desk(self, seconds: float, kill_at: int | None = None) -> bool:
        """Opens a desk for a while, killing it at its boundary number *kill_at*; whether it was killed."""
        self._desks += 1
        self.passed.clear()
        self.kill_at = kill_at
        ends = self.clock.now() + timedelta(seconds=seconds)
        try:
            for _ in self._desk(f"desk-{self._desks}").run(lambda: self.clock.now() >= ends):
                pass
        except Killed:
            return True
        except NotRunning:
            self.clock.sleep(1)
        except AxiaError:
            return True  # it ended by an error of its own: the next desk goes on, as after a death
        return False

    def remember(self) -> Any:
        """A copy of queue and ledger, as a save of the emulator or a backup keeps one."""
        return copy.deepcopy((self.queue, self.ledger), {id(self.clock): self.clock})

    def rewind(self, saved: Any, boot_id: str) -> None:
        """Queue and ledger go back to a copy and begin a new epoch; the broker does not forget."""
        self.queue, self.ledger = copy.deepcopy(saved, {id(self.clock): self.clock})
        self.ledger.begin_epoch(boot_id, self.clock.now())
        self.may_be_forgotten |= self.sent

    def leave_alone(self) -> None:
        """Time passes, desks open as the sensor opens them, and nothing else goes wrong.

        Until there is nothing left for a desk, and for longer where orders wait for one another, each of which is
        searched for in its turn.
        """
        for turn in range(12):
            left = self.ledger.open_orders()
            if turn >= 1 and not left and self._queue_is_empty():
                break
            if turn >= 3 and all(record.state is State.PLACED for record in left):
                break
            self.clock.step(LEASE_IS_OVER)
            self.run_desk(12)

    def _queue_is_empty(self) -> bool:
        depth = self.queue.depth()
        return depth.waiting == depth.in_flight == 0

    def violations(self) -> Iterator[str]:
        """What must never be, however the desks died."""
        yield from (f"{order_id} was sent under HALT" for order_id in self.broker.sent_under_halt)
        yield from (text for kind, _, text in self.events.published if kind == "order_fault")
        for order_id in sorted(self.sent):
            record = self.ledger.order(order_id)
            if record is None:
                if order_id not in self.may_be_forgotten:
                    yield f"{order_id} is lost"
                continue
            effects = self.broker.effects.get(record.order.magic, [])
            if len(effects) > 1:
                yield f"{order_id} took effect {len(effects)} times"
            if record.state in (State.RECEIVED, State.SUBMITTING, State.UNKNOWN):
                yield f"{order_id} is left {record.state}"
            if bool(effects) != (record.state in HAS_EFFECT):
                yield f"{order_id} is {record.state}, the broker did {effects}"

    def _desk(self, owner: str) -> Desk:
        return Desk(
            queue=Instrumented("queue", self.queue, self._pass),  # type: ignore[arg-type]
            ledger=Instrumented("ledger", self.ledger, self._pass),  # type: ignore[arg-type]
            broker=Instrumented("broker", self.broker, self._pass),  # type: ignore[arg-type]
            events=Instrumented("events", self.events, self._pass),  # type: ignore[arg-type]
            clock=self.clock,
            rules=self.rules,
            owner=owner,
        )

    def _pass(self, boundary: str) -> None:
        self.passed.append(boundary)
        if self.kill_at is not None and len(self.passed) > self.kill_at:
            raise Killed(boundary)
