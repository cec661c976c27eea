"""Look at what trades and what is stored: kill switch, desk, orders, dead letters, partitions, cache, recovery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from axia_core.domain.cached_series import CacheServer
from axia_core.domain.examination import Finding, failure, skipped, warning, well
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import State
from axia_core.domain.sessions import is_open, last_due_trading_day
from axia_core.domain.symbols import Symbol
from axia_core.domain.universe import Universe
from axia_core.ports import BarStore, OrderLedger, OrderQueue
from axia_core.ports.verification import Verifications

HOUR = timedelta(hours=1)
COLLECTED_WITHIN = HOUR  # after 07:00 Tokyo
VERIFIED_WITHIN = 3 * HOUR  # it is done every hour
SHOWN = 6
RIGHT_POLICY = "allkeys-lru"
SLOW_CACHE_S = 0.2
STARTS = "`axia up` starts it here; elsewhere correct AXIA_REDIS_URL. Readers go on with S3 meanwhile, more slowly."


def look_at_switch(ledger: OrderLedger) -> Iterator[Finding]:
    """Whether trading is stopped, by whom and why."""
    switch = ledger.kill_switch()
    if not switch.known:
        remedy = "`axia kill-switch on`, then find out who removed it; `off --reason ...` releases it."
        yield failure("the kill switch is missing or unreadable, which counts as HALT: nothing is traded", remedy)
    elif switch.active:
        remedy = 'When the cause is gone: axia kill-switch off --reason "why it is safe again".'
        yield warning(f"trading is stopped, {switch.mode}, {_by(switch)}", remedy)
    else:
        yield well(f"trading is released, {_by(switch)}")


def look_at_desk(ledger: OrderLedger, queue: OrderQueue, now: datetime) -> Iterator[Finding]:
    """Whether a desk is open when there is something to do, and what waits for it."""
    lease, depth, open_orders = ledger.lease_holder(now), queue.depth(), ledger.open_orders()
    waiting = depth.waiting + sum(record.state is State.RECEIVED for record in open_orders)
    remedy = "Dagster UI > Automation: is order_sensor on, and what do its ticks say? Then the run of order_desk."
    if lease is not None:
        yield well(f"{lease.owner} holds the lease; {waiting} orders wait")
    elif waiting:
        yield failure(f"{waiting} orders wait, and no desk is open", remedy)
    elif is_open(now):
        yield warning("the market is open, and no desk is (one opens within seconds of a start)", remedy)
    else:
        yield well("the market is closed and nothing waits, so no desk is open")


def look_at_orders(ledger: OrderLedger) -> Iterator[Finding]:
    """Orders whose fate is not known, and items that cannot be read."""
    found = ledger.open_orders()
    unknown = [record for record in found if record.state is State.UNKNOWN]
    if unknown:
        named = ", ".join(record.order.order_id for record in unknown[:SHOWN])
        yield warning(f"{len(unknown)} orders are UNKNOWN: {named}", "`axia order reconcile`; never send them again.")
    for text in ledger.passed_over():
        yield failure(text, "Repair or remove that item by hand, or run the version that wrote it.")
    yield well(f"{len(found) - len(unknown)} orders are on their way")


def look_at_letters(letters: OrderQueue) -> Iterator[Finding]:
    """What could not be accepted."""
    depth = letters.depth()
    count = depth.waiting + depth.in_flight
    if count:
        yield warning(
            f"{count} messages could not be accepted", "`axia dlq list` says why, and what a redrive would do."
        )
    else:
        yield well("there are none")


def look_at_partitions(store: BarStore, universe: Universe, now: datetime) -> Iterator[Finding]:
    """Whether the newest trading day that should be collected by now is there, of every series."""
    day = last_due_trading_day(now - COLLECTED_WITHIN, universe.holidays.dates)
    wanted = [
        (symbol, timeframe)
        for symbol in map(Symbol, universe.plans)
        for timeframe in universe.plans[symbol.name].timeframes
        if day >= universe.start_of(symbol)
    ]
    lacking = [f"{symbol}/{timeframe}" for symbol, timeframe in wanted if store.truth(symbol, timeframe, day) is None]
    if lacking:
        yield warning(f"{len(lacking)} of {len(wanted)} series lack {day}: {_some(lacking)}", _collect(day))
    else:
        yield well(f"{len(wanted)} series have {day}")


def look_at_recovery(verifications: Verifications, now: datetime) -> Iterator[Finding]:
    """What the last hourly verification said, and whether there is still one every hour."""
    last = verifications.last()
    if last is None:
        yield skipped("no verification is kept yet; `axia verify` looks now")
        return
    age = now - last.at
    if age > VERIFIED_WITHIN:
        remedy = "Dagster UI > Automation: is the schedule of the verification on? `axia verify` looks now."
        yield warning(f"the last recovery verification is {age / HOUR:.0f} hours old", remedy)
    if last.red:
        said = f"a recovery could not count on: {_some(list(last.red))}"
        yield warning(said, "`axia verify` tells what was found of each, and what to do.")
    yield well(f"{len(last.findings)} things that a recovery needs were looked at {last.at:%Y-%m-%d %H:%M} UTC")


def judge_cache(found: CacheServer) -> Iterator[Finding]:
    """Whether the cache behaves as one: forgets the least used, and answers at once."""
    if found.policy not in (RIGHT_POLICY, None):
        said = f"its maxmemory-policy is {found.policy}: when full, it would refuse writes or forget what is used"
        yield warning(
            said, f"redis-cli CONFIG SET maxmemory-policy {RIGHT_POLICY}; on AWS `axia deploy` (stack cache)."
        )
    if found.answered_s > SLOW_CACHE_S:
        yield warning(f"it took {found.answered_s * 1000:.0f} ms to answer", "Is it in this region, and is it busy?")
    used = f"{found.used_bytes / 2**20:.0f} of {found.max_bytes / 2**20:.0f} MB" if found.max_bytes else "no limit"
    yield well(f"{found.version}, {found.answered_s * 1000:.1f} ms, {found.policy or 'policy not told'}, {used}")


def _by(switch: KillSwitch) -> str:
    at = f" at {switch.at:%Y-%m-%d %H:%M} UTC" if switch.at else ""
    return f"by {switch.who or 'nobody named'}{at}: {switch.reason or 'no reason given'}"


def _collect(day: date) -> str:
    return f"axia collect --from {day} --to {day}; then look why 07:00 Tokyo did not (Dagster UI > Runs)."


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
