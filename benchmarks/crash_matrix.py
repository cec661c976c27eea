"""The crash matrix for real: SIGKILL at every boundary, over SQS, DynamoDB and the paper terminal in processes.

    python -m benchmarks.crash_matrix [--cases N] [--seed S] [--json]

Each case sends its orders, lets a desk work until it is killed at one boundary, and then leaves things alone: a second
desk opens after the lease, and works until nothing is left to do. Afterwards the broker's deals and the ledger are
compared, order by order. `--case` replays one case by its number.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crash_world import ANSWERS, DELIVERIES, Case, CrashWorld, Verdict, crash_world


@dataclass
class Report:
    """What `--json` prints."""

    seed: int
    boundaries: dict[str, int] = field(default_factory=dict)
    cells: int = 0
    cases: int = 0
    killed: int = 0
    orders_sent: int = 0
    broker_deals: int = 0
    ledger_states: dict[str, int] = field(default_factory=dict)
    violations: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, case: Case, verdict: Verdict) -> None:
        self.cases += 1
        self.killed += verdict.killed
        self.orders_sent += verdict.orders_sent
        self.broker_deals += verdict.broker_deals
        self.ledger_states = dict(Counter(self.ledger_states) + Counter(verdict.states))
        if verdict.violations:
            replay = f"python -m benchmarks.crash_matrix --seed {self.seed} --case {shlex.quote(str(case))}"
            self.violations.append({"case": str(case), "what": verdict.violations, "replay": replay})


def cases(world: CrashWorld, count: int, seed: int, report: Report) -> Iterator[Case]:
    """*count* cases, or all of them for 0, spread over deliveries and answers by *seed*.

    How many boundaries a desk passes in a cell is found by letting one work there undisturbed.
    """
    chance = random.Random(seed)
    cells = [(delivery, answer) for delivery in DELIVERIES for answer in ANSWERS]
    chance.shuffle(cells)
    taken = 0
    for delivery, answer in cells:
        passed = world.boundaries(delivery, answer)
        report.boundaries.update(dict.fromkeys(passed, 0) | report.boundaries)
        report.cells += 1
        share = min(len(passed), -(-count // len(cells)), count - taken) if count else len(passed)
        for kill_at in sorted(chance.sample(range(len(passed)), max(share, 1))):
            taken += 1
            yield Case(delivery, answer, kill_at)
        if count and taken >= count:
            return


def run(count: int, seed: int, only: Case | None = None, say: Any = lambda _: None) -> Report:
    """Runs *count* cases chosen by *seed* (all of them for 0), or one."""
    report = Report(seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, crash_world(Path(folder)) as world:
        for case in [only] if only else cases(world, count, seed, report):
            verdict = world.run(case)
            report.add(case, verdict)
            if verdict.killed_at:
                report.boundaries[verdict.killed_at] = report.boundaries.get(verdict.killed_at, 0) + 1
            say(f"{report.cases} {case} {verdict.killed_at or 'not killed'}: {verdict.violations or 'ok'}")
    report.seconds = round(time.monotonic() - started, 1)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; 1 when an order was lost, doubled or misreported."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=50, help="how many, chosen by the seed; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=Case.parse, help="replay one, for example `once/timeout, done/17`")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    say = (lambda _: None) if options.json else (lambda text: sys.stderr.write(text + "\n"))
    report = run(options.cases, options.seed, options.case, say)
    sys.stdout.write(json.dumps(asdict(report), indent=2) + "\n")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
