"""The soak's time and its traders, inside a desk's process: what leaps while nothing is to do, and what is sent when.

Time runs as the wall clock does while anything is to do, and leaps where nothing is: so ages, leases and deadlines stay
what they are, and a day takes seconds. The shift is on disk, in the paper terminal's profile as well, so that the
terminal, the desk and whoever comes after a SIGKILL agree on what time it is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from axia_core.adapters.paper.profile import PROFILE_FILE, TerminalProfile
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.aws import client
from axia_core.desk import Desk
from axia_core.domain.messages import Message
from axia_core.domain.order_states import State
from axia_core.domain.sessions import Session, session
from axia_core.ports import Clock, OrderLedger
from axia_core.settings import Settings

LEAP = timedelta(hours=2)  # a third of the soak's lease: it is renewed between two of them
QUIET = timedelta(minutes=30)  # at either end of a session
UNSETTLED = frozenset({State.RECEIVED, State.SUBMITTING, State.UNKNOWN})
ENTRIES_PER_BATCH = 10
CLOSE, CANCEL = "CLOSE", "CANCEL"
SENT, MEMORY = "sent.jsonl", "memory.jsonl"


def account_profile(shift_s: float) -> TerminalProfile:
    """The paper terminal at this shift, with money for every order of the soak."""
    account = {"balance": 1e12, "leverage": 500}
    return TerminalProfile.model_validate({"account": account, "clock": {"shift_s": shift_s}})


class LeapingClock(Clock):
    """The wall clock and a shift that only grows; sleeping leaps."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.home / "shift"
        self._terminal = settings.terminal_path
        self.shift = timedelta(seconds=float(self._file.read_text()) if self._file.exists() else 0.0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def sleep(self, seconds: float) -> None:
        self.leap(timedelta(seconds=seconds))

    def leap(self, by: timedelta) -> None:
        """Moves this clock and the terminal's forward; whoever starts later begins there."""
        self.shift += by
        _replace(self._file, repr(self.shift.total_seconds()))
        _replace(self._terminal / PROFILE_FILE, account_profile(self.shift.total_seconds()).model_dump_json())

    def leap_to(self, instant: datetime) -> None:
        """Leaps to an instant, or not at all where that has passed."""
        self.leap(max(timedelta(), instant - self.now()))


def note(file: Path, *lines: dict[str, Any]) -> None:
    """Adds lines of JSON to a file; what was written before a SIGKILL stays."""
    with file.open("a", encoding="utf-8") as opened:
        opened.writelines(json.dumps(line) + "\n" for line in lines)


def noted(file: Path) -> list[dict[str, Any]]:
    """The lines of such a file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(file.name + ".new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)


class LeapingQueue(SqsOrderQueue):
    """The order queue whose sent times follow the leaps: nothing is in it while time leaps."""

    def __init__(self, settings: Settings, clock: LeapingClock) -> None:
        super().__init__(client(settings, "sqs"), settings.order_queue)
        self._clock = clock

    def receive(self, limit: int, wait_s: int, visibility_s: int) -> tuple[Message, ...]:
        found = super().receive(limit, wait_s, visibility_s)
        return tuple(replace(message, sent_at=message.sent_at + self._clock.shift) for message in found)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The orders of one day: so many in batches, spread over its session."""

    day: date
    orders: int
    symbols: tuple[str, ...]
    seed: int

    @property
    def session(self) -> Session:
        return session(self.day)

    @property
    def batches(self) -> int:
        """Each entry is followed by its exit, in the next batch; the last batch has exits only."""
        return -(-self.orders // (2 * ENTRIES_PER_BATCH)) + 1

    def at(self, batch: int) -> datetime:
        """When a batch is sent."""
        first, last = self.session.open + QUIET, self.session.close - QUIET
        return first + (last - first) * batch / self.batches

    def entries(self, batch: int) -> list[dict[str, Any]]:
        """New orders of a batch: mostly market orders, and now and then one that waits at the broker."""
        left = self.orders // 2 - batch * ENTRIES_PER_BATCH
        chance = random.Random(f"{self.seed} {self.day} {batch}")
        return [self._entry(f"{self.day}-{batch}-{number}", chance) for number in range(min(ENTRIES_PER_BATCH, left))]

    def _entry(self, order_id: str, chance: random.Random) -> dict[str, Any]:
        order: dict[str, Any] = {"order_id": order_id, "order_type": "MARKET"}
        order |= {"order_action": chance.choice(["BUY", "SELL"])}
        order |= {"symbol": chance.choice(self.symbols), "lot_size": chance.randint(1, 10) / 100}
        if chance.random() < 0.1:
            order |= {"symbol": "USDJPY", "order_action": "BUY", "order_type": "LIMIT", "entry_price": 100.0}
        return order


@dataclass
class Traders:
    """Sends the day's batches, each once everything before it has come to an end; notes first what it will send."""

    plan: DayPlan
    clock: LeapingClock
    queue: SqsOrderQueue
    ledger: OrderLedger
    home: Path
    _quiet_looks: int = 0
    _process: psutil.Process = field(default_factory=psutil.Process)

    def go_on(self) -> None:
        """Called between two rounds of the desk: sends, leaps, or waits."""
        if not self._is_quiet():
            return
        batch = self._next_batch()
        due = self.plan.at(batch) if batch < self.plan.batches else self.plan.session.close + timedelta(seconds=1)
        wait = due - self.clock.now()
        if wait > timedelta():
            self.clock.leap(min(LEAP, wait))
        elif batch < self.plan.batches:
            self._send(batch)

    def _is_quiet(self) -> bool:
        """Whether nothing is left to do, seen twice in a row: a message may be on its way from one look to the next."""
        depth = self.queue.depth()
        busy = depth.waiting or depth.in_flight or any(one.state in UNSETTLED for one in self.ledger.open_orders())
        self._quiet_looks = 0 if busy else self._quiet_looks + 1
        return self._quiet_looks > 1

    def _next_batch(self) -> int:
        file = self._batch_file
        return int(file.read_text()) if file.exists() else 0

    @property
    def _batch_file(self) -> Path:
        return self.home / "batches" / self.plan.day.isoformat()

    def _send(self, batch: int) -> None:
        """A death before the batch is noted as sent has it sent once more: the same orders under the same ids."""
        bodies = [*self._exits(batch - 1), *self.plan.entries(batch)]
        note(self.home / SENT, *bodies)
        for number, body in enumerate(bodies):
            for _ in range(2 if number % 20 == 7 else 1):  # some senders repeat themselves
                self.queue.send(json.dumps(body))
        _replace(self._batch_file, str(batch + 1))
        memory = {"day": self.plan.day.isoformat(), "batch": batch, "rss": self._process.memory_info().rss}
        note(self.home / MEMORY, memory | {"pid": self._process.pid})
        self._quiet_looks = 0

    def _exits(self, batch: int) -> list[dict[str, Any]]:
        entries = self.plan.entries(batch) if batch >= 0 else []
        found = (self.ledger.order(str(entry["order_id"])) for entry in entries)
        exits = {State.FILLED: CLOSE, State.PARTIALLY_FILLED: CLOSE, State.PLACED: CANCEL}
        return [
            {
                "order_id": f"{one.order.order_id}-out",
                "order_action": exits[one.state],
                "symbol": one.order.symbol,
                "mt5_ticket": one.execution.ticket,
            }
            for one in found
            if one is not None and one.state in exits
        ]


@dataclass
class LedDesk(Desk):
    """A desk between whose rounds the traders act."""

    lead: Callable[[], None] = lambda: None

    def run(self, stopped: Callable[[], bool]) -> Any:
        def between_rounds() -> bool:
            self.lead()
            return stopped()

        return super().run(between_rounds)
