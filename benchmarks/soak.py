"""The soak: weeks of trading days in minutes, with kill -9 now and then, and a ledger of what must hold all the while.

    python -m benchmarks.soak [--weeks N] [--orders N] [--seed S] [--json]

The days lie around the last daylight-saving switch of New York. The order path, the collections and the retention are
runs of the real Dagster jobs over the local AWS server, Redis and the paper terminal's books, in processes of their
own; only the daemon is left out, because its schedules go by the wall clock. Exit code 1 where a check is violated.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from axia_core.adapters.paper.store import KEPT_AUDIT_ROWS
from axia_core.domain.order_states import State
from axia_core.domain.orders import magic_of
from axia_core.domain.sessions import NEW_YORK, is_trading_day, session
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from benchmarks.soak_traders import CANCEL, CLOSE, UNSETTLED
from benchmarks.soak_world import Say, Scale, SoakWorld, soak_world

SHOWN = 5
HAS_DEAL = frozenset({State.FILLED, State.PARTIALLY_FILLED, State.DONE})
GROWN_BY = 12_000_000  # bytes of a desk's second half, or of the last day's desks over the first's: noise is below
EXECUTED_SHARE = 0.95  # of the entries: a soak in which little happens proves nothing
BYTES_PER_PARTITION = 30_000  # of Dagster's storage, a week's logs included
STORAGE_TO_BEGIN_WITH = 3_000_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the ledger: what must hold, how many were looked at, and the violations."""

    what: str
    looked_at: int
    violations: tuple[str, ...]


@dataclass
class Report:
    """What `--json` prints."""

    seed: int
    days: list[str]
    orders_sent: int = 0
    states: dict[str, int] = field(default_factory=dict)
    processes_killed: int = 0
    desk_mb: dict[str, list[float]] = field(default_factory=dict)  # per day: at the first batch, and at most
    storage: list[dict[str, int]] = field(default_factory=list)
    retained: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def violated(self) -> bool:
        return any(check.violations for check in self.checks)


def run(scale: Scale, say: Say = lambda _: None) -> Report:
    """Lives through the days of *scale* and judges."""
    started = time.monotonic()
    scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with scratch as folder, soak_world(Path(folder), scale, say) as world:
        world.live()
        report = Report(scale.seed, [day.isoformat() for day in scale.days])
        report.checks = [check(world) for check in CHECKS]
        records = [world.record(order_id) for order_id in world.sent()]
        report.orders_sent = len(records)
        report.states = dict(Counter(record.state.value if record else "LOST" for record in records))
        report.processes_killed, report.storage = world.killed, world.sizes
        report.retained, report.desk_mb = world.lines("retained"), _desk_mb(world)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def _orders_have_ended(world: SoakWorld) -> Check:
    records = {order_id: world.record(order_id) for order_id in world.sent()}
    wrong = [
        f"{order_id} is {record.state if record else 'lost'}"
        for order_id, record in records.items()
        if record is None or record.state in UNSETTLED
    ]
    return _check("no order is lost or left open", len(records), wrong)


def _orders_took_effect_once(world: SoakWorld) -> Check:
    deals, wrong, sent = world.deals(), [], world.sent()
    for order_id, body in sent.items():
        record, found = world.record(order_id), deals.get(magic_of(order_id), 0)
        said = record is not None and record.state in HAS_DEAL and body["order_action"] != CANCEL
        if found != int(said):
            wrong.append(f"{order_id} is {record.state if record else 'lost'}, the broker has {found} deals")
    return _check("no order is doubled: the broker's deals are the ledger's", len(sent), wrong)


def _orders_were_executed(world: SoakWorld) -> Check:
    entries = [key for key, body in world.sent().items() if body["order_action"] not in (CLOSE, CANCEL)]
    records = [world.record(order_id) for order_id in entries]
    done = sum(one is not None and one.state in {State.FILLED, State.CANCELLED, State.PLACED} for one in records)
    wrong = [] if done >= EXECUTED_SHARE * len(entries) else [f"{done} of {len(entries)}"]
    return _check(f"at least {EXECUTED_SHARE:.0%} of the entries were executed", len(entries), wrong)


def _every_batch_was_sent(world: SoakWorld) -> Check:
    sent = world.sent()
    plans = [world.scale.plan(day) for day in world.scale.days]
    wanted = [str(one["order_id"]) for plan in plans for batch in range(plan.batches) for one in plan.entries(batch)]
    return _check("every planned entry was sent", len(wanted), [one for one in wanted if one not in sent])


def _partitions_are_in_s3(world: SoakWorld) -> Check:
    found = list(world.partitions())
    wrong = [key for key, complete in found if not complete]
    return _check("every partition is in S3, and complete", len(found), wrong)


def _partitions_are_in_dagster(world: SoakWorld) -> Check:
    known = world.in_dagster()["partitions"]
    wanted = [key for key, _ in world.partitions()]
    wrong = [key for key in wanted if key.split(" ", 1)[1] not in known[key.split(" ", 1)[0]]]
    return _check("every partition is still materialized in Dagster after the retentions", len(wanted), wrong)


def _desks_handed_over(world: SoakWorld) -> Check:
    ended = Counter(line["status"] for line in world.lines("runs") if line["job"] == "order_desk")
    days = len(world.scale.days)
    wrong = [] if ended == Counter(SUCCESS=days) else [f"{days} closes, desk runs that ended: {dict(ended)}"]
    if unfinished := world.in_dagster()["unfinished"]:
        wrong.append(f"{unfinished} runs are still open in Dagster")
    return _check("one desk a day ends well at the close", days, wrong)


def _processes_died(world: SoakWorld) -> Check:
    return _check("processes were killed with SIGKILL", world.killed, [] if world.killed else ["none"])


def _a_switch_is_inside(world: SoakWorld) -> Check:
    offsets = {session(day).open.astimezone(NEW_YORK).utcoffset() for day in world.scale.days}
    return _check("a daylight-saving switch lies inside", len(world.scale.days), [] if len(offsets) == 2 else ["none"])


def _desk_memory_is_flat(world: SoakWorld) -> Check:
    desks: dict[int, list[int]] = {}
    for line in world.lines("memory"):
        desks.setdefault(line["pid"], []).append(line["rss"])
    grown = {pid: max(rss) - rss[len(rss) // 2] for pid, rss in desks.items()}
    wrong = [f"desk {pid} grew by {by:,} bytes in its second half" for pid, by in grown.items() if by > GROWN_BY]
    highest = [max(rss) for rss in _by_day(world).values()]
    if highest and highest[-1] - highest[0] > GROWN_BY:
        wrong.append(f"the last day's desks took {highest[-1]:,} bytes, the first's {highest[0]:,}")
    return _check("memory of the desks is flat, in a day and from day to day", len(desks), wrong)


def _by_day(world: SoakWorld) -> dict[str, list[int]]:
    days: dict[str, list[int]] = {}
    for line in world.lines("memory"):
        days.setdefault(line["day"], []).append(line["rss"])
    return days


def _desk_mb(world: SoakWorld) -> dict[str, list[float]]:
    return {day: [round(rss[0] / 1e6, 1), round(max(rss) / 1e6, 1)] for day, rss in _by_day(world).items()}


def _retention_holds(world: SoakWorld) -> Check:
    lines = world.lines("retained")
    wrong = [f"{one['old_desk_runs']} old desk runs are left" for one in lines if one["old_desk_runs"]]
    wrong += [f"{one['orphaned_files']} files belong to no run" for one in lines if one["orphaned_files"]]
    return _check("retention leaves no old desk run and no file without a run", len(lines), wrong)


def _storage_is_bounded(world: SoakWorld) -> Check:
    partitions = len(list(world.partitions()))
    allowed = STORAGE_TO_BEGIN_WITH + partitions * BYTES_PER_PARTITION + _kept_orders(world) * 12_000
    after = world.lines("retained")[-1]["bytes_after"]
    wrong = [f"{after:,} bytes for {partitions} partitions, {allowed:,} allowed"] if after > allowed else []
    return _check("Dagster's storage grows with partitions and the kept week's orders only", partitions, wrong)


def _kept_orders(world: SoakWorld) -> int:
    kept = {day.isoformat() for day in world.scale.days[-world.scale.kept_days :]}
    return sum(order_id[:10] in kept for order_id in world.sent())


def _terminal_is_bounded(world: SoakWorld) -> Check:
    rows = world.audit_rows()
    wrong = [f"{rows} lines"] if rows > KEPT_AUDIT_ROWS + 1_000 else []
    return _check("the paper terminal's audit is bounded", rows, wrong)


def _table_forgets(world: SoakWorld) -> Check:
    items, kept = world.items_without_ttl()
    orders = [key for key in kept if key.startswith("ORDER#") and not _is_open(world, key)]
    return _check("what the ledger keeps of an order has an end (ttl)", items, orders)


def _is_open(world: SoakWorld, key: str) -> bool:
    record = world.record(key.split(" ")[0].removeprefix("ORDER#"))
    return record is not None and not record.state.is_final


def _check(what: str, looked_at: int, violations: Sequence[str]) -> Check:
    return Check(what, looked_at, tuple(violations))


CHECKS: tuple[Callable[[SoakWorld], Check], ...] = (
    _every_batch_was_sent,
    _orders_have_ended,
    _orders_took_effect_once,
    _orders_were_executed,
    _partitions_are_in_s3,
    _partitions_are_in_dagster,
    _desks_handed_over,
    _processes_died,
    _a_switch_is_inside,
    _desk_memory_is_flat,
    _retention_holds,
    _storage_is_bounded,
    _terminal_is_bounded,
    _table_forgets,
)


def days_around_a_switch(count: int, today: date) -> tuple[date, ...]:
    """*count* trading days before *today* around the last switch of New York: half of them before it."""
    half = max(1, count // 2)
    switch = next(day for day in _backwards(today - (2 * half + 2) * DAY) if _switches(day))
    after = [day for day in _forwards(switch, today) if is_trading_day(day)][:half]
    before = list(islice(_trading_days_before(switch), count - half))
    return (*reversed(before), *after)


def _switches(day: date) -> bool:
    noons = [datetime(each.year, each.month, each.day, 12, tzinfo=NEW_YORK) for each in (day - DAY, day)]
    return noons[0].utcoffset() != noons[1].utcoffset()


def _backwards(day: date) -> Iterator[date]:
    while True:
        yield day
        day -= DAY


def _trading_days_before(day: date) -> Iterator[date]:
    return (each for each in _backwards(day - DAY) if is_trading_day(each))


def _forwards(day: date, end: date) -> Iterator[date]:
    while day < end - DAY:
        yield day
        day += DAY


def ledger_of(report: Report) -> str:
    """The checks for people."""
    lines = [f"{'check':80}{'looked at':>10}{'violations':>12}"]
    for check in report.checks:
        lines.append(f"{check.what:80}{check.looked_at:>10,}{len(check.violations):>12}")
        lines += [f"    {text}" for text in check.violations[:SHOWN]]
    lines.append(f"{report.orders_sent:,} orders {report.states} in {len(report.days)} days, {report.seconds} s")
    for day, sizes in zip(report.days, report.storage, strict=True):
        lines.append(f"{day} {sizes}, desk first and at most {report.desk_mb.get(day)} MB")
    lines += [f"retention {line}" for line in report.retained]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the ledger of checks; exit code 1 where one is violated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=4, help="of five trading days")
    parser.add_argument("--orders", type=int, default=20_000, help="entries and their exits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    days = days_around_a_switch(options.weeks * 5, datetime.now(UTC).date())
    scale = Scale(days, options.orders, tuple(DEFAULT_SYMBOLS), options.seed)
    report = run(scale, lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201
    sys.stdout.write((json.dumps(asdict(report), indent=2) if options.json else ledger_of(report)) + "\n")
    return int(report.violated)


if __name__ == "__main__":
    sys.exit(main())
