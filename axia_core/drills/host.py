"""Tier 2, rehearsed: the host is built anew, and the original design's six steps of a recovery test.

Everything that a host has on its disk is made again in an empty folder; its queue and its table are the drill's, its
broker is a paper terminal; on the local AWS server infra/host.yaml is deployed under a drill's name. On AWS that would
be a second host on the queue, so there `axia recover host` shows that an instance comes up, when a person starts it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from axia_core.adapters.clock import SystemClock
from axia_core.domain.drill import Difference, Environment, recovery_point
from axia_core.domain.drill_items import compare, newest_heartbeat
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import is_open
from axia_core.domain.symbols import Symbol
from axia_core.drills.bench import Bench
from axia_core.drills.desk import LOTS, ScratchDesk
from axia_core.ports import OrderLedger
from axia_core.ports.recovery import Item
from axia_core.recovery.cache import rebuild_cache
from axia_core.settings import Settings

ROOM = timedelta(minutes=30)  # of the open market
SLOW = 5.0  # times as long as before the loss is no longer the same performance


@dataclass(frozen=True)
class _Ground:
    """What outlives a host: its table, its queue, the broker's book."""

    settings: Settings  # of the host; its home is what the host loses
    table: str
    queue: str
    ledger: OrderLedger


def drill_host(bench: Bench) -> None:
    """A host from nothing: HALT first, a person's release, a smoke order from queue to fill."""
    with _ground(bench) as ground:
        bench.declare()
        _from_template(bench)
        with bench.steps.step("a new host in an empty folder starts in HALT, as a deployment does"):
            ground.ledger.initialise_kill_switch(active=True, who=bench.who, now=bench.stage.clock.now())
        bench.steps.human("log on once, start the terminal, enable Algo Trading (docs/operations.md, The terminal)")
        bench.steps.human("`axia kill-switch off --reason ...`")
        _release(bench, ground)
        with bench.steps.step("a smoke order goes from queue to fill, at a paper broker") as told:
            record = _smoke(bench, ground, 1)
            told.ok, told.detail = _is_filled(record), _words(record)
        bench.compared += 1
        bench.rto = bench.steps.elapsed
        bench.notes.append("the host keeps nothing, so it has no RPO of its own: see those of orders and objects")


def _from_template(bench: Bench) -> None:
    if bench.stage.environment is Environment.AWS or bench.stage.host_template is None:
        bench.notes.append("no instance was started: `axia recover host` is what shows that one comes up")
        return
    with bench.steps.step("infra/host.yaml comes up under the drill's name, and is removed") as told:
        told.detail = bench.stage.host_template(bench.name("stack"))


def drill_six_steps(bench: Bench) -> None:
    """Snapshot, stop, start anew, data, function, performance."""
    with _ground(bench) as ground:
        ground.ledger.initialise_kill_switch(active=True, who=bench.who, now=bench.stage.clock.now())
        _release(bench, ground)
        backups = bench.stage.backups
        with bench.steps.step("1 snapshot: an order is traded; items, stored days and cached series are noted") as told:
            before, before_s = _timed_smoke(bench, ground, 1)
            items, days = list(backups.items(ground.table)), _stored_days(bench)
            told.ok, told.detail = _is_filled(before), f"{len(items)} items, {sum(days.values())} stored days"
        with bench.steps.step("2 stop: the desk has ended and the host's folder is gone"):
            _lose_the_host(bench, ground)
        bench.declare()
        with bench.steps.step("3 start anew: an empty folder, a new desk, the cache filled again"):
            ground.settings.home.mkdir(parents=True)
            series = _refill(bench)
        with bench.steps.step("4 data: every item and every day is as it was") as told:
            _compare(bench, ground, items, days)
            told.detail = f"{len(items)} items, {len(days)} series, {series} cached again"
        with bench.steps.step("5 function: an order is traded, and the book shows both") as told:
            after, after_s = _timed_smoke(bench, ground, 2)
            told.ok, told.detail = _is_filled(after), _words(after)
        bench.rto = bench.steps.elapsed
        _look_at_console(bench, ground)
        with bench.steps.step("6 performance: an order takes as long as before") as told:
            told.ok, told.detail = (
                after_s <= max(SLOW * before_s, 5.0),
                f"{before_s:.2f} s before, {after_s:.2f} s after",
            )
    bench.notes.append("what a host loses is its disk, which holds nothing: the RPO is that of its table")


def _look_at_console(bench: Bench, ground: _Ground) -> None:
    if bench.stage.environment is Environment.AWS or bench.stage.console is None:
        bench.notes.append("5 function: the console was not looked at; open it")
        return
    with bench.steps.step("5 function: the console of the new host answers") as told:
        told.detail = bench.stage.console(ground.settings)


@contextmanager
def _ground(bench: Bench) -> Iterator[_Ground]:
    stage, table, queue = bench.stage, bench.name("host"), bench.name("hostqueue")
    folder = stage.folder(bench.drill_id)
    settings = stage.scratch_settings(folder / "host", stage.settings.clock_shift - _back_into_a_session(bench))
    # The broker is outside of the host: losing the host leaves the book.
    settings = settings.model_copy(update={"mt5_path": folder / "broker", "table": table, "order_queue": queue})
    with (
        bench.removed_after(f"the table {table}", lambda: stage.backups.discard(table)),
        bench.removed_after(f"the queue {queue}", lambda: stage.queues.discard(queue)),
    ):
        with bench.steps.step("make a scratch table and a scratch queue"):
            stage.backups.make_scratch(table)
            stage.queues.make(queue)
            settings.home.mkdir(parents=True)
        yield _Ground(settings, table, queue, stage.ledger(table))


def _back_into_a_session(bench: Bench) -> timedelta:
    """A closed market fills nothing; table and queue are the drill's own, so its clock may go back by whole days."""
    now, days = bench.stage.clock.now(), 0
    while not (is_open(now - timedelta(days=days)) and is_open(now + ROOM - timedelta(days=days))):
        days += 1
    if days:
        bench.notes.append(f"the market is closed, so the drill's clock is set back by {days} days")
    return timedelta(days=days)


def _release(bench: Bench, ground: _Ground) -> None:
    switch = KillSwitch(active=False, reason="a drill", who=bench.who)
    ground.ledger.set_kill_switch(switch, ground.ledger.kill_switch().version, bench.stage.clock.now())


def _timed_smoke(bench: Bench, ground: _Ground, number: int) -> tuple[OrderRecord | None, float]:
    began = time.monotonic()
    return _smoke(bench, ground, number), time.monotonic() - began


def _smoke(bench: Bench, ground: _Ground, number: int) -> OrderRecord | None:
    clock = SystemClock(ground.settings.clock_shift)
    with bench.stage.paper(ground.settings) as broker:
        desk = ScratchDesk(
            settings=ground.settings,
            queue=bench.stage.queue(ground.queue, ground.settings.clock_shift),
            ledger=ground.ledger,
            broker=broker,
            clock=clock,
            owner=f"{bench.who} {number}",
        )
        # Of another size than the one before, which would make it a repeat.
        record = desk.smoke(f"drill-{bench.drill_id}-{number}", ground.settings.symbols[0], LOTS * number)
        if len(broker.positions()) != number:
            bench.differences.append(Difference("the book", f"{len(broker.positions())} positions, not {number}"))
        return record


def _lose_the_host(bench: Bench, ground: _Ground) -> None:
    shutil.rmtree(ground.settings.home)


def _stored_days(bench: Bench) -> dict[str, int]:
    """How many days are stored of each series."""
    universe, store = bench.stage.settings.universe, bench.stage.store
    return {
        f"{name} {timeframe}": len(store.trading_dates(Symbol(name), timeframe))
        for name, plan in universe.plans.items()
        for timeframe in plan.timeframes
    }


def _refill(bench: Bench) -> int:
    stage = bench.stage
    with stage.scratch_cache() as cache:
        return len(rebuild_cache(stage.settings, store=stage.store, cache=cache, clock=stage.clock).held)


def _compare(bench: Bench, ground: _Ground, items: list[Item], days: dict[str, int]) -> None:
    now = bench.stage.clock.now()
    there = list(bench.stage.backups.items(ground.table))
    found = compare(items, there, now, bench.stage.backups.now())
    bench.heartbeat = newest_heartbeat(there, bench.declared_at)
    bench.rpo = recovery_point(bench.declared_at, newest_heartbeat(items, bench.declared_at), bench.heartbeat)
    bench.compared += found.compared + len(days)
    bench.differences += found.differences
    # Days that were collected meanwhile are no loss.
    lost = [series for series, count in _stored_days(bench).items() if count < days[series]]
    bench.differences += [Difference(series, "fewer days are stored than before") for series in lost]


def _is_filled(record: OrderRecord | None) -> bool:
    return record is not None and record.state is State.FILLED


def _words(record: OrderRecord | None) -> str:
    return "it never arrived" if record is None else f"{record.state} {record.reason}".strip()
