"""The services of recovery: kill switch, lost items, lost days, objects by version, leftovers of drills."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryOrderLedger
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.memory_recovery import MemoryBackups, MemoryScratch, MemoryScratchQueues, rows
from axia_core.domain.drill_names import owner, scratch_name, scratch_prefix
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CorruptObject, StoreUnavailable
from axia_core.ports import Partition
from axia_core.ports.recovery import Protection
from axia_core.services.bring_back import bring_back
from axia_core.services.put_back import put_back
from axia_core.services.recover_kill_switch import recover_kill_switch
from axia_core.services.recover_partitions import Fate, recover_partitions
from axia_core.services.restore_beside import restore_beside
from axia_core.services.sweep_drills import sweep_drills
from tests.bar_examples import FRIDAY, USDJPY, same, session_bars, truth_of

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TABLE, COPY = "orders", "copy"
H1 = Timeframe.H1
PROTECTED = Protection(ttl=True, point_in_time=True)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW)


@pytest.fixture
def backups(clock: SteppedClock) -> MemoryBackups:
    return MemoryBackups(clock, {TABLE: {}}, protected={TABLE: PROTECTED})


def test_missing_switch_is_written_at_halt(clock: SteppedClock, backups: MemoryBackups) -> None:
    """It reads well again, stops everything, names who did it, and the audit has it."""
    ledger = MemoryOrderLedger()

    done = recover_kill_switch(TABLE, "ada", ledger=ledger, backups=backups, clock=clock)

    switch = ledger.kill_switch()
    assert (switch.known, switch.active, switch.mode, switch.who) == (True, True, Mode.HALT, "ada")
    assert done.changed
    assert "recover kill-switch" in [line.what for line in ledger.audit()]


@pytest.mark.parametrize("active", [True, False])
def test_switch_that_reads_well_is_left(clock: SteppedClock, backups: MemoryBackups, active: bool) -> None:
    """On or off, nothing is written: recovering is not throwing, and never releasing."""
    switch = KillSwitch(active=active, mode=Mode.REDUCE_ONLY, version=3, reason="mine")
    ledger = MemoryOrderLedger(switch)

    done = recover_kill_switch(TABLE, "ada", ledger=ledger, backups=backups, clock=clock)

    assert (done.changed, ledger.kill_switch(), ledger.audit()) == (False, switch, ())


def test_recovering_the_switch_twice_changes_nothing_more(clock: SteppedClock, backups: MemoryBackups) -> None:
    """The second call finds what the first wrote."""
    ledger = MemoryOrderLedger(KillSwitch(active=True))  # as the emergency command leaves it

    done = [recover_kill_switch(TABLE, "ada", ledger=ledger, backups=backups, clock=clock) for _ in range(2)]

    assert [one.changed for one in done] == [True, False]
    assert ledger.kill_switch().version == 1


def test_restore_beside_measures_age_and_differences(clock: SteppedClock, backups: MemoryBackups) -> None:
    """The copy shows its moment: what came since has moved on, what was tampered with before is a difference."""
    beat = {"pk": "GLOBALCONFIG", "sk": "SNAPSHOT#BOOK", "at": NOW.isoformat()}
    order = {"pk": "ORDER#1", "sk": "METADATA", "updated_at": NOW.isoformat(), "price": 1}
    backups.tables[TABLE] = rows(beat, order)
    backups.remember(TABLE)
    clock.step(timedelta(minutes=5))
    backups.lag = timedelta(minutes=4)
    backups.tables[TABLE] = rows(beat | {"at": clock.now().isoformat()}, order | {"price": 2})

    found = restore_beside(TABLE, COPY, backups=backups, clock=clock)

    assert found.restored_to == NOW + timedelta(minutes=1)
    assert found.heartbeat is not None
    assert found.heartbeat.at == NOW
    assert [one.what for one in found.comparison.differences] == ["other values of price"]
    assert (found.comparison.moved_on, found.protection) == (1, PROTECTED)


def test_only_what_is_missing_is_put_back(backups: MemoryBackups) -> None:
    """What the table has is newer and stays; what is over stays gone; a repeat puts nothing."""
    kept = {"pk": "ORDER#1", "sk": "METADATA", "price": 2}
    backups.tables[TABLE] = rows(kept)
    copied = [
        kept | {"price": 1},
        {"pk": "ORDER#2", "sk": "METADATA"},
        {"pk": "ORDER#3", "sk": "METADATA", "ttl": int(NOW.timestamp()) - 1},
    ]

    done = [put_back(TABLE, copied, backups=backups) for _ in range(2)]

    assert [one.put for one in done] == [("ORDER#2/METADATA",), ()]
    assert list(backups.items(TABLE)) == [kept, {"pk": "ORDER#2", "sk": "METADATA"}]


class Damaged(MemoryBarStore):
    """A store of which some days do not read back, and which can lose one."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: set[str] = set()

    def read(self, symbol, timeframe, trading_date, revision=None) -> Partition | None:  # type: ignore[no-untyped-def]
        found = super().read(symbol, timeframe, trading_date, revision)
        if found is not None and found.revision in self.damaged:
            raise CorruptObject("its bytes are not what they say")
        return found

    def lose(self, day: date) -> None:
        del self._partitions[USDJPY, H1, day]


@pytest.fixture
def store() -> Damaged:
    """A store with one day."""
    made = Damaged()
    made.write(session_bars(), truth_of(session_bars()))
    return made


def test_intact_day_is_left(store: Damaged) -> None:
    """Nothing is written where a day reads well."""
    (found,) = recover_partitions(USDJPY, H1, [FRIDAY], store=store)

    assert (found.fate, store.writes) == (Fate.INTACT, 1)


def test_deleted_day_comes_back_by_version(store: Damaged) -> None:
    """With the bars it had; a second call finds it intact."""
    store.lose(FRIDAY)

    fates = [recover_partitions(USDJPY, H1, [FRIDAY], store=store)[0].fate for _ in range(2)]

    back = store.read(USDJPY, H1, FRIDAY)
    assert fates == [Fate.FROM_VERSION, Fate.INTACT]
    assert back is not None
    assert same(back.bars, session_bars())


def test_damaged_day_comes_back_by_the_newest_version_that_reads(store: Damaged) -> None:
    """Damaged versions are passed over, however new."""
    for price in (151.0, 152.0):
        store.write(session_bars(price=price), truth_of(session_bars(price=price)))
    store.damaged = {"2", "3"}

    (found,) = recover_partitions(USDJPY, H1, [FRIDAY], store=store)

    back = store.read(USDJPY, H1, FRIDAY)
    assert found.fate is Fate.FROM_VERSION
    assert back is not None
    assert same(back.bars, session_bars())


def test_day_without_a_version_comes_from_the_copy(store: Damaged) -> None:
    """Where the other region has it; where nobody has, it is lost and said so."""
    empty = MemoryBarStore()
    other = FRIDAY - timedelta(days=1)

    found = recover_partitions(USDJPY, H1, [FRIDAY, other], store=empty, copy=store)

    assert [one.fate for one in found] == [Fate.FROM_COPY, Fate.LOST]
    assert empty.trading_dates(USDJPY, H1) == (FRIDAY,)


def test_archived_day_is_asked_for(store: Damaged) -> None:
    """It comes hours later, and then it is intact."""
    store.archive(USDJPY, H1, FRIDAY)

    first = recover_partitions(USDJPY, H1, [FRIDAY], store=store)[0].fate
    store.finish_restores()

    assert first is Fate.ARCHIVED
    assert recover_partitions(USDJPY, H1, [FRIDAY], store=store)[0].fate is Fate.INTACT


KEY = scratch_prefix(owner("here", 1, NOW).drill_id) + "a"


def test_object_is_brought_back_once(clock: SteppedClock) -> None:
    """The newest right version becomes current; where it is current already nothing is written."""
    objects = MemoryScratch(clock)
    for body in (b"right 1", b"right 2", b"wrong"):
        objects.put(KEY, body)
    objects.delete(KEY)

    for _ in range(2):
        bring_back(KEY, lambda body: body.startswith(b"right"), objects=objects)

    assert objects.read(KEY) == b"right 2"
    assert len(objects.versions(KEY)) == 5


def test_nothing_right_is_nothing_brought_back(clock: SteppedClock) -> None:
    """Where no version is right the object stays as it is."""
    objects = MemoryScratch(clock)
    objects.put(KEY, b"wrong")

    assert bring_back(KEY, lambda body: body == b"right", objects=objects) is None
    assert objects.read(KEY) == b"wrong"


def test_sweep_removes_what_dead_drills_left(clock: SteppedClock, backups: MemoryBackups) -> None:
    """Of every kind, and nothing that a living drill still uses; the order table is never looked at."""
    me, dead, living = (owner("here", pid, NOW) for pid in (1, 2, 3))
    objects, queues = MemoryScratch(clock), MemoryScratchQueues()
    for whose in (me, dead, living):
        backups.make_scratch(scratch_name(whose.drill_id, "orders"))
        queues.make(scratch_name(whose.drill_id, "queue"))
        objects.put(scratch_prefix(whose.drill_id) + "a", b"x")

    removed = sweep_drills(me, frozenset({1, 3}), NOW, backups=backups, objects=[objects], queues=queues)

    assert set(removed) == {
        scratch_name(dead.drill_id, "orders"),
        scratch_name(dead.drill_id, "queue"),
        scratch_prefix(dead.drill_id),
    }
    assert (len(backups.scratch()), len(queues.scratch()), len(objects.scratch())) == (2, 2, 2)


def test_what_cannot_be_deleted_yet_is_left_to_the_next_sweep(clock: SteppedClock, backups: MemoryBackups) -> None:
    """A table that is still being restored refuses, a region does not answer; the rest is removed all the same."""
    dead = owner("here", 2, NOW)
    busy, free = scratch_name(dead.drill_id, "a"), scratch_name(dead.drill_id, "b")
    stubborn = Stubborn(clock, {busy: {}, free: {}}, busy=busy)

    removed = sweep_drills(
        owner("here", 1, NOW),
        frozenset(),
        NOW,
        backups=stubborn,
        objects=[Away(clock)],
        queues=MemoryScratchQueues(),
    )

    assert removed == (free,)


class Stubborn(MemoryBackups):
    """One table cannot be deleted now."""

    def __init__(self, clock: SteppedClock, tables: dict[str, dict[tuple[str, str], object]], busy: str) -> None:
        super().__init__(clock, tables)  # type: ignore[arg-type]
        self.busy = busy

    def discard(self, name: str) -> None:
        if name == self.busy:
            raise StoreUnavailable("it is being restored")
        super().discard(name)


class Away(MemoryScratch):
    """A bucket that does not answer, as that of another region may."""

    def scratch(self) -> tuple[str, ...]:
        raise StoreUnavailable("nothing answers")
