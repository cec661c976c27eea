"""The world of the soak: local AWS, Redis, the paper terminal's books and a Dagster instance, lived through day by day.

Everything that works runs in `soak_child`, in a process that may be killed; here are its days, its deaths, and what is
read in the end. What must hold is judged in `soak`.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil

from axia_cli.stack import dagster_home, emulator_client, redis_server
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.adapters import dynamodb, s3
from axia_core.adapters.paper.profile import create_terminal
from axia_core.adapters.paper.store import STATE_FILE, Store
from axia_core.adapters.sqlite_files import size_bytes
from axia_core.aws import client
from axia_core.domain.order_states import OrderRecord
from axia_core.domain.sessions import collection_time
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from benchmarks import soak_child
from benchmarks.soak_child import IN_DAGSTER, RETAINED, RUNS
from benchmarks.soak_traders import LEAP, MEMORY, SENT, DayPlan, LeapingClock, account_profile, noted
from infra.clients import clients
from infra.stacks import deploy_core

# A forked server with everything loaded makes a process in milliseconds; Windows starts each from nothing.
CONTEXT: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
Say = Callable[[str], None]
DEATHS_A_DAY = 3  # at most
BOUNDARIES_PER_ORDER = 25  # about so many calls a desk makes
WEEK = 5  # trading days
COLLECTION_DIES_WITHIN_S = 6.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is lived through."""

    days: tuple[date, ...]
    orders: int
    symbols: tuple[str, ...]
    seed: int

    @property
    def kept_days(self) -> int:
        """How much of Dagster's storage a retention leaves, and how often there is one: a week, or half of it all."""
        return max(1, min(WEEK, len(self.days) // 2))

    def plan(self, day: date) -> DayPlan:
        """The share of one day."""
        return DayPlan(day, -(-self.orders // len(self.days)), self.symbols, self.seed)


@dataclass
class SoakWorld:
    """Lives through the days of a scale."""

    settings: Settings
    scale: Scale
    emulator: psutil.Process
    say: Say
    killed: int = 0
    began: dict[date, datetime] = field(default_factory=dict)  # by the wall clock, as Dagster dates its runs
    sizes: list[dict[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.scale.seed)

    def live(self) -> None:
        """Every day: its desks until the close, its collection, and at the end of a week the retention."""
        for number, day in enumerate(self.scale.days):
            started = time.monotonic()
            self.began[day] = datetime.now(UTC)
            self._trade(self.scale.plan(day))
            self._collect(day)
            if (number + 1) % self.scale.kept_days == 0 or day == self.scale.days[-1]:
                self._retain(number)
            self._measure(day)
            self.say(f"{day}: {time.monotonic() - started:.0f} s, {self.killed} killed so far, {self.sizes[-1]}")
        self._run(soak_child.look)

    def _trade(self, plan: DayPlan) -> None:
        """From the open to the close, one desk after the other: all but the last of them are killed."""
        self._leap_to(plan.session.open + timedelta(minutes=1))
        deaths = self._chance.randint(1, DEATHS_A_DAY) if len(self.began) % 2 else 0
        for _ in range(deaths):
            if self.now >= plan.session.close:
                return  # the day had fewer boundaries than that
            within = max(plan.orders, 10) * BOUNDARIES_PER_ORDER // deaths
            self._run(soak_child.work_a_day, plan, self._chance.randrange(within))
        self._run(soak_child.work_a_day, plan, None)
        if self.now < plan.session.close:
            raise RuntimeError(f"the last desk of {plan.day} ended at {self.now}; see children.log")

    def _collect(self, day: date) -> None:
        """As the schedule does it; now and then the run is killed, and started again as an operator would."""
        self._leap_to(collection_time(day) + timedelta(seconds=10))
        if len(self.began) % 3 == 1:
            self._run(soak_child.collect, day, dies_after_s=self._chance.uniform(1, COLLECTION_DIES_WITHIN_S))
        self._run(soak_child.collect, day)

    def _retain(self, number: int) -> None:
        oldest_kept = self.scale.days[max(0, number + 1 - self.scale.kept_days)]
        self._run(soak_child.retain, self.began[oldest_kept])

    def _run(self, target: Callable[..., None], *arguments: object, dies_after_s: float | None = None) -> None:
        started = time.monotonic()
        process = CONTEXT.Process(target=target, args=(self._shifted(), *arguments))
        process.start()
        process.join(dies_after_s)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode == 1:
            raise RuntimeError(f"{target.__name__} failed; see {self.settings.home / 'children.log'}")
        self.killed += process.exitcode != 0
        self.say(f"  {target.__name__}: {time.monotonic() - started:.1f} s, exit code {process.exitcode}")

    @property
    def now(self) -> datetime:
        """What time it is in the soak."""
        return LeapingClock(self.settings).now()

    def _leap_to(self, instant: datetime) -> None:
        LeapingClock(self.settings).leap_to(instant)

    def _shifted(self) -> Settings:
        """The settings with the shift of this moment, for whoever has a clock that does not leap."""
        shift_s = LeapingClock(self.settings).shift.total_seconds()
        return self.settings.model_copy(update={"clock_shift_s": shift_s})

    def _measure(self, day: date) -> None:
        home = self.settings.home
        history = home / "dagster" / "history"
        sizes = {
            "dagster_kb": sum(file.stat().st_size for file in (home / "dagster").rglob("*.db*")) // 1000,
            "index_kb": size_bytes(history / "runs" / "index.db") // 1000,
            "terminal_kb": size_bytes(self.settings.terminal_path / STATE_FILE) // 1000,
            "aws_state_kb": sum(file.stat().st_size for file in (home / "aws" / "state").glob("*")) // 1000,
            "aws_rss_mb": self.emulator.memory_info().rss // 1_000_000,
        }
        self.sizes.append(sizes)

    # What is read in the end

    def sent(self) -> dict[str, dict[str, Any]]:
        """Every order that was sent, by id."""
        return {line["order_id"]: line for line in noted(self.settings.home / SENT)}

    def record(self, order_id: str) -> OrderRecord | None:
        """The order in the ledger."""
        return dynamodb.connect(self.settings).order(order_id)

    def deals(self) -> dict[int, int]:
        """How many deals the terminal's books hold of each magic number."""
        store = Store.open(self.settings.terminal_path, 0.0, 2)
        found: dict[int, int] = {}
        for row in store.rows("deals"):
            found[row["magic"]] = found.get(row["magic"], 0) + 1
        store.close()
        return found

    def audit_rows(self) -> int:
        """Lines of the terminal's own audit."""
        store = Store.open(self.settings.terminal_path, 0.0, 2)
        rows = len(store.audited())
        store.close()
        return rows

    def partitions(self) -> Iterator[tuple[str, bool]]:
        """Every partition that must be there, and whether its object is there and complete."""
        store = s3.connect(self.settings)
        for day in self.scale.days:
            for name in self.scale.symbols:
                for timeframe in Timeframe:
                    truth = store.truth(Symbol(name), timeframe, day)
                    yield f"{timeframe} {day}|{name}", truth is not None and truth.complete

    def in_dagster(self) -> dict[str, Any]:
        """What Dagster's storage says after the last retention."""
        found: dict[str, Any] = json.loads((self.settings.home / IN_DAGSTER).read_text(encoding="utf-8"))
        return found

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What the processes have noted: `runs`, `retained`, `memory`."""
        return noted(self.settings.home / {"runs": RUNS, "retained": RETAINED, "memory": MEMORY}[name])

    def items_without_ttl(self) -> tuple[int, list[str]]:
        """Items of the table, and the keys of those that stay for ever."""
        table = client(self.settings, "dynamodb")
        pages = table.get_paginator("scan").paginate(TableName=self.settings.table, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        return len(items), [f"{item['pk']['S']} {item['sk']['S']}" for item in items if "ttl" not in item]


@contextmanager
def soak_world(home: Path, scale: Scale, say: Say) -> Iterator[SoakWorld]:
    """The world at the first day's open, as long as the block lasts."""
    aws_port, redis_port = free_ports(2)
    settings = soak_settings(home, scale, f"http://127.0.0.1:{aws_port}", redis_port)
    create_terminal(settings.terminal_path, account_profile(0.0))
    dagster_folder = home / "dagster"
    dagster_folder.mkdir(parents=True)
    shutil.copyfile(dagster_home.INSTANCE_FILE, dagster_folder / "dagster.yaml")
    argv = (sys.executable, "-m", "axia_cli.stack.emulator", "--port", str(aws_port), "--state-dir", str(home / "aws"))
    children = [Child.start(Command("local AWS server", argv, home / "logs" / "aws.log"))]
    CONTEXT.set_forkserver_preload([soak_child.__name__])  # does nothing where each process starts from nothing
    try:
        redis = redis_server.command(redis_port, home / "redis")
        children.append(Child.start(Command("redis", redis, home / "logs" / "redis.log")))
        children[0].wait_until(lambda: emulator_client.boot(str(settings.aws_endpoint_url)) is not None, 60)
        children[1].wait_until(lambda: redis_server.ready(redis_port), 60)
        deploy_core(clients(settings.aws_region, settings.aws_endpoint_url), region=settings.aws_region)
        dynamodb.connect(settings).initialise_kill_switch(False, "soak", datetime.now(UTC))
        emulator = psutil.Process(children[0].process.pid)
        LeapingClock(settings).leap(scale.plan(scale.days[0]).session.open - datetime.now(UTC))
        yield SoakWorld(settings, scale, emulator, say)
    finally:
        for child in reversed(children):
            child.stop()


def soak_settings(home: Path, scale: Scale, aws_url: str, redis_port: int) -> Settings:
    """The real settings but for limits that are not meant here, and a lease that outlives a leap."""
    past_days = (datetime.now(UTC).date() - scale.days[0]).days
    return Settings(
        home=home,
        aws_endpoint_url=aws_url,
        redis_url=f"redis://127.0.0.1:{redis_port}/0",
        symbols=scale.symbols,
        history_start=scale.days[0],
        # The local AWS server deletes by the wall clock, which is that much ahead.
        retained_days=30 + past_days,
        order_runs_days=60,
        run_log_days=60,  # the same, because a retention of the soak has one cut
        lease_s=3 * LEAP.total_seconds(),
        mt5_deadline_s=15.0,
        send_margin_s=15.0,
        receive_visibility_s=1,
        receive_wait_s=0,
        absence_s=1.0,
        max_open_positions=1_000_000,
        orders_per_minute=1_000_000,
        max_net_lots=Decimal(1_000_000),
        max_entry_distance_percent=Decimal(100),
        max_daily_loss_percent=Decimal(100),
        max_drawdown_percent=Decimal(100),
        max_spread_points=1_000_000,
        max_unknowns=1_000_000,
        duplicate_window_s=0.0,
    )
