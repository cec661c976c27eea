"""MT5's trading structs (as dicts) into domain values; floats become Decimals by the digits the symbol has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5.calls import Answer
from axia_core.domain.broker import Absent, Account, CannotTell, Evidence, Finding, Instrument, Position
from axia_core.domain.order_states import Execution, State
from axia_core.domain.orders import Order
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

_HISTORY_STATES = {
    mt5.ORDER_CANCELED: State.CANCELLED,
    mt5.ORDER_PARTIAL: State.PARTIALLY_FILLED,
    mt5.ORDER_FILLED: State.FILLED,
    mt5.ORDER_REJECTED: State.REJECTED,
    mt5.ORDER_EXPIRED: State.EXPIRED_AT_BROKER,
}


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


def outcome(order: Order, answer: Answer | None) -> Outcome:
    """What an `order_send` answer says; a lost one (None) says nothing, so it is Unknown."""
    if answer is None:
        return Unknown("the terminal's process died or was ended in mid-call")
    if answer.too_late:
        return NotSent("its time was over before it could be sent")
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


def asked_lots(history: list[Struct]) -> Decimal | None:
    """The size that was sent, by the order's row in the broker's history."""
    return decimal(history[-1]["volume_initial"], LOT_PLACES) if history else None


def evidence_of_cancel(order: Order, history: Sequence[Struct]) -> Finding:
    """What the history of the cancelled order proves: it was cancelled, or it had ended otherwise before."""
    if not history:
        return CannotTell(f"order {order.mt5_ticket} is neither pending nor in the history")
    cancelled = history[-1]["state"] == mt5.ORDER_CANCELED
    return Evidence(
        state=State.DONE if cancelled else State.REJECTED,
        execution=Execution(ticket=order.mt5_ticket),
        found_in="its target's history",
    )


def evidence_of_modify(order: Order, targets: Sequence[Struct]) -> Finding:
    """Whether a position or pending order has the stops and the price that a MODIFY asked for."""
    if any(_has_what_was_asked(target, order) for target in targets):
        return Evidence(state=State.DONE, execution=Execution(ticket=order.mt5_ticket), found_in="its target")
    return Absent()


def _has_what_was_asked(target: Struct, order: Order) -> bool:
    wanted = {"sl": order.stop_loss, "tp": order.take_profit}
    if "volume_initial" in target:
        wanted["price_open"] = order.entry_price
    return all(decimal(target[name]) == price for name, price in wanted.items() if price is not None)


def evidence_from_deals(order: Order, deals: list[Struct], asked_lots: Decimal) -> Evidence:
    """What the deals that carry the order's magic prove; *asked_lots* is what was sent, after rounding to the step."""
    lots = sum((decimal(deal["volume"], LOT_PLACES) for deal in deals), Decimal(0))
    worth = sum((decimal(deal["volume"], LOT_PLACES) * decimal(deal["price"]) for deal in deals), Decimal(0))
    first = deals[0]
    execution = Execution(
        ticket=first["order"], deal=first["ticket"], price=round(worth / lots, 6).normalize(), lots=lots
    )
    if not order.action.is_entry:
        return Evidence(state=State.DONE, execution=execution, found_in="deals")
    state = State.PARTIALLY_FILLED if lots < asked_lots else State.FILLED
    return Evidence(state=state, execution=execution, found_in="deals")


def evidence_from_order(found: Struct, found_in: str, pending: bool) -> Evidence | None:
    """What an order at the broker proves; None when its state is still in motion."""
    execution = Execution(
        ticket=found["ticket"],
        price=decimal(found["price_open"]) or None,
        lots=decimal(found["volume_initial"], LOT_PLACES),
    )
    state = State.PLACED if pending else _HISTORY_STATES.get(found["state"])
    return None if state is None else Evidence(state=state, execution=execution, found_in=found_in)


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
            return Settled(state=_success(order, verdict), execution=_execution(result), reason="")


def _refused(retcode: int, verdict: Verdict, reason: str) -> Settled:
    execution = Execution(retcode=retcode)
    operator = verdict is Verdict.OPERATOR
    return Settled(state=State.REJECTED, execution=execution, reason=reason, needs_operator=operator)


def _success(order: Order, verdict: Verdict) -> State:
    if not order.action.is_entry:
        return State.DONE
    if verdict is Verdict.PARTIAL:
        return State.PARTIALLY_FILLED
    return State.PLACED if verdict is Verdict.PLACED or order.kind.is_pending else State.FILLED


def _execution(result: Struct) -> Execution:
    """A result's price and deal may be 0 although it filled (facts, B4): then they are not known yet."""
    return Execution(
        ticket=result["order"] or None,
        deal=result["deal"] or None,
        price=decimal(result["price"]) or None,
        lots=decimal(result["volume"], LOT_PLACES) or None,
        retcode=result["retcode"],
    )
