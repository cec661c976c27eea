"""Limits: each names the figures it compared, passes at its edge, and refuses beyond it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.broker import Instrument, Position, Quote
from axia_core.domain.limits import (
    DAILY_LOSS,
    DRAWDOWN,
    Check,
    Facts,
    Limits,
    check_age,
    check_entry,
    entry_checks,
    net_lots_towards,
)
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, Kind, Order

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LIMITS = Limits(
    market_max_age=timedelta(minutes=2),
    pending_max_age=timedelta(hours=1),
    max_lots_per_order=Decimal(1),
    max_open_positions=20,
    max_spread_points=100,
    orders_per_minute=60,
    max_net_lots=Decimal(2),
    min_stop_points=10,
    max_entry_distance_percent=Decimal(5),
    duplicate_window=timedelta(seconds=5),
    max_daily_loss_percent=Decimal(5),
    max_drawdown_percent=Decimal(20),
)
STEP = Decimal("0.01")
USDJPY = Instrument(
    name="USDJPYm",
    point=Decimal("0.001"),
    tick_size=Decimal("0.001"),
    lots_min=STEP,
    lots_max=Decimal(100),
    lots_step=STEP,
    stops_level_points=0,
)
FACTS = Facts(
    now=NOW,
    market_open=True,
    quote=Quote(bid=Decimal("149.995"), ask=Decimal("150.005"), at=NOW),
    instrument=USDJPY,
    exposures=0,
    entries_last_minute=0,
    positions=(),
    under_way=(),
    equity=Decimal(10_000),
    equity_at_day_start=Decimal(10_000),
    equity_peak=Decimal(10_000),
)


def order(order_id: str = "A1", **changes: Any) -> Order:
    values: dict[str, Any] = {"symbol": "USDJPY", "action": Action.BUY, "kind": Kind.MARKET, "lots": Decimal("0.1")}
    return Order(order_id=order_id, **(values | changes))


def limit_order(price: str, **changes: Any) -> Order:
    return order(kind=Kind.LIMIT, entry_price=Decimal(price), **changes)


def record(of: Order, state: State = State.RECEIVED, at: datetime = NOW) -> OrderRecord:
    return OrderRecord(order=of, state=state, version=1, sent_at=at, received_at=at, updated_at=at)


def position(lots: str, long: bool = True, symbol: str = "USDJPYm") -> Position:
    return Position(
        ticket=1,
        symbol=symbol,
        long=long,
        lots=Decimal(lots),
        price_open=Decimal(150),
        stop_loss=None,
        take_profit=None,
        profit=Decimal(0),
        magic=0,
        comment="",
    )


def check(code: str, of: Order, limits: Limits = LIMITS, **facts: Any) -> Check:
    (found,) = [one for one in entry_checks(of, replace(FACTS, **facts), limits) if one.code == code]
    return found


def test_plain_entry_passes_every_limit() -> None:
    """An entry within all limits is not refused, and every limit was looked at."""
    assert check_entry(order(), FACTS, LIMITS) is None
    assert [one.code for one in entry_checks(order(), FACTS, LIMITS) if one.passed is not True] == []


def test_every_check_says_what_it_compared() -> None:
    """Each limit names a code of its own, the figure, the limit and the remedy."""
    checks = entry_checks(order(), FACTS, LIMITS)

    assert len({one.code for one in checks}) == len(checks)
    assert all(one.figure and one.limit and one.remedy for one in checks)


def test_all_broken_limits_are_listed_and_the_first_refuses() -> None:
    """A dry run sees every broken limit; executing sees the first, with figures and remedy in its text."""
    wrong = order(lots=Decimal(3), stop_loss=Decimal(151))

    broken = [one.code for one in entry_checks(wrong, FACTS, LIMITS) if one.passed is False]
    refusal = check_entry(wrong, FACTS, LIMITS)

    assert broken == ["MAX_LOTS", "MAX_NET_LOTS", "STOPS"]
    assert str(refusal) == "MAX_LOTS: 3 lots; at most 1 (max_lots_per_order); send a smaller order"


UNKNOWN = replace(FACTS, positions=None, under_way=None, equity=None, equity_at_day_start=None, equity_peak=None)


def test_unknown_facts_refuse() -> None:
    """A limit that is on and whose fact is missing says that it is not known, and refuses."""
    refusing = [one for one in entry_checks(order(), UNKNOWN, LIMITS) if one.passed is False]

    assert [one.code for one in refusing] == [DAILY_LOSS, DRAWDOWN, "MAX_NET_LOTS"]
    assert all("not known" in one.figure and "want of a fact" in one.remedy for one in refusing)


def test_limits_that_are_off_need_no_facts() -> None:
    """A limit that is off is not looked at, whatever is known."""
    off = replace(LIMITS, max_daily_loss_percent=None, max_drawdown_percent=None, max_net_lots=None)

    assert [one.passed for one in entry_checks(order(), UNKNOWN, off)].count(None) == 3
    assert check_entry(order(), UNKNOWN, off) is None


@pytest.mark.parametrize(("equity", "passed"), [("8000.01", True), ("8000", False)])
def test_drawdown_is_held_against_the_highest_equity(equity: str, passed: bool) -> None:
    """An entry is refused at the configured distance below the highest equity, and passes just above it."""
    facts = replace(FACTS, equity=Decimal(equity), equity_at_day_start=Decimal(equity))

    (found,) = [one for one in entry_checks(order(), facts, LIMITS) if one.code == DRAWDOWN]

    assert found.passed is passed


class TestNetLots:
    """Net lots per symbol: what is under way in the entry's direction counts as filled."""

    def test_edge_passes_and_beyond_is_refused(self) -> None:
        """The limit itself may be reached, not exceeded."""
        assert check("MAX_NET_LOTS", order(), positions=(position("1.9"),)).passed
        assert check("MAX_NET_LOTS", order(), positions=(position("1.91"),)).passed is False

    def test_other_symbols_do_not_count(self) -> None:
        """Positions of other symbols are no part of it."""
        assert check("MAX_NET_LOTS", order(), positions=(position("9", symbol="EURUSDm"),)).passed

    def test_reducing_entry_passes(self) -> None:
        """A SELL against a long position beyond the limit reduces it, and passes."""
        assert check("MAX_NET_LOTS", order(action=Action.SELL), positions=(position("9"),)).passed

    def test_reversing_entry_is_judged_by_what_remains(self) -> None:
        """A SELL that turns a long position into a short one is judged by the short one."""
        sell = order(action=Action.SELL, lots=Decimal("3.2"))

        assert check("MAX_NET_LOTS", sell, positions=(position("1.0"),)).passed is False

    def test_pending_orders_count_as_filled(self) -> None:
        """A placed order of the same direction counts, one of the other direction does not help."""
        placed = record(limit_order("149", lots=Decimal("1.95")), State.PLACED)
        against = record(limit_order("151", action=Action.SELL, lots=Decimal(2)), State.PLACED)

        assert check("MAX_NET_LOTS", order(), under_way=(placed, against)).passed is False

    @given(
        st.lists(st.tuples(st.integers(1, 500), st.booleans()), max_size=6), st.sampled_from([Action.BUY, Action.SELL])
    )
    def test_directions_mirror(self, held: list[tuple[int, bool]], action: Action) -> None:
        """Seen from both directions, the net of what is held adds up to nothing."""
        positions = [position(str(lots * STEP), long) for lots, long in held]
        other = Action.SELL if action is Action.BUY else Action.BUY

        one = net_lots_towards(order(action=action), USDJPY, positions, ())
        two = net_lots_towards(order(action=other), USDJPY, positions, ())

        assert one + two == 2 * Decimal("0.1")


class TestStops:
    """Stop distance, and the requirement of a stop loss."""

    @pytest.mark.parametrize(("stop", "passed"), [("149.985", True), ("149.986", False)])
    def test_configured_distance(self, stop: str, passed: bool) -> None:
        """Ten points from the bid, at which a BUY would close, are enough, nine are not."""
        assert check("STOP_DISTANCE", order(stop_loss=Decimal(stop))).passed is passed

    def test_larger_one_of_both_minimums_counts(self) -> None:
        """The broker's own distance counts where it is larger."""
        instrument = replace(USDJPY, stops_level_points=50)

        refused = check("STOP_DISTANCE", order(stop_loss=Decimal("149.955")), instrument=instrument)

        assert (refused.passed, "at least 50 points" in refused.limit) == (False, True)

    def test_take_profit_keeps_the_distance_too(self) -> None:
        """A take profit right at the market is refused."""
        assert check("STOP_DISTANCE", order(take_profit=Decimal("150.000"))).passed is False

    def test_pending_stops_are_measured_from_the_entry(self) -> None:
        """Stops of a pending order keep their distance from its own price."""
        assert check("STOP_DISTANCE", limit_order("149", stop_loss=Decimal("148.995"))).passed is False
        assert check("STOP_DISTANCE", limit_order("149", stop_loss=Decimal("148.99"))).passed

    def test_required_stop_loss(self) -> None:
        """Where the settings require a stop loss, an entry without one is refused; by default it is not."""
        strict = replace(LIMITS, require_stop_loss=True)

        assert check("NO_STOP_LOSS", order()).passed
        assert check("NO_STOP_LOSS", order(), strict).passed is False
        assert check("NO_STOP_LOSS", order(stop_loss=Decimal(149)), strict).passed


class TestPriceBand:
    """A pending price far from the market is a wrong digit."""

    @pytest.mark.parametrize(("price", "passed"), [("143", True), ("14.9", False), ("1499", False), ("142.4", False)])
    def test_distance_from_the_market(self, price: str, passed: bool) -> None:
        """Five percent are allowed to either side."""
        assert check("PRICE_BAND", limit_order(price)).passed is passed

    def test_market_order_has_no_price(self) -> None:
        """A market order passes."""
        assert check("PRICE_BAND", order()).passed


class TestDuplicate:
    """The same content under another id shortly after is refused."""

    @pytest.mark.parametrize(("seconds", "passed"), [(4.9, False), (5.0, True)])
    def test_window(self, seconds: float, passed: bool) -> None:
        """Within the window it is refused, after it it is not."""
        alike = record(order("B1"), State.FILLED, NOW - timedelta(seconds=seconds))

        assert check("DUPLICATE", order(), alike=alike).passed is passed

    def test_itself_is_no_duplicate(self) -> None:
        """A further attempt of the same order is no repeat."""
        assert check("DUPLICATE", order(), alike=record(order(), State.RECEIVED)).passed

    @pytest.mark.parametrize("state", [State.REJECTED, State.REFUSED, State.EXPIRED, State.CANCELLED])
    def test_order_without_effect_may_be_repeated(self, state: State) -> None:
        """What came to nothing may be sent again at once."""
        assert check("DUPLICATE", order(), alike=record(order("B1"), state)).passed

    @pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN, State.PLACED, State.PARTIALLY_FILLED])
    def test_order_that_may_have_had_effect_counts(self, state: State) -> None:
        """What may have taken effect counts."""
        assert check("DUPLICATE", order(), alike=record(order("B1"), state)).passed is False

    def test_zero_window_turns_it_off(self) -> None:
        """A window of 0 s refuses nothing."""
        off = replace(LIMITS, duplicate_window=timedelta())

        assert check("DUPLICATE", order(), off, alike=record(order("B1"), State.FILLED)).passed


class TestDailyLoss:
    """The day's loss, realised and floating, against the equity at its start."""

    @pytest.mark.parametrize(
        ("equity", "passed"), [("9500.01", True), ("9500", False), ("9000", False), ("11000", True)]
    )
    def test_edge(self, equity: str, passed: bool) -> None:
        """Reaching the limit refuses entries."""
        assert check(DAILY_LOSS, order(), equity=Decimal(equity)).passed is passed

    @pytest.mark.parametrize("start", ["0", "-5"])
    def test_a_day_that_began_with_nothing_refuses(self, start: str) -> None:
        """Without a positive equity at the day's start no loss can be judged, so no entry passes."""
        assert check(DAILY_LOSS, order(), equity_at_day_start=Decimal(start)).passed is False

    def test_refusal_carries_the_code(self) -> None:
        """The refusal says DAILY_LOSS with the figures, before limits that matter less."""
        refusal = check_entry(order(lots=Decimal(9)), replace(FACTS, equity=Decimal(9_400)), LIMITS)

        assert refusal is not None
        assert (refusal.code, "6.00 % lost" in refusal.text) == (DAILY_LOSS, True)


class TestAge:
    """Age limits."""

    @pytest.mark.parametrize(
        ("changes", "age_s", "passed"),
        [
            ({}, 119, True),
            ({}, 120, False),
            ({"action": Action.CANCEL}, 10**7, True),
            ({"kind": Kind.LIMIT}, 3_599, True),
            ({"kind": Kind.LIMIT}, 3_600, False),
            ({"kind": Kind.LIMIT, "expires_at": NOW + timedelta(seconds=1)}, 10**6, True),
            ({"kind": Kind.LIMIT, "expires_at": NOW}, 1, False),
            ({"expires_at": NOW}, 1, False),
            ({"expires_at": NOW + timedelta(hours=1)}, 121, False),
        ],
    )
    def test_age(self, changes: dict[str, Any], age_s: int, passed: bool) -> None:
        """A market order has the setting's age whatever its expiry, a pending one its own expiry, a CANCEL none."""
        found = check_age(record(order(**changes), at=NOW - timedelta(seconds=age_s)), NOW, LIMITS)

        assert found.passed is passed
