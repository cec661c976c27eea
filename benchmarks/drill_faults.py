"""Does the recovery verification go red where it should, and only there?

    python -m benchmarks.drill_faults [--json]

On a local AWS server of its own, with both regions: first a healthy look, in which nothing may be red; then one fault
after the other, each of which must turn exactly its own check and tell people once; each is healed before the next. At
the end everything must be green again, and people told so. Exit code 1 where that is not so.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from axia_core.domain.events import Severity
from axia_core.domain.verification import Status
from benchmarks.recovery_faults import FAULTS, NOT_INJECTED, Fault
from benchmarks.recovery_world import RecoveryWorld, recovery_world

Say = Callable[[str], None]


@dataclass(frozen=True)
class Turned:
    """What one fault did: the checks that were red, and of which of them people were told."""

    fault: str
    expected: str
    red: tuple[str, ...]
    told: tuple[str, ...]
    finding: str = ""

    @property
    def right(self) -> bool:
        """Exactly its own check, and exactly one event of it."""
        return self.red == self.told == (self.expected,)


@dataclass
class Report:
    """What `--json` prints."""

    baseline: dict[str, int] = field(default_factory=dict)
    baseline_red: tuple[str, ...] = ()
    injected: int = 0
    turned_red: int = 0  # its own check was red
    right: int = 0  # and no other, and people were told once
    faults: list[Turned] = field(default_factory=list)
    not_injected: tuple[str, ...] = tuple(sorted(NOT_INJECTED))
    red_at_the_end: tuple[str, ...] = ()
    recoveries_told: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Green, every fault right, every recovery told, green again."""
        recovered = self.recoveries_told == self.right == self.injected
        return not self.baseline_red and recovered and not self.red_at_the_end


def run(faults: Sequence[Fault] = FAULTS, say: Say = lambda _: None) -> Report:
    """Injects each fault in turn into a world of its own."""
    report, began = Report(), time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, recovery_world(Path(folder)) as world:
        healthy = world.verify()
        report.baseline = {status.value: healthy.count(status) for status in Status}
        report.baseline_red = healthy.red
        say(f"healthy: {report.baseline}, red: {', '.join(healthy.red) or 'none'}")
        for fault in faults:
            turned = _inject(world, fault)
            report.faults.append(turned)
            say(f"{turned.fault}: {turned.finding} {'' if turned.right else f'WRONG: {turned}'}")
        report.red_at_the_end = world.verify().red
        report.recoveries_told = sum(severity == Severity.RECOVERED for _, severity, _ in world.events.published)
    report.injected, report.right = len(report.faults), sum(one.right for one in report.faults)
    report.turned_red = sum(one.expected in one.red for one in report.faults)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _inject(world: RecoveryWorld, fault: Fault) -> Turned:
    before = len(world.events.published)
    heal = fault.inject(world)
    try:
        found = world.verify()
    finally:
        heal()
    news = zip(world.events.published[before:], world.events.details[before:], strict=True)
    told = tuple(details["check"] for (_, severity, _), details in news if severity != Severity.RECOVERED)
    texts = [f"{one.check}: {one.text}" for one in found.findings if one.status.needs_a_person]
    return Turned(fault.name, fault.turns, found.red, told, "; ".join(texts))


def document(report: Report) -> dict[str, object]:
    """The report as plain values, what follows from it included."""
    faults = [asdict(one) | {"right": one.right} for one in report.faults]
    return {**asdict(report), "faults": faults, "passed": report.passed}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; 1 when a check was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = run(say=lambda text: print(text, file=sys.stderr))  # noqa: T201
    if options.json:
        sys.stdout.write(json.dumps(document(report), indent=2) + "\n")
    else:
        sys.stdout.write(f"{report.right} of {report.injected} faults turned exactly their own check\n")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
