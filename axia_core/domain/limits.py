"""What an entry must pass before it may be sent: age, exposure, price. Pure: the facts are given, never fetched.

Every limit is a `Check` that names what was found, what is allowed and the remedy, whether it was passed or not: a dry
run lists them all, executing an order looks for the first that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from axia_core.domain.broker import Instrument, Position, Quote
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, Order

FUTURE_TOLERANCE = timedelta(seconds=5)
STALE_QUOTE = timedelta(seconds=30)
DAILY_LOSS, DRAWDOWN = "DAILY_LOSS", "DRAWDOWN"  # whoever meets these codes looks whether to throw the kill switch

_ASK_AGAIN = "it is refused for want of a fact; check the terminal, and send it again"

# Orders that came to nothing: sending the same again is no repeat.
_WITHOUT_EFFECT = frozenset({State.REJECTED, State.REFUSED, State.EXPIRED, State.CANCELLED, State.EXPIRED_AT_BROKER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The desk's limits; every default lives in the settings, finite and conservative. Those below may be left out."""

    market_max_age: timedelta
    pending_max_age: timedelta
    max_lots_per_order: Decimal
    max_open_positions: int
    max_spread_points: int
    orders_per_minute: int
    max_net_lots: Decimal | None = None
    min_stop_points: int = 0
    require_stop_loss: bool = False
    max_entry_distance_percent: Decimal | None = None
    duplicate_window: timedelta = timedelta()
    max_daily_loss_percent: Decimal | None = None
    max_drawdown_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the limits look at, as read a moment ago. A limit that is on and whose fact is None refuses."""

    now: datetime
    market_open: bool
    quote: Quote
    instrument: Instrument
    exposures: int  # open positions, and orders that are PLACED, SUBMITTING or UNKNOWN: they count as filled
    entries_last_minute: int
    positions: tuple[Position, ...] | None = None
    under_way: tuple[OrderRecord, ...] | None = None  # PLACED, SUBMITTING and UNKNOWN
    alike: OrderRecord | None = None  # the order of the same content under another id that was attempted last
    equity: Decimal | None = None
    equity_at_day_start: Decimal | None = None
    equity_peak: Decimal | None = None  # the highest since the kill switch was released last


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not sent: a code for machines, the figures compared and the remedy for people."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One limit held against an order; `passed` is None where the limit is off and was not looked at."""

    code: str
    figure: str
    limit: str
    passed: bool | None
    remedy: str

    @property
    def refusal(self) -> Refusal | None:
        """The limit as a reason not to send, where it was not passed."""
        return Refusal(self.code, f"{self.figure}; {self.limit}; {self.remedy}") if self.passed is False else None


def expired(record: OrderRecord, now: datetime, limits: Limits) -> Refusal | None:
    """Whether the order is too old to be sent; a CANCEL never is."""
    return check_age(record, now, limits).refusal


def sendable_until(record: OrderRecord, limits: Limits) -> datetime | None:
    """The moment at which the order expires; None for a CANCEL, which never does."""
    order = record.order
    if order.action is Action.CANCEL:
        return None
    if order.kind.is_pending and order.expires_at is not None:
        return order.expires_at
    allowed = limits.pending_max_age if order.kind.is_pending else limits.market_max_age
    ends = record.known_since + allowed
    return ends if order.expires_at is None else min(ends, order.expires_at)


def from_the_future(record: OrderRecord, now: datetime) -> Refusal | None:
    """A created_at that lies ahead would make an order younger than it is."""
    return check_created_at(record, now).refusal


def check_entry(order: Order, facts: Facts, limits: Limits, *, adds_lots: bool = True) -> Refusal | None:
    """The first limit that the entry breaks, or None."""
    refusals = (check.refusal for check in entry_checks(order, facts, limits, adds_lots=adds_lots))
    return next((refusal for refusal in refusals if refusal is not None), None)


def entry_checks(order: Order, facts: Facts, limits: Limits, *, adds_lots: bool = True) -> tuple[Check, ...]:
    """Every limit of an entry, in the order in which they refuse.

    Where it *adds_lots* to none (it stands for a MODIFY that raises risk), those of size and number are left out.
    """
    return tuple(check(order, facts, limits) for check in _CHECKS if adds_lots or check not in _OF_SIZE)


def check_age(record: OrderRecord, now: datetime, limits: Limits) -> Check:
    """The order's age against its own or the configured limit."""
    order = record.order
    age_s = (now - record.known_since).total_seconds()
    remedy = "send it again if it is still wanted"
    if order.action is Action.CANCEL:
        return Check(
            code="EXPIRED", figure=f"{age_s:.0f} s old", limit="a CANCEL never expires", passed=True, remedy=""
        )
    until = order.expires_at
    if until is not None and (now >= until or order.kind.is_pending):
        limit = f"valid until {until.isoformat()}"
        return Check(code="EXPIRED", figure=f"it is {now.isoformat()}", limit=limit, passed=now < until, remedy=remedy)
    name = "pending_max_age_s" if order.kind.is_pending else "order_max_age_s"
    allowed = limits.pending_max_age if order.kind.is_pending else limits.market_max_age
    return Check(
        code="EXPIRED",
        figure=f"{age_s:.0f} s old",
        limit=f"at most {allowed.total_seconds():.0f} s ({name})",
        passed=age_s < allowed.total_seconds(),
        remedy=remedy,
    )


def check_created_at(record: OrderRecord, now: datetime) -> Check:
    """The order's created_at against the present."""
    created_at = record.order.created_at
    return Check(
        code="CREATED_IN_FUTURE",
        figure=f"created_at {created_at.isoformat()}" if created_at else "no created_at",
        limit=f"now is {now.isoformat()}",
        passed=created_at is None or created_at <= now + FUTURE_TOLERANCE,
        remedy="set the sender's clock",
    )


def lost_percent(equity: Decimal | None, before: Decimal | None) -> Decimal:
    """How much of *before* is gone; all of it where that is not known, or was nothing: no leave to trade."""
    if equity is None or before is None or before <= 0:
        return Decimal(100)
    return (before - equity) / before * 100


def net_lots_towards(
    order: Order, instrument: Instrument, held: Iterable[Position], under_way: Iterable[OrderRecord]
) -> Decimal:
    """The net lots in the entry's direction once it and all that is under way in that direction were filled.

    What is under way in the other direction does not count: it may never fill.
    """
    buying = order.action is Action.BUY
    net = sum((p.lots if p.long == buying else -p.lots for p in held if p.symbol == instrument.name), Decimal(0))
    same_way = (r.order for r in under_way if r.order.symbol == order.symbol and r.order.action is order.action)
    return net + sum((other.lots or Decimal(0) for other in same_way), order.lots or Decimal(0))


def _check_session(order: Order, facts: Facts, limits: Limits) -> Check:
    return Check(
        code="MARKET_CLOSED",
        figure="the FX week is open" if facts.market_open else "the FX week is closed",
        limit="a market order needs an open one",
        passed=facts.market_open or order.kind.is_pending,
        remedy="send it again after Sunday 17:00 New York",
    )


def _check_daily_loss(order: Order, facts: Facts, limits: Limits) -> Check:
    equity, start, most = facts.equity, facts.equity_at_day_start, limits.max_daily_loss_percent
    known = equity is not None and start is not None
    percent = lost_percent(equity, start)
    figures = f"equity {equity} after {start} at the day's start: {percent:.2f} % lost"
    return Check(
        code=DAILY_LOSS,
        figure=figures if known else "the day's equity is not known",
        limit=_at_most(most, "max_daily_loss_percent", " %"),
        passed=None if most is None else known and percent < most,
        remedy="no entries before the next New York close" if known else _ASK_AGAIN,
    )


def _check_drawdown(order: Order, facts: Facts, limits: Limits) -> Check:
    equity, peak, most = facts.equity, facts.equity_peak, limits.max_drawdown_percent
    known = equity is not None and peak is not None
    percent = lost_percent(equity, peak)
    figures = f"equity {equity} after {peak} at its highest: {percent:.2f} % lost"
    return Check(
        code=DRAWDOWN,
        figure=figures if known else "the highest equity is not known",
        limit=_at_most(most, "max_drawdown_percent", " %"),
        passed=None if most is None else known and percent < most,
        remedy="a person looks, and releases the kill switch: from there it counts anew" if known else _ASK_AGAIN,
    )


def _check_lots(order: Order, facts: Facts, limits: Limits) -> Check:
    return Check(
        code="MAX_LOTS",
        figure=f"{order.lots} lots",
        limit=_at_most(limits.max_lots_per_order, "max_lots_per_order"),
        passed=order.lots is not None and order.lots <= limits.max_lots_per_order,
        remedy="send a smaller order",
    )


def _check_net_lots(order: Order, facts: Facts, limits: Limits) -> Check:
    known = facts.positions is not None and facts.under_way is not None
    net = net_lots_towards(order, facts.instrument, facts.positions or (), facts.under_way or ())
    most = limits.max_net_lots
    return Check(
        code="MAX_NET_LOTS",
        figure=f"{net} lots net of {order.symbol} {order.action} with this order"
        if known
        else "positions are not known",
        limit=_at_most(most, "max_net_lots"),
        passed=None if most is None else known and net <= most,
        remedy="close a position or cancel an order first" if known else _ASK_AGAIN,
    )


def _check_exposures(order: Order, facts: Facts, limits: Limits) -> Check:
    return Check(
        code="MAX_POSITIONS",
        figure=f"{facts.exposures} positions and orders are open",
        limit=f"a further one needs fewer than {limits.max_open_positions} (max_open_positions)",
        passed=facts.exposures < limits.max_open_positions,
        remedy="close a position or cancel an order first",
    )


def _check_rate(order: Order, facts: Facts, limits: Limits) -> Check:
    return Check(
        code="RATE",
        figure=f"{facts.entries_last_minute} entries in the last minute",
        limit=f"a further one needs fewer than {limits.orders_per_minute} (orders_per_minute)",
        passed=facts.entries_last_minute < limits.orders_per_minute,
        remedy="send it again in a minute",
    )


def _check_duplicate(order: Order, facts: Facts, limits: Limits) -> Check:
    alike, window_s = facts.alike, limits.duplicate_window.total_seconds()
    counts = alike is not None and alike.order.order_id != order.order_id and alike.state not in _WITHOUT_EFFECT
    if alike is None or not counts:
        figure, passed = "no order of the same content", True
    else:
        age_s = (facts.now - alike.updated_at).total_seconds()
        figure = f"order {alike.order.order_id} of the same content is {alike.state} since {age_s:.1f} s"
        passed = age_s >= window_s
    limit = f"at least {window_s:g} s apart (duplicate_window_s)"
    return Check(code="DUPLICATE", figure=figure, limit=limit, passed=passed, remedy="wait, if it is meant twice")


def _check_quote(order: Order, facts: Facts, limits: Limits) -> Check:
    age = facts.now - facts.quote.at
    return Check(
        code="STALE_QUOTE",
        figure=f"the newest tick is {age.total_seconds():.0f} s from now",
        limit=f"at most {STALE_QUOTE.total_seconds():.0f} s for a market order",
        passed=abs(age) <= STALE_QUOTE or order.kind.is_pending,
        remedy="check the terminal",
    )


def _check_spread(order: Order, facts: Facts, limits: Limits) -> Check:
    spread_points = (facts.quote.ask - facts.quote.bid) / facts.instrument.point
    return Check(
        code="SPREAD",
        figure=f"the spread is {spread_points:f} points",
        limit=_at_most(limits.max_spread_points, "max_spread_points"),
        passed=Decimal(0) <= spread_points <= limits.max_spread_points,
        remedy="wait for a narrower market",
    )


def _check_price_band(order: Order, facts: Facts, limits: Limits) -> Check:
    market, most = _market(order, facts), limits.max_entry_distance_percent
    price = order.entry_price
    percent = abs(price - market) / market * 100 if price is not None and market > 0 else Decimal(0)
    return Check(
        code="PRICE_BAND",
        figure=f"entry {price:f} is {percent:.2f} % from the market at {market:f}" if price else "enters at the market",
        limit=_at_most(most, "max_entry_distance_percent", " %"),
        passed=most is None or percent <= most,
        remedy="check the price for a wrong digit",
    )


def _check_stop_loss(order: Order, facts: Facts, limits: Limits) -> Check:
    return Check(
        code="NO_STOP_LOSS",
        figure=f"stop loss {order.stop_loss}" if order.stop_loss else "no stop loss",
        limit="required (require_stop_loss)" if limits.require_stop_loss else "not required (require_stop_loss)",
        passed=order.stop_loss is not None or not limits.require_stop_loss,
        remedy="send it with sl_price",
    )


def _check_stops(order: Order, facts: Facts, limits: Limits) -> Check:
    """Stops on the wrong side of the price they start from would fire at once."""
    start = _stops_start(order, facts)
    low, high = order.stop_loss, order.take_profit
    if order.action is Action.SELL:
        low, high = high, low
    return Check(
        code="STOPS",
        figure=f"stop loss {order.stop_loss} and take profit {order.take_profit}",
        limit=f"they must enclose {start:f} for a {order.action}",
        passed=(low is None or low < start) and (high is None or high > start),
        remedy="put each on its side",
    )


def _check_stop_distance(order: Order, facts: Facts, limits: Limits) -> Check:
    start, point = _stops_start(order, facts), facts.instrument.point
    distances = [abs(stop - start) / point for stop in (order.stop_loss, order.take_profit) if stop is not None]
    least = max(facts.instrument.stops_level_points, limits.min_stop_points)
    return Check(
        code="STOP_DISTANCE",
        figure=f"the nearer stop is {min(distances):f} points from {start:f}" if distances else "no stops",
        limit=f"at least {least} points (min_stop_points {limits.min_stop_points}, the broker's own "
        f"{facts.instrument.stops_level_points})",
        passed=all(distance >= least for distance in distances),
        remedy="move it further away",
    )


def _market(order: Order, facts: Facts) -> Decimal:
    """The price at which the entry would be filled now."""
    return facts.quote.ask if order.action is Action.BUY else facts.quote.bid


def _stops_start(order: Order, facts: Facts) -> Decimal:
    """The price that stops are measured from: the entry's own, or the side of the market at which it would close."""
    return order.entry_price or (facts.quote.bid if order.action is Action.BUY else facts.quote.ask)


def _at_most(limit: Decimal | int | None, setting: str, unit: str = "") -> str:
    return f"no limit ({setting})" if limit is None else f"at most {limit}{unit} ({setting})"


_CHECKS = (
    _check_session,
    _check_daily_loss,
    _check_drawdown,
    _check_lots,
    _check_net_lots,
    _check_exposures,
    _check_rate,
    _check_duplicate,
    _check_quote,
    _check_spread,
    _check_price_band,
    _check_stop_loss,
    _check_stops,
    _check_stop_distance,
)
_OF_SIZE = (_check_lots, _check_net_lots, _check_exposures, _check_rate, _check_duplicate, _check_spread)
