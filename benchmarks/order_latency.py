"""How fast an order gets to the broker: the desk in its Dagster run against a plain boto3 worker, in turn, in one run.

    python -m benchmarks.order_latency [--orders N] [--rounds N] [--quick] [--json]

The real stack runs all the while (code server, daemon, webserver, sensor, desk, local AWS server, paper terminal), the
plain worker idles beside it, and each gets the same orders in turn: A B A B. Measured is the time from `send_message`,
and from receive, to the entry of `order_send`; and the orders per second of a burst, from the start of its sending to
the last entry. `ratios` are desk over plain: below 1 is faster for p50 and p99, above 1 is faster for bursts.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.latency_world import LatencyWorld, Side, Times, latency_world

BURSTS = (100, 1_000)
PERCENTILES = (50, 95, 99)

Say = Callable[[str], None]


@dataclass
class Measured:
    """All that was measured of one side."""

    spaced: list[Times] = field(default_factory=list)
    burst_per_s: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> dict[str, Any]:
        """What is printed of it."""
        return {
            "from_send_ms": percentiles(times.entered_s - times.sent_s for times in self.spaced),
            "from_receive_ms": percentiles(times.entered_s - times.received_s for times in self.spaced),
            **{f"burst_{size}_per_s": [round(rate, 1) for rate in rates] for size, rates in self.burst_per_s.items()},
        }


@dataclass
class Report:
    """What `--json` prints."""

    orders: int = 0
    load_average: list[float] = field(default_factory=list)
    cpu_percent: float = 0.0
    desk: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, each a value that was measured (nearest rank)."""
    found = sorted(seconds)
    return {f"p{p}": round(found[max(0, -(-len(found) * p // 100) - 1)] * 1000, 1) for p in PERCENTILES}


def ratios(desk: Measured, plain: Measured) -> dict[str, float]:
    """Desk over plain; rates by the median of their bursts."""
    found = {}
    of_desk, of_plain = desk.figures(), plain.figures()
    for prefix, kind in (("", "from_send_ms"), ("receive_", "from_receive_ms")):
        for name in ("p50", "p99"):
            found[prefix + name] = of_desk[kind][name] / of_plain[kind][name]
    for size, rates in desk.burst_per_s.items():
        found[f"burst_{size}"] = statistics.median(rates) / statistics.median(plain.burst_per_s[size])
    return {name: round(ratio, 3) for name, ratio in found.items()}


def measure(world: LatencyWorld, orders: int, rounds: int, bursts: Sequence[int], say: Say) -> dict[str, Measured]:
    """Each kind of load on one side and then on the other, *rounds* times."""
    measured: dict[str, Measured] = defaultdict(Measured)
    for _ in range(rounds):
        for side in world.sides:
            found = world.spaced(side, orders)
            measured[side.name].spaced.extend(found)
            say(f"{side.name}: {orders} orders, from send {percentiles(t.entered_s - t.sent_s for t in found)} ms")
    for size in bursts:
        for _ in range(rounds):
            for side in world.sides:
                rate = _burst_per_s(world, side, size)
                measured[side.name].burst_per_s[size].append(rate)
                say(f"{side.name}: burst of {size}, {rate:.1f} orders/s")
    return measured


def _burst_per_s(world: LatencyWorld, side: Side, size: int) -> float:
    found = world.burst(side, size)
    return size / (max(times.entered_s for times in found) - min(times.sent_s for times in found))


def run(orders: int, rounds: int, bursts: Sequence[int], say: Say = lambda _: None) -> Report:
    """Starts the world, measures and reports."""
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        latency_world(Path(folder), say) as world,
    ):
        psutil.cpu_percent()
        measured = measure(world, orders, rounds, bursts, say)
        busy = psutil.cpu_percent()
    desk, plain = measured["desk"], measured["plain"]
    return Report(
        orders=len(desk.spaced),
        load_average=[round(load, 2) for load in psutil.getloadavg()],
        cpu_percent=busy,
        desk=desk.figures(),
        plain=plain.figures(),
        ratios=ratios(desk, plain),
        seconds=round(time.monotonic() - started, 1),
    )


def table(report: Report) -> str:
    """The report for people."""
    lines = [f"{'':24}{'desk':>22}{'plain worker':>22}"]
    for name in report.desk:
        lines.append(f"{name:24}{_cell(report.desk[name]):>22}{_cell(report.plain[name]):>22}")
    lines += [f"ratio {name:18}{ratio:>22}" for name, ratio in report.ratios.items()]
    lines.append(
        f"{report.orders} orders each, load {report.load_average}, {report.cpu_percent} % of the processors busy"
    )
    return "\n".join(lines)


def _cell(figure: Any) -> str:
    return " / ".join(str(value) for value in (figure.values() if isinstance(figure, dict) else figure))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100, help="spaced orders per side and round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="leave out the burst of 1,000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of the stack's own end: it has children
    bursts = BURSTS[:1] if options.quick else BURSTS
    report = run(options.orders, options.rounds, bursts, _say)
    sys.stdout.write((json.dumps(asdict(report), indent=2) if options.json else table(report)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
