"""How each recovery check judges what was found: from facts to one judgement, a few lines each. Pure.

What cannot be told from the facts is UNKNOWN and never OK. The recovery point of the original design is an hour, and
whatever is younger than that is allowed to be on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from axia_core.domain.beats import Beat
from axia_core.domain.safeguards import (
    AlarmGuard,
    BucketGuard,
    DiskSnapshot,
    Drift,
    LifecycleRule,
    Pair,
    QueueGuard,
    SecretGuard,
    StoredItem,
    StoredObject,
    Subscription,
    TableGuard,
)
from axia_core.domain.verification import Judgement, Metric, Status

RPO = timedelta(hours=1)
ARRIVAL = RPO - timedelta(minutes=5)  # heartbeats come every hour, and not to the second
UNWRITTEN = 2 * RPO  # a heartbeat older than this at its source: nobody writes it, so nothing is known of the copy
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TTL_ATTRIBUTE = "ttl"
SMALLEST_MOVED = "all_storage_classes_128K"
TRANSITIONS = ((30, "STANDARD_IA"), (90, "GLACIER_IR"), (365, "DEEP_ARCHIVE"))
ABORT_UPLOAD_DAYS = 7
SNAPSHOT_AGE = timedelta(hours=26)
SNAPSHOTS_KEPT = 6  # of seven, while the oldest is replaced by a new one
SECRET_AGE = 365 * DAY
MAX_RECEIVES = 3
WITHOUT_DATA = DAY
HOST_NAMESPACE = "AWS/EC2"
SHOWN = 3  # of many wrong ones, so many are named


def point_in_time_recovery(table: TableGuard | None, now: datetime) -> Judgement:
    """On, and its latest moment within the recovery point."""
    if table is None:
        return _critical("there is no such table")
    if not table.recovery:
        return _critical("point-in-time recovery is off")
    if table.latest_restorable is None:
        return _unknown("it is on, and DynamoDB does not say yet up to when the table can be restored")
    age = _age(table.latest_restorable, now)
    return _at_most(age, RPO, f"the table can be restored up to {_minutes(age)} ago")


def time_to_live(table: TableGuard | None) -> Judgement:
    """On, by the attribute that AXIA writes."""
    if table is None:
        return _critical("there is no such table")
    if table.ttl_attribute is None:
        return _critical("it is off: the table grows for ever")
    if table.ttl_attribute != TTL_ATTRIBUTE:
        return _critical(f"it goes by `{table.ttl_attribute}`, and AXIA writes `{TTL_ATTRIBUTE}`")
    return _ok(f"items end by `{TTL_ATTRIBUTE}`")


def deletion_protection(table: TableGuard | None) -> Judgement:
    """On."""
    if table is None:
        return _critical("there is no such table")
    return _ok("it is on") if table.deletion_protected else _critical("one call deletes the table")


def order_copy_protection(table: TableGuard | None, now: datetime) -> Judgement:
    """The copy's recovery, TTL and deletion protection: the worst of the three."""
    judged = (point_in_time_recovery(table, now), time_to_live(table), deletion_protection(table))
    wrong = [one for one in judged if one.status is not Status.OK]
    if not wrong:
        return _ok("the copy is protected like the original", judged[0].metric)
    status = Status.CRITICAL if any(one.status is Status.CRITICAL for one in wrong) else wrong[0].status
    return Judgement(status, "; ".join(dict.fromkeys(one.text for one in wrong)), judged[0].metric)


def versioning(bucket: BucketGuard | None) -> Judgement:
    """Enabled; a suspended one loses what is overwritten from now on."""
    if bucket is None:
        return _critical("there is no such bucket")
    return _ok("every version is kept") if bucket.versioned else _critical("what is overwritten or deleted is lost")


def lifecycle(bucket: BucketGuard | None) -> Judgement:
    """The designed rules: a deletion of what is current is critical, any other difference a warning."""
    if bucket is None:
        return _critical("there is no such bucket")
    rules = [rule for rule in bucket.lifecycle if rule.enabled]
    if deleting := [rule.id for rule in rules if rule.deletes_current]:
        return _critical(f"the rule {deleting[0]} deletes current objects")
    wrong = [*_moves_otherwise(rules, bucket.smallest_moved), *_keeps_uploads(rules)]
    return _warning("; ".join(wrong)) if wrong else _ok("the rules are the designed ones", Metric(len(rules), "rules"))


def _moves_otherwise(rules: Sequence[LifecycleRule], smallest: str) -> Iterable[str]:
    moves = sorted(move for rule in rules if not rule.prefix for move in rule.transitions)
    if tuple(moves) != TRANSITIONS:
        yield f"objects move {moves or 'never'}, designed is {list(TRANSITIONS)}"
    if smallest != SMALLEST_MOVED:
        yield f"what is small moves too ({smallest or 'no size is set'}), which costs more than it saves"


def _keeps_uploads(rules: Sequence[LifecycleRule]) -> Iterable[str]:
    if ABORT_UPLOAD_DAYS not in [rule.abort_upload_days for rule in rules]:
        yield f"abandoned uploads are not removed after {ABORT_UPLOAD_DAYS} days"


def replication_rule(bucket: BucketGuard | None, copy_bucket: str) -> Judgement:
    """A rule of the whole bucket to the copy's."""
    if bucket is None:
        return _critical("there is no such bucket")
    if copy_bucket in bucket.replicates_to:
        return _ok(f"everything goes to {copy_bucket}")
    where = ", ".join(bucket.replicates_to) or "nowhere"
    return _critical(f"the bucket replicates to {where}, not to {copy_bucket}")


def arrival(written: Beat | None, arrived: Beat | None, now: datetime) -> Judgement:
    """How old the copy is by its heartbeat; the one written last may be on its way, the one before it may not."""
    if written is None or now - written.at > UNWRITTEN:
        since = "ever" if written is None else f"since {_time(written.at)}"
        return _unknown(f"no heartbeat was written {since}: is the schedule of the verification on?")
    if arrived is None:
        return _critical("no heartbeat has ever arrived")
    age = _age(arrived.at, now)
    metric = Metric(round(age.total_seconds()), "s")
    missing_since = written.at if written.previous is None or arrived.at >= written.previous else written.previous
    if arrived.at < written.at and now - missing_since > ARRIVAL:
        return _critical(f"the newest heartbeat that arrived is of {_time(arrived.at)}, {_minutes(age)} ago", metric)
    return _ok(f"the heartbeat of {_time(arrived.at)} has arrived", metric)


def agreement(pairs: Sequence[Pair], what: str, lacking: int = 0) -> Judgement:
    """Whether the copy is the same in all that was looked at; *lacking* are those that not even the original has."""
    compared = [pair for pair in pairs if not pair.says_nothing]
    if not compared:
        return _unknown(f"no {what} could be compared: " + ("all are on their way" if pairs else "there are none"))
    wrong = [pair for pair in compared if pair.differs]
    metric = Metric(round(100 * (1 - len(wrong) / len(compared)), 2), "%")
    if wrong:
        named = _named([f"{pair.name} ({_how(pair)})" for pair in wrong])
        return _critical(f"{len(wrong)} of {len(compared)} {what} are not the same: {named}", metric)
    rest = f"; {lacking} are in neither region" if lacking else ""
    return _ok(f"{len(compared)} {what} are the same in both regions{rest}", metric)


def _how(pair: Pair) -> str:
    if pair.there is None:
        return "missing in Osaka"
    return "only in Osaka" if pair.here is None else "other content in Osaka"


def behind_since(written: Beat | None, arrived: Beat | None) -> datetime | None:
    """From when on the copy may lack what was written, where its heartbeat shows that it is behind; None elsewhere."""
    if written is None or (arrived is not None and arrived.at >= written.at):
        return None
    return arrived.at if arrived else NEVER


def may_lack(item: StoredItem, since: datetime | None) -> bool:
    """Whether a copy that is behind since then may lack the item as it is; one that tells no time may be of any."""
    return since is not None and (item.changed_at is None or item.changed_at > since)


def is_on_its_way(stored: StoredObject, now: datetime) -> bool:
    """Whether a copy may still lack it: S3 has it on its list, and it is younger than the recovery point."""
    return stored.replication == "PENDING" and now - stored.written_at <= RPO


def integrity(read: int, faults: Sequence[str]) -> Judgement:
    """Whether all of a sample read back."""
    if not read:
        return _unknown("there is no partition that can be read")
    metric = Metric(read - len(faults), "partitions")
    if faults:
        return _critical(f"{len(faults)} of {read} partitions do not read back: {_named(faults)}", metric)
    return _ok(f"{read} partitions read back as what their metadata says", metric)


def cache_rebuildable(lacking: Mapping[str, date], series: int, anything_stored: bool) -> Judgement:
    """Whether S3 has the newest day of every cached series; *lacking* are those without theirs."""
    if not series:
        return _unknown("no trading day is due of any series yet")
    if not anything_stored:
        return _unknown("no partition is stored yet")
    metric = Metric(series - len(lacking), "series")
    if lacking:
        named = _named([f"{name} {day}" for name, day in sorted(lacking.items())])
        return _critical(f"{len(lacking)} of {series} series lack their newest day: {named}", metric)
    return _ok(f"the newest day of all {series} series is stored", metric)


def snapshots(found: Sequence[DiskSnapshot], now: datetime) -> Judgement:
    """One of the last day, and a week of them; those that failed or still run do not count."""
    usable = sorted((one for one in found if one.completed), key=lambda one: one.started_at)
    if not usable:
        return _critical("there is no completed snapshot", Metric(0, "snapshots"))
    age = _age(usable[-1].started_at, now)
    text = f"{len(usable)} snapshots, the newest {_minutes(age)} old"
    if age > SNAPSHOT_AGE:
        return _critical(text, Metric(round(age.total_seconds()), "s"))
    enough = len(usable) >= SNAPSHOTS_KEPT
    return Judgement(Status.OK if enough else Status.WARNING, text, Metric(round(age.total_seconds()), "s"))


def secrets(expected: Sequence[str], found: Sequence[SecretGuard]) -> Judgement:
    """All are there, and none is being deleted."""
    there = {one.name for one in found if not one.deleted}
    lost = [name for name in expected if name not in there]
    metric = Metric(len(expected) - len(lost), "secrets")
    return _critical(f"lost: {_named(lost)}", metric) if lost else _ok("all are there", metric)


def secret_age(found: Sequence[SecretGuard], now: datetime) -> Judgement:
    """How long ago the one that was changed first was changed; a lost one is another check's."""
    kept = [one for one in found if not one.deleted]
    if not kept:
        return _unknown("there is no secret to look at")
    oldest = min(kept, key=lambda one: one.changed_at)
    days = _age(oldest.changed_at, now) / DAY
    text = f"{oldest.name} was changed {days:.0f} days ago"
    return Judgement(Status.OK if days <= SECRET_AGE / DAY else Status.WARNING, text, Metric(round(days), "days"))


def secret_copies(original: Sequence[SecretGuard], copied: Sequence[SecretGuard]) -> Judgement:
    """Every secret that the original region has is in the copy's."""
    expected = [one.name for one in original if not one.deleted]
    return secrets(expected, copied) if expected else _unknown("there is no secret to look at")


def queues(orders: QueueGuard | None, dead_letters: QueueGuard | None) -> Judgement:
    """What cannot be read ends in the dead-letter queue."""
    if orders is None or dead_letters is None:
        return _critical(f"there is no {'order' if orders is None else 'dead-letter'} queue")
    if orders.redrives_to != dead_letters.name:
        return _critical(f"unreadable messages go to {orders.redrives_to or 'nowhere'}, not to {dead_letters.name}")
    if orders.max_receives != MAX_RECEIVES:
        return _warning(f"a message goes there after {orders.max_receives} receives, designed are {MAX_RECEIVES}")
    return _ok("the order queue hands over to its dead-letter queue")


def subscriptions(expected: Sequence[tuple[str, str]], found: Sequence[Subscription]) -> Judgement:
    """Everybody who must hear does; one that waits for its confirmation hears nothing."""
    hearing = {(one.protocol, one.endpoint) for one in found if one.confirmed}
    deaf = [f"{protocol} {endpoint}" for protocol, endpoint in expected if (protocol, endpoint) not in hearing]
    metric = Metric(len(hearing), "subscriptions")
    return _critical(f"not told: {_named(deaf)}", metric) if deaf else _ok("all who must hear are told", metric)


def alarms(expected: Sequence[str], found: Sequence[AlarmGuard]) -> Judgement:
    """Every designed alarm is there, and every alarm tells somebody."""
    missing = [f"{name} is gone" for name in expected if name not in {one.name for one in found}]
    mute = [f"{one.name} tells nobody" for one in found if not one.tells]
    wrong, metric = missing + mute, Metric(len(found) - len(mute), "alarms")
    return _critical(_named(wrong), metric) if wrong else _ok("every alarm tells somebody", metric)


def alarm_data(found: Sequence[AlarmGuard], now: datetime, hosted: bool) -> Judgement:
    """An alarm that has had no data for a day watches nothing; without a host those of its machine have none."""
    looked_at = [one for one in found if hosted or one.namespace != HOST_NAMESPACE]
    if not looked_at:
        return _unknown("there is no alarm to look at")
    blind = [one for one in looked_at if one.state == "INSUFFICIENT_DATA" and now - one.since > WITHOUT_DATA]
    metric = Metric(len(looked_at) - len(blind), "alarms")
    named = _named([f"{one.name} since {one.since:%Y-%m-%d}" for one in blind])
    return _warning(f"without data: {named}", metric) if blind else _ok("none is without data for long", metric)


# Each of these turns a check of its own red, which knows how bad it is and what to do.
WATCHED = frozenset(
    {
        ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"),
        ("AWS::DynamoDB::Table", "TimeToLiveSpecification"),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled"),
        ("AWS::S3::Bucket", "VersioningConfiguration"),
        ("AWS::S3::Bucket", "LifecycleConfiguration"),
        ("AWS::S3::Bucket", "ReplicationConfiguration"),
        ("AWS::SQS::Queue", "RedrivePolicy"),
        ("AWS::SecretsManager::Secret", "ReplicaRegions"),
        ("AWS::CloudWatch::Alarm", "AlarmActions"),
        ("AWS::CloudWatch::Alarm", "OKActions"),
    }
)
WATCHED_WHOLE = frozenset({"AWS::SNS::Subscription", "AWS::SecretsManager::Secret", "AWS::CloudWatch::Alarm"})


def template_drift(drifts: Sequence[Drift], properties: int) -> Judgement:
    """What somebody changed by hand; what a check of its own looks at is left to that one."""
    if not properties:
        return _unknown("no stack is deployed, so there is nothing to compare")
    own = [one for one in drifts if not _is_watched(one)]
    metric = Metric(len(own), "differences")
    named = _named([str(one) for one in own])
    return _warning(f"changed by hand: {named}", metric) if own else _ok(f"{properties} properties are as said", metric)


def _is_watched(drift: Drift) -> bool:
    return (drift.kind, drift.property) in WATCHED or (drift.missing and drift.kind in WATCHED_WHOLE)


def _at_most(age: timedelta, most: timedelta, text: str) -> Judgement:
    metric = Metric(round(age.total_seconds()), "s")
    return _ok(text, metric) if age <= most else _critical(text, metric)


def _ok(text: str, metric: Metric | None = None) -> Judgement:
    return Judgement(Status.OK, text, metric)


def _warning(text: str, metric: Metric | None = None) -> Judgement:
    return Judgement(Status.WARNING, text, metric)


def _critical(text: str, metric: Metric | None = None) -> Judgement:
    return Judgement(Status.CRITICAL, text, metric)


def _unknown(text: str) -> Judgement:
    return Judgement(Status.UNKNOWN, text)


def _named(wrong: Sequence[str]) -> str:
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return ", ".join(wrong[:SHOWN]) + more


def _age(at: datetime, now: datetime) -> timedelta:
    return max(now - at, timedelta())  # AWS's clock may be a little ahead of ours


def _minutes(age: timedelta) -> str:
    minutes = age.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"
