"""MT5's trading structs (as dicts) into domain values; floats become Decimals by the digits the symbol has. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5.calls import Answer
from axia_core.domain.broker import Account, Booking, Deal, DealBy, Instrument, PendingOrder, Position
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import (
    MarketClosed,
    NotSent,
    Outcome,
    Settled,
    TryNewPrice,
    Unknown,
    Verdict,
    classify_last_error,
    classify_retcode,
)

Struct = dict[str, Any]

LOT_PLACES = 8
NO_CONNECTION = -10004
_DEAL_BY = {
    **dict.fromkeys((mt5.REASON_CLIENT, mt5.REASON_MOBILE, mt5.REASON_WEB), DealBy.PERSON),
    mt5.REASON_EXPERT: DealBy.PROGRAM,
    mt5.REASON_SL: DealBy.STOP_LOSS,
    mt5.REASON_TP: DealBy.TAKE_PROFIT,
    mt5.REASON_SO: DealBy.STOP_OUT,
}

_BOOKED_AS = {2: "deposit or withdrawal", 4: "charge", 5: "correction", 6: "bonus", 12: "interest", 17: "tax"}
_BOOKED_AS |= dict.fromkeys(range(7, 12), "commission") | dict.fromkeys((13, 14), "a cancelled deal")
_BOOKED_AS |= dict.fromkeys((15, 16), "dividend")


def decimal(value: float, places: int = 10) -> Decimal:
    """A float as the decimal a person would write: 1.0973600000000001 is 1.09736."""
    return Decimal(str(round(value, places))).normalize()


def account(struct: Struct) -> Account:
    return Account(
        login=struct["login"],
        server=struct["server"],
        currency=struct["currency"],
        demo=struct["trade_mode"] != mt5.ACCOUNT_REAL,
        hedging=struct["margin_mode"] == mt5.MARGIN_HEDGING,
        balance=decimal(struct["balance"], 2),
        equity=decimal(struct["equity"], 2),
    )


def instrument(struct: Struct) -> Instrument:
    return Instrument(
        name=struct["name"],
        point=decimal(struct["point"]),
        tick_size=decimal(struct["trade_tick_size"]),
        lots_min=decimal(struct["volume_min"], LOT_PLACES),
        lots_max=decimal(struct["volume_max"], LOT_PLACES),
        lots_step=decimal(struct["volume_step"], LOT_PLACES),
        stops_level_points=struct["trade_stops_level"],
        units_per_lot=decimal(struct["trade_contract_size"]),
    )


def position(struct: Struct) -> Position:
    return Position(
        ticket=struct["ticket"],
        symbol=struct["symbol"],
        long=struct["type"] == mt5.BUY,
        lots=decimal(struct["volume"], LOT_PLACES),
        price_open=decimal(struct["price_open"]),
        stop_loss=decimal(struct["sl"]) or None,
        take_profit=decimal(struct["tp"]) or None,
        profit=decimal(struct["profit"], 2),
        magic=struct["magic"],
        comment=struct["comment"],
    )


def pending(struct: Struct) -> PendingOrder:
    return PendingOrder(
        ticket=struct["ticket"],
        symbol=struct["symbol"],
        lots=decimal(struct["volume_current"], LOT_PLACES),
        price=decimal(struct["price_open"]),
        magic=struct["magic"],
        comment=struct["comment"],
        long=struct["type"] in mt5.BUYING,
        stop_loss=decimal(struct["sl"]) or None,
        take_profit=decimal(struct["tp"]) or None,
    )


def deal(struct: Struct, at: datetime) -> Deal:
    entry = struct["entry"]
    return Deal(
        ticket=struct["ticket"],
        order=struct["order"],
        position=struct["position_id"],
        symbol=struct["symbol"],
        buying=struct["type"] == mt5.BUY,
        opens=entry in (mt5.DEAL_ENTRY_IN, mt5.DEAL_ENTRY_INOUT),
        closes=entry != mt5.DEAL_ENTRY_IN,
        lots=decimal(struct["volume"], LOT_PLACES),
        price=decimal(struct["price"]),
        commission=decimal(struct["commission"], 2),
        swap=decimal(struct["swap"], 2),
        fee=decimal(struct["fee"], 2),
        profit=decimal(struct["profit"], 2),
        magic=struct["magic"],
        comment=struct["comment"],
        by=_DEAL_BY.get(struct["reason"], DealBy.BROKER),
        at=at,
    )


def booking(struct: Struct, at: datetime) -> Booking:
    amount = sum(struct[name] for name in ("profit", "swap", "commission", "fee"))
    return Booking(
        ticket=struct["ticket"],
        what=_BOOKED_AS.get(struct["type"], f"entry of type {struct['type']}"),
        amount=decimal(amount, 2),
        comment=struct["comment"],
        at=at,
    )


def outcome(order: Order, answer: Answer | None) -> Outcome:
    """What an `order_send` answer says; a lost one (None) says nothing, so it is Unknown."""
    if answer is None:
        return Unknown("the terminal's process died or was ended in mid-call")
    if answer.not_sent:
        return NotSent(answer.error[1])
    if answer.result is None:
        return _from_last_error(*answer.error)
    return _from_result(order, answer.result)


def refused_by_check(checked: Struct) -> Outcome:
    """What an `order_check` that found something wrong says; nothing has been sent, so nothing is Unknown."""
    retcode = checked["retcode"]
    verdict, meaning = classify_retcode(retcode)
    reason = f"{meaning} ({retcode} {checked['comment']})"
    if verdict is Verdict.NEW_PRICE:
        return TryNewPrice(retcode, reason)
    if verdict is Verdict.CLOSED:
        return MarketClosed(retcode, reason)
    if verdict is Verdict.UNKNOWN:
        return NotSent(reason)
    return _refused(retcode, verdict, reason)


def _from_last_error(code: int, text: str) -> Outcome:
    verdict, meaning = classify_last_error(code)
    reason = f"{meaning} ({code} {text})"
    if verdict is Verdict.NOT_SENT:
        return NotSent(reason, can_wait=code == NO_CONNECTION)
    if verdict is Verdict.OPERATOR:
        return Settled(state=State.REJECTED, reason=reason, needs_operator=True)
    return Unknown(reason)


def _from_result(order: Order, result: Struct) -> Outcome:
    retcode = result["retcode"]
    verdict, meaning = classify_retcode(retcode)
    reason = f"{meaning} ({retcode} {result['comment']})"
    match verdict:
        case Verdict.NEW_PRICE:
            return TryNewPrice(retcode, reason)
        case Verdict.CLOSED:
            return MarketClosed(retcode, reason)
        case Verdict.UNKNOWN:
            return Unknown(reason)
        case Verdict.REJECTED | Verdict.OPERATOR:
            return _refused(retcode, verdict, reason)
        case _:
            return _success(order, verdict, _execution(result), reason)


def _refused(retcode: int, verdict: Verdict, reason: str) -> Settled:
    execution = Execution(retcode=retcode)
    operator = verdict is Verdict.OPERATOR
    return Settled(state=State.REJECTED, execution=execution, reason=reason, needs_operator=operator)


def _success(order: Order, verdict: Verdict, execution: Execution, reason: str) -> Outcome:
    """A success says only what it proves: accepted is not filled, in part is not whole, no change is no fill."""
    if verdict is Verdict.PLACED and not (order.action.is_entry and order.kind.is_pending):
        return Unknown(f"it was accepted and may not be executed yet: {reason}", execution)
    if verdict is Verdict.NO_CHANGE and order.action is not Action.MODIFY:
        return Settled(state=State.REJECTED, execution=execution, reason=reason)
    if not order.action.is_entry:
        part = f"only {execution.lots} lots: {reason}" if verdict is Verdict.PARTIAL else ""
        return Settled(state=State.DONE, execution=execution, reason=part)
    if verdict is Verdict.PARTIAL:
        return Settled(state=State.PARTIALLY_FILLED, execution=execution)
    if order.kind.is_pending:
        return Settled(state=State.PLACED, execution=replace(execution, lots=None))  # nothing of it is filled yet
    return Settled(state=State.FILLED, execution=execution)


def _execution(result: Struct) -> Execution:
    """A result's price and deal may be 0 although it filled (facts, B4): then they are not known yet."""
    return Execution(
        ticket=result["order"] or None,
        deal=result["deal"] or None,
        price=decimal(result["price"]) or None,
        lots=decimal(result["volume"], LOT_PLACES) or None,
        retcode=result["retcode"],
    )
