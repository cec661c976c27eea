"""What a broker tells: quotes, instruments, accounts, positions and the evidence it holds of an order. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from axia_core.domain.order_states import Execution, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Bid and ask at a moment (UTC)."""

    bid: Decimal
    ask: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """How a symbol may be traded at this broker."""

    name: str
    point: Decimal
    tick_size: Decimal
    lots_min: Decimal
    lots_max: Decimal
    lots_step: Decimal
    stops_level_points: int
    units_per_lot: Decimal = Decimal(100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account the terminal is logged in to."""

    login: int
    server: str
    currency: str
    demo: bool
    hedging: bool
    balance: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One open position."""

    ticket: int
    symbol: str
    long: bool
    lots: Decimal
    price_open: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    profit: Decimal
    magic: int
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the limits of an entry look at, read together: the account, every open position, and one symbol's quote."""

    account: Account
    positions: tuple[Position, ...]
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder:
    """One order that waits at the broker; `lots` is what of it is not filled yet."""

    ticket: int
    symbol: str
    lots: Decimal
    price: Decimal
    magic: int
    comment: str
    long: bool = True
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class DealBy(StrEnum):
    """Who or what caused a deal."""

    PERSON = "a person"
    PROGRAM = "a program"
    STOP_LOSS = "its stop loss"
    TAKE_PROFIT = "its take profit"
    STOP_OUT = "the broker's stop out"
    BROKER = "the broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal in the broker's history: a piece of an order that was executed. Money is in the account's currency."""

    ticket: int
    order: int
    position: int
    symbol: str
    buying: bool
    opens: bool
    closes: bool
    lots: Decimal
    price: Decimal
    commission: Decimal
    swap: Decimal
    fee: Decimal
    profit: Decimal
    magic: int
    comment: str
    by: DealBy
    at: datetime

    @property
    def net(self) -> Decimal:
        """What the deal changed the balance by."""
        return self.profit + self.swap + self.commission + self.fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What moved the account's balance beside trades: a deposit, a charge, interest; credit is none."""

    ticket: int
    what: str
    amount: Decimal
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the broker holds of one order of ours, found by its magic number: the state it proves, and by what."""

    state: State
    execution: Execution
    found_in: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing carries the order's magic number, while connected and with a fresh tick."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The search could not be done fully, so absence proves nothing."""

    reason: str


Finding = Evidence | Absent | CannotTell
