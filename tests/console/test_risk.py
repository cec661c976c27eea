"""What an entry may lose and win, in the account's currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from axia_console.risk import project, rate
from axia_core.domain.orders import Action, Kind, Order
from axia_core.domain.snapshot import Snapshot
from tests.snapshot_examples import PRICES, quote, snapshot

D = Decimal
QUOTES = {symbol: quote(symbol) for symbol in PRICES}


def order(symbol: str = "EURUSD", action: Action = Action.BUY, **more: object) -> Order:
    values: dict[str, object] = {"order_id": "T", "symbol": symbol, "action": action, "kind": Kind.MARKET}
    return Order(**(values | {"lots": D("0.1")} | more))  # type: ignore[arg-type]  # a test's own shorthand


def test_dollar_pair() -> None:
    """0.1 lots EURUSD bought at 1.1001: 30.1 pips to the stop are 30.10 dollars."""
    found = project(order(stop_loss=D("1.0971"), take_profit=D("1.1061")), snapshot())

    assert (found.risk, found.reward, found.ratio) == (D("30.00"), D("60.00"), D("2.00"))
    assert (found.currency, found.pip_value, found.risk_percent) == ("USD", D("1.00"), D("0.30"))


def test_yen_pair_is_converted() -> None:
    """A yen pair's risk is turned into dollars by the present USDJPY."""
    found = project(order("USDJPY", Action.SELL, stop_loss=D("151")), snapshot())

    assert found.risk == (D(1) * 10_000 / D("150.005")).quantize(D("0.01"))
    assert found.reward is None


def test_stop_on_the_wrong_side_is_negative() -> None:
    """A stop that protects nothing is no small risk."""
    found = project(order(stop_loss=D("1.2")), snapshot())

    assert found.risk is not None
    assert found.risk < 0
    assert found.ratio is None


def test_unknown_rate_gives_no_figure() -> None:
    """Without a way to the account's currency there is no figure, rather than a wrong one."""
    poor = replace(snapshot(), quotes={"EURJPY": quote("EURJPY")})

    found = project(order("EURJPY", stop_loss=D("164")), poor)

    assert (found.risk, found.pip_value) == (None, None)


def test_lot_is_the_broker_s() -> None:
    """A broker whose lot is 1,000 units moves a hundredth of the money."""
    small = {"EURUSD": replace(snapshot().instruments["EURUSD"], units_per_lot=D(1_000))}
    known: Snapshot = replace(snapshot(), instruments=small)

    assert project(order(stop_loss=D("1.0971")), known).risk == D("0.30")


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("USD", "USD", D(1)),
        ("EUR", "USD", D("1.10005")),
        ("USD", "EUR", 1 / D("1.10005")),
        ("EUR", "CHF", D("1.10005") * D("0.80005")),
        ("GBP", "USD", None),
    ],
)
def test_rate(source: str, target: str, expected: Decimal | None) -> None:
    """Direct, inverse, over the dollar, or not at all."""
    assert rate(source, target, QUOTES) == expected
