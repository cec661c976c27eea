"""What one order costs the desk: every call to SQS, DynamoDB and the terminal, counted and timed. No Dagster.

    python -m benchmarks.order_calls [--orders N] [--json]

A desk in this process works on the local AWS server and the paper terminal; its clients are watched underneath the
adapters, so what is counted is what a bill counts. `order_latency` measures the whole from outside.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb.ledger import DynamoOrderLedger
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.mt5.broker import Mt5Broker
from axia_core.adapters.mt5.server_clock import ServerClock
from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.profile import create_terminal
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.aws import client
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.settings import Settings
from benchmarks.crash_world import crash_world, profile
from benchmarks.instrumented import Instrumented

WARM_UP_ORDERS = 10
SYMBOLS = 4


@dataclass
class Calls:
    """How often each call was made and how long it took, by the boundaries that it passed."""

    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _began: float = 0.0

    def boundary(self, name: str) -> None:
        """Before or after a call; there is one at a time."""
        when, call = name.split(" ", 1)
        if when == "before":
            self._began = time.perf_counter()
            return
        self.count[call] += 1
        self.seconds[call] += time.perf_counter() - self._began

    def clear(self) -> None:
        """Forget the warm-up."""
        self.count.clear()
        self.seconds.clear()


@contextmanager
def _desk(settings: Settings, calls: Calls) -> Iterator[tuple[Desk, Any]]:
    clock = SystemClock(settings.clock_shift)
    server_clock = ServerClock(settings.mt5_server_zone, settings.mt5_server_shift_h)
    sqs, dynamodb = client(settings, "sqs"), client(settings, "dynamodb")
    with open_terminal(settings) as terminal:
        watched: Any = Instrumented("mt5", terminal, calls.boundary, first_argument_names=True)
        yield (
            Desk(
                queue=SqsOrderQueue(
                    Instrumented("sqs", sqs, calls.boundary), settings.order_queue, settings.clock_shift
                ),
                ledger=DynamoOrderLedger(Instrumented("dynamodb", dynamodb, calls.boundary), settings.table),
                broker=Mt5Broker(watched, server_clock, clock, settings),
                events=MemoryEvents(),
                clock=clock,
                rules=DeskRules.of(settings),
                owner="order_calls",
            ),
            SqsOrderQueue(sqs, settings.order_queue),
        )


def run(orders: int) -> dict[str, Any]:
    """Counts *orders* that wait in the queue when the desk comes to them."""
    calls = Calls()
    with tempfile.TemporaryDirectory() as folder, crash_world(Path(folder)) as world:
        _keep_flat(world.settings)
        with _desk(world.settings, calls) as (desk, queue):
            _work(desk, queue, world.settings, WARM_UP_ORDERS, "warm")
            calls.clear()
            began = time.perf_counter()
            _work(desk, queue, world.settings, orders, "order")
            seconds = time.perf_counter() - began
    return _report(calls, orders, seconds)


def _keep_flat(settings: Settings) -> None:
    """On a netting account every other order closes what the one before it opened."""
    chosen = profile(settings.clock_shift_s)
    account = chosen.account.model_copy(update={"margin_mode": "netting"})
    create_terminal(settings.terminal_path, chosen.model_copy(update={"account": account}))


def _work(desk: Desk, queue: SqsOrderQueue, settings: Settings, count: int, name: str) -> None:
    for number in range(count):
        symbol, action = settings.symbols[number // 2 % SYMBOLS], ("BUY", "SELL")[number % 2]
        order = {"order_id": f"{name}-{number}", "symbol": symbol, "order_action": action, "lot_size": 0.01}
        queue.send(json.dumps(order | {"order_type": "MARKET"}))
    shown = 0
    records = desk.run(lambda: shown >= count)
    for record in records:
        if not record.state.is_final or record.execution.ticket is None:
            raise RuntimeError(f"{record.order.order_id} is {record.state}: {record.reason}")
        shown += 1


def _report(calls: Calls, orders: int, seconds: float) -> dict[str, Any]:
    rows = {
        name: {"per_order": round(count / orders, 2), "ms_each": round(calls.seconds[name] / count * 1000, 2)}
        | {"ms_per_order": round(calls.seconds[name] / orders * 1000, 2)}
        for name, count in sorted(calls.count.items())
    }
    inside = sum(row["ms_per_order"] for row in rows.values())
    whole = seconds / orders * 1000
    return {"calls": rows, "ms_in_calls": round(inside, 1), "ms_per_order": round(whole, 1)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = run(options.orders)
    sys.stdout.write((json.dumps(report, indent=2) if options.json else _table(report)) + "\n")
    return 0


def _table(report: dict[str, Any]) -> str:
    lines = [f"{'call':36}{'per order':>12}{'ms each':>12}{'ms per order':>14}"]
    for name, row in report["calls"].items():
        lines.append(f"{name:36}{row['per_order']:>12}{row['ms_each']:>12}{row['ms_per_order']:>14}")
    lines.append(f"{report['ms_per_order']} ms an order, of which {report['ms_in_calls']} in calls")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
