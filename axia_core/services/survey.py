"""Survey the account: note on each order's timeline what closed its position, and raise an alarm at strays.

It moves no order and sends nothing. What it has dealt with the caller remembers; what is noted twice is noted once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from axia_core.domain.broker import Deal, Position
from axia_core.domain.events import EventType, Severity
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.orders import is_ours
from axia_core.domain.survey import Stray, closing_severity, closing_text, stray
from axia_core.errors import ServerClockMismatch, TransientError, WrongAccount
from axia_core.ports import Broker, Clock, Events, OrderLedger

LOOK_BACK = timedelta(days=4)  # the first look of a desk, over a long weekend
LATE = timedelta(minutes=15)  # history arrives late
AHEAD = timedelta(minutes=1)  # the server's clock may be ahead of ours
EVERY = timedelta(seconds=60)
AT_ONCE = 20  # closing deals in one round: it must not delay orders for long
SCANNED = 10_000  # orders, where one was sent before the ledger noted magic numbers


@dataclass
class Seen:
    """What earlier surveys have dealt with."""

    since: datetime | None = None
    deals: set[int] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)

    def forget_all_but(self, deals: set[int], positions: set[int]) -> None:
        """Forgets what no later survey can meet again; a desk that is open all week must not grow with its trades.

        What the broker leaves out once is noted a second time, which changes nothing.
        """
        self.deals &= deals
        self.positions &= positions


@dataclass
class Rounds:
    """Surveys again and again, beside other work: what goes wrong with one is told, and the next one tries again."""

    seen: Seen = field(default_factory=Seen)
    last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time; the first is due a while after the first question."""
        self.last = self.last or now
        return now - self.last >= EVERY

    def look(self, *, ledger: OrderLedger, broker: Broker, clock: Clock, events: Events) -> tuple[Stray, ...]:
        """One survey, and the strays that it found new; never raises."""
        self.last = clock.now()
        try:
            return survey(self.seen, ledger=ledger, broker=broker, clock=clock, events=events, limit=AT_ONCE).strays
        except (TransientError, WrongAccount, ServerClockMismatch):
            return ()  # whoever works with these ports meets it as well, and tells
        except Exception as fault:  # noqa: BLE001 - looking around must not keep orders from being executed
            text = f"the account could not be surveyed: {type(fault).__name__}: {fault}"[:1_000]
            events.publish(EventType.SURVEY_FAULT, Severity.WARNING, "order_processor", text)
            return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What one survey found new."""

    noted: tuple[tuple[str, str], ...]  # order id and line
    strays: tuple[Stray, ...]


def survey(
    seen: Seen, *, ledger: OrderLedger, broker: Broker, clock: Clock, events: Events, limit: int | None = None
) -> Surveyed:
    """What has happened at the broker since *seen*, at most *limit* closing deals of it.

    Raises SourceUnavailable, StoreUnavailable, WrongAccount; what it has not come to is left to the next one.
    """
    broker.account()
    positions = broker.positions()
    judged = [_judge(one, seen, ledger, events) for one in positions]
    now = clock.now()
    since = seen.since or now - LOOK_BACK
    deals = broker.deals(since, now + AHEAD)
    closing = [deal for deal in deals if deal.closes and deal.ticket not in seen.deals]
    noted = tuple(line for deal in closing[:limit] for line in _adopt(deal, seen, ledger, broker, events))
    if limit is None or len(closing) <= limit:
        since = max(since, now - LATE)
    seen.since = since
    seen.forget_all_but({deal.ticket for deal in deals}, {one.ticket for one in positions})
    return Surveyed(noted=noted, strays=tuple(found for found in judged if found is not None))


def _judge(position: Position, seen: Seen, ledger: OrderLedger, events: Events) -> Stray | None:
    """A stray once, and never again; what is settled is not looked up again either."""
    if position.ticket in seen.positions:
        return None
    order_id = _order_id(position.magic, ledger)
    record = ledger.order(order_id) if order_id else None
    found = stray(position, order_id, record)
    if found is not None:
        severity = Severity.CRITICAL if found.ours else Severity.WARNING
        ticket = str(position.ticket)
        events.publish(EventType.STRAY_POSITION, severity, "order_processor", found.text, ticket=ticket)
    if found is not None or record is None or record.state.is_final:
        seen.positions.add(position.ticket)
    return found


def _adopt(deal: Deal, seen: Seen, ledger: OrderLedger, broker: Broker, events: Events) -> list[tuple[str, str]]:
    """Notes a closing deal on the timeline of each order of ours that had opened its position, and tells of it once.

    Told before it is noted: a death in between tells it once more, never not at all.
    """
    opened_by = {one.magic for one in broker.deals_of(deal.position) if one.opens and is_ours(one.magic)}
    text = closing_text(deal, ledger.order_id_of(deal.magic))
    records = [record for magic in sorted(opened_by) if (record := _record(magic, ledger)) is not None]
    for record in records:
        _tell_closing(deal, record, text, ledger, events)
        ledger.note(record, text, deal.at)
    seen.deals.add(deal.ticket)
    return [(record.order.order_id, text) for record in records]


def _tell_closing(deal: Deal, record: OrderRecord, text: str, ledger: OrderLedger, events: Events) -> None:
    severity, order_id = closing_severity(deal), record.order.order_id
    if severity is None or any(line.text == text for line in ledger.events(order_id)):
        return
    details = {"symbol": record.order.symbol, "lots": f"{deal.lots:f}", "price": f"{deal.price:f}"}
    details |= {"ticket": str(deal.position), "net": f"{deal.net:f}", "by": deal.by.value}
    what = f"order {order_id}: {text}"
    details |= {"order_id": order_id, "event_id": f"deal#{deal.ticket}"}
    events.publish(EventType.POSITION_CLOSED, severity, "order_processor", what, **details)


def _record(magic: int, ledger: OrderLedger) -> OrderRecord | None:
    order_id = _order_id(magic, ledger)
    return ledger.order(order_id) if order_id else None


def _order_id(magic: int, ledger: OrderLedger) -> str | None:
    """The order of a magic number; looked for among all where it was sent before the ledger noted the number."""
    if not is_ours(magic):
        return None
    known = ledger.order_id_of(magic)
    if known is not None:
        return known
    sent = (one.order for one in ledger.recent_orders(SCANNED) if one.order.magic == magic)
    return next((order.order_id for order in sent), None)
