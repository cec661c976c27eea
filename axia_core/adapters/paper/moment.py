"""One instant of one terminal: profile, market, state and the time, which every rule of trading reads from here.

It answers questions (a quote, a rule, a rate of exchange, what a position is worth); it changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from axia_core.adapters.paper.market import Market, Quote
from axia_core.adapters.paper.profile import TerminalProfile
from axia_core.adapters.paper.rules import SymbolRules
from axia_core.adapters.paper.store import Row, Store
from axia_core.domain.symbols import Symbol

BUY = 0
SELL = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """The terminal at `now_ms` (UTC)."""

    profile: TerminalProfile
    market: Market
    store: Store
    now_ms: int
    stale_ms: int = 0
    late_ms: int = 0
    moved_points: int = 0
    _quotes: dict[str, Quote | None] = field(default_factory=dict, compare=False)

    @property
    def server_ms(self) -> int:
        """The server's wall clock."""
        return self.market.clock.to_server_ms(self.now_ms)

    def at(self, now_ms: int) -> Moment:
        """The same terminal at another instant."""
        return Moment(self.profile, self.market, self.store, now_ms)

    def pair(self, symbol: str) -> str | None:
        """The plain pair of a broker's symbol; None for an unknown one."""
        suffix = self.profile.symbol_suffix
        plain = symbol.removesuffix(suffix) if suffix else symbol
        return plain if plain + suffix == symbol and plain in self.market.source.pairs else None

    def rules(self, symbol: str) -> SymbolRules:
        """The broker's rules for a known symbol."""
        return self.profile.rules_for(self.plain(symbol).name)

    def plain(self, symbol: str) -> Symbol:
        """The pair a symbol names, whether or not the terminal has prices for it."""
        return Symbol(symbol.removesuffix(self.profile.symbol_suffix))

    def quote(self, symbol: str) -> Quote | None:
        """The last tick of a known symbol."""
        pair = self.pair(symbol)
        return self._quote_of(pair) if pair else None

    def _quote_of(self, pair: str) -> Quote | None:
        if pair not in self._quotes:
            quote = self.market.quote(pair, self.now_ms - self.stale_ms)
            self._quotes[pair] = quote.moved(self.moved_points, Symbol(pair)) if quote and self.moved_points else quote
        return self._quotes[pair]

    def point(self, symbol: str) -> float:
        """The smallest price step of a known symbol."""
        return float(self.plain(symbol).point)

    def rate(self, currency: str) -> float:
        """What one unit of *currency* is worth in the account's currency, by the bids of this terminal."""
        account = self.profile.account.currency
        if currency == account:
            return 1.0
        direct = self._cross(currency, account)
        if direct is not None:
            return direct
        legs = (self._cross(currency, "USD"), self._cross("USD", account))
        # Without the pairs to convert with (a terminal that plays one file), money counts as if at par.
        return legs[0] * legs[1] if legs[0] is not None and legs[1] is not None else 1.0

    def _cross(self, base: str, quote: str) -> float | None:
        if base == quote:
            return 1.0
        for pair, inverse in ((base + quote, False), (quote + base, True)):
            tick = self._quote_of(pair) if pair in self.market.source.pairs else None
            if tick is not None:
                return 1 / tick.bid if inverse else tick.bid
        return None

    def money(self, amount: float) -> float:
        """*amount* rounded as the account's money is."""
        return round(amount, self.profile.account.currency_digits)

    def profit(self, symbol: str, side: int, volume: float, price_open: float, price_close: float) -> float:
        """Profit in the account's currency of a move of the price."""
        points = price_close - price_open if side == BUY else price_open - price_close
        quote_currency = self.plain(symbol).quote
        return self.money(points * volume * self.rules(symbol).contract_size * self.rate(quote_currency))

    def margin(self, symbol: str, volume: float) -> float:
        """Margin in the account's currency for lots in one direction."""
        base_currency = self.plain(symbol).base
        lots = volume * self.rules(symbol).contract_size / self.profile.account.leverage
        return self.money(lots * self.rate(base_currency))

    def closing_price(self, position: Row) -> float:
        """Where a position could be closed now: bid for a BUY, ask for a SELL."""
        quote = self.quote(position["symbol"])
        if quote is None:
            return float(position["price_open"])
        return quote.bid if position["type"] == BUY else quote.ask

    def floating(self, position: Row) -> float:
        """The open profit of a position."""
        price = self.closing_price(position)
        return self.profit(position["symbol"], position["type"], position["volume"], position["price_open"], price)


@dataclass(frozen=True, slots=True)
class Funds:
    """The account's money at an instant."""

    balance: float
    profit: float
    margin: float

    @property
    def equity(self) -> float:
        return round(self.balance + self.profit, 8)

    @property
    def free(self) -> float:
        return round(self.equity - self.margin, 8)

    @property
    def level(self) -> float:
        """Equity over margin in per cent; 0 without positions, as MetaTrader shows it."""
        return self.equity / self.margin * 100 if self.margin else 0.0


def funds(moment: Moment, positions: list[Row]) -> Funds:
    """What the account holds with these positions open."""
    balance = moment.store.value("balance") / 10**moment.profile.account.currency_digits
    profit = moment.money(sum((moment.floating(position) + position["swap"] for position in positions), 0.0))
    return Funds(balance, profit, margin_of(moment, positions))


def margin_of(moment: Moment, positions: list[Row]) -> float:
    """Margin of these positions; of a hedged pair only the larger leg counts."""
    lots: dict[str, list[float]] = {}
    for position in positions:
        lots.setdefault(position["symbol"], [0.0, 0.0])[position["type"]] += position["volume"]
    return moment.money(sum((moment.margin(symbol, max(sides)) for symbol, sides in lots.items()), 0.0))
