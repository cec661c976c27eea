"""The verification over two regions in memory: green as a whole, and each fault turns exactly its own check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from axia_core.adapters.memory_safeguards import MemorySafeguards
from axia_core.domain.names import COPY_BUCKET, DEAD_LETTER_QUEUE, ORDER_QUEUE, object_key
from axia_core.domain.safeguards import Drift, ItemKey, StoredItem, Subscription
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import Finding, Status, Verification
from axia_core.domain.verification_checks import CHECKS
from axia_core.errors import CorruptObject, StoreUnavailable
from axia_core.ports import Partition
from axia_core.services.verify import NO_COPY
from tests.verification_examples import FRIDAY, HOUR, ITEMS, MONDAY, USDJPY, World, healthy, settings

OLD = object_key(USDJPY, Timeframe.H1, MONDAY)
NEWEST = object_key(USDJPY, Timeframe.H1, FRIDAY)
DAY = timedelta(days=1)


def by_name(found: Verification) -> dict[str, Finding]:
    """The findings by their checks."""
    return {one.check: one for one in found.findings}


def guard(name: str, **changes: Any) -> Callable[[World], None]:
    """A fault that changes how a table or bucket is protected: `home.table_guard`."""
    region, _, what = name.partition(".")

    def inject(world: World) -> None:
        see = getattr(world, region)
        setattr(see, what, replace(getattr(see, what), **changes))

    return inject


def forget_heartbeats(world: World) -> None:
    """Three hours in which marks were written and none of them arrived."""
    for place in (world.objects, world.items):
        place.copied_to = None
    for _ in range(3):
        world.later(HOUR)


def _stale(world: World, which: str) -> None:
    forget_heartbeats(world)
    other = "copied_items" if which == "copied_objects" else "copied_objects"
    getattr(world, other).write(world.clock.now())


def _edit(world: World, region: str, kind: str, key: Any, **changes: Any) -> None:
    held = getattr(getattr(world, region), kind)
    held[key] = replace(held[key], **changes)


def _shift(world: World, by: timedelta) -> None:
    world.home.disk_snapshots = [replace(one, started_at=one.started_at - by) for one in world.home.disk_snapshots]


def _other(item: StoredItem) -> StoredItem:
    return replace(item, digest="tampered")


def _corrupt(world: World) -> None:
    def read(*_: Any) -> Partition:
        raise CorruptObject("its digest is another one")

    world.store.read = read  # type: ignore[method-assign]


FAULTS: dict[str, tuple[str, Callable[[World], Any]]] = {
    "pitr off": ("point_in_time_recovery", guard("home.table_guard", recovery=False)),
    "pitr behind": (
        "point_in_time_recovery",
        lambda w: guard("home.table_guard", latest_restorable=w.clock.now() - 2 * HOUR)(w),
    ),
    "ttl off": ("time_to_live", guard("home.table_guard", ttl_attribute=None)),
    "ttl elsewhere": ("time_to_live", guard("home.table_guard", ttl_attribute="expires")),
    "table deletable": ("deletion_protection", guard("home.table_guard", deletion_protected=False)),
    "versioning suspended": ("versioning", guard("home.bucket_guard", versioned=False)),
    "lifecycle gone": ("lifecycle", guard("home.bucket_guard", lifecycle=())),
    "partition corrupt": ("integrity", _corrupt),
    "newest day missing": ("cache_rebuildable", lambda w: w.home.stored.pop(NEWEST)),
    "secret lost": ("secrets", lambda w: w.home.kept_secrets.pop("TSS/mt5/demo")),
    "secret being deleted": ("secrets", lambda w: _edit(w, "home", "kept_secrets", "TSS/mt5/live", deleted=True)),
    "secret old": (
        "secret_age",
        lambda w: _edit(w, "home", "kept_secrets", "TSS/mt5/demo", changed_at=w.clock.now() - 400 * DAY),
    ),
    "redrive gone": ("queues", lambda w: _edit(w, "home", "queues", ORDER_QUEUE, redrives_to="")),
    "dead-letter queue gone": ("queues", lambda w: w.home.queues.pop(DEAD_LETTER_QUEUE)),
    "subscription gone": ("subscriptions", lambda w: w.home.hearing.pop()),
    "subscription unconfirmed": (
        "subscriptions",
        lambda w: w.home.hearing.append(Subscription("lambda", w.home.hearing.pop(0).endpoint, confirmed=False)),
    ),
    "alarm mute": ("alarms", lambda w: _edit(w, "home", "kept_alarms", "Unknown-Orders", tells=False)),
    "alarm gone": ("alarms", lambda w: w.home.kept_alarms.pop("Host-Heartbeat")),
    "alarm blind": ("alarm_data", lambda w: _edit(w, "home", "kept_alarms", "EC2-Disk", state="INSUFFICIENT_DATA")),
    "drift": (
        "template_drift",
        lambda w: w.templates.drifts.append(
            Drift(stack="core", resource="Q", kind="AWS::SQS::Queue", property="VisibilityTimeout")
        ),
    ),
    "snapshots stale": ("snapshots", lambda w: _shift(w, 2 * DAY)),
    "snapshots few": ("snapshots", lambda w: w.home.disk_snapshots.__delitem__(slice(5, None))),
    "replication stopped": ("replication_rule", guard("home.bucket_guard", replicates_to=())),
    "replication behind": ("replication_lag", lambda w: _stale(w, "copied_objects")),
    "partition missing in Osaka": ("replica_coverage", lambda w: w.copy.stored.pop(OLD)),
    "partition other in Osaka": ("replica_coverage", lambda w: _edit(w, "copy", "stored", OLD, etag="e2")),
    "newest day missing in Osaka": ("newest_partitions", lambda w: w.copy.stored.pop(NEWEST)),
    "Osaka's versioning suspended": ("replica_versioning", guard("copy.bucket_guard", versioned=False)),
    "copy behind": ("order_copy_lag", lambda w: _stale(w, "copied_items")),
    "item tampered": ("order_copy_items", lambda w: w.copy.table_items.update({ITEMS[0].key: _other(ITEMS[0])})),
    "item missing": ("order_copy_items", lambda w: w.copy.table_items.pop(ITEMS[0].key)),
    "item only in Osaka": ("order_copy_items", lambda w: w.home.table_items.pop(ITEMS[0].key)),
    "copy's pitr off": ("order_copy_protection", guard("copy.table_guard", recovery=False)),
    "secret's copy lost": ("secret_copies", lambda w: w.copy.kept_secrets.pop("TSS/mt5/live")),
}


def test_all_is_well_where_nothing_is_wrong() -> None:
    """Every check is ok, each with a sentence."""
    found = healthy().verify()

    assert {one.status for one in found.findings} == {Status.OK}
    assert [one.check for one in found.findings] == [check.name for check in CHECKS]
    assert all(one.text and one.remedy for one in found.findings)


@pytest.mark.parametrize(("check", "inject"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_turns_exactly_its_check(check: str, inject: Callable[[World], Any]) -> None:
    """One check is red, the right one, and all others stay ok."""
    world = healthy()

    inject(world)

    assert world.verify().red == (check,)


def test_every_check_can_turn() -> None:
    """There is a fault for each of them."""
    assert {check for check, _ in FAULTS.values()} == {check.name for check in CHECKS}


def test_what_cannot_be_read_is_unknown_and_no_other_checks_matter() -> None:
    """A table that does not answer is the unknown of what looks at it."""
    world = healthy()

    class Silent(MemorySafeguards):
        def table(self) -> Any:
            raise StoreUnavailable("DynamoDB does not answer")

    world.copy.__class__ = Silent

    found = by_name(world.verify())

    assert [name for name, one in found.items() if one.status is Status.UNKNOWN] == ["order_copy_protection"]
    assert "does not answer" in found["order_copy_protection"].text


def test_a_check_that_breaks_hides_no_other() -> None:
    """A fault of ours in one of them is its own unknown, and says so."""
    world = healthy()

    def read(*_: Any) -> Partition:
        raise RuntimeError("a bug")

    world.store.read = read  # type: ignore[method-assign]

    found = by_name(world.verify())

    assert [name for name, one in found.items() if one.status is not Status.OK] == ["integrity"]
    assert "broke" in found["integrity"].text


def test_without_a_copy_its_checks_are_skipped() -> None:
    """A laptop has no Osaka: that is neither ok nor red, and says why."""
    found = healthy(settings(has_copy=False, has_host=False)).verify()

    skipped = {one.check for one in found.findings if one.status is Status.SKIPPED}
    assert skipped == {check.name for check in CHECKS if check.part != "core"}
    assert found.well
    assert NO_COPY in {one.text for one in found.findings}


def test_what_is_on_its_way_is_not_missed() -> None:
    """An object that S3 has still on its list, of a few minutes ago, may be missing in Osaka; an hour later not."""
    world = healthy()
    del world.copy.stored[OLD]
    _edit(world, "home", "stored", OLD, replication="PENDING", written_at=world.clock.now() - timedelta(minutes=5))

    before = world.verify()
    world.later(HOUR)
    after = world.verify()

    assert (before.red, after.red) == ((), ("replica_coverage",))


def test_the_heartbeat_that_was_just_written_may_be_on_its_way() -> None:
    """Only one that is missing for more than an hour turns the check."""
    world = healthy()
    world.objects.copied_to = None
    world.later(timedelta(minutes=50))

    before = world.verify()
    world.later(timedelta(minutes=70))

    assert (before.red, by_name(world.verify())["replication_lag"].status) == ((), Status.CRITICAL)


def test_no_heartbeat_is_no_finding_about_the_copy() -> None:
    """Where nobody writes, nothing is known, and the text says what to look at."""
    world = healthy()
    world.clock.step(3 * HOUR)
    guard("home.table_guard", latest_restorable=world.clock.now())(world)
    guard("copy.table_guard", latest_restorable=world.clock.now())(world)

    found = by_name(world.verify())

    assert found["replication_lag"].status is found["order_copy_lag"].status is Status.UNKNOWN
    assert "schedule" in found["replication_lag"].text


def test_an_item_that_is_over_is_not_compared() -> None:
    """DynamoDB removes what is over within days, in each region at its own time."""
    world = healthy()
    gone = StoredItem(ItemKey("MAGIC#1", "METADATA"), "digest", expires_at=world.clock.now() - HOUR)
    world.copy.table_items[gone.key] = gone

    assert world.verify().well


def test_a_copy_that_is_behind_may_lack_what_is_new() -> None:
    """While its heartbeat is on its way, an order of just now may be missing; an older one may not."""
    world = healthy()
    world.items.copied_to = None
    world.later(timedelta(minutes=20))
    new = StoredItem(ItemKey("ORDER#new", "METADATA"), "digest", changed_at=world.clock.now() - timedelta(minutes=5))
    world.home.table_items[new.key] = new

    lenient = world.verify()
    old = replace(new, key=ItemKey("ORDER#old", "METADATA"), changed_at=world.clock.now() - 2 * HOUR)
    world.home.table_items[old.key] = old

    assert (lenient.red, world.verify().red) == ((), ("order_copy_items",))


def test_what_is_fleeting_is_not_compared() -> None:
    """The desk's lease and snapshot stay in Tokyo, and the heartbeat has a check of its own."""
    world = healthy()
    for key in (ItemKey("GLOBALCONFIG", "LEASE#DESK"), ItemKey("HEARTBEAT", "METADATA")):
        world.home.table_items[key] = StoredItem(key, "digest")

    assert world.verify().well


def test_an_empty_store_is_unknown() -> None:
    """Before anything was collected there is nothing to judge, and nothing to be content with."""
    world = healthy()
    world.home.stored.clear()

    found = by_name(world.verify())

    unknown = {name for name, one in found.items() if one.status is Status.UNKNOWN}
    assert unknown == {"integrity", "cache_rebuildable", "replica_coverage", "newest_partitions"}


def test_remedies_carry_this_installations_names() -> None:
    """A command can be copied as it stands."""
    found = by_name(healthy(settings(table="Orders", copy_bucket=COPY_BUCKET)).verify())

    assert "--table-name Orders" in found["point_in_time_recovery"].remedy
    assert f"--bucket {COPY_BUCKET}" in found["replica_versioning"].remedy


def test_a_sample_can_be_repeated() -> None:
    """The seed alone decides what is looked at."""
    world = healthy()

    assert world.verify("2026-07-01T00").findings == world.verify("2026-07-01T00").findings
