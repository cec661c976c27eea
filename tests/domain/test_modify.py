"""A MODIFY reduces risk only where it brings an open position's stops nearer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from axia_core.domain.broker import Position
from axia_core.domain.modify import reduces_risk
from axia_core.domain.orders import Action, Kind, Order

LONG = Position(
    ticket=7,
    symbol="USDJPY",
    long=True,
    lots=Decimal("0.1"),
    price_open=Decimal(150),
    stop_loss=Decimal(149),
    take_profit=Decimal(152),
    profit=Decimal(0),
    magic=1,
    comment="",
)
SHORT = replace(LONG, long=False, stop_loss=Decimal(151), take_profit=Decimal(148))


def modify(**changes: Any) -> Order:
    values: dict[str, Any] = {"order_id": "M1", "symbol": "USDJPY", "action": Action.MODIFY, "kind": Kind.MARKET}
    return Order(**(values | {"mt5_ticket": 7} | changes))


@pytest.mark.parametrize(
    ("position", "stops", "reduces"),
    [
        (LONG, {"stop_loss": Decimal("149.5")}, True),
        (LONG, {"stop_loss": Decimal("148.9")}, False),
        (LONG, {"take_profit": Decimal("151")}, True),
        (LONG, {"take_profit": Decimal("153")}, False),
        (LONG, {"stop_loss": Decimal("149.5"), "take_profit": Decimal("153")}, False),
        (SHORT, {"stop_loss": Decimal("150.5")}, True),
        (SHORT, {"stop_loss": Decimal("151.5")}, False),
        (SHORT, {"take_profit": Decimal("149")}, True),
        (SHORT, {"take_profit": Decimal("147")}, False),
        (replace(LONG, stop_loss=None), {"stop_loss": Decimal("140")}, True),
    ],
)
def test_stops_that_come_nearer(position: Position, stops: dict[str, Decimal], reduces: bool) -> None:
    """Each stop that is given must come nearer; one that is left out stays as it is."""
    assert reduces_risk(modify(**stops), (position,)) is reduces


def test_what_is_no_position_never_counts() -> None:
    """A pending order, or a ticket that nobody holds, is not reduced by moving it."""
    assert not reduces_risk(modify(stop_loss=Decimal("149.5"), mt5_ticket=8), (LONG,))
    assert not reduces_risk(modify(entry_price=Decimal("149.5")), (LONG,))
