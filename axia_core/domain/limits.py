"""What an entry must pass before it may be sent: age, exposure, price. Pure: the facts are given, never fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from axia_core.domain.broker import Instrument, Quote
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.orders import Action, Order

FUTURE_TOLERANCE = timedelta(seconds=5)
STALE_QUOTE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The desk's limits; every default lives in the settings, finite and conservative."""

    market_max_age: timedelta
    pending_max_age: timedelta
    max_lots_per_order: Decimal
    max_open_positions: int
    max_spread_points: int
    orders_per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the limits look at, as read a moment ago."""

    now: datetime
    market_open: bool
    quote: Quote
    instrument: Instrument
    exposures: int  # open positions, and orders that are PLACED, SUBMITTING or UNKNOWN: they count as filled
    entries_last_minute: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not sent: a code for machines, the figures compared and the remedy for people."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


def expired(record: OrderRecord, now: datetime, limits: Limits) -> Refusal | None:
    """Whether the order is too old to be sent; a CANCEL never is."""
    order = record.order
    if order.action is Action.CANCEL:
        return None
    if order.expires_at is not None and now >= order.expires_at:
        return Refusal("EXPIRED", f"it was valid until {order.expires_at.isoformat()}")
    allowed = limits.pending_max_age if order.kind.is_pending else limits.market_max_age
    age = now - record.known_since
    if (order.kind.is_pending and order.expires_at is not None) or age < allowed:
        return None
    seconds = f"{age.total_seconds():.0f} s old, at most {allowed.total_seconds():.0f} s are allowed"
    return Refusal("EXPIRED", f"it is {seconds}; send it again if it is still wanted")


def from_the_future(record: OrderRecord, now: datetime) -> Refusal | None:
    """A created_at that lies ahead would make an order younger than it is."""
    created_at = record.order.created_at
    if created_at is None or created_at <= now + FUTURE_TOLERANCE:
        return None
    return Refusal(
        "CREATED_IN_FUTURE", f"created_at is {created_at.isoformat()}, now is {now.isoformat()}; set the clock"
    )


def check_entry(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    """The first limit that the entry breaks, or None."""
    checks = (_check_session, _check_lots, _check_exposures, _check_rate, _check_quote, _check_spread, _check_stops)
    return next((refusal for check in checks if (refusal := check(order, facts, limits)) is not None), None)


def _check_session(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    if facts.market_open or order.kind.is_pending:
        return None
    return Refusal("MARKET_CLOSED", "the FX week is closed; send it again after Sunday 17:00 New York")


def _check_lots(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    if order.lots is not None and order.lots <= limits.max_lots_per_order:
        return None
    return Refusal("MAX_LOTS", f"{order.lots} lots; at most {limits.max_lots_per_order} (max_lots_per_order)")


def _check_exposures(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    if facts.exposures < limits.max_open_positions:
        return None
    text = f"{facts.exposures} positions and orders are open; at most {limits.max_open_positions} (max_open_positions)"
    return Refusal("MAX_POSITIONS", text)


def _check_rate(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    if facts.entries_last_minute < limits.orders_per_minute:
        return None
    text = f"{facts.entries_last_minute} entries in the last minute; at most {limits.orders_per_minute}"
    return Refusal("RATE", f"{text} (orders_per_minute)")


def _check_quote(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    age = facts.now - facts.quote.at
    if abs(age) <= STALE_QUOTE or order.kind.is_pending:
        return None
    return Refusal("STALE_QUOTE", f"the newest tick is {age.total_seconds():.0f} s from now; check the terminal")


def _check_spread(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    spread_points = (facts.quote.ask - facts.quote.bid) / facts.instrument.point
    if Decimal(0) <= spread_points <= limits.max_spread_points:
        return None
    return Refusal("SPREAD", f"the spread is {spread_points:f} points; at most {limits.max_spread_points}")


def _check_stops(order: Order, facts: Facts, limits: Limits) -> Refusal | None:
    """Stops on the wrong side of the price they start from would fire at once."""
    buying = order.action is Action.BUY
    start = order.entry_price or (facts.quote.bid if buying else facts.quote.ask)
    low, high = (order.stop_loss, order.take_profit) if buying else (order.take_profit, order.stop_loss)
    if (low is not None and low >= start) or (high is not None and high <= start):
        text = f"stop loss {order.stop_loss} and take profit {order.take_profit} must enclose {start:f}"
        return Refusal("STOPS", f"{text} for a {order.action}")
    return None
