"""What throws the kill switch without a person: the rules, and the reasons they give. Pure: the figures are given.

Where money is lost the book is known and the way out must stay open: REDUCE_ONLY. Where ledger and broker are not known
to agree, whatever is sent may make it worse: HALT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from axia_core.domain.kill_switch import Mode
from axia_core.domain.limits import DAILY_LOSS, DRAWDOWN, Limits, lost_percent
from axia_core.domain.order_states import OrderRecord

UNKNOWNS, STRAY, NO_TRACE = "UNKNOWNS", "STRAY", "NO_TRACE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One reason to stop trading; `key` tells the same one seen again from another."""

    code: str
    mode: Mode
    text: str
    key: str
    since: datetime | None = None  # when what it tells of had happened; None: when it was seen

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRule:
    """How many orders may become UNKNOWN within how long, before that stops trading."""

    count: int
    window: timedelta


def daily_loss(login: int, day: date, equity: Decimal, at_day_start: Decimal, limits: Limits) -> Trigger | None:
    """The day has lost what the limits allow; once a day, because the day's entries are refused by that limit."""
    most, percent = limits.max_daily_loss_percent, lost_percent(equity, at_day_start)
    if most is None or percent < most:
        return None
    text = f"equity {equity} after {at_day_start} at the day's start: {percent:.2f} % lost"
    text += f", at most {most} % (max_daily_loss_percent)"
    return Trigger(code=DAILY_LOSS, mode=Mode.REDUCE_ONLY, text=text, key=f"{DAILY_LOSS}#{login}#{day}")


def drawdown(login: int, equity: Decimal, peak: Decimal, since: datetime, limits: Limits) -> Trigger | None:
    """The account has fallen too far below its highest equity since *since*, the last release of the switch."""
    most, percent = limits.max_drawdown_percent, lost_percent(equity, peak)
    if most is None or percent < most:
        return None
    text = f"equity {equity} after {peak} at its highest: {percent:.2f} % lost, at most {most} % (max_drawdown_percent)"
    return Trigger(code=DRAWDOWN, mode=Mode.REDUCE_ONLY, text=text, key=f"{DRAWDOWN}#{login}#{since.isoformat()}")


def unknowns(times: Sequence[datetime], rule: UnknownRule) -> Trigger | None:
    """Too many orders whose outcome was not known; *times* are those of the window since the last release."""
    if len(times) < rule.count:
        return None
    text = f"{len(times)} orders became UNKNOWN within {rule.window.total_seconds():.0f} s, "
    text += f"fewer than {rule.count} may (max_unknowns, unknown_window_s)"
    return Trigger(code=UNKNOWNS, mode=Mode.HALT, text=text, key=f"{UNKNOWNS}#{times[-1].isoformat()}", since=times[-1])


def disagreement(ticket: int, text: str) -> Trigger:
    """A position of our own number that the ledger does not account for."""
    return Trigger(code=STRAY, mode=Mode.HALT, text=text, key=f"{STRAY}#{ticket}")


def no_trace(record: OrderRecord) -> Trigger:
    """An order that the broker had acknowledged, and of which it shows nothing any more."""
    order_id = record.order.order_id
    text = f"the broker acknowledged order {order_id} as {record.execution.ticket} and shows no trace of it"
    return Trigger(code=NO_TRACE, mode=Mode.HALT, text=text, key=f"{NO_TRACE}#{order_id}")
