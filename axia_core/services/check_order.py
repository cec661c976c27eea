"""Check one order without sending it: everything it would have to pass, and what it would come to.

It looks at what executing looks at, in the same order, but goes on after the first failure. It changes nothing, neither
in the ledger nor at the broker; between it and the sending the world may change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.limits import Check, Facts, Limits, check_age, check_created_at, entry_checks
from axia_core.domain.messages import Message
from axia_core.domain.modify import Risk, risk_of
from axia_core.domain.order_states import OrderRecord, State, new_record
from axia_core.domain.orders import Action, Order, parse_order
from axia_core.domain.outcomes import MarketClosed, NotSent, Outcome
from axia_core.domain.sessions import is_open, loss_day
from axia_core.domain.targets import Act, CancelUnsent, NotKnown, Wait, addressed, decide
from axia_core.errors import InvalidOrder, SourceUnavailable
from axia_core.ports import Clock, DryRun, Mark, OrderLedger

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
UNSENT_ID = "not-sent"  # the id that a message without one would get from the queue


class ComesTo(StrEnum):
    """What would become of the order."""

    SENT = "SENT"
    WAITS = "WAITS"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    DONE = "DONE"
    NOTHING = "NOTHING"  # a repeat of a known order
    DEAD_LETTER = "DEAD_LETTER"


@dataclass(frozen=True, slots=True)
class Judged:
    """One check, and what the order comes to where it is not passed."""

    check: Check
    otherwise: ComesTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Everything that was looked at, and what decides."""

    order: Order | None
    judged: tuple[Judged, ...]

    @property
    def decisive(self) -> Judged | None:
        """The first check that was not passed."""
        return next((one for one in self.judged if one.check.passed is False), None)

    @property
    def comes_to(self) -> ComesTo:
        """What would become of the order if it were sent now."""
        return ComesTo.SENT if self.decisive is None else self.decisive.otherwise


def check_order(
    body: str, *, ledger: OrderLedger, broker: DryRun, clock: Clock, symbols: tuple[str, ...], limits: Limits
) -> Forecast:
    """What would become of the message if it were sent now. Raises StoreUnavailable, WrongAccount."""
    try:
        order = parse_order(body, UNSENT_ID, symbols)
    except InvalidOrder as error:
        return Forecast(order=None, judged=(_unreadable(error),))
    now = clock.now()
    message = Message(message_id=UNSENT_ID, body=body, sent_at=now, receive_count=1, sender="", receipt="")
    record = new_record(order, message, now)
    under_way = tuple(one for one in ledger.open_orders() if one.state is not State.RECEIVED)
    risk = _risk(order, ledger, broker)
    entry = risk.entry
    judged = (
        _known(order, ledger),
        Judged(check_age(record, now, limits), ComesTo.EXPIRED),
        *((Judged(check_created_at(record, now), ComesTo.REFUSED),) if entry is not None else ()),
        *_target(order, ledger),
        _kill_switch(order, risk, ledger),
        *((Judged(risk.size, ComesTo.REFUSED),) if risk.size is not None else ()),
        _unsettled(entry or order, under_way),
        *(_entry(entry, under_way, ledger, broker, now, limits, order.action.is_entry) if entry is not None else ()),
        *_broker(order, ledger, broker),
    )
    return Forecast(order=order, judged=judged)


def _unreadable(error: InvalidOrder) -> Judged:
    found = repr(error.value)
    figure = f"{error.field} {found if len(found) <= 120 else found[:117] + '...'}"
    check = Check(code="MESSAGE", figure=figure, limit=error.rule, passed=False, remedy=error.remedy or "correct it")
    return Judged(check, ComesTo.DEAD_LETTER)


def _known(order: Order, ledger: OrderLedger) -> Judged:
    known = ledger.order(order.order_id)
    same = known is not None and known.order.content_hash() == order.content_hash()
    check = Check(
        code="KNOWN_ID",
        figure=f"order {order.order_id} is {known.state}" if known else f"order {order.order_id} is not known",
        limit="a repeat does nothing" if same or known is None else "known with other content",
        passed=known is None,
        remedy="a new order needs a new order_id",
    )
    return Judged(check, ComesTo.NOTHING if same or known is None else ComesTo.DEAD_LETTER)


def _target(order: Order, ledger: OrderLedger) -> Iterator[Judged]:
    if order.target_order_id is None:
        return
    decision = decide(order, ledger.order(order.target_order_id))
    match decision:
        case Act(ticket=ticket):
            text, otherwise = f"its ticket is {ticket}", ComesTo.SENT
        case CancelUnsent():
            text, otherwise = "it has not been sent, and would be cancelled in the ledger", ComesTo.DONE
        case NotKnown():
            text, otherwise = "the ledger does not know it; this would wait for it", ComesTo.WAITS
        case Wait(reason=reason):
            text, otherwise = reason, ComesTo.WAITS
        case _:
            text, otherwise = decision.reason, ComesTo(decision.state.value)
    check = Check(
        code="TARGET",
        figure=f"order {order.target_order_id}: {text}",
        limit="it must have a ticket at the broker",
        passed=isinstance(decision, Act),
        remedy="see `axia order show`",
    )
    yield Judged(check, otherwise)


def _kill_switch(order: Order, risk: Risk, ledger: OrderLedger) -> Judged:
    switch = ledger.kill_switch()
    check = Check(
        code="KILL_SWITCH",
        figure=f"{switch.mode} ({switch.reason or 'no reason given'})" if switch.active else "off",
        limit=f"it must let a {order.action} pass",
        passed=switch.permits(order.action, risk.reduces),
        remedy="see `axia kill-switch status`",
    )
    return Judged(check, ComesTo.REFUSED if switch.known else ComesTo.WAITS)


def _risk(order: Order, ledger: OrderLedger, broker: DryRun) -> Risk:
    """What the order does to the risk; of a MODIFY whose book cannot be read that it reduces none."""
    if order.action is not Action.MODIFY:
        return Risk(reduces=not order.action.is_entry, entry=order if order.action.is_entry else None)
    target = ledger.order(order.target_order_id) if order.target_order_id else None
    asked = order if order.target_order_id is None else addressed(order, target)
    try:
        return risk_of(order, None if asked is None else _held(asked, broker))
    except SourceUnavailable:
        return Risk(reduces=False)


def _held(order: Order, broker: DryRun) -> Position | PendingOrder | None:
    position = next((one for one in broker.positions() if one.ticket == order.mt5_ticket), None)
    return position or next((one for one in broker.pending() if one.ticket == order.mt5_ticket), None)


def _unsettled(order: Order, under_way: tuple[OrderRecord, ...]) -> Judged:
    """What an entry waits for: other orders of its symbol; what a CLOSE waits for: another of the same ticket."""
    about = [record for record in under_way if record.state is not State.PLACED and order.waits_for(record.order)]
    named = ", ".join(f"{record.order.order_id} is {record.state}" for record in about)
    check = Check(
        code="UNSETTLED",
        figure=named or "no order that this one must wait for",
        limit="what happened to them must be known first",
        passed=not about,
        remedy="see `axia order list --open`",
    )
    return Judged(check, ComesTo.WAITS)


def _entry(
    order: Order,
    under_way: tuple[OrderRecord, ...],
    ledger: OrderLedger,
    broker: DryRun,
    now: datetime,
    limits: Limits,
    adds_lots: bool,
) -> Iterator[Judged]:
    if order.kind.is_pending:
        yield _pending_session(now)
    try:
        facts = _facts(order, under_way, ledger, broker, now, limits)
    except SourceUnavailable as error:
        yield _terminal_away(error)
        return
    yield from (Judged(one, ComesTo.REFUSED) for one in entry_checks(order, facts, limits, adds_lots=adds_lots))


def _pending_session(now: datetime) -> Judged:
    opened = is_open(now)
    check = Check(
        code="SESSION",
        figure="the FX week is open" if opened else "the FX week is closed",
        limit="a pending order is placed in an open one",
        passed=opened,
        remedy="it is placed once the market opens, unless it expires before",
    )
    return Judged(check, ComesTo.WAITS)


def _facts(
    order: Order,
    under_way: tuple[OrderRecord, ...],
    ledger: OrderLedger,
    broker: DryRun,
    now: datetime,
    limits: Limits,
) -> Facts:
    account, positions = broker.account(), broker.positions()
    switch = ledger.kill_switch()
    entries = tuple(record for record in under_way if record.order.action.is_entry)
    return Facts(
        now=now,
        market_open=is_open(now),
        quote=broker.quote(order.symbol),
        instrument=broker.instrument(order.symbol),
        exposures=len(positions) + len(entries),
        entries_last_minute=len(ledger.times_of(Mark.ENTRY, now - MINUTE)),
        positions=positions,
        under_way=entries,
        alike=ledger.alike(order),
        equity=account.equity,
        # Where no desk has noted one yet, the next notes what there is now.
        equity_at_day_start=ledger.day_equity(loss_day(now), account.login) or account.equity,
        equity_peak=ledger.peak_equity(account.login, switch.at or LONG_AGO) or account.equity,
    )


def _broker(order: Order, ledger: OrderLedger, broker: DryRun) -> Iterator[Judged]:
    """The terminal's own word; an order whose target has no ticket has nothing to show it."""
    target = ledger.order(order.target_order_id) if order.target_order_id else None
    asked = order if order.target_order_id is None else addressed(order, target)
    if asked is None:
        return
    try:
        broker.account()
        objection = broker.check(asked)
    except SourceUnavailable as error:
        yield _terminal_away(error)
        return
    check = Check(
        code="BROKER",
        figure="the terminal has no objection" if objection is None else objection.reason,
        limit="the terminal's own check of the request",
        passed=objection is None,
        remedy="correct the order",
    )
    yield Judged(check, _after_objection(order, objection))


def _terminal_away(error: SourceUnavailable) -> Judged:
    limit, remedy = "the terminal must answer", "start the terminal, or see its log"
    check = Check(code="TERMINAL", figure=str(error), limit=limit, passed=False, remedy=remedy)
    return Judged(check, ComesTo.WAITS)


def _after_objection(order: Order, objection: Outcome | None) -> ComesTo:
    match objection:
        case NotSent(can_wait=can_wait):
            return ComesTo.WAITS if can_wait else ComesTo.REFUSED
        case MarketClosed() if order.kind.is_pending:
            return ComesTo.WAITS
    return ComesTo.REJECTED
