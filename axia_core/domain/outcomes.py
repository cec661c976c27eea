"""What a broker's answer means for an order: values a caller branches on, and the table of every MT5 code.

Source of the classes: facts/mt5_and_yfinance.md, B4. A code that is not in the tables is Unknown, never a rejection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from axia_core.domain.order_states import Execution, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The broker has said what became of the order; `state` is where the ledger must go.

    With `needs_operator` it is a refusal that stays until a person changes something at the terminal or the account.
    """

    state: State
    execution: Execution = field(default_factory=Execution)
    reason: str = ""
    needs_operator: bool = False


@dataclass(frozen=True, slots=True)
class TryNewPrice:
    """Nothing was done and a new price may do: bounded retries, each with its own permission."""

    retcode: int
    reason: str


@dataclass(frozen=True, slots=True)
class MarketClosed:
    """Nothing was done because the market is closed."""

    retcode: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven never to have reached the broker; `can_wait` says whether the same order may be tried again later."""

    reason: str
    can_wait: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have taken effect; only looking at the broker can tell.

    With an execution the broker has acknowledged it, and then the lack of a trace does not prove that it is not there.
    """

    reason: str
    execution: Execution | None = None


Outcome = Settled | TryNewPrice | MarketClosed | NotSent | Unknown


class Verdict(StrEnum):
    """The classes of broker answers."""

    DONE = "done"
    PLACED = "placed"
    PARTIAL = "partial"
    NO_CHANGE = "no change"
    REJECTED = "rejected"
    OPERATOR = "operator"
    NEW_PRICE = "new price"
    CLOSED = "market closed"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


RETCODES: dict[int, tuple[Verdict, str]] = {
    10004: (Verdict.NEW_PRICE, "requote"),
    10006: (Verdict.REJECTED, "the broker rejected the request; ask it why"),
    10007: (Verdict.REJECTED, "a trader cancelled the request at the terminal"),
    10008: (Verdict.PLACED, "order placed"),
    10009: (Verdict.DONE, "request executed"),
    10010: (Verdict.PARTIAL, "executed in part"),
    10011: (Verdict.UNKNOWN, "processing error"),
    10012: (Verdict.UNKNOWN, "the broker's time ran out"),
    10013: (Verdict.REJECTED, "invalid request; this is a fault of AXIA, report it"),
    10014: (Verdict.REJECTED, "invalid volume; check the symbol's lot minimum, maximum and step"),
    10015: (Verdict.REJECTED, "invalid price; a pending price must lie on its side of the market, on the tick"),
    10016: (Verdict.REJECTED, "invalid stops; they must lie on their side and keep the broker's distance"),
    10017: (Verdict.OPERATOR, "trading is disabled for this account or symbol; ask the broker"),
    10018: (Verdict.CLOSED, "the market is closed"),
    10019: (Verdict.REJECTED, "not enough money; reduce the size or free margin"),
    10020: (Verdict.NEW_PRICE, "the price changed"),
    10021: (Verdict.NEW_PRICE, "there is no price to trade on"),
    10022: (Verdict.REJECTED, "invalid expiration time"),
    10023: (Verdict.REJECTED, "the order changed meanwhile; look at it before trying again"),
    10024: (Verdict.NEW_PRICE, "too many requests"),
    10025: (Verdict.NO_CHANGE, "nothing to change"),
    10026: (Verdict.OPERATOR, "the server disabled automated trading; ask the broker"),
    10027: (Verdict.OPERATOR, "Algo Trading is off; switch it on in the terminal's toolbar"),
    10028: (Verdict.NEW_PRICE, "the request is locked for processing"),
    10029: (Verdict.REJECTED, "the order or position is frozen, too near to the market"),
    10030: (Verdict.REJECTED, "unsupported filling mode; this is a fault of AXIA, report it"),
    10031: (Verdict.UNKNOWN, "no connection to the trade server"),
    10032: (Verdict.REJECTED, "allowed for live accounts only"),
    10033: (Verdict.REJECTED, "the number of pending orders has reached the broker's limit"),
    10034: (Verdict.REJECTED, "the volume has reached the broker's limit for this symbol"),
    10035: (Verdict.REJECTED, "incorrect or prohibited order type"),
    10036: (Verdict.REJECTED, "the position is already closed"),
    10038: (Verdict.REJECTED, "the volume to close exceeds the position"),
    10039: (Verdict.REJECTED, "a close order for this position exists already"),
    10040: (Verdict.REJECTED, "the number of open positions has reached the broker's limit"),
    10041: (Verdict.REJECTED, "the pending order was rejected and cancelled"),
    10042: (Verdict.REJECTED, "only long positions are allowed on this symbol"),
    10043: (Verdict.REJECTED, "only short positions are allowed on this symbol"),
    10044: (Verdict.REJECTED, "only closing is allowed on this symbol"),
    10045: (Verdict.REJECTED, "positions close first in, first out on this account"),
    10046: (Verdict.REJECTED, "opposite positions on one symbol are prohibited on this account"),
}

# `order_send` answered None: what last_error says about it.
LAST_ERRORS: dict[int, tuple[Verdict, str]] = {
    1: (Verdict.UNKNOWN, "no answer and no error"),
    -1: (Verdict.UNKNOWN, "the terminal's call failed"),
    -2: (Verdict.NOT_SENT, "the module refused the arguments; this is a fault of AXIA, report it"),
    -3: (Verdict.UNKNOWN, "the terminal ran out of memory"),
    -4: (Verdict.UNKNOWN, "not found"),
    -5: (Verdict.UNKNOWN, "module and terminal are of different versions"),
    -6: (Verdict.UNKNOWN, "authorisation failed"),
    -7: (Verdict.UNKNOWN, "unsupported function"),
    -8: (Verdict.OPERATOR, "trading through the Python API is disabled; see the terminal's Expert Advisors options"),
    -10000: (Verdict.UNKNOWN, "the call to the terminal failed"),
    -10001: (Verdict.UNKNOWN, "sending to the terminal failed"),
    -10002: (Verdict.UNKNOWN, "the terminal's answer was lost"),
    -10003: (Verdict.UNKNOWN, "the connection to the terminal could not be made"),
    -10004: (Verdict.NOT_SENT, "there was no connection to the terminal"),
    -10005: (Verdict.UNKNOWN, "the terminal did not answer in time"),
}


def classify_retcode(retcode: int) -> tuple[Verdict, str]:
    """The class of an `order_send` retcode and what to tell a person."""
    return RETCODES.get(retcode, (Verdict.UNKNOWN, f"the code {retcode} is not known"))


def classify_last_error(code: int) -> tuple[Verdict, str]:
    """The class of a None answer, by its last_error code."""
    return LAST_ERRORS.get(code, (Verdict.UNKNOWN, f"the error {code} is not known"))
