"""What an entry may lose and win at its stops, in the currency of the account. Pure; None where it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from axia_core.domain.broker import Quote
from axia_core.domain.orders import Action, Order
from axia_core.domain.snapshot import Snapshot
from axia_core.domain.symbols import Symbol

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Loss at the stop loss, profit at the take profit (without swap and commission), and what one pip is worth."""

    currency: str
    entry: Decimal | None
    risk: Decimal | None
    reward: Decimal | None
    pip_value: Decimal | None
    equity: Decimal

    @property
    def ratio(self) -> Decimal | None:
        """Reward for one of risk."""
        if self.risk is None or self.reward is None or self.risk <= 0:
            return None
        return (self.reward / self.risk).quantize(CENT)

    @property
    def risk_percent(self) -> Decimal | None:
        """The risk as a share of the equity."""
        if self.risk is None or self.equity <= 0:
            return None
        return (self.risk / self.equity * 100).quantize(CENT)


def project(order: Order, snapshot: Snapshot) -> Projection:
    """What *order* may come to, entered at its own price or at the side of the market where it would be filled."""
    entry = order.entry_price or _market(order, snapshot.quotes.get(order.symbol))
    per_unit = _money_per_price(order, snapshot)
    buying = order.action is Action.BUY
    return Projection(
        currency=snapshot.account.currency,
        entry=entry,
        risk=_distance_money(entry, order.stop_loss, per_unit, downwards=buying),
        reward=_distance_money(entry, order.take_profit, per_unit, downwards=not buying),
        pip_value=None if per_unit is None else (Symbol(order.symbol).pip * per_unit).quantize(CENT),
        equity=snapshot.account.equity,
    )


def rate(source: str, target: str, quotes: Mapping[str, Quote]) -> Decimal | None:
    """What one unit of *source* is in *target* by the middle of the quotes; over the dollar where no pair is."""
    if source == target:
        return Decimal(1)
    direct = _joined(source, target, quotes)
    if direct is not None or "USD" in (source, target):
        return direct
    to_dollar, from_dollar = _joined(source, "USD", quotes), _joined("USD", target, quotes)
    return None if to_dollar is None or from_dollar is None else to_dollar * from_dollar


def _joined(source: str, target: str, quotes: Mapping[str, Quote]) -> Decimal | None:
    if (quote := quotes.get(source + target)) is not None:
        return _middle(quote)
    inverse = quotes.get(target + source)
    middle = None if inverse is None else _middle(inverse)
    return 1 / middle if middle else None


def _middle(quote: Quote) -> Decimal:
    return (quote.bid + quote.ask) / 2


def _market(order: Order, quote: Quote | None) -> Decimal | None:
    if quote is None:
        return None
    return quote.ask if order.action is Action.BUY else quote.bid


def _money_per_price(order: Order, snapshot: Snapshot) -> Decimal | None:
    """What a whole unit of price is worth for the order's lots, in the account's currency."""
    instrument = snapshot.instruments.get(order.symbol)
    converted = rate(Symbol(order.symbol).quote, snapshot.account.currency, snapshot.quotes)
    if instrument is None or converted is None or order.lots is None:
        return None
    return order.lots * instrument.units_per_lot * converted


def _distance_money(
    entry: Decimal | None, stop: Decimal | None, per_unit: Decimal | None, *, downwards: bool
) -> Decimal | None:
    """Negative where the stop lies on the wrong side: then it is no protection, and the page must not hide that."""
    if entry is None or stop is None or per_unit is None:
        return None
    return ((entry - stop if downwards else stop - entry) * per_unit).quantize(CENT)
