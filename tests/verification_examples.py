"""Two healthy regions in memory, and what is expected of them: every check is green until a test breaks something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.memory_safeguards import (
    MemoryHeartbeats,
    MemorySafeguards,
    MemoryTemplates,
    MemoryVerifications,
)
from axia_core.domain import names
from axia_core.domain.safeguards import (
    AlarmGuard,
    BucketGuard,
    DiskSnapshot,
    ItemKey,
    LifecycleRule,
    QueueGuard,
    SecretGuard,
    StoredItem,
    StoredObject,
    Subscription,
    TableGuard,
)
from axia_core.domain.sessions import trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import Verification
from axia_core.recovery.checks import expected_of
from axia_core.services.beat import beat
from axia_core.services.verify import Region, verify
from axia_core.settings import Settings
from tests.bar_examples import session_bars, truth_of

MONDAY, FRIDAY = date(2026, 6, 29), date(2026, 7, 3)
SATURDAY_NOON = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
USDJPY = Symbol("USDJPY")
ITEMS = tuple(StoredItem(ItemKey(f"ORDER#{no}", "METADATA"), f"digest {no}") for no in range(5))


def settings(**changes: object) -> Settings:
    """One pair in two timeframes, with a copy and a host."""
    pairs = {"USDJPY": {"timeframes": ["H1", "D1"]}}
    given = {"symbols": ("USDJPY",), "history_start": MONDAY, "pairs": pairs, "has_copy": True, "has_host": True}
    return Settings(**{**given, **changes})  # type: ignore[arg-type]  # pydantic checks what a dictionary cannot say


def table_guard(now: datetime = SATURDAY_NOON) -> TableGuard:
    """A protected table."""
    newest = now - timedelta(minutes=5)
    return TableGuard(recovery=True, latest_restorable=newest, ttl_attribute="ttl", deletion_protected=True)


def bucket_guard(replicates_to: tuple[str, ...] = (names.COPY_BUCKET,)) -> BucketGuard:
    """A protected bucket with the designed rules."""
    colder = ((30, "STANDARD_IA"), (90, "GLACIER_IR"), (365, "DEEP_ARCHIVE"))
    return BucketGuard(
        versioned=True,
        smallest_moved="all_storage_classes_128K",
        lifecycle=(
            LifecycleRule(id="colder-with-age", enabled=True, transitions=colder),
            LifecycleRule(id="abandoned-uploads", enabled=True, abort_upload_days=7),
        ),
        replicates_to=replicates_to,
    )


def alarm(name: str, namespace: str = "AXIA/TradingSystem") -> AlarmGuard:
    """An alarm that has data and tells somebody."""
    return AlarmGuard(name=name, namespace=namespace, tells=True, state="OK", since=SATURDAY_NOON - 30 * 24 * HOUR)


@dataclass
class World:
    """Both regions, and everything else that a verification is given."""

    settings: Settings
    clock: SteppedClock
    home: MemorySafeguards
    copy: MemorySafeguards
    store: MemoryBarStore
    templates: MemoryTemplates
    objects: MemoryHeartbeats
    items: MemoryHeartbeats
    copied_objects: MemoryHeartbeats
    copied_items: MemoryHeartbeats
    events: MemoryEvents
    kept: MemoryVerifications

    def beat(self) -> None:
        """A heartbeat in both stores, which arrives at once."""
        beat((self.objects, self.items), self.clock)

    def later(self, by: timedelta) -> None:
        """Some time passes, in which DynamoDB's backups go on and heartbeats are written."""
        self.clock.step(by)
        self.beat()
        self.home.table_guard = self.copy.table_guard = table_guard(self.clock.now())

    def verify(self, seed: str = "") -> Verification:
        """Every check, once."""
        expected = replace(expected_of(self.settings), patience_s=6.0)
        home = Region(safeguards=self.home, objects=self.objects, items=self.items)
        copy = Region(safeguards=self.copy, objects=self.copied_objects, items=self.copied_items)
        return verify(
            expected,
            home,
            copy if self.settings.copied else None,
            store=self.store,
            templates=self.templates,
            clock=self.clock,
            seed=seed,
        )

    def store_days(self, first: date = MONDAY, last: date = FRIDAY) -> None:
        """Partitions of every day in both regions."""
        for timeframe in (Timeframe.H1, Timeframe.D1):
            for day in trading_days(first, last):
                bars = session_bars(timeframe, day)
                self.store.write(bars, truth_of(bars, day))
                self.put(names.object_key(USDJPY, timeframe, day))

    def put(self, key: str, etag: str = "e1", written_at: datetime = SATURDAY_NOON - 5 * HOUR) -> None:
        """An object in both regions."""
        stored = StoredObject(key=key, etag=etag, size_bytes=5_000, written_at=written_at, replication="COMPLETED")
        self.home.stored[key] = stored
        self.copy.stored[key] = replace(stored, replication="REPLICA")


def healthy(chosen: Settings | None = None) -> World:
    """A world in which every check is green."""
    chosen = chosen or settings()
    copied_objects, copied_items = MemoryHeartbeats(), MemoryHeartbeats()
    world = World(
        settings=chosen,
        clock=SteppedClock(SATURDAY_NOON),
        home=MemorySafeguards(table_guard(), bucket_guard()),
        copy=MemorySafeguards(table_guard(), bucket_guard(())),
        store=MemoryBarStore(),
        templates=MemoryTemplates(),
        objects=MemoryHeartbeats(copied_objects),
        items=MemoryHeartbeats(copied_items),
        copied_objects=copied_objects,
        copied_items=copied_items,
        events=MemoryEvents(),
        kept=MemoryVerifications(),
    )
    _fill(world)
    world.beat()
    return world


def _fill(world: World) -> None:
    expected = expected_of(world.settings)
    world.store_days()
    for region in (world.home, world.copy):
        region.table_items = {item.key: item for item in ITEMS}
        region.kept_secrets = {n: SecretGuard(name=n, changed_at=SATURDAY_NOON - HOUR) for n in expected.secrets}
    world.home.queues = {
        names.ORDER_QUEUE: QueueGuard(name=names.ORDER_QUEUE, redrives_to=names.DEAD_LETTER_QUEUE, max_receives=3),
        names.DEAD_LETTER_QUEUE: QueueGuard(name=names.DEAD_LETTER_QUEUE),
    }
    world.home.hearing = [Subscription(*one) for one in expected.subscriptions]
    world.home.kept_alarms = {name: alarm(name) for name in expected.alarms}
    days = (timedelta(days=day, hours=2) for day in range(7))
    world.home.disk_snapshots = [DiskSnapshot(f"snap-{age.days}", SATURDAY_NOON - age, True) for age in days]
