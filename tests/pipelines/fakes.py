"""Resources over memory adapters, for tests of what Dagster does with them. No fixtures here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import dagster as dg

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.adapters.memory_bars import MemoryBarCache, MemoryBarStore, MemoryMarketData
from axia_core.adapters.memory_statements import MemoryStatements
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.bars import Bars
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import Broker, Events
from axia_core.reconciliation import Reconciliation
from axia_core.services.accept import accept
from axia_core.settings import Settings
from axia_pipelines.jobs import order_desk
from axia_pipelines.resources import BarsResource, DeskResource, OrderPorts, StatementPorts, StatementResource
from tests.bar_examples import many_sessions

MONDAY, FRIDAY = date(2026, 6, 29), date(2026, 7, 3)
SATURDAY_MORNING = datetime(2026, 7, 3, 22, 0, 5, tzinfo=UTC)  # 07:00:05 in Tokyo
WEDNESDAY_NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
TWO_SYMBOLS = ("EURUSD", "USDJPY")
BUY = {"order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1, "tp_price": 151.0, "sl_price": 149.0}


def settings(**changes: object) -> Settings:
    """Settings that no environment changes where it matters here: two symbols, a short history."""
    given = {"symbols": TWO_SYMBOLS, "history_start": date(2026, 6, 1), "duplicate_window_s": 0.0, **changes}
    return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what a keyword dictionary cannot say


class FakeBars(BarsResource):
    """A store and a cache in memory."""

    def __init__(self, clock: SteppedClock, chosen: Settings | None = None) -> None:
        super().__init__(chosen or settings())
        self.clock = clock
        self.store = MemoryBarStore()
        self.cache = MemoryBarCache(clock)


def week(symbols: Sequence[str] = TWO_SYMBOLS, timeframes: Sequence[Timeframe] = tuple(Timeframe)) -> list[Bars]:
    """Every bar of the week of 29 June 2026."""
    return [many_sessions(timeframe, MONDAY, FRIDAY, Symbol(name)) for name in symbols for timeframe in timeframes]


def market(
    series: Sequence[Bars] | None = None, clock: SteppedClock | None = None, **changes: object
) -> MemoryMarketData:
    """A source that has the week's bars, or *series*."""
    clock = clock or SteppedClock(SATURDAY_MORNING)
    given = week() if series is None else series
    return MemoryMarketData(clock, given, **changes)  # type: ignore[arg-type]  # as in `settings`


class FakeDesk(DeskResource):
    """A desk over memory adapters, at noon of a Wednesday unless *now* says otherwise."""

    def __init__(self, now: datetime = WEDNESDAY_NOON) -> None:
        self.clock = SteppedClock(now)
        self.ledger = MemoryOrderLedger(KillSwitch(active=False))
        self.queue = MemoryOrderQueue(self.clock)
        self.events = MemoryEvents()
        self.broker = MemoryBroker(self.clock)
        self.ports = OrderPorts(self.queue, self.ledger, self.events, self.clock, lease_s=15, account="demo")

    @contextmanager
    def open(self, owner: str, events: Events) -> Iterator[Desk]:
        yield Desk(
            queue=self.queue,
            ledger=self.ledger,
            broker=self.broker,
            events=events,
            clock=self.clock,
            rules=DeskRules.of(settings()),
            owner=owner,
        )

    @contextmanager
    def reconciliation(self, owner: str, events: Events) -> Iterator[Reconciliation]:
        yield Reconciliation(
            ledger=self.ledger,
            broker=self.broker,
            events=events,
            clock=self.clock,
            rules=DeskRules.of(settings()),
            owner=owner,
        )

    def hold_lease(self, owner: str, for_s: float) -> None:
        """As if another desk were open."""
        assert self.ledger.acquire_lease(owner, for_s, self.clock.now()) is not None

    def send(self, order_id: str, symbol: str = "USDJPY") -> None:
        """Puts a market order into the queue."""
        self.queue.send(json.dumps({**BUY, "order_id": order_id, "symbol": symbol}))

    def accept(self, order_id: str) -> None:
        """Takes an order into the ledger, as a desk would."""
        self.send(order_id)
        accept(
            self.queue.receive(10, 0, 10),
            acknowledge=self.queue.delete_all,
            ledger=self.ledger,
            clock=self.clock,
            events=self.events,
            symbols=TWO_SYMBOLS,
        )


def ended(instance: dg.DagsterInstance) -> str:
    """A desk run that has just failed."""
    run = instance.create_run_for_job(order_desk, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run)
    return run.run_id


class FakeStatements(StatementResource):
    """Statements in memory, of the ledger and broker of a fake desk."""

    def __init__(self, desk: FakeDesk) -> None:
        self.settings = settings()
        self.desk = desk
        self.store = MemoryStatements()
        self.ports = StatementPorts(desk.ledger, self.store, desk.events, desk.clock)

    @contextmanager
    def broker(self) -> Iterator[Broker]:
        yield self.desk.broker
