"""Requests that are built and answers that are read, without a terminal: pure functions on recorded broker answers."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.mt5 import building, trade_parsing
from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5.building import CannotBuild
from axia_core.adapters.mt5.calls import Answer
from axia_core.domain.broker import Instrument, Position, Quote
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.outcomes import MarketClosed, NotSent, Settled, TryNewPrice, Unknown
from tests.services.conftest import WEDNESDAY

FIXTURES = Path(__file__).parents[3] / "shared" / "data" / "fixtures"
recorded = pytest.mark.skipif(not FIXTURES.exists(), reason="../shared/data is absent: recorded broker answers")

USDJPY = Instrument(
    name="USDJPYm",
    point=Decimal("0.001"),
    tick_size=Decimal("0.001"),
    lots_min=Decimal("0.01"),
    lots_max=Decimal(200),
    lots_step=Decimal("0.01"),
    stops_level_points=0,
)
QUOTE = Quote(bid=Decimal("149.995"), ask=Decimal("150.005"), at=WEDNESDAY)


def order(**changes: Any) -> Order:
    values = {"order_id": "A1", "symbol": "USDJPY", "action": Action.BUY, "kind": Kind.MARKET, "lots": Decimal("0.1")}
    return Order(**(values | changes))


def position(**changes: Any) -> Position:
    values = {
        "ticket": 9,
        "symbol": "USDJPYm",
        "long": True,
        "lots": Decimal("0.3"),
        "price_open": Decimal(150),
        "stop_loss": None,
        "take_profit": None,
        "profit": Decimal(0),
        "magic": 0,
        "comment": "",
    }
    return Position(**(values | changes))


@pytest.mark.parametrize(("action", "side", "price"), [(Action.BUY, 0, 150.005), (Action.SELL, 1, 149.995)])
def test_market_entry_takes_the_right_side(action: Action, side: int, price: float) -> None:
    """A BUY pays the ask and a SELL gets the bid, with magic and token, under the broker's own symbol name."""
    request = building.market_entry(order(action=action), USDJPY, QUOTE, mt5.FILLING_IOC, 20)

    assert (request["action"], request["type"], request["price"]) == (mt5.ACTION_DEAL, side, price)
    assert (request["symbol"], request["magic"], request["comment"]) == ("USDJPYm", order().magic, order().token)


def test_request_has_the_types_the_module_insists_on() -> None:
    """Volume and prices are floats, everything counted is an int: the module refuses anything else."""
    request = building.market_entry(order(stop_loss=Decimal(149)), USDJPY, QUOTE, 0, 20)

    assert all(type(request[name]) is float for name in ("volume", "price", "sl", "tp"))
    assert all(type(request[name]) is int for name in ("action", "type", "deviation", "type_filling", "magic"))


@given(st.decimals(min_value="0.01", max_value=200, places=4))
def test_lots_are_rounded_down_to_the_step(lots: Decimal) -> None:
    """What is sent is a whole number of steps, at most what was asked, and less than one step short of it."""
    request = building.market_entry(order(lots=lots), USDJPY, QUOTE, 0, 20)

    sent = Decimal(str(request["volume"]))
    assert sent <= lots < sent + USDJPY.lots_step
    assert sent % USDJPY.lots_step == 0


@pytest.mark.parametrize("lots", ["0.009", "200.01"])
def test_lots_outside_the_broker_s_range_cannot_be_built(lots: str) -> None:
    """A size that the broker does not take is refused before anything is sent."""
    with pytest.raises(CannotBuild, match="cannot be traded"):
        building.market_entry(order(lots=Decimal(lots)), USDJPY, QUOTE, 0, 20)


@pytest.mark.parametrize(
    ("action", "kind", "price", "expected"),
    [
        (Action.BUY, Kind.LIMIT, "149", mt5.BUY_LIMIT),
        (Action.BUY, Kind.STOP, "151", mt5.BUY_STOP),
        (Action.SELL, Kind.LIMIT, "151", mt5.SELL_LIMIT),
        (Action.SELL, Kind.STOP, "149", mt5.SELL_STOP),
        (Action.BUY, Kind.IFOCO, "149", mt5.BUY_LIMIT),
        (Action.BUY, Kind.IFOCO, "151", mt5.BUY_STOP),
        (Action.SELL, Kind.IFOCO, "151", mt5.SELL_LIMIT),
        (Action.SELL, Kind.IFOCO, "149", mt5.SELL_STOP),
    ],
)
def test_pending_type_follows_kind_and_market(action: Action, kind: Kind, price: str, expected: int) -> None:
    """LIMIT and STOP are what they say; an IFOCO is the one that its price can be."""
    pending = order(action=action, kind=kind, entry_price=Decimal(price))

    assert building.pending_entry(pending, USDJPY, QUOTE, None)["type"] == expected


def test_close_never_exceeds_the_position() -> None:
    """A CLOSE of more than is open is capped: on a netting account the rest would open the other way."""
    closing = order(action=Action.CLOSE, lots=Decimal(5), mt5_ticket=9)

    request = building.close(closing, USDJPY, position(), QUOTE, 0, 20)

    assert (request["volume"], request["type"], request["position"]) == (0.3, mt5.SELL, 9)


def test_close_without_a_size_closes_all() -> None:
    """A CLOSE that names no lots closes the whole position, a short one by buying at the ask."""
    closing = order(action=Action.CLOSE, lots=None, mt5_ticket=9)

    request = building.close(closing, USDJPY, position(long=False), QUOTE, 0, 20)

    assert (request["volume"], request["type"], request["price"]) == (0.3, mt5.BUY, 150.005)


@pytest.mark.parametrize(
    ("mask", "execution", "filling"),
    [
        (1, mt5.EXECUTION_MARKET, mt5.FILLING_FOK),
        (2, mt5.EXECUTION_MARKET, mt5.FILLING_IOC),
        (3, mt5.EXECUTION_MARKET, mt5.FILLING_FOK),
        (0, mt5.EXECUTION_EXCHANGE, mt5.FILLING_RETURN),
        (0, mt5.EXECUTION_INSTANT, mt5.FILLING_FOK),
    ],
)
def test_filling_comes_from_the_mask(mask: int, execution: int, filling: int) -> None:
    """The symbol's bit mask is turned into the enum; passing the mask itself is the classic bug."""
    assert building.deal_filling(mask, execution) == filling


@pytest.mark.parametrize("mask", [0, 4])
def test_boc_is_not_return(mask: int) -> None:
    """Bit 4 is BOC: under market execution it allows no deal."""
    with pytest.raises(CannotBuild):
        building.deal_filling(mask, mt5.EXECUTION_MARKET)


def answer(retcode: int) -> Answer:
    result = {"retcode": retcode, "comment": "text", "order": 5, "deal": 6, "price": 150.005, "volume": 0.1}
    return Answer(result, (1, "Success"))


@pytest.mark.parametrize(
    ("retcode", "expected"),
    [
        (10004, TryNewPrice),
        (10020, TryNewPrice),
        (10018, MarketClosed),
        (10011, Unknown),
        (10012, Unknown),
        (10031, Unknown),
        (10008, Unknown),
        (1, Unknown),
    ],
)
def test_answers_become_outcomes(retcode: int, expected: type) -> None:
    """Each class of retcode becomes its own kind of outcome."""
    assert isinstance(trade_parsing.outcome(order(), answer(retcode)), expected)


@pytest.mark.parametrize(
    ("retcode", "kind", "state"),
    [
        (10009, Kind.MARKET, State.FILLED),
        (10010, Kind.MARKET, State.PARTIALLY_FILLED),
        (10009, Kind.LIMIT, State.PLACED),
        (10008, Kind.LIMIT, State.PLACED),
        (10019, Kind.MARKET, State.REJECTED),
        (10027, Kind.MARKET, State.REJECTED),
    ],
)
def test_settled_answers_have_their_state(retcode: int, kind: Kind, state: State) -> None:
    """A partial fill is no failure, a placed order no fill, and an accepted pending order is PLACED."""
    outcome = trade_parsing.outcome(order(kind=kind, entry_price=Decimal(149)), answer(retcode))

    assert isinstance(outcome, Settled)
    assert outcome.state is state


@pytest.mark.parametrize(("retcode", "needed"), [(10017, True), (10026, True), (10027, True), (10019, False)])
def test_operator_is_called_where_a_person_must_act(retcode: int, needed: bool) -> None:
    """A switched-off terminal, account or symbol needs an operator; check and send say so alike, with the remedy."""
    sent = trade_parsing.outcome(order(), answer(retcode))
    checked = trade_parsing.refused_by_check({"retcode": retcode, "comment": "text"})
    disabled = trade_parsing.outcome(order(), Answer(None, (-8, "Auto-Trading using Python API disabled")))

    assert isinstance(sent, Settled)
    assert isinstance(disabled, Settled)
    assert sent.needs_operator is needed
    assert checked == sent
    assert disabled.needs_operator


def test_acceptance_keeps_its_ticket() -> None:
    """A market order that was accepted and not executed is Unknown, under the ticket that the broker gave it."""
    outcome = trade_parsing.outcome(order(), answer(10008))

    assert isinstance(outcome, Unknown)
    assert outcome.execution is not None
    assert outcome.execution.ticket == 5


def test_lost_answer_is_unknown() -> None:
    """No answer at all proves nothing."""
    assert isinstance(trade_parsing.outcome(order(), None), Unknown)


@pytest.mark.parametrize(
    ("code", "expected"), [(-10005, Unknown), (-10001, Unknown), (-10004, NotSent), (-2, NotSent), (-8, Settled)]
)
def test_none_is_judged_by_its_error(code: int, expected: type) -> None:
    """A None answer is UNKNOWN unless its error proves that nothing was sent."""
    assert isinstance(trade_parsing.outcome(order(), Answer(None, (code, "text"))), expected)


@recorded
def test_recorded_fill_reads_exactly() -> None:
    """A real broker's float 1.0973600000000001 is the price 1.09736, with its tickets."""
    recording = json.loads((FIXTURES / "metaquotes_demo_2022-03.json").read_text(encoding="utf-8"))
    sold = next(one["result"] for one in recording["orders"] if one["result"].get("request_id") == 4)

    outcome = trade_parsing.outcome(order(action=Action.SELL), Answer(sold, (1, "Success")))

    assert isinstance(outcome, Settled)
    assert (outcome.execution.price, outcome.execution.ticket) == (Decimal("1.09736"), 50067384583)


@recorded
def test_recorded_account_and_symbol_read() -> None:
    """A real demo account and symbol become domain values."""
    recording = json.loads((FIXTURES / "metaquotes_demo_2022-03.json").read_text(encoding="utf-8"))

    account = trade_parsing.account(recording["account_info"])
    instrument = trade_parsing.instrument(recording["symbol_info_EURUSD"])

    assert (account.demo, account.hedging, account.balance) == (True, True, Decimal("9681.25"))
    assert (instrument.tick_size, instrument.lots_step) == (Decimal("0.00001"), Decimal("0.01"))


@pytest.mark.parametrize(("type_", "long"), [(2, True), (3, False), (4, True), (5, False), (6, True), (7, False)])
def test_pending_order_tells_its_side_and_stops(type_: int, long: bool) -> None:
    """Of every kind of pending order it is known whether it would buy, and where its stops are, if anywhere."""
    struct = {"ticket": 8, "symbol": "USDJPY", "volume_current": 0.1, "price_open": 149.0, "magic": 1, "comment": ""}

    found = trade_parsing.pending(struct | {"type": type_, "sl": 148.5, "tp": 0.0})

    assert (found.long, found.stop_loss, found.take_profit) == (long, Decimal("148.5"), None)
