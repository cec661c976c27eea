"""Trading on the paper terminal: what the broker refuses, what it executes, and what happens while nobody calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper.brokers import BROKER_RULES, rules_from
from axia_core.adapters.paper.clock import SESSION_CLOCK
from axia_core.adapters.paper.faults import Fault, write_plan

from .conftest import NOON, PAIR, PaperTerminal, request, send, tick

SATURDAY = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)
FAR = 2**31 - 1
FIXTURES = Path(__file__).parents[4] / "shared" / "data" / "fixtures"


def _hours_ahead(terminal: PaperTerminal, hours: int) -> tuple[float, float]:
    """Lowest and highest bid of the coming hours."""
    future = terminal.now + timedelta(hours=hours)
    before = terminal.now
    terminal.move(future - before)
    bars = mt5.copy_rates_range(
        PAIR,
        mt5.TIMEFRAME_M1,
        *(SESSION_CLOCK.to_server_s(int(at.timestamp())) for at in (before + timedelta(minutes=1), future)),
    )
    terminal.move(before - future)
    return float(bars["low"].min()), float(bars["high"].max())


def test_buy_fills_at_the_ask(terminal: PaperTerminal) -> None:
    """A market BUY fills at the ask, and order, deal and position carry magic and comment."""
    quote = tick()

    result = send(magic=4_711, comment="axia-1", sl=round(quote.bid - 0.3, 3), tp=round(quote.bid + 0.3, 3))

    assert (result.retcode, result.comment, result.price) == (10009, "Request executed", quote.ask)
    (position,) = mt5.positions_get(ticket=result.order)
    (order,) = mt5.history_orders_get(ticket=result.order)
    (deal,) = mt5.history_deals_get(ticket=result.order)
    assert [(row.magic, row.comment, row.symbol) for row in (position, order, deal)] == [(4_711, "axia-1", PAIR)] * 3
    assert (order.state, deal.ticket, deal.entry, deal.position_id) == (4, result.deal, 0, position.identifier)
    assert position.time == deal.time == SESSION_CLOCK.to_server_s(int(NOON.timestamp()))
    assert (position.price_current, position.sl) == (quote.bid, round(quote.bid - 0.3, 3))


def test_magic_of_64_bits(terminal: PaperTerminal) -> None:
    """The largest magic comes back as it was sent."""
    send(magic=(1 << 64) - 1)

    assert mt5.positions_get()[0].magic == (1 << 64) - 1


@pytest.mark.parametrize(
    ("fields", "retcode"),
    [
        ({"symbol": "XAUUSD"}, 10013),
        ({"action": 99}, 10013),
        ({"type": 2}, 10035),
        ({"action": 5, "type": 0}, 10035),
        ({"volume": 0.001}, 10014),
        ({"volume": 0.015}, 10014),
        ({"volume": 1_000.0}, 10014),
        ({"price": 150.12345}, 10015),
        ({"sl": 999.0}, 10016),
        ({"tp": 1.0}, 10016),
        ({"symbol": "EURUSD", "volume": 100.0}, 10019),
        ({"type_filling": 2}, 10030),
        ({"type_filling": 3}, 10030),
        ({"position": 5, "type": 1}, 10036),
        ({"action": 5, "type": 2, "price": 999.0}, 10015),
        ({"action": 5, "type": 2, "price": 100.0, "type_time": 2, "expiration": 1}, 10022),
        ({"action": 6, "position": 5}, 10036),
        ({"action": 7, "order": 5}, 10013),
        ({"action": 8, "order": 5}, 10013),
        ({"action": 10, "position": 5, "position_by": 6}, 10036),
    ],
)
def test_refusals(terminal: PaperTerminal, fields: dict[str, Any], retcode: int) -> None:
    """Each rule refuses with its retcode, order_check says the same, and nothing changes."""
    assert mt5.order_check(request(**fields)).retcode == retcode
    assert send(**fields).retcode == retcode
    assert (mt5.positions_total(), mt5.orders_total(), mt5.history_deals_total(0, FAR)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("mask", "execution", "filling", "retcode"),
    [
        (1, "market", 0, 10009),
        (1, "market", 1, 10030),
        (2, "market", 0, 10030),
        (2, "market", 1, 10009),
        (4, "market", 2, 10030),
        (1, "exchange", 2, 10009),
    ],
)
def test_filling_mask(terminal: PaperTerminal, mask: int, execution: str, filling: int, retcode: int) -> None:
    """The filling mask counts bits while the request counts values: FOK is bit 1 and 0, IOC bit 2 and 1."""
    terminal.rules(filling_mask=mask, execution=execution)

    assert send(type_filling=filling).retcode == retcode


def test_requote(terminal: PaperTerminal) -> None:
    """Under instant execution a price farther off than the deviation is requoted, a nearer one fills at the market."""
    terminal.rules(execution="instant")
    ask = tick().ask

    assert send(price=round(ask - 0.02, 3), deviation=10).retcode == 10004
    assert send(price=round(ask - 0.005, 3), deviation=10).price == ask


def test_stops_level(terminal: PaperTerminal) -> None:
    """A stop nearer than the stops level is refused; at the level it passes."""
    terminal.rules(stops_level=50)
    bid = tick().bid

    assert send(sl=round(bid - 0.049, 3)).retcode == 10016
    assert send(sl=round(bid - 0.050, 3)).retcode == 10009


def test_freeze_level(terminal: PaperTerminal) -> None:
    """Within the freeze level neither stops nor pending orders can be changed."""
    bid = tick().bid
    ticket = send(sl=round(bid - 0.01, 3)).order
    terminal.rules(freeze_level=50)

    assert send(action=6, position=ticket, sl=round(bid - 0.5, 3)).retcode == 10029


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"account": {"trade_allowed": False}}, 10017),
        ({"account": {"trade_expert": False}}, 10026),
        ({"autotrading": False}, 10027),
        ({"connected": False}, 10031),
        ({"rules": {"trade_mode": "disabled"}}, 10017),
        ({"rules": {"trade_mode": "shortonly"}}, 10043),
        ({"rules": {"trade_mode": "closeonly"}}, 10044),
        ({"rules": {"volume_limit": 0.05}}, 10034),
    ],
)
def test_permissions(terminal: PaperTerminal, changes: dict[str, Any], retcode: int) -> None:
    """What the account, the terminal or the symbol forbids is refused by its own retcode."""
    for name, value in changes.items():
        part = getattr(terminal.profile, name)
        terminal.set(**{name: part.model_copy(update=value) if isinstance(value, dict) else value})

    assert send().retcode == retcode


def test_api_disabled(terminal: PaperTerminal) -> None:
    """With the Python API disabled order_send is None with -8."""
    terminal.set(api_disabled=True)

    assert mt5.order_send(request()) is None
    assert mt5.last_error()[0] == -8
    assert mt5.terminal_info().tradeapi_disabled is True


def test_market_closed(terminal: PaperTerminal) -> None:
    """On a Saturday every trade is refused with 10018 and the quote is old."""
    ticket = send().order
    terminal.move(SATURDAY - NOON)

    assert send().retcode == 10018
    assert send(type=1, position=ticket).retcode == 10018
    assert send(action=6, position=ticket, sl=1.0).retcode == 10018
    assert SESSION_CLOCK.to_server_s(int(SATURDAY.timestamp())) - tick().time > 12 * 3_600


def test_close_and_partial_close(terminal: PaperTerminal) -> None:
    """An opposite deal with `position` reduces and then closes it; the balance moves by the deals' profit."""
    ticket = send(volume=0.3).order
    terminal.move(timedelta(hours=2))

    assert send(type=1, volume=0.5, position=ticket).retcode == 10038
    assert send(type=0, volume=0.1, position=ticket).retcode == 10013
    assert send(type=1, volume=0.1, position=ticket).retcode == 10009
    assert mt5.positions_get(ticket=ticket)[0].volume == 0.2
    assert send(type=1, volume=0.2, position=ticket).retcode == 10009
    assert mt5.positions_get() == ()
    deals = mt5.history_deals_get(position=ticket)
    assert [deal.entry for deal in deals] == [0, 1, 1]
    assert mt5.account_info().balance == pytest.approx(100_000 + sum(deal.profit for deal in deals))
    assert deals[-1].profit != 0


def test_hedging_keeps_both_sides(terminal: PaperTerminal) -> None:
    """On a hedging account the opposite deal opens a second position, and CLOSE_BY closes both."""
    first, second = send().order, send(type=1, volume=0.2).order
    assert mt5.positions_total() == 2
    assert mt5.account_info().margin == pytest.approx(200.0)

    result = send(action=10, position=first, position_by=second)

    assert result.retcode == 10009
    assert [(row.ticket, row.volume) for row in mt5.positions_get()] == [(second, 0.1)]
    assert [deal.entry for deal in mt5.history_deals_get(ticket=result.order)] == [3, 3]


def test_netting_adds_reduces_and_reverses(new_terminal: Callable[..., PaperTerminal]) -> None:
    """On a netting account a symbol has one position: added to, reduced, reversed under the same identifier."""
    new_terminal(account={"margin_mode": "netting"})
    identifier = send().order

    send(volume=0.2)
    assert [(row.volume, row.type) for row in mt5.positions_get()] == [(0.3, 0)]
    send(type=1, volume=0.1)
    assert [(row.volume, row.type) for row in mt5.positions_get()] == [(0.2, 0)]
    last = send(type=1, volume=0.5)
    (position,) = mt5.positions_get()
    assert (position.volume, position.type, position.identifier, position.ticket) == (0.3, 1, identifier, last.order)
    assert [deal.entry for deal in mt5.history_deals_get(position=identifier)] == [0, 0, 1, 2]
    assert mt5.account_info().margin_mode == 0


@pytest.mark.parametrize(("exit_", "reason"), [("sl", 4), ("tp", 5)])
@pytest.mark.parametrize("side", [0, 1])
def test_exit_fires(terminal: PaperTerminal, exit_: str, reason: int, side: int) -> None:
    """A stop loss and a take profit fire on the path while nobody calls, with their reason and comment."""
    low, high = _hours_ahead(terminal, 12)
    quote = tick()
    falls = (exit_ == "sl") == (side == 0)
    level = round(low + 0.02, 3) if falls else round(high - 0.02, 3)
    assert quote.ask < level or quote.bid > level
    ticket = send(type=side, magic=9, **{exit_: level}).order

    terminal.move(timedelta(hours=12))

    assert mt5.positions_get() == ()
    _, deal = mt5.history_deals_get(position=ticket)
    assert (deal.reason, deal.entry, deal.comment, deal.magic) == (reason, 1, f"[{exit_} {level:.3f}]", 9)
    assert abs(deal.price - level) < 0.02
    assert (
        SESSION_CLOCK.to_server_s(int(NOON.timestamp()))
        < deal.time
        < SESSION_CLOCK.to_server_s(int(terminal.now.timestamp()))
    )
    assert mt5.history_orders_get(ticket=deal.order)[0].reason == reason


@pytest.mark.parametrize("kind", [2, 3, 4, 5])
def test_pending_triggers(terminal: PaperTerminal, kind: int) -> None:
    """LIMIT and STOP orders of both sides wait, then fill on the path with their magic and stops."""
    low, high = _hours_ahead(terminal, 12)
    price = round(low + 0.03, 3) if kind in (2, 5) else round(high - 0.02, 3)
    placed = send(action=5, type=kind, price=price, magic=5, comment="later")
    assert placed.retcode == 10008
    assert placed.deal == 0
    assert mt5.orders_get(ticket=placed.order)[0].state == 1

    terminal.move(timedelta(hours=12))

    assert mt5.orders_get() == ()
    (position,) = mt5.positions_get()
    assert (position.ticket, position.type, position.magic, position.comment) == (placed.order, kind % 2, 5, "later")
    assert abs(position.price_open - price) < 0.02
    assert mt5.history_orders_get(ticket=placed.order)[0].state == 4


def test_pending_expires(terminal: PaperTerminal) -> None:
    """A pending order with an expiration in server time ends EXPIRED."""
    server = SESSION_CLOCK.to_server_s(int(NOON.timestamp()))
    ticket = send(action=5, type=2, price=100.0, type_time=2, expiration=server + 60).order

    terminal.move(timedelta(seconds=61))

    assert mt5.orders_total() == 0
    (order,) = mt5.history_orders_get(ticket=ticket)
    assert (order.state, order.time_done) == (6, server + 60)


def test_modify_and_remove(terminal: PaperTerminal) -> None:
    """A pending order can be changed and removed; the same values again are no change."""
    ticket = send(action=5, type=2, price=100.0).order

    assert send(action=7, order=ticket, price=101.0, sl=99.0).retcode == 10009
    assert mt5.orders_get()[0].price_open == 101.0
    assert send(action=7, order=ticket, price=101.0, sl=99.0).retcode == 10025
    assert send(action=8, order=ticket).retcode == 10009
    assert mt5.history_orders_get(ticket=ticket)[0].state == 2


def test_stops_can_be_changed(terminal: PaperTerminal) -> None:
    """SLTP sets both stops of a position; the same again is no change, a wrong side is refused."""
    bid, ticket = tick().bid, send().order

    assert send(action=6, position=ticket, sl=round(bid - 0.5, 3), tp=round(bid + 0.5, 3)).retcode == 10009
    assert send(action=6, position=ticket, sl=round(bid - 0.5, 3), tp=round(bid + 0.5, 3)).retcode == 10025
    assert send(action=6, position=ticket, sl=round(bid + 0.5, 3)).retcode == 10016


def test_partial_fill(terminal: PaperTerminal) -> None:
    """Where the market is thin, IOC fills what there is and FOK nothing."""
    terminal.rules(fills_at_most=0.04)

    assert send(type_filling=0).retcode == 10021
    result = send(type_filling=1)
    assert (result.retcode, result.volume) == (10010, 0.04)
    assert mt5.positions_get()[0].volume == 0.04


def test_stop_out(terminal: PaperTerminal) -> None:
    """When the margin level falls under the stop-out level, the broker closes positions by itself."""
    terminal.account(stopout_level=1_000.0)
    send(volume=40.0)

    terminal.move(timedelta(seconds=5))

    assert mt5.positions_total() == 0
    assert mt5.history_deals_get(0, FAR)[-1].reason == 6


def test_suffix(new_terminal: Callable[..., PaperTerminal]) -> None:
    """A broker's suffix is part of the name everywhere; the plain pair is unknown."""
    new_terminal(symbol_suffix=".r")

    assert mt5.symbol_info(PAIR) is None
    assert mt5.last_error() == (-4, "Terminal: Not found")
    assert send(symbol=f"{PAIR}.r").retcode == 10009
    assert mt5.positions_get(symbol=f"{PAIR}.r")[0].symbol == f"{PAIR}.r"
    assert [info.name for info in mt5.symbols_get("*JPY*, !EUR*")] == ["GBPJPY.r", "USDJPY.r"]


def test_market_watch(new_terminal: Callable[..., PaperTerminal]) -> None:
    """A symbol that is not selected has no tick; selecting it lasts."""
    terminal = new_terminal()
    terminal.set(selected=False)

    assert mt5.symbol_info_tick(PAIR) is None
    assert mt5.symbol_info(PAIR).bid == 0.0
    assert mt5.symbol_select(PAIR, True) is True
    assert tick().bid == mt5.symbol_info(PAIR).bid


def test_authorization(terminal: PaperTerminal) -> None:
    """Another login, password or server is not let in, and leaves no connection."""
    for wrong in ({"login": 1}, {"password": "no"}, {"server": "Else"}):
        assert mt5.initialize(str(terminal.folder), **wrong) is False
        assert mt5.last_error() == (-6, "Terminal: Authorization failed")
        assert mt5.account_info() is None
    assert mt5.initialize(
        path=str(terminal.folder), login=50_000_001, password="paper", server="AXIA-Paper", timeout=1_000
    )


def test_state_survives(terminal: PaperTerminal) -> None:
    """Positions and balance are there after shutdown, a new profile and a new connection."""
    ticket = send().order
    mt5.shutdown()

    terminal.account(balance=5.0)
    mt5.initialize(str(terminal.folder))

    assert mt5.positions_get()[0].ticket == ticket
    assert mt5.account_info().balance == 100_000.0


def test_filters(terminal: PaperTerminal) -> None:
    """Of several filters only the ticket counts; an unknown one is an empty tuple, not a failure."""
    ticket = send().order

    assert len(mt5.positions_get(ticket=ticket, symbol="EURUSD")) == 1
    assert mt5.positions_get(ticket=1) == ()
    assert mt5.last_error() == (1, "Success")
    assert mt5.history_deals_get() is None
    assert mt5.last_error() == (-2, "Invalid arguments")


def test_history_is_in_server_time(terminal: PaperTerminal) -> None:
    """A history that ends at UTC now misses a deal of this moment: deals are stamped with the server's clock."""
    send()
    utc = int(NOON.timestamp())

    assert mt5.history_deals_total(utc - 60, utc + 60) == 0
    assert mt5.history_deals_total(utc - 60, utc + 86_400) == 1


def test_calc(terminal: PaperTerminal) -> None:
    """order_calc_profit and order_calc_margin are in the account's currency."""
    assert mt5.order_calc_margin(0, "EURUSD", 1.0, 1.1) == pytest.approx(tick("EURUSD").bid * 1_000, abs=0.01)
    assert mt5.order_calc_profit(0, "EURUSD", 0.1, 1.1, 1.101) == 10.0
    assert mt5.order_calc_profit(1, "EURUSD", 0.1, 1.1, 1.101) == -10.0


@pytest.mark.parametrize(("broker", "accepted"), [("metaquotes-demo", 0), ("ioc-only", 1), ("fok-only", 0)])
def test_recorded_brokers(terminal: PaperTerminal, broker: str, accepted: int) -> None:
    """Under the rules of a recorded broker the filling it takes fills, and its mask and spread are shown."""
    terminal.set(rules=BROKER_RULES[broker])

    assert send(type_filling=accepted, price=tick().ask).retcode == 10009
    info = mt5.symbol_info(PAIR)
    assert (info.filling_mode, info.spread) == (BROKER_RULES[broker].filling_mask, BROKER_RULES[broker].spread_points)
    assert send(type_filling=1 - accepted, price=tick().ask).retcode == (
        10009 if broker == "metaquotes-demo" else 10030
    )


@pytest.mark.parametrize(
    ("broker", "file", "key"),
    [
        ("metaquotes-demo", "metaquotes_demo_2022-03.json", "symbol_info_EURUSD"),
        ("ioc-only", "symbol_info_brokers.json", "USDJPY_2024-01"),
        ("fok-only", "symbol_info_brokers.json", "EURJPY_2022-11"),
    ],
)
def test_recorded_rules_are_those_of_the_recording(broker: str, file: str, key: str) -> None:
    """The rules that go by a broker's name are what its recorded symbol_info says, swaps and all."""
    if not FIXTURES.is_dir():
        pytest.skip("../shared/data/fixtures (recorded brokers) is not here")
    recorded = json.loads((FIXTURES / file).read_text(encoding="utf-8"))

    found = next(info for name, info in recorded.items() if name.startswith(key))

    assert rules_from(found) == BROKER_RULES[broker]


def test_broker_is_selectable(new_terminal: Callable[..., PaperTerminal]) -> None:
    """terminal.json names a recorded broker; what `rules` says goes before it."""
    new_terminal(broker="ioc-only", rules={"spread_points": 7})

    info = mt5.symbol_info(PAIR)

    assert (info.filling_mode, info.volume_max, info.spread, info.swap_short) == (2, 200.0, 7, -25.92)
    assert send(type_filling=0).retcode == 10030


def test_dead_feed(terminal: PaperTerminal) -> None:
    """While the market is open, a price that stopped moving long ago is no price: 10021."""
    write_plan(terminal.folder, Fault(function="order_send", every=1, stale_s=7_200))

    assert send().retcode == 10021
