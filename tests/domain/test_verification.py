"""The rules of the recovery checks, fact by fact, and what a verification says as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain import verification_rules as rules
from axia_core.domain.beats import Beat, from_text, to_text
from axia_core.domain.safeguards import (
    AlarmGuard,
    DiskSnapshot,
    Drift,
    LifecycleRule,
    Pair,
    QueueGuard,
    SecretGuard,
    Series,
    pairs_of,
)
from axia_core.domain.sampling import sampled
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import (
    Finding,
    Judgement,
    Metric,
    Status,
    Verification,
    changes,
    from_document,
    to_document,
)
from axia_core.domain.verification_checks import CHECKS, with_names
from axia_core.errors import CorruptObject
from tests.verification_examples import FRIDAY, MONDAY, USDJPY, bucket_guard, table_guard

NOW = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
instants = st.datetimes(timezones=st.just(UTC))
findings = st.builds(
    Finding,
    st.sampled_from([check.name for check in CHECKS]),
    st.sampled_from(Status),
    st.text(),
    st.none() | st.builds(Metric, st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["s", "%"])),
    st.text(),
)


def stands(judged: Judgement) -> tuple[Status, float | None]:
    """Status and figure."""
    return judged.status, judged.metric.value if judged.metric else None


@pytest.mark.parametrize(
    ("minutes", "status"), [(5, Status.OK), (60, Status.OK), (61, Status.CRITICAL), (-1, Status.OK)]
)
def test_recovery_point(minutes: int, status: Status) -> None:
    """The latest restorable moment may be an hour old; one that AWS's clock puts ahead of ours counts as now."""
    table = replace(table_guard(), latest_restorable=NOW - minutes * MINUTE)

    assert stands(rules.point_in_time_recovery(table, NOW)) == (status, max(minutes * 60, 0))


def test_recovery_without_a_moment_is_unknown() -> None:
    """Just after it was turned on, nothing says up to when."""
    table = replace(table_guard(), latest_restorable=None)

    assert rules.point_in_time_recovery(table, NOW).status is Status.UNKNOWN


@pytest.mark.parametrize(
    "rule",
    [
        lambda: rules.point_in_time_recovery(None, NOW),
        lambda: rules.time_to_live(None),
        lambda: rules.deletion_protection(None),
        lambda: rules.order_copy_protection(None, NOW),
        lambda: rules.versioning(None),
        lambda: rules.lifecycle(None),
        lambda: rules.replication_rule(None, "osaka"),
        lambda: rules.queues(None, QueueGuard(name="DLQ")),
    ],
)
def test_what_is_gone_is_critical(rule: Any) -> None:
    """A table, bucket or queue that does not exist is no unknown."""
    assert rule().status is Status.CRITICAL


@pytest.mark.parametrize(
    ("lifecycle", "status"),
    [
        ((), Status.WARNING),
        ((LifecycleRule(id="all", enabled=True, deletes_current=True),), Status.CRITICAL),
        ((LifecycleRule(id="all", enabled=False, deletes_current=True),), Status.WARNING),
        ((LifecycleRule(id="one", enabled=True, transitions=((1, "DEEP_ARCHIVE"),)),), Status.WARNING),
    ],
)
def test_lifecycle_as_designed(lifecycle: tuple[LifecycleRule, ...], status: Status) -> None:
    """A rule that deletes what is current is worse than one that costs more."""
    assert rules.lifecycle(bucket_guard()).status is Status.OK
    assert rules.lifecycle(replace(bucket_guard(), lifecycle=lifecycle)).status is status


def test_small_objects_must_not_move() -> None:
    """Without S3's default size every partition would move and cost more."""
    assert rules.lifecycle(replace(bucket_guard(), smallest_moved="varies_by_storage_class")).status is Status.WARNING


def test_replication_elsewhere_is_none() -> None:
    """A rule to another bucket, or of a part of this one, does not count."""
    elsewhere = rules.replication_rule(bucket_guard(("another",)), "osaka")

    assert (elsewhere.status, "another" in elsewhere.text) == (Status.CRITICAL, True)


@pytest.mark.parametrize(
    ("written", "arrived", "status"),
    [
        (Beat(NOW, NOW - HOUR), Beat(NOW, NOW - HOUR), Status.OK),
        (Beat(NOW, NOW - HOUR), Beat(NOW - HOUR), Status.OK),  # on its way
        (Beat(NOW, NOW - HOUR), Beat(NOW - 2 * HOUR), Status.CRITICAL),
        (Beat(NOW, NOW - HOUR), None, Status.CRITICAL),
        (Beat(NOW - 90 * MINUTE, None), Beat(NOW - 3 * HOUR), Status.CRITICAL),
        (Beat(NOW - 3 * HOUR, None), Beat(NOW - 3 * HOUR), Status.UNKNOWN),  # nobody writes
        (None, Beat(NOW), Status.UNKNOWN),
    ],
)
def test_arrival(written: Beat | None, arrived: Beat | None, status: Status) -> None:
    """The newest mark may be on its way, an older one may not; where none is written, nothing is known."""
    assert rules.arrival(written, arrived, NOW).status is status


def test_agreement_counts_what_differs() -> None:
    """Coverage in percent, with the names of those that are wrong."""
    pairs = pairs_of({"a": "1", "b": "1", "c": "1", "d": "1"}, {"a": "1", "b": "2", "c": "1", "d": "1"})

    judged = rules.agreement(pairs, "things")

    assert stands(judged) == (Status.CRITICAL, 75.0)
    assert "b (other content in Osaka)" in judged.text


@pytest.mark.parametrize("pairs", [[], [Pair("a", "1", None, on_its_way=True)]])
def test_nothing_to_compare_is_unknown(pairs: Sequence[Pair]) -> None:
    """Neither nothing at all, nor only what is still on its way, shows that the copy is good."""
    assert rules.agreement(pairs, "things").status is Status.UNKNOWN


@given(st.dictionaries(st.text(min_size=1), st.text()), st.dictionaries(st.text(min_size=1), st.text()))
def test_a_copy_agrees_only_with_itself(here: dict[str, str], there: dict[str, str]) -> None:
    """Two regions agree exactly where they hold the same."""
    judged = rules.agreement(pairs_of(here, there), "things")

    assert (judged.status is Status.OK) == (here == there and bool(here))


@pytest.mark.parametrize(
    ("ages_h", "status"),
    [
        ([], Status.CRITICAL),
        ([2, 26, 50, 74, 98, 122, 146], Status.OK),
        ([2, 26], Status.WARNING),
        ([27, 51, 75, 99, 123, 147, 171], Status.CRITICAL),
    ],
)
def test_snapshots(ages_h: list[int], status: Status) -> None:
    """One of the last 26 hours, seven in all."""
    assert rules.snapshots([DiskSnapshot("s", NOW - h * HOUR, True) for h in ages_h], NOW).status is status


def test_a_snapshot_that_failed_does_not_count() -> None:
    """Nor does one that still runs."""
    assert rules.snapshots([DiskSnapshot("s", NOW, False)], NOW).status is Status.CRITICAL


def test_the_age_of_a_lost_secret_is_no_question() -> None:
    """That it is lost is told once, by its own check."""
    lost = SecretGuard(name="a", changed_at=NOW - 900 * DAY, deleted=True)
    kept = SecretGuard(name="b", changed_at=NOW - 10 * DAY)

    assert stands(rules.secret_age([lost, kept], NOW)) == (Status.OK, 10)
    assert rules.secret_age([lost], NOW).status is Status.UNKNOWN
    assert rules.secrets(["a", "b"], [lost, kept]).status is Status.CRITICAL


def test_receives_before_the_dead_letter_queue() -> None:
    """Another number than the designed one is a warning."""
    orders = QueueGuard(name="Q", redrives_to="DLQ", max_receives=30)

    assert rules.queues(orders, QueueGuard(name="DLQ")).status is Status.WARNING


def test_alarms_of_a_host_that_is_not_there_need_no_data() -> None:
    """On a laptop EC2 has no metrics; on AWS a day without them is a finding."""
    blind = AlarmGuard(name="CPU", namespace="AWS/EC2", tells=True, state="INSUFFICIENT_DATA", since=NOW - 2 * DAY)
    other = AlarmGuard(name="Disk", namespace="AXIA", tells=True, state="OK", since=NOW - 2 * DAY)

    assert rules.alarm_data([blind, other], NOW, hosted=False).status is Status.OK
    assert rules.alarm_data([blind, other], NOW, hosted=True).status is Status.WARNING
    assert rules.alarm_data([replace(blind, since=NOW - HOUR)], NOW, hosted=True).status is Status.OK


@pytest.mark.parametrize(
    ("kind", "name", "missing", "status"),
    [
        ("AWS::SQS::Queue", "VisibilityTimeout", False, Status.WARNING),
        ("AWS::S3::Bucket", "VersioningConfiguration", False, Status.OK),
        ("AWS::CloudWatch::Alarm", "Threshold", False, Status.WARNING),
        ("AWS::CloudWatch::Alarm", "Threshold", True, Status.OK),
    ],
)
def test_drift_leaves_to_others_what_they_watch(kind: str, name: str, missing: bool, status: Status) -> None:
    """One cause turns one check."""
    drift = Drift(stack="core", resource="R", kind=kind, property=name, missing=missing)

    assert rules.template_drift([drift], 100).status is status


def test_no_stack_is_unknown() -> None:
    """Nothing deployed, nothing compared, nothing known."""
    assert rules.template_drift([], 0).status is Status.UNKNOWN


def test_many_wrong_ones_are_counted_and_some_named() -> None:
    """A finding stays one line."""
    judged = rules.secrets([f"secret {no}" for no in range(9)], [])

    assert judged.text == "lost: secret 0, secret 1, secret 2 and 6 more"


@given(instants, st.none() | instants)
def test_beat_round_trip(at: datetime, previous: datetime | None) -> None:
    """A heartbeat reads back as it was written."""
    assert from_text(to_text(Beat(at, previous))) == Beat(at, previous)


@pytest.mark.parametrize("text", ["", "{}", '{"at": "2026-07-04T12:00:00", "previous": null}', '{"at": 1}'])
def test_damaged_beat(text: str) -> None:
    """What is no heartbeat is never taken for one, a time without a zone among it."""
    with pytest.raises(CorruptObject):
        from_text(text)


@given(instants, st.lists(findings).map(tuple))
def test_verification_round_trip(at: datetime, found: tuple[Finding, ...]) -> None:
    """A verification reads back from its document."""
    verification = Verification(at, found)

    assert from_document(to_document(verification)) == verification


def test_damaged_verification() -> None:
    """A document of another kind is refused."""
    with pytest.raises(CorruptObject):
        from_document({"schema": 2})


@given(st.lists(findings, unique_by=lambda one: one.check).map(tuple))
def test_the_same_again_is_no_news(found: tuple[Finding, ...]) -> None:
    """Nobody is told the same twice."""
    verification = Verification(NOW, found)

    assert list(changes(verification, verification)) == []


def test_only_ok_and_skipped_are_well() -> None:
    """Unknown is not ok."""
    statuses = {status: Verification(NOW, (Finding("c", status, "", None, ""),)).well for status in Status}

    assert {status for status, well in statuses.items() if well} == {Status.OK, Status.SKIPPED}


def test_every_remedy_can_be_given_names() -> None:
    """No brace is left over, and no check has the name of another."""
    shown = [with_names(check, {"table": "Orders"}) for check in CHECKS]

    assert len({check.name for check in shown}) == len(CHECKS)
    assert not [check.name for check in shown if "{table}" in check.remedy or "{bucket}" in check.remedy]


def test_the_sample_is_the_seeds() -> None:
    """Another hour looks at other days, and the same hour at the same."""
    series = [Series(USDJPY, timeframe, FRIDAY, MONDAY - 365 * DAY) for timeframe in Timeframe]

    hours = [sampled(series, f"2026-07-04T{hour:02}") for hour in range(24)]

    assert sampled(series, "2026-07-04T00") == hours[0]
    assert len({tuple(day for _, day in hour) for hour in hours}) == 24
    assert all(MONDAY - 365 * DAY <= day <= FRIDAY for hour in hours for _, day in hour)
