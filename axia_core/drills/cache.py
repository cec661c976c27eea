"""The cache, rehearsed: emptied, it is filled again from S3, and from the copy in the other region.

It works in a scratch database of the same Redis. A cache loses nothing that matters: its RPO is that of its store.
"""

from __future__ import annotations

from axia_core.domain.drill import Difference, Heartbeat, recovery_point
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.drills.bench import Bench
from axia_core.ports import BarCache, BarStore
from axia_core.recovery.cache import differs, rebuild_cache


def drill_cache(bench: Bench) -> str:
    """From this region's bucket; why it could not be held, or nothing."""
    unheld = _rebuilt_from(bench, bench.stage.store, bench.stage.store, "S3")
    _measure(bench, bench.stage.heartbeat())
    return unheld


def drill_cache_osaka(bench: Bench) -> str:
    """From the other region's bucket, compared with this one's; why it could not be held, or nothing."""
    copy = bench.stage.copy_store
    if copy is None:
        return "there is no copy in another region (`axia deploy --stack osaka`, then AXIA_HAS_COPY=true)"
    unheld = _rebuilt_from(bench, copy, bench.stage.store, f"the copy in {bench.stage.settings.copy_region}")
    _measure(bench, bench.stage.heartbeat(in_copy=True))
    return unheld


def _rebuilt_from(bench: Bench, source: BarStore, truth: BarStore, where: str) -> str:
    settings, clock = bench.stage.settings, bench.stage.clock
    with bench.stage.scratch_cache() as cache:
        bench.declare()
        with bench.steps.step(f"fill the empty cache from {where}") as told:
            rebuilt = rebuild_cache(settings, store=source, cache=cache, clock=clock)
            told.detail = f"{len(rebuilt.held)} series, {rebuilt.bars} bars"
        if not rebuilt.held:
            return f"no bars are stored in {where} yet: collect some days, then hold the drill again"
        with bench.steps.step("a first series reads from it as it is stored"):
            _compare(bench, next(iter(rebuilt.held)), truth, cache)
        bench.rto = bench.steps.elapsed
        with bench.steps.step("every other series does, bar by bar"):
            for series in list(rebuilt.held)[1:]:
                _compare(bench, series, truth, cache)
    return ""


def _measure(bench: Bench, found: Heartbeat | None) -> None:
    """A cache is as old as the store it was filled from, which the hourly verification marks with the time."""
    bench.heartbeat = found
    bench.rpo = recovery_point(bench.declared_at, bench.stage.heartbeat(), found)
    if bench.rpo is None:
        bench.notes.append("the RPO is unknown: no heartbeat of the last hour in the bucket (`axia verify` writes one)")


def _compare(bench: Bench, series: str, truth: BarStore, cache: BarCache) -> None:
    name, timeframe = series.split()
    bench.compared += 1
    if differs(Symbol(name), Timeframe(timeframe), bench.stage.settings, store=truth, cache=cache):
        bench.differences.append(Difference(series, "the cache holds other bars than the store"))
