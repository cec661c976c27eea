"""Who is told of what the recovery checks found: each check once when it turns, and once when it is well again."""

from __future__ import annotations

from typing import Any

from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.memory_safeguards import MemoryVerifications
from axia_core.domain.verification import Finding, Status, Verification
from axia_core.errors import CorruptObject
from axia_core.services.tell_findings import tell_findings
from tests.verification_examples import SATURDAY_NOON


def found(**statuses: Status) -> Verification:
    """A verification whose checks stand so."""
    return Verification(SATURDAY_NOON, tuple(Finding(k, v, "text", None, "axia do") for k, v in statuses.items()))


def told(*looks: Verification, kept: MemoryVerifications | None = None) -> list[tuple[str, str]]:
    """Check and severity of every event, look by look."""
    events, kept = MemoryEvents(), kept or MemoryVerifications()
    for look in looks:
        tell_findings(look, kept, events)
    severities = [severity for _, severity, _ in events.published]
    return [(detail["check"], severity) for detail, severity in zip(events.details, severities, strict=True)]


def test_a_red_check_is_told_once() -> None:
    """However often it is found, and with what to run."""
    events, kept = MemoryEvents(), MemoryVerifications()

    for _ in range(3):
        tell_findings(found(versioning=Status.CRITICAL, queues=Status.OK), kept, events)

    assert events.published == [("recovery", "critical", "versioning is critical: text")]
    assert events.details[0]["remedy"] == "axia do"


def test_its_recovery_is_told_once() -> None:
    """And only of what was told to be wrong."""
    looks = [found(queues=status) for status in (Status.WARNING, Status.OK, Status.OK)]

    assert told(*looks) == [("queues", "warning"), ("queues", "recovered")]


def test_unknown_is_told_as_well() -> None:
    """What cannot be read is not ok: a person hears of it, and that it can be read again."""
    assert told(found(queues=Status.UNKNOWN), found(queues=Status.OK)) == [
        ("queues", "warning"),
        ("queues", "recovered"),
    ]


def test_worse_is_told_again() -> None:
    """A warning that becomes critical is news."""
    assert told(found(queues=Status.WARNING), found(queues=Status.CRITICAL)) == [
        ("queues", "warning"),
        ("queues", "critical"),
    ]


def test_skipped_is_no_news() -> None:
    """What a target does not have was never wrong there."""
    assert told(found(queues=Status.SKIPPED), found(queues=Status.SKIPPED)) == []


def test_a_damaged_memory_tells_again() -> None:
    """Where the last verification cannot be read, what is red is told once more rather than never."""

    class Damaged(MemoryVerifications):
        def last(self) -> Any:
            raise CorruptObject("no JSON")

    assert told(found(queues=Status.CRITICAL), kept=Damaged()) == [("queues", "critical")]
