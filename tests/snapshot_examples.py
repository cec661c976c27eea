"""A trading side as a desk might see it: an account in dollars, two positions, a pending order, quotes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from axia_core.domain.broker import Account, Instrument, PendingOrder, Position, Quote
from axia_core.domain.orders import magic_of
from axia_core.domain.snapshot import Snapshot

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
D = Decimal

PRICES = {
    "EURUSD": ("1.10000", "1.10010"),
    "USDJPY": ("150.000", "150.010"),
    "EURJPY": ("165.000", "165.020"),
    "USDCHF": ("0.80000", "0.80010"),
}


def quote(symbol: str, at: datetime = NOW) -> Quote:
    """Its bid and ask."""
    bid, ask = PRICES[symbol]
    return Quote(bid=D(bid), ask=D(ask), at=at)


def instrument(symbol: str) -> Instrument:
    """A usual one: 0.01 to 100 lots of 100,000 units."""
    point = D("0.001") if symbol.endswith("JPY") else D("0.00001")
    lots = {"lots_min": D("0.01"), "lots_max": D(100), "lots_step": D("0.01")}
    return Instrument(name=symbol, point=point, tick_size=point, stops_level_points=0, **lots)


def position(ticket: int = 71, *, long: bool = True, order_id: str = "axia-1") -> Position:
    """USDJPY, 0.2 lots, with both stops."""
    return Position(
        ticket=ticket,
        symbol="USDJPY",
        long=long,
        lots=D("0.2"),
        price_open=D("149.5"),
        stop_loss=D("149"),
        take_profit=None,
        profit=D("66.66"),
        magic=magic_of(order_id),
        comment="axia-abc",
    )


def snapshot(at: datetime = NOW, equity: str = "10066.66") -> Snapshot:
    """All of it at a moment."""
    return Snapshot(
        at=at,
        account_kind="demo",
        account=Account(
            login=1, server="memory", currency="USD", demo=True, hedging=True, balance=D(10_000), equity=D(equity)
        ),
        positions=(position(), position(72, long=False, order_id="axia-2")),
        pending=(PendingOrder(ticket=81, symbol="EURUSD", lots=D("0.1"), price=D("1.09"), magic=7, comment="by hand"),),
        quotes={symbol: quote(symbol, at) for symbol in PRICES},
        instruments={symbol: instrument(symbol) for symbol in PRICES},
    )
