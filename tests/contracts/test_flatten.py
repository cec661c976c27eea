"""Flattening over every broker: in memory, and MT5 over the paper terminal, also where its answers are lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.orders import Action, Kind, Order
from axia_core.ports import Broker
from axia_core.services.flatten import Flattened, flatten
from axia_core.settings import Settings

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LOTS = Decimal("0.1")


def profile(**changes: object) -> TerminalProfile:
    return TerminalProfile.model_validate({"clock": {"fixed": NOW.isoformat()}, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_terminal(tmp_path / "paper", profile())
    return tmp_path / "paper"


@pytest.fixture
def paper(folder: Path) -> Iterator[Broker]:
    """A terminal with a position and a pending order of USDJPY, and a position of EURUSD."""
    with beside.connect(Settings(mt5_path=folder, mt5_deadline_s=2.0), SteppedClock(NOW)) as broker:
        bid = broker.quote("USDJPY").bid
        for number, (symbol, kind) in enumerate(
            (("USDJPY", Kind.MARKET), ("EURUSD", Kind.MARKET), ("USDJPY", Kind.LIMIT))
        ):
            price = bid - 1 if kind is Kind.LIMIT else None
            wanted = Order(
                order_id=f"A{number}", symbol=symbol, action=Action.BUY, kind=kind, lots=LOTS, entry_price=price
            )
            broker.submit(wanted, NOW + timedelta(seconds=5))
        yield broker


@pytest.fixture(params=["memory", "mt5"])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "mt5":
        found: Broker = request.getfixturevalue("paper")
        return found
    positions = [
        Position(
            ticket=ticket,
            symbol=symbol,
            long=True,
            lots=LOTS,
            price_open=Decimal(150),
            stop_loss=None,
            take_profit=None,
            profit=Decimal(0),
            magic=0,
            comment="",
        )
        for ticket, symbol in ((1, "USDJPY"), (2, "EURUSD"))
    ]
    pending = PendingOrder(ticket=3, symbol="USDJPY", lots=LOTS, price=Decimal(149), magic=0, comment="")
    return MemoryBroker(SteppedClock(NOW), open_positions=positions, pending_orders=[pending])


def run(broker: Broker, *actions: Action) -> Flattened:
    ledger = MemoryOrderLedger(KillSwitch(active=True, version=1))
    return flatten(actions, "op", ledger=ledger, broker=broker, clock=SteppedClock(NOW))


def test_cancelling_leaves_the_positions(broker: Broker) -> None:
    """What is pending goes, with its lots known before, and the positions stay."""
    (pending,) = broker.pending()

    found = run(broker, Action.CANCEL)

    assert (pending.symbol, pending.lots) == ("USDJPY", LOTS)
    assert found.is_complete
    assert broker.pending() == ()
    assert len(broker.positions()) == 2


def test_everything_goes(broker: Broker) -> None:
    """Both pending orders and positions of every symbol go, one step each."""
    found = run(broker, Action.CANCEL, Action.CLOSE)

    assert found.is_complete
    assert [step.action for step in found.steps] == [Action.CANCEL, Action.CLOSE, Action.CLOSE]
    assert (broker.pending(), broker.positions()) == ((), ())


class TestMt5:
    """What only the terminal can show."""

    @pytest.mark.parametrize("after", [False, True])
    def test_lost_answer_is_tried_once_and_read_back(self, folder: Path, paper: Broker, after: bool) -> None:
        """An answer that is lost is never repeated: a position that is gone is gone, one that is there is left."""
        write_plan(folder, Fault(function="order_send", calls=(1,), error=(-10005, "IPC timeout"), after=after))

        found = run(paper, Action.CLOSE)

        assert [step.outcome.startswith("UNKNOWN") for step in found.steps] == [True, False]
        assert len(found.positions) == len(paper.positions()) == (0 if after else 1)
        assert found.is_complete is after

    def test_position_of_a_symbol_with_a_suffix_is_closed(self, tmp_path: Path) -> None:
        """A position is closed under the broker's own name of its symbol."""
        create_terminal(tmp_path / "other", profile(symbol_suffix="m"))
        with beside.connect(Settings(mt5_path=tmp_path / "other", mt5_deadline_s=2.0), SteppedClock(NOW)) as broker:
            wanted = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=LOTS)
            broker.submit(wanted, NOW + timedelta(seconds=5))

            found = run(broker, Action.CLOSE)

            assert found.is_complete
            assert [step.symbol for step in found.steps] == ["USDJPYm"]

    def test_netting_position_is_closed_and_not_reversed(self, tmp_path: Path) -> None:
        """On a netting account the position ends flat, also when it is closed twice."""
        create_terminal(tmp_path / "other", profile(account={"margin_mode": "netting"}))
        with beside.connect(Settings(mt5_path=tmp_path / "other", mt5_deadline_s=2.0), SteppedClock(NOW)) as broker:
            wanted = Order(order_id="A1", symbol="USDJPY", action=Action.BUY, kind=Kind.MARKET, lots=LOTS)
            broker.submit(wanted, NOW + timedelta(seconds=5))

            first, second = run(broker, Action.CLOSE), run(broker, Action.CLOSE)

            assert (len(first.steps), second.steps) == (1, ())
            assert broker.positions() == ()

    def test_without_connection_nothing_is_called_gone(self, folder: Path, paper: Broker) -> None:
        """While the terminal has lost its broker an empty book proves nothing."""
        write_plan(folder, Fault(function="*", every=1, disconnected=True))

        found = run(paper, Action.CANCEL)

        assert not found.is_complete
        assert found.unverified
