"""How much memory the deployment takes after a daily run and a hundred orders: PSS of each process, and their sum.

    python -m benchmarks.footprint [--orders N] [--json]

The baseline, measured in the same run, is Dagster with nothing in it (`bare_dagster`). Counted is what production runs:
code server, daemon, webserver and the desk with its MT5 process, and the console, which has no page open. The local AWS
server, Redis, and the paper terminal's own process are shown and not counted: on AWS they are elsewhere, or are MT5
itself. PSS exists on Linux; elsewhere the unique set (USS) is printed, and said so.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from axia_cli.stack import record
from axia_cli.stack.ports import free_ports
from axia_cli.stack.supervisor import Stack, running_stack
from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.adapters.paper.profile import TerminalProfile
from axia_core.domain.sessions import last_due_trading_day
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings
from benchmarks import bare_dagster
from benchmarks.latency_world import OPENS_WITHIN_S, DeskSide, LatencyWorld, benchmark_settings, wait_until
from benchmarks.process_memory import MEASURE, run_process, sum_mb, tree

COUNTED = ("code-server", "daemon", "webserver", "desk", "console")
AIM_MB = 420
AIM_WITH_CONSOLE_MB = 620

Say = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What `--json` prints; megabytes of a million bytes."""

    measure: str
    orders: int
    processes_mb: dict[str, float]
    counted: list[str]
    total_mb: float
    total_with_console_mb: float | None
    bare_dagster_mb: dict[str, float]
    bare_total_mb: float
    ratio: float  # without the console, to the bare Dagster
    aim_mb: int = AIM_MB
    aim_with_console_mb: int = AIM_WITH_CONSOLE_MB


def run(orders: int, say: Say = lambda _: None) -> Report:
    """Looks at a bare Dagster; then starts the stack, collects a day, executes orders, and looks."""
    bare = bare_dagster.measured_mb()
    say(f"Dagster with nothing in it: {bare}")
    profile = TerminalProfile.model_validate({"account": {"balance": 1e9, "margin_mode": "netting"}})
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(_settings(Path(folder)), progress=say, profile=profile, console=True) as stack,
    ):
        _collect_a_day(stack, say)
        _execute(stack, orders)
        return _report(measured_mb(stack), bare, orders)


def _settings(home: Path) -> Settings:
    (port,) = free_ports(1)
    return benchmark_settings(home).model_copy(update={"console_port": port})


def _collect_a_day(stack: Stack, say: Say) -> None:
    dagster = DagsterClient(stack.urls["dagster"])
    # Dagster's partitions know no shift: the day is the newest of the wall clock, and of the shifted one.
    day = last_due_trading_day(min(datetime.now(UTC), datetime.now(UTC) + stack.settings.clock_shift))
    status = dagster.wait(dagster.launch_collection([day], stack.settings.symbols, tuple(Timeframe)))
    say(f"collection of {day}: {status.status}, {status.materializations} materializations")
    if not status.succeeded:
        raise RuntimeError(f"the collection of {day} ended {status.status}: {dagster.failures(status.run_id)}")


def _execute(stack: Stack, orders: int) -> None:
    desk = DeskSide(stack.settings)
    wait_until(desk.is_open, OPENS_WITHIN_S, "a desk to open")
    LatencyWorld(stack.settings, [desk]).spaced(desk, orders)


def measured_mb(stack: Stack) -> dict[str, float]:
    """Every process of the stack by name; a child counts with its parent, except the desk's run."""
    written = record.read(stack.home)
    children = written.children if written else {}
    desk = run_process(psutil.Process(children["code-server"].pid))
    in_desk = {process.pid for process in tree(desk.pid)} if desk else set()
    found = {name: sum_mb(tree(child.pid), in_desk) for name, child in children.items()}
    return {**found, "desk": sum_mb(tree(desk.pid), set()) if desk else 0.0}


def _report(processes_mb: dict[str, float], bare_mb: dict[str, float], orders: int) -> Report:
    counted = [name for name in COUNTED if name in processes_mb]
    with_console, bare = sum(processes_mb[name] for name in counted), sum(bare_mb.values())
    console = processes_mb.get("console")
    total = with_console - (console or 0.0)
    return Report(
        measure=MEASURE,
        orders=orders,
        processes_mb=processes_mb,
        counted=counted,
        total_mb=round(total, 1),
        total_with_console_mb=None if console is None else round(with_console, 1),
        bare_dagster_mb=bare_mb,
        bare_total_mb=round(bare, 1),
        ratio=round(total / bare, 2),
    )


def table(report: Report) -> str:
    """The report for people."""
    lines = [f"{'process':16}{report.measure + ' MB':>10}{'bare Dagster':>16}"]
    for name, megabytes in sorted(report.processes_mb.items(), key=lambda pair: pair[0] not in report.counted):
        bare = report.bare_dagster_mb.get(name, "")
        lines.append(f"{name:16}{megabytes:>10}{bare:>16}{'' if name in report.counted else '   not counted'}")
    total = f"{'without console':16}{report.total_mb:>10}{report.bare_total_mb:>16}"
    lines.append(f"{total}   aim {report.aim_mb}; {report.ratio} times the bare Dagster")
    if report.total_with_console_mb is not None:
        lines.append(f"{'with console':16}{report.total_with_console_mb:>10}{'':16}   aim {report.aim_with_console_mb}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = run(options.orders, lambda text: print(text, file=sys.stderr))  # noqa: T201
    sys.stdout.write((json.dumps(asdict(report), indent=2) if options.json else table(report)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
