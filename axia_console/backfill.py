"""Which trading days of a series to have collected again, and asking Dagster for it, audited with who asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.sessions import collection_time, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError
from axia_core.ports import Clock, OrderLedger

MOST_RUNS = 4  # each takes a process of its own; days between two gaps that are whole are only read once more

Stretch = tuple[date, date]


class Collects(Protocol):
    """Whoever starts runs that collect: Dagster."""

    def launch_collection(self, days: Sequence[date], symbols: Sequence[str], timeframes: Sequence[Timeframe]) -> str:
        """The id of a run that collects every day from the first to the last of *days*."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """A series and the days that it lacks, as stretches from first to last, both included."""

    symbol: Symbol
    timeframe: Timeframe
    stretches: tuple[Stretch, ...]

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} {', '.join(f'{first} to {last}' for first, last in self.stretches)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """The runs that were started, and why no more were, where that is so."""

    runs: tuple[str, ...]
    fault: str = ""


def collectable(days: Iterable[date], first: date, now: datetime) -> list[date]:
    """The days that Dagster has a partition of; *now* is the wall clock, as partitions know no shift."""
    return [day for day in days if day >= first and collection_time(day) <= now]


def stretches(days: Sequence[date], most: int = MOST_RUNS) -> tuple[Stretch, ...]:
    """*days*, which are sorted, as stretches of neighbours; where there are too many, those nearest are joined."""
    found: list[Stretch] = []
    for day in days:
        if found and not _between(found[-1], (day, day)):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    while len(found) > most:
        nearest = min(range(len(found) - 1), key=lambda at: _between(found[at], found[at + 1]))
        found[nearest : nearest + 2] = [(found[nearest][0], found[nearest + 1][1])]
    return tuple(found)


def ask_for(wish: Wish, who: str, *, dagster: Collects, ledger: OrderLedger, clock: Clock) -> Asked:
    """Starts a run for each stretch; those that had started before Dagster failed go on. Raises StoreUnavailable.

    The audit is written first, and once more with what came of it.
    """

    def note(outcome: str) -> None:
        ledger.note_audit(AuditLine(at=clock.now(), who=who, what=f"console: collect {wish}", outcome=outcome))

    note("starting")
    runs: list[str] = []
    try:
        for stretch in wish.stretches:
            runs.append(dagster.launch_collection(stretch, [wish.symbol.name], [wish.timeframe]))
    except AxiaError as error:
        note(f"{_started(runs)}; then: {error}")
        return Asked(tuple(runs), str(error))
    note(_started(runs))
    return Asked(tuple(runs))


def _between(one: Stretch, other: Stretch) -> int:
    """Trading days between the two."""
    return len(list(trading_days(one[1], other[0]))) - 2


def _started(runs: Sequence[str]) -> str:
    return f"started {', '.join(runs)}" if runs else "nothing started"
