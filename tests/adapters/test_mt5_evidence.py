"""What the broker's rows prove of one order, row by row and without a terminal: pure functions over dicts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5 import evidence
from axia_core.adapters.mt5.evidence import Traces
from axia_core.domain.broker import Absent, CannotTell, Evidence, Finding, Instrument
from axia_core.domain.order_states import State
from axia_core.domain.orders import Action, Kind, Order

TICKET, EXIT = 5, 6
STARTED = 0
STEP = Decimal("0.01")
INSTRUMENT = Instrument(
    name="USDJPY",
    point=Decimal("0.001"),
    tick_size=Decimal("0.001"),
    lots_min=STEP,
    lots_max=Decimal(100),
    lots_step=STEP,
    stops_level_points=0,
)


def order(**changes: Any) -> Order:
    values = {"order_id": "A1", "symbol": "USDJPY", "action": Action.BUY, "kind": Kind.MARKET, "lots": Decimal(1)}
    return Order(**(values | changes))


def limit() -> Order:
    return order(kind=Kind.LIMIT, entry_price=Decimal("149.5"))


def deal(volume: float, price: float = 150.0, **changes: Any) -> dict[str, Any]:
    values = {"ticket": 105, "order": TICKET, "entry": mt5.DEAL_ENTRY_IN, "volume": volume, "price": price}
    return values | changes


def row(state: int, volume: float = 1.0, left: float = 0.0, ticket: int = TICKET) -> dict[str, Any]:
    """An order of the broker's, pending or in the history."""
    return {
        "ticket": ticket,
        "state": state,
        "volume_initial": volume,
        "volume_current": left,
        "price_open": 149.5,
        "sl": 0.0,
        "tp": 0.0,
    }


def position(volume: float = 1.0) -> dict[str, Any]:
    return {"identifier": TICKET, "volume": volume, "price_open": 150.005}


def find(wanted: Order, **rows: Any) -> Finding | None:
    nothing: dict[str, Any] = {"pending": (), "positions": (), "history": (), "deals": ()}
    return evidence.of_order(wanted, Traces(**(nothing | rows)), STEP)


def proved(found: Finding | None) -> tuple[State, Decimal | None]:
    """State and lots of what must be evidence."""
    assert isinstance(found, Evidence)
    return found.state, found.execution.lots


def test_nothing_is_nothing() -> None:
    """No row at all is no evidence, and no doubt either."""
    assert find(order()) is None


def test_fill_has_the_average_price() -> None:
    """A fill in two deals has the sum of the lots and their average price."""
    deals = [deal(0.25, 150.0), deal(0.75, 150.004)]

    found = find(order(), history=[row(mt5.ORDER_FILLED)], deals=deals)

    assert proved(found) == (State.FILLED, Decimal(1))
    assert isinstance(found, Evidence)
    assert found.execution.price == Decimal("150.003")


def test_exit_by_a_stop_is_not_counted() -> None:
    """The deal that a stop loss closed the position with carries the magic, and adds nothing to the entry."""
    closing = deal(1.0, 149.0, order=EXIT, entry=mt5.DEAL_ENTRY_OUT, ticket=106)
    history = [row(mt5.ORDER_FILLED, ticket=EXIT), row(mt5.ORDER_FILLED)]

    found = find(order(), history=history, deals=[deal(1.0), closing])

    assert proved(found) == (State.FILLED, Decimal(1))
    assert isinstance(found, Evidence)
    assert (found.execution.ticket, found.execution.price) == (TICKET, Decimal(150))


def test_exit_is_not_counted_before_its_orders_have_come() -> None:
    """Also while the history shows deals only, what left the market is not what entered it."""
    closing = deal(1.0, 149.0, order=EXIT, entry=mt5.DEAL_ENTRY_OUT, ticket=106)

    assert proved(find(order(), deals=[closing, deal(1.0)])) == (State.FILLED, Decimal(1))


def test_deals_of_another_ticket_are_not_its_own() -> None:
    """Only deals of the order's own ticket count, whatever else carries the magic."""
    history = [row(mt5.ORDER_CANCELED, left=0.5), row(mt5.ORDER_FILLED, 0.5, ticket=EXIT)]
    deals = [deal(0.5), deal(0.5, order=EXIT, ticket=106)]

    assert proved(find(order(), history=history, deals=deals)) == (State.PARTIALLY_FILLED, Decimal("0.5"))


def test_half_filled_and_then_stopped_is_half_filled() -> None:
    """0.5 of 1.0 lots, closed by its stop, were a partial fill: entry and exit do not sum to a whole one."""
    closing = deal(0.5, 149.0, order=EXIT, entry=mt5.DEAL_ENTRY_OUT, ticket=106)
    history = [row(mt5.ORDER_CANCELED, left=0.5), row(mt5.ORDER_FILLED, 0.5, ticket=EXIT)]

    assert proved(find(order(), history=history, deals=[deal(0.5), closing])) == (
        State.PARTIALLY_FILLED,
        Decimal("0.5"),
    )


def test_reversal_on_a_netting_account_counts() -> None:
    """A deal that turned a netted position round is the order's own fill."""
    turning = deal(1.0, entry=mt5.DEAL_ENTRY_INOUT)

    assert proved(find(order(), history=[row(mt5.ORDER_FILLED)], deals=[turning])) == (State.FILLED, Decimal(1))


def test_partly_filled_pending_order_stays_placed() -> None:
    """A pending order of which a part is filled works on at the broker: PLACED, with what is filled so far."""
    pending = [row(mt5.ORDER_PARTIAL, left=0.7)]

    assert proved(find(limit(), pending=pending, deals=[deal(0.3)])) == (State.PLACED, Decimal("0.3"))


def test_market_order_that_is_still_there_proves_nothing() -> None:
    """A market order among the pending ones is on its way."""
    assert isinstance(find(order(), pending=[row(STARTED, left=1.0)]), CannotTell)


@pytest.mark.parametrize("state", [STARTED, 1, 7, 8, 9])
def test_history_row_in_motion_proves_nothing(state: int) -> None:
    """A row of the history whose state is not an end means that nobody can tell yet, never that there is no trace."""
    assert isinstance(find(order(), history=[row(state, left=1.0)]), CannotTell)


@pytest.mark.parametrize("state", [mt5.ORDER_FILLED, mt5.ORDER_PARTIAL])
def test_filled_row_without_deals_proves_nothing(state: int) -> None:
    """The row of a filled order comes before its deals, which alone say how much and at what price."""
    assert isinstance(find(order(), history=[row(state)]), CannotTell)


def test_cancelled_with_a_part_filled_waits_for_its_deals() -> None:
    """A cancelled order of which something was filled is no plain cancellation: its deals are still to come."""
    history = [row(mt5.ORDER_CANCELED, left=0.4)]

    assert isinstance(find(limit(), history=history), CannotTell)
    assert proved(find(limit(), history=history, deals=[deal(0.6)])) == (State.PARTIALLY_FILLED, Decimal("0.6"))


@pytest.mark.parametrize("rows", [[], [row(mt5.ORDER_FILLED)], [row(STARTED, left=0.5)]])
def test_first_of_several_deals_does_not_end_the_order(rows: list[dict[str, Any]]) -> None:
    """Deals of a split fill arrive one by one: less than the broker's row says was filled is not all of it."""
    assert isinstance(find(order(), history=rows, deals=[deal(0.5)]), CannotTell)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (mt5.ORDER_CANCELED, State.CANCELLED),
        (mt5.ORDER_REJECTED, State.REJECTED),
        (mt5.ORDER_EXPIRED, State.EXPIRED_AT_BROKER),
    ],
)
def test_unfilled_end_is_what_the_row_says(state: int, expected: State) -> None:
    """An order that ended without a fill ended as the history says."""
    assert proved(find(limit(), history=[row(state, left=1.0)])) == (expected, None)


def test_position_proves_a_fill() -> None:
    """A position with the magic proves the fill while the history is still late."""
    found = find(order(), positions=[position()])

    assert proved(found) == (State.FILLED, Decimal(1))
    assert isinstance(found, Evidence)
    assert (found.execution.ticket, found.execution.price) == (TICKET, Decimal("150.005"))


def test_smaller_position_waits_for_the_history() -> None:
    """A position smaller than what was asked may be a partial fill or partly closed by now: the deals will tell."""
    assert isinstance(find(order(), positions=[position(0.5)]), CannotTell)


def test_position_rounded_down_to_the_step_is_whole() -> None:
    """What the broker's lot step cut off was never sent, and is not missing."""
    assert proved(find(order(lots=Decimal("1.005")), positions=[position()])) == (State.FILLED, Decimal(1))


def test_deal_without_volume_is_no_fill() -> None:
    """A deal of no lots (a correction of the broker's) has no price to average and fills nothing."""
    assert find(order(), deals=[deal(0.0)]) is None


def test_close_is_done_by_its_own_deals() -> None:
    """A CLOSE is DONE with the lots and the price of the deals that left the market."""
    close = order(action=Action.CLOSE, mt5_ticket=9, lots=None)
    deals = [deal(0.3, 149.0, entry=mt5.DEAL_ENTRY_OUT)]

    assert proved(find(close, history=[row(mt5.ORDER_FILLED, 0.3)], deals=deals)) == (State.DONE, Decimal("0.3"))


def test_deals_that_explain_nothing_are_not_absence() -> None:
    """Deals with the magic of a CLOSE that did not leave the market leave it unknown."""
    close = order(action=Action.CLOSE, mt5_ticket=9)

    assert isinstance(find(close, deals=[deal(0.3)]), CannotTell)


SPLITS = st.lists(st.integers(1, 300), min_size=1, max_size=8)


@given(parts=SPLITS, exits=st.booleans(), unfilled=st.integers(0, 300))
def test_split_fills_sum_exactly(parts: list[int], exits: bool, unfilled: int) -> None:
    """However a fill is split, and whether it was closed since, its lots are the exact sum and never more."""
    asked, filled = Decimal(sum(parts) + unfilled) / 100, Decimal(sum(parts)) / 100
    deals = [deal(part / 100, 150.0 + part / 1000) for part in parts]
    history = [row(mt5.ORDER_CANCELED if unfilled else mt5.ORDER_FILLED, float(asked), unfilled / 100)]
    if exits:
        deals += [deal(float(filled), order=EXIT, entry=mt5.DEAL_ENTRY_OUT)]
        history += [row(mt5.ORDER_FILLED, float(filled), ticket=EXIT)]

    found = find(order(lots=asked), history=history, deals=deals)

    assert proved(found) == (State.PARTIALLY_FILLED if unfilled else State.FILLED, filled)


@given(parts=SPLITS, data=st.data())
def test_deals_that_have_arrived_so_far_never_end_it(parts: list[int], data: st.DataObject) -> None:
    """While a deal is missing nothing is proved, with the broker's row or without it."""
    asked = Decimal(sum(parts)) / 100
    arrived = data.draw(st.integers(0, len(parts) - 1))
    history = data.draw(st.sampled_from([[], [row(mt5.ORDER_FILLED, float(asked))]]))

    found = find(order(lots=asked), history=history, deals=[deal(part / 100) for part in parts[:arrived]])

    assert found is None or isinstance(found, CannotTell)


class TestCancel:
    """CANCEL carries no magic: what became of it is read from its target."""

    CANCEL = order(action=Action.CANCEL, lots=None, mt5_ticket=TICKET)

    def test_target_still_pending_is_no_trace(self) -> None:
        """While its target is pending the CANCEL has had no effect."""
        assert evidence.of_cancel(self.CANCEL, [row(1, left=1.0)], []) == Absent()

    def test_cancelled_target_is_done(self) -> None:
        """A cancelled target proves the CANCEL."""
        assert proved(evidence.of_cancel(self.CANCEL, [], [row(mt5.ORDER_CANCELED, left=1.0)]))[0] is State.DONE

    @pytest.mark.parametrize("state", [mt5.ORDER_FILLED, mt5.ORDER_EXPIRED, mt5.ORDER_REJECTED])
    def test_target_that_ended_otherwise_rejects_it(self, state: int) -> None:
        """A target that was filled, or ended in another way, was not cancelled."""
        assert proved(evidence.of_cancel(self.CANCEL, [], [row(state)]))[0] is State.REJECTED

    def test_target_nowhere_proves_nothing(self) -> None:
        """A target in neither list may be on its way from one to the other."""
        assert isinstance(evidence.of_cancel(self.CANCEL, [], []), CannotTell)


class TestModify:
    """MODIFY carries no magic either: its target has what was asked, or has not."""

    @staticmethod
    def modify(**changes: Any) -> Order:
        return order(action=Action.MODIFY, lots=None, mt5_ticket=TICKET, **changes)

    def test_price_on_the_tick_is_what_was_asked(self) -> None:
        """A price that was rounded to the tick when it was sent is found again."""
        wanted = self.modify(stop_loss=Decimal("149.1234"))

        assert proved(evidence.of_modify(wanted, [row(1) | {"sl": 149.123}], INSTRUMENT))[0] is State.DONE

    def test_price_a_tick_away_is_another(self) -> None:
        """A whole tick off is not what was asked."""
        wanted = self.modify(stop_loss=Decimal("149.123"))

        assert evidence.of_modify(wanted, [row(1) | {"sl": 149.124}], INSTRUMENT) == Absent()

    def test_every_price_counts(self) -> None:
        """One of two prices is not enough."""
        wanted = self.modify(stop_loss=Decimal(149), take_profit=Decimal(151))

        assert evidence.of_modify(wanted, [row(1) | {"sl": 149.0}], INSTRUMENT) == Absent()

    def test_entry_price_of_a_pending_order(self) -> None:
        """A new entry price is looked for where the target is a pending order."""
        wanted = self.modify(entry_price=Decimal("149.4"))

        assert evidence.of_modify(wanted, [row(1)], INSTRUMENT) == Absent()
        assert proved(evidence.of_modify(wanted, [row(1) | {"price_open": 149.4}], INSTRUMENT))[0] is State.DONE

    def test_no_target_proves_nothing(self) -> None:
        """A target that is gone may have been changed before it went."""
        assert isinstance(evidence.of_modify(self.modify(stop_loss=Decimal(149)), [], INSTRUMENT), CannotTell)
