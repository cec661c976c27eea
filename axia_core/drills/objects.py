"""Objects, rehearsed: deleted and overwritten days of bars come back by version, an archived one by a restore.

The bytes are those of stored days, copied under the drill's own prefix; the days themselves are only read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from axia_core.domain.beats import Beat, from_text, to_text
from axia_core.domain.drill import Difference, Heartbeat, recovery_point
from axia_core.domain.names import object_key
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.drills.bench import Bench
from axia_core.errors import ArchivedObject, NotRunning
from axia_core.services.bring_back import bring_back

SAMPLES = 5
DAMAGE = b"not what was stored"
ARCHIVE_WITHIN = timedelta(hours=5)  # Expedited takes minutes; where it cannot be had S3 takes hours
LOOK_EVERY_S, LOCAL_LOOK_EVERY_S = 30.0, 0.25
BEAT = "heartbeat.json"


def drill_objects(bench: Bench) -> None:
    """Overwrites some, deletes some, archives one, and brings every one back as it was."""
    stage, prefix = bench.stage, bench.prefix
    # What is replicated later than this is left to the next sweep.
    copied = stage.copied_objects
    with (
        bench.removed_after(f"the copy of {prefix}", lambda: copied and copied.discard(prefix)),
        bench.removed_after(f"what lies under {prefix}", lambda: stage.objects.discard(prefix)),
    ):
        kept = _store(bench)
        _damage(bench, kept)
        _bring_back(bench, kept)
        _from_archive(bench, next(iter(kept.values())))


def _store(bench: Bench) -> dict[str, bytes]:
    with bench.steps.step("store some days under the drill's prefix, and a heartbeat beside them") as told:
        kept = {f"{bench.prefix}{name}": body for name, body in _samples(bench)}
        kept[bench.prefix + BEAT] = to_text(Beat(bench.stage.clock.now())).encode()
        for key, body in kept.items():
            bench.stage.objects.put(key, body)
        told.detail = f"{len(kept)} objects"
    return kept


def _samples(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """The newest stored day of some series as their bytes are stored; made up ones where nothing is stored yet."""
    found = 0
    for name in bench.stage.settings.symbols:
        symbol, timeframe = Symbol(name), Timeframe.H1
        for day in bench.stage.store.trading_dates(symbol, timeframe)[-1:]:
            partition = bench.stage.store.read(symbol, timeframe, day)
            if partition is not None and found < SAMPLES:  # it reads back as what it says
                found += 1
                key = object_key(symbol, timeframe, day)
                yield key, bench.stage.objects.read(key) or b""
    if not found:
        bench.notes.append("no bars are stored yet: the drill stored bytes of its own")
        yield "example.parquet", hashlib.sha256(bench.drill_id.encode()).digest()


def _damage(bench: Bench, kept: dict[str, bytes]) -> None:
    with bench.steps.step("overwrite every second object, delete the others"):
        for number, key in enumerate(kept):
            bench.stage.objects.put(key, DAMAGE) if number % 2 else bench.stage.objects.delete(key)
    bench.declare()


def _bring_back(bench: Bench, kept: dict[str, bytes]) -> None:
    objects = bench.stage.objects
    with bench.steps.step("bring each back by version, and compare it byte by byte") as told:
        for key, body in kept.items():
            bring_back(key, lambda found: found != DAMAGE, objects=objects)
            bench.compared += 1
            if objects.read(key) != body:
                bench.differences.append(Difference(key, "not what was stored"))
        told.detail = f"{len(kept)} objects, {len(bench.differences)} differ"
    bench.rto = bench.steps.elapsed
    _measure(bench)


def _measure(bench: Bench) -> None:
    body = bench.stage.objects.read(bench.prefix + BEAT)
    if body is None:
        return
    bench.heartbeat = Heartbeat(from_text(body.decode()).at, BEAT)
    bench.rpo = recovery_point(bench.declared_at, bench.heartbeat, bench.heartbeat)


def _from_archive(bench: Bench, body: bytes) -> None:
    objects, key = bench.stage.objects, bench.prefix + "archived"
    with bench.steps.step("an archived object refuses to be read, is asked for, and then reads") as told:
        objects.put(key, body, archived=True)
        told.ok = _is_away(bench, key)
        objects.ask_restore(key)
        found = _awaited(bench, key)
        bench.compared += 1
        if found != body:
            bench.differences.append(Difference(key, "not what was stored"))


def _is_away(bench: Bench, key: str) -> bool:
    try:
        bench.stage.objects.read(key)
    except ArchivedObject:
        return True
    return False


def _awaited(bench: Bench, key: str) -> bytes | None:
    clock = bench.stage.clock
    every_s = LOOK_EVERY_S if bench.stage.settings.aws_endpoint_url is None else LOCAL_LOOK_EVERY_S
    ends_at = clock.now() + ARCHIVE_WITHIN
    while clock.now() < ends_at:
        try:
            return bench.stage.objects.read(key)
        except ArchivedObject:
            clock.sleep(every_s)
    raise NotRunning(f"{key} was not restored from the archive within {ARCHIVE_WITHIN}")
