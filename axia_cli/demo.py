"""The demonstration: collect, cache and trade on a running stack, and say what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dagster_http.client import DagsterClient, RunStatus, neighbours
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import (
    is_open,
    last_closed_trading_days,
    last_due_trading_day,
    session,
    trading_date_at,
    trading_days,
)
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotRunning
from axia_core.ports import BarCache, BarStore, OrderLedger, OrderQueue
from axia_core.services.send import send
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: numpy is of no use to the other commands.
    from axia_core.adapters.paper.history_files import Coverage
    from axia_core.domain.bars import PartitionTruth

DAYS = 5
ROOM_BEFORE_CLOSE = timedelta(minutes=30)
STOP_PIPS, TARGET_PIPS = 30, 60
LOTS = Decimal("0.1")
ORDER_WITHIN_S = 60.0
POLL_S = 0.05

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is demonstrated: which series and days, on which clock."""

    days: tuple[date, ...]
    timeframes_of: Mapping[str, tuple[Timeframe, ...]]
    shift: timedelta
    why_shifted: str = ""

    @property
    def series(self) -> int:
        return sum(len(timeframes) for timeframes in self.timeframes_of.values())

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(sorted(self.timeframes_of))


@dataclass
class Result:
    """What the demonstration found; `document` is what `--json` prints."""

    plan: Plan
    seconds: dict[str, float]
    truths: list[PartitionTruth] = field(default_factory=list)
    cached: dict[str, int] = field(default_factory=dict)
    order: OrderRecord | None = None

    @property
    def document(self) -> dict[str, Any]:
        gaps = [truth for truth in self.truths if not truth.complete]
        return {
            "series": len({(truth.symbol.name, truth.timeframe) for truth in self.truths}),
            "partitions": len(self.truths),
            "bars": sum(truth.actual for truth in self.truths),
            "gaps": [_gap(truth) for truth in gaps],
            "cached_series": len(self.cached),
            "cached_bars": sum(self.cached.values()),
            "order": _order(self.order),
            "clock_shift_s": self.plan.shift.total_seconds(),
            "trading_days": [day.isoformat() for day in self.plan.days],
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }


def plan_for(now: datetime, symbols: Sequence[str], shift: timedelta = timedelta()) -> Plan:
    """The newest closed trading days of every series; on a closed market the clock goes back by whole days."""
    why = ""
    days_back = 0
    while not _tradable(now - timedelta(days=days_back)):
        days_back += 1
    if days_back:
        why = f"the market is closed, so the demonstration's clock is set back by {days_back} day(s)"
    shifted = now - timedelta(days=days_back)
    all_of_them = dict.fromkeys(symbols, tuple(Timeframe))
    return Plan(_last_due_days(shifted), all_of_them, shift - timedelta(days=days_back), why)


def plan_for_files(now: datetime, covered: Sequence[Coverage]) -> Plan:
    """The newest sessions that every file covers, with the clock set back into the last of them.

    Raises InvalidInput when the files have no session in common.
    """
    first = max(coverage.first for coverage in covered)
    ends = [coverage.last_complete_session for coverage in covered if coverage.last_complete_session]
    if len(ends) < len(covered):
        raise InvalidInput(
            "--history", [c.pair for c in covered], "a file covers no whole session", "Give longer files."
        )
    last = min(ends)
    days_back = next((back for back in range(1, 40_000) if _lies_in(now - timedelta(days=back), last)), None)
    if days_back is None:
        raise InvalidInput("--history", last, "the files' last session lies in the future", "Check the files' dates.")
    shifted = now - timedelta(days=days_back)
    days = _closed_days(shifted, first)[-DAYS:]
    known = {coverage.pair: _coarser(coverage.base_s) for coverage in covered}
    why = f"the files end with {last}, so the demonstration's clock is set back by {days_back} days"
    return Plan(days, known, -timedelta(days=days_back), why)


class Demonstration:
    """One run of it against a running stack; `say` shows progress."""

    def __init__(self, settings: Settings, web_url: str, plan: Plan, say: Say, seconds: dict[str, float]) -> None:
        self._settings = settings
        self._dagster = DagsterClient(web_url)
        self._say = say
        self._clock = SystemClock(settings.clock_shift)
        self.result = Result(plan, seconds)

    def run(self) -> Result:
        """Collect and cache through Dagster runs, check what is stored, trade one order."""
        with self._step("collect"):
            self._collect()
        with self._step("check"):
            self._check()
        with self._step("order"):
            self._trade()
        return self.result

    def _collect(self) -> None:
        plan = self.result.plan
        for timeframes, symbols in _grouped(plan.timeframes_of):
            for stretch in neighbours(symbols, self._settings.symbols):
                run_id = self._dagster.launch_collection(plan.days, stretch, timeframes)
                names = ", ".join(stretch)
                self._say(f"collecting {names}: {plan.days[0]} to {plan.days[-1]}, {len(timeframes)} timeframes")
                self._wait_for(run_id, (len(plan.days) * len(stretch) + 1) * len(timeframes))

    def _wait_for(self, run_id: str, expected: int) -> None:
        shown = -1

        def progress(status: RunStatus) -> None:
            nonlocal shown
            if status.materializations != shown:
                shown = status.materializations
                self._say(f"  run {run_id[:8]} {status.status.lower()}: {shown} of {expected} partitions and caches")

        status = self._dagster.wait(run_id, progress)
        if not status.succeeded:
            why = "; ".join(self._dagster.failures(run_id)) or "see the run in the Dagster UI"
            raise NotRunning(f"the collection run {run_id} ended {status.status}: {why}")

    def _check(self) -> None:
        """Reads back what is in S3 and in Redis: the table shows what is stored, not what a run said."""
        store, cache = _stores(self._settings)
        plan = self.result.plan
        for name, timeframes in plan.timeframes_of.items():
            for timeframe in timeframes:
                found = (store.truth(Symbol(name), timeframe, day) for day in plan.days)
                self.result.truths.extend(truth for truth in found if truth is not None)
                cached = cache.read(Symbol(name), timeframe)
                if cached is not None:
                    self.result.cached[f"{name} {timeframe}"] = len(cached)

    def _trade(self) -> None:
        symbol = "USDJPY" if "USDJPY" in self.result.plan.symbols else self.result.plan.symbols[0]
        ledger, queue = _order_ports(self._settings)
        price, pip = _last_price(self._settings, symbol), Symbol(symbol).pip
        message = {
            "symbol": symbol,
            "order_action": "BUY",
            "order_type": "MARKET",
            "lot_size": LOTS,
            "sl_price": price - STOP_PIPS * pip,
            "tp_price": price + TARGET_PIPS * pip,
            "comment": "axia demo",
        }
        order, _ = send(message, queue=queue, clock=self._clock, symbols=self._settings.symbols)
        self._say(
            f"sent BUY {LOTS} {symbol} at about {price}, stop loss {order.stop_loss}, take profit {order.take_profit}"
        )
        self.result.order = self._await(ledger, order.order_id)

    def _await(self, ledger: OrderLedger, order_id: str) -> OrderRecord | None:
        deadline = time.monotonic() + ORDER_WITHIN_S
        state: State | None = None
        record = None
        while time.monotonic() < deadline and not (state and state.is_final):
            record = ledger.order(order_id)
            if record is not None and record.state is not state:
                state = record.state
                self._say(f"  {order_id} is {state}")
            time.sleep(POLL_S)
        return record

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.result.seconds[name] = time.monotonic() - started


def _last_due_days(now: datetime) -> tuple[date, ...]:
    """The newest days that have a partition: in New York's summer a session closes an hour before its key appears."""
    newest = last_due_trading_day(now)
    return tuple(trading_days(newest - timedelta(days=3 * DAYS), newest))[-DAYS:]


def _tradable(now: datetime) -> bool:
    """Open now and for a while: a market order must not meet the close."""
    return is_open(now) and is_open(now + ROOM_BEFORE_CLOSE)


def _lies_in(instant: datetime, day: date) -> bool:
    return trading_date_at(instant) == day and _tradable(instant)


def _closed_days(now: datetime, first: datetime) -> tuple[date, ...]:
    newest = last_closed_trading_days(now, 1)[0]
    return tuple(day for day in trading_days(first.date(), newest) if session(day).open >= first)


def _coarser(base_s: int) -> tuple[Timeframe, ...]:
    return tuple(timeframe for timeframe in Timeframe if timeframe.minutes * 60 >= base_s)


def _grouped(timeframes_of: Mapping[str, tuple[Timeframe, ...]]) -> Iterator[tuple[tuple[Timeframe, ...], list[str]]]:
    """Symbols that have the same timeframes go in one run."""
    for timeframes in dict.fromkeys(timeframes_of.values()):
        yield timeframes, [name for name, known in timeframes_of.items() if known == timeframes]


def _stores(settings: Settings) -> tuple[BarStore, BarCache]:
    from axia_core.adapters import redis, s3

    return s3.connect(settings), redis.connect(settings, SystemClock(settings.clock_shift))


def _order_ports(settings: Settings) -> tuple[OrderLedger, OrderQueue]:
    from axia_core.adapters import dynamodb, sqs

    return dynamodb.connect(settings), sqs.connect(settings)


def _last_price(settings: Settings, symbol: str) -> Decimal:
    """The terminal's present ask, read through a connection of our own."""
    from axia_core.adapters.mt5.terminal import open_terminal

    with open_terminal(settings) as terminal:
        terminal.call("symbol_select", symbol, True)
        tick, error = terminal.call("symbol_info_tick", symbol)
    if tick is None:
        raise NotRunning(f"the terminal has no {symbol} tick: {error[1]}")
    return Decimal(str(tick["ask"]))


def _gap(truth: PartitionTruth) -> dict[str, Any]:
    return {
        "symbol": truth.symbol.name,
        "timeframe": truth.timeframe,
        "date": truth.trading_date,
        "missing": truth.expected - truth.actual,
        "refused": len(truth.refused),
    }


def _order(record: OrderRecord | None) -> dict[str, Any]:
    from axia_cli.views import order_document

    return order_document(record) if record is not None else {"state": None, "ticket": None}


def history_paths(path: Path) -> list[Path]:
    """The path a person gave, checked: raises InvalidInput when nothing is there."""
    if not path.exists():
        raise InvalidInput("--history", str(path), "there is no such file or folder", "Give CSV files of bars.")
    return [path.absolute()]
