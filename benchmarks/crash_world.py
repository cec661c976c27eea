"""The world of the crash matrix: one AWS server, one paper terminal, and desks in processes that are killed.

Time between the desks is made by shifting AXIA's clock and the terminal's together, not by waiting.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil

from axia_cli.stack import emulator_client
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.adapters import dynamodb, sqs
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.faults import Fault, write_plan
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.order_states import State
from axia_core.domain.orders import magic_of
from axia_core.domain.sessions import is_open
from axia_core.settings import Settings
from benchmarks.instrumented import Instrumented
from infra.clients import clients
from infra.stacks import deploy_core

LEASE_IS_OVER = timedelta(seconds=12)
FIRST_DESK_S, SECOND_DESK_S = 4.0, 20.0
HAS_EFFECT = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.DONE})
NOT_SETTLED = frozenset({State.RECEIVED, State.SUBMITTING, State.UNKNOWN})
ENTRY = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.1}

# Every class of answer; `after` means that the order took effect although the answer does not say so.
ANSWERS: dict[str, tuple[Fault, ...]] = {
    "done": (),
    "rejected": (Fault(function="order_send", calls=(1,), retcode=10006),),
    "requote, then done": (Fault(function="order_send", calls=(1,), retcode=10004),),
    "market closed": (Fault(function="order_send", calls=(1,), retcode=10018),),
    "timeout, done": (Fault(function="order_send", calls=(1,), retcode=10012, after=True),),
    "timeout, not done": (Fault(function="order_send", calls=(1,), retcode=10012),),
    "answer lost, done": (Fault(function="order_send", calls=(1,), error=(-10002, "IPC recv failed"), after=True),),
    "not connected": (Fault(function="order_send", calls=(1,), error=(-10004, "No IPC connection")),),
    "terminal died, done": (Fault(function="order_send", calls=(1,), die=True, after=True),),
    "terminal died, not done": (Fault(function="order_send", calls=(1,), die=True),),
    "hangs, done": (Fault(function="order_send", calls=(1,), hang=True, after=True),),
    "done late in the history": (
        Fault(function="order_send", calls=(1,), retcode=10012, after=True),
        Fault(function="history_deals_get", every=1, late_s=0.5),
        Fault(function="history_orders_get", every=1, late_s=0.5),
    ),
}
DELIVERIES = ("once", "twice", "two orders", "pending", "exit behind entry", "late")


@dataclass(frozen=True)
class Case:
    """One cell of the matrix: how orders arrive, what the broker answers, at which boundary the desk is killed."""

    delivery: str
    answer: str
    kill_at: int

    def __str__(self) -> str:
        return f"{self.delivery}/{self.answer}/{self.kill_at}"

    @classmethod
    def parse(cls, text: str) -> Case:
        delivery, answer, kill_at = text.split("/")
        return cls(delivery, answer, int(kill_at))


@dataclass
class Verdict:
    """What came of a case."""

    killed_at: str
    orders_sent: int
    broker_deals: int
    states: list[str]
    violations: list[str] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        return bool(self.killed_at)


class CrashWorld:
    """Runs cases one after another; each has orders of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._number = 0
        self._queue = sqs.connect(settings)
        self._ledger = dynamodb.connect(settings)
        self._passed_file = settings.home / "boundaries"

    @property
    def settings(self) -> Settings:
        """Of this moment: the clock's shift grows from case to case."""
        return self._settings

    def boundaries(self, delivery: str, answer: str) -> list[str]:
        """The boundaries that a desk passes when nothing kills it."""
        self._deliver(delivery, answer)
        self._desk(FIRST_DESK_S, None)
        passed = self._passed()
        self._leave_alone()
        return passed

    def run(self, case: Case) -> Verdict:
        """Plays one case and judges it."""
        order_ids = self._deliver(case.delivery, case.answer)
        self._desk(FIRST_DESK_S, case.kill_at)
        passed = self._passed()
        killed_at = passed[-1] if len(passed) == case.kill_at + 1 else ""
        self._leave_alone()
        return self._judge(order_ids, killed_at)

    def _deliver(self, delivery: str, answer: str) -> list[str]:
        self._number += 1
        first, second = f"case-{self._number}-A", f"case-{self._number}-B"
        bodies = {
            "once": [ENTRY | {"order_id": first}],
            "twice": [ENTRY | {"order_id": first}] * 2,
            "two orders": [ENTRY | {"order_id": first}, ENTRY | {"order_id": second, "symbol": "EURUSD"}],
            "pending": [ENTRY | {"order_id": first, "order_type": "LIMIT", "entry_price": 100.0}],
            "exit behind entry": [
                ENTRY | {"order_id": first},
                {"order_id": second, "symbol": "USDJPY", "order_action": "CLOSE", "mt5_ticket": 4711},
            ],
            "late": [ENTRY | {"order_id": first}],
        }[delivery]
        for body in bodies:
            self._queue.send(json.dumps(body))
        if delivery == "late":
            self._time_passes(timedelta(seconds=110))  # ten seconds before its age limit
        write_plan(self._settings.terminal_path, *ANSWERS[answer])
        return sorted({str(body["order_id"]) for body in bodies})

    def _leave_alone(self) -> None:
        """The lease runs out, nothing goes wrong any more, and a desk works until nothing is left to do."""
        write_plan(self._settings.terminal_path)
        self._time_passes(LEASE_IS_OVER)
        self._desk(SECOND_DESK_S, None)

    def _time_passes(self, by: timedelta) -> None:
        shift_s = self._settings.clock_shift_s + by.total_seconds()
        self._settings = self._settings.model_copy(update={"clock_shift_s": shift_s})
        create_terminal(self._settings.terminal_path, profile(shift_s))

    def _desk(self, seconds: float, kill_at: int | None) -> None:
        self._passed_file.unlink(missing_ok=True)
        arguments = (self._settings, seconds, kill_at, self._passed_file)
        process = CONTEXT.Process(target=work, args=arguments)
        process.start()
        process.join()

    def _passed(self) -> list[str]:
        return self._passed_file.read_text(encoding="utf-8").splitlines() if self._passed_file.exists() else []

    def _judge(self, order_ids: list[str], killed_at: str) -> Verdict:
        deals = self._deals()
        verdict = Verdict(killed_at, len(order_ids), 0, [])
        for order_id in order_ids:
            record = self._ledger.order(order_id)
            found = [deal for deal in deals if deal["magic"] == magic_of(order_id)]
            verdict.broker_deals += len(found)
            verdict.states.append(record.state.value if record else "LOST")
            verdict.violations.extend(_violations(order_id, record.state if record else None, len(found)))
        return verdict

    def _deals(self) -> list[dict[str, Any]]:
        clock = SystemClock(self._settings.clock_shift)
        now = ServerClock().to_server(clock.now())
        with open_terminal(self._settings) as terminal:
            found, error = terminal.call("history_deals_get", now - 30 * 86_400, now + 86_400)
        if found is None:
            raise RuntimeError(f"the paper terminal's deals cannot be read: {error}")
        return list(found)


# A forked server with everything loaded makes a desk in milliseconds; Windows starts each from nothing.
CONTEXT: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")


def work(settings: Settings, seconds: float, kill_at: int | None, passed_file: Path) -> None:
    """A desk in its own process; writes each boundary down before it dies there."""
    clock = SystemClock(settings.clock_shift)
    with passed_file.open("a", encoding="utf-8") as passed, open_terminal(settings, settings.home / "pid") as terminal:
        boundary = _boundary(passed, kill_at)
        watched = Instrumented("terminal", terminal, boundary, first_argument_names=True)
        server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
        ledger = dynamodb.connect(settings)
        queue = sqs.connect(settings)
        desk = Desk(
            queue=Instrumented("queue", queue, boundary),  # type: ignore[arg-type]
            ledger=Instrumented("ledger", ledger, boundary),  # type: ignore[arg-type]
            broker=Mt5Broker(watched, server_clock, clock, settings),  # type: ignore[arg-type]
            events=MemoryEvents(),
            clock=clock,
            rules=DeskRules.of(settings),
            owner=f"desk-{os.getpid()}",
        )
        for _ in desk.run(_Over(queue, ledger, clock, timedelta(seconds=seconds))):
            pass


class _Over:
    """Whether nothing is left to do, seen twice in a row: a message may be on its way from one look to the next.

    Or the time is up, which counts from the first look: on a busy machine opening a terminal takes as long.
    """

    def __init__(self, queue: Any, ledger: Any, clock: SystemClock, lasts: timedelta) -> None:
        self._queue = queue
        self._ledger = ledger
        self._clock = clock
        self._lasts = lasts
        self._ends: datetime | None = None
        self._looks = 0

    def __call__(self) -> bool:
        now = self._clock.now()
        self._ends = self._ends or now + self._lasts
        return now >= self._ends or self._is_idle()

    def _is_idle(self) -> bool:
        depth = self._queue.depth()
        unsettled = any(record.state in NOT_SETTLED for record in self._ledger.open_orders())
        self._looks = 0 if depth.waiting or depth.in_flight or unsettled else self._looks + 1
        return self._looks > 1


def _boundary(passed: Any, kill_at: int | None) -> Callable[[str], None]:
    count = 0

    def boundary(name: str) -> None:
        nonlocal count
        passed.write(name + "\n")
        passed.flush()
        if count == kill_at:
            psutil.Process().kill()  # SIGKILL on POSIX, TerminateProcess on Windows
        count += 1

    return boundary


def _violations(order_id: str, state: State | None, deals: int) -> Iterator[str]:
    if state is None:
        yield f"{order_id} is lost"
    elif state in NOT_SETTLED:
        yield f"{order_id} is left {state}"
    elif state is not State.PLACED and (state in HAS_EFFECT) != (deals > 0):
        yield f"{order_id} is {state}, the broker has {deals} deals"
    if deals > 1:
        yield f"{order_id} took effect {deals} times"


def profile(shift_s: float) -> TerminalProfile:
    """The paper terminal at this shift, with room for every order of the matrix."""
    account = {"balance": 1e12, "leverage": 500}
    return TerminalProfile.model_validate({"account": account, "clock": {"shift_s": shift_s}})


def _into_an_open_session() -> float:
    """Seconds to shift the clock back, so that a whole day of cases fits before the next close of the week."""
    now = datetime.now(UTC)
    for days in range(8):
        shifted = now - timedelta(days=days)
        if all(is_open(shifted + timedelta(hours=hours)) for hours in range(0, 49, 2)):
            return -days * 86_400.0
    raise RuntimeError("there is no open session to be found within a week")


@contextmanager
def crash_world(home: Path) -> Iterator[CrashWorld]:
    """An AWS server with the core stack, and a paper terminal, as long as the block lasts."""
    (port,) = free_ports(1)
    shift_s = _into_an_open_session()
    settings = Settings(
        home=home,
        aws_endpoint_url=f"http://127.0.0.1:{port}",
        clock_shift_s=shift_s,
        mt5_deadline_s=1.5,
        receive_visibility_s=1,
        receive_wait_s=0,
        absence_s=1.0,
        lease_s=10.0,
        max_open_positions=1_000_000,
        orders_per_minute=1_000_000,
        max_net_lots=Decimal(1_000_000),
        max_entry_distance_percent=Decimal(100),
        max_daily_loss_percent=Decimal(100),
        max_drawdown_percent=Decimal(100),
        max_unknowns=1_000_000,  # all cases share one ledger, and most leave an order UNKNOWN
        duplicate_window_s=0.0,
    )
    create_terminal(settings.terminal_path, profile(shift_s))
    argv = (sys.executable, "-m", "axia_cli.stack.emulator", "--port", str(port), "--state-dir", str(home / "aws"))
    child = Child.start(Command("local AWS server", argv, home / "aws.log"))
    CONTEXT.set_forkserver_preload([__name__])  # does nothing where each process starts from nothing
    try:
        child.wait_until(lambda: emulator_client.boot(str(settings.aws_endpoint_url)) is not None, 30)
        deploy_core(clients(settings.aws_region, settings.aws_endpoint_url), region=settings.aws_region)
        dynamodb.connect(settings).initialise_kill_switch(False, "crash matrix", datetime.now(UTC))
        yield CrashWorld(settings)
    finally:
        child.stop()
