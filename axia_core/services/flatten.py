"""Flatten the broker's book: cancel what is pending, close what is open, and prove what is left. For emergencies.

It goes neither through the queue nor through the desk, and is audited line by line instead: what it is about to do is
durable before it is sent, and what came of it after. Each ticket is tried at most once per call; whether it worked is
read from the book, never from the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order, is_ours
from axia_core.domain.outcomes import Outcome, Settled, Unknown
from axia_core.errors import AttemptInFlight, AxiaError, InvalidInput
from axia_core.ports import Broker, Clock, OrderLedger

QUIET_WITHIN = timedelta(seconds=20)  # a lease and a deadline: afterwards nothing can still be sent
SENT_WITHIN = timedelta(seconds=15)  # an attempt that began longer ago has ended: a lease and a deadline
INDEX_LAG_S = 0.5  # the ledger's list of open orders may lag behind by so much
SEND_WITHIN = timedelta(seconds=5)
VERIFIED_WITHIN = timedelta(seconds=10)
LOOK_EVERY_S = 0.5

Target = PendingOrder | Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was tried with one ticket, and what the broker said; the book says whether it worked."""

    action: Action
    ticket: int
    symbol: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flattened:
    """What was tried, and what the book still holds of it; `unverified` says why the book could not be read."""

    steps: tuple[Step, ...]
    pending: tuple[PendingOrder, ...]
    positions: tuple[Position, ...]
    unverified: str
    unknown_orders: tuple[str, ...]

    @property
    def left(self) -> tuple[Target, ...]:
        """What the book still holds."""
        return (*self.pending, *self.positions)

    @property
    def is_complete(self) -> bool:
        """Whether the book was seen to hold nothing more of what was to go."""
        return not (self.left or self.unverified)


def flatten(
    actions: Sequence[Action],
    who: str,
    *,
    ledger: OrderLedger,
    broker: Broker,
    clock: Clock,
    only_ours: bool = False,
    verified_within: timedelta = VERIFIED_WITHIN,
) -> Flattened:
    """Cancels every pending order (CANCEL) and closes every position (CLOSE), whoever made them, and reads them back.

    With *only_ours* those alone that carry a number of AXIA's. CLOSE demands HALT: else the desk could close the same
    position at the same moment, which reverses it on a netting account. Raises InvalidInput, AttemptInFlight and
    StoreUnavailable before anything is sent, and nothing afterwards.
    """
    if Action.CLOSE in actions and not _is_halted(ledger):
        rule = "every position can be closed only under HALT, while the desk sends nothing"
        raise InvalidInput(
            "close-all", "the kill switch is not at HALT", rule, "Use `axia kill-switch on --close-all`."
        )
    _wait_until_quiet(ledger, clock)
    sweep = _Sweep(who, ledger, broker, clock, only_ours, verified_within)
    # Pending orders first: one that fills meanwhile is then a position that is still to be closed.
    left = {action: sweep.clear(action) for action in (Action.CANCEL, Action.CLOSE) if action in actions}
    return Flattened(
        steps=tuple(sweep.steps),
        pending=tuple(one for one in left.get(Action.CANCEL, ()) if isinstance(one, PendingOrder)),
        positions=tuple(one for one in left.get(Action.CLOSE, ()) if isinstance(one, Position)),
        unverified=sweep.unverified,
        unknown_orders=sweep.unknown_orders(),
    )


def _is_halted(ledger: OrderLedger) -> bool:
    return not ledger.kill_switch().permits(Action.CLOSE)


def _wait_until_quiet(ledger: OrderLedger, clock: Clock) -> None:
    """Until no desk is in the middle of a sending."""
    deadline = clock.now() + QUIET_WITHIN
    clock.sleep(INDEX_LAG_S)
    while sending := _sending(ledger, clock.now()):
        if clock.now() >= deadline:
            raise AttemptInFlight(f"{', '.join(sending)} is still being sent; nothing was done, try again at once")
        clock.sleep(LOOK_EVERY_S)


def _sending(ledger: OrderLedger, now: datetime) -> list[str]:
    """What a desk may still be sending: it holds the lease, or began so lately that its call may not have ended yet.

    The lease alone does not tell: that of a dead desk is ended early, and its terminal may outlive it for a while.
    """
    begun = [record for record in ledger.open_orders() if record.state is State.SUBMITTING]
    held = ledger.lease_holder(now) is not None
    return [one.order.order_id for one in begun if held or now - one.updated_at < SENT_WITHIN]


@dataclass
class _Sweep:
    """One call: what it has tried so far, and why the book could not be read at last, if so."""

    who: str
    ledger: OrderLedger
    broker: Broker
    clock: Clock
    only_ours: bool = False
    verified_within: timedelta = VERIFIED_WITHIN
    steps: list[Step] = field(default_factory=list)
    unverified: str = ""

    def clear(self, action: Action) -> tuple[Target, ...]:
        """Tries every ticket once, also one that appears meanwhile, and reads until the book is empty or time is up."""
        tried: set[int] = set()
        deadline = self.clock.now() + self.verified_within
        while True:
            left = self._left(action)
            for target in left:
                if target.ticket not in tried:
                    tried.add(target.ticket)
                    self._try(action, target)
                    deadline = self.clock.now() + self.verified_within
            if self.clock.now() >= deadline or not (left or self.unverified):
                return left
            self.clock.sleep(LOOK_EVERY_S)

    def unknown_orders(self) -> tuple[str, ...]:
        """Orders that may still turn up in the book."""
        try:
            found = self.ledger.open_orders()
        except AxiaError:
            return ()
        return tuple(record.order.order_id for record in found if record.state is State.UNKNOWN)

    def _left(self, action: Action) -> tuple[Target, ...]:
        """What the book holds, of the right account and over a connection: else an empty one proves nothing."""
        self.unverified = ""
        try:
            self.broker.account()
            found = self.broker.pending() if action is Action.CANCEL else self.broker.positions()
            return tuple(one for one in found if is_ours(one.magic) or not self.only_ours)
        except AxiaError as error:
            self.unverified = str(error)
            return ()

    def _try(self, action: Action, target: Target) -> None:
        what = f"{action} {target.symbol} {target.lots} lots, ticket {target.ticket}"
        outcome = self._outcome(action, target, what)
        try:
            self._note(what, outcome)
        except AxiaError as error:
            outcome += f" (this could not be written to the audit: {error})"
        self.steps.append(Step(action=action, ticket=target.ticket, symbol=target.symbol, outcome=outcome))

    def _outcome(self, action: Action, target: Target, what: str) -> str:
        """Whatever is raised here was raised before anything was sent."""
        try:
            if action is Action.CLOSE and not _is_halted(self.ledger):
                return "not sent: the kill switch was released meanwhile"
            self._note(what, "about to be sent")
            now = self.clock.now()
            return _sentence(self.broker.submit(_order(action, target, now), now + SEND_WITHIN))
        except AxiaError as error:
            return f"not sent: {error}"

    def _note(self, what: str, outcome: str) -> None:
        self.ledger.note_audit(AuditLine(at=self.clock.now(), who=self.who, what=what, outcome=outcome))


def _order(action: Action, target: Target, now: datetime) -> Order:
    """An order that no ledger knows; its id, and so the magic of its deal, say where it comes from."""
    return Order(
        order_id=f"kill-switch-{now:%Y%m%dT%H%M%S%f}-{target.ticket}",
        symbol=target.symbol,
        action=action,
        kind=Kind.MARKET,
        mt5_ticket=target.ticket,
    )


def _sentence(outcome: Outcome) -> str:
    match outcome:
        case Settled(state=state, reason=reason):
            return f"{state}: {reason}" if reason else str(state)
        case Unknown(reason=reason):
            return f"UNKNOWN: {reason}"
        case _:
            return f"not done: {outcome.reason}"
