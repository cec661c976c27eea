"""What the recovery checks find: findings, what became red or well again since the last time, and the JSON form. Pure.

Which checks there are is `verification_checks`', how each judges is `verification_rules`'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from axia_core.domain.events import Severity
from axia_core.errors import CorruptObject

SCHEMA = 1


class Status(StrEnum):
    """How a finding stands. What could not be read is UNKNOWN, what this target does not have is SKIPPED."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"

    @property
    def needs_a_person(self) -> bool:
        """Neither well nor without meaning here."""
        return self in (Status.WARNING, Status.CRITICAL, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure with its unit: `s`, `%` or what is counted."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of the facts."""

    status: Status
    text: str
    metric: Metric | None = None


class Part(StrEnum):
    """Which part of the system a check is about; a target may lack all but the first."""

    CORE = "core"
    COPY = "copy"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what must be true, and the command to run first when it is not."""

    name: str
    must: str
    remedy: str
    part: Part = Part.CORE

    def finding(self, judged: Judgement) -> Finding:
        """What it found."""
        return Finding(self.name, judged.status, judged.text, judged.metric, self.remedy)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    status: Status
    text: str
    metric: Metric | None
    remedy: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Every check, once."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Nothing needs a person; what is unknown does."""
        return not any(finding.status.needs_a_person for finding in self.findings)

    @property
    def red(self) -> tuple[str, ...]:
        """The checks that need a person, in their order."""
        return tuple(finding.check for finding in self.findings if finding.status.needs_a_person)

    def count(self, status: Status) -> int:
        """How many checks stand so."""
        return sum(finding.status is status for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Change:
    """A check that needs a person since just now, or no longer."""

    finding: Finding
    severity: Severity

    @property
    def text(self) -> str:
        """What people are told."""
        if self.severity is Severity.RECOVERED:
            return f"{self.finding.check} is well again: {self.finding.text}"
        return f"{self.finding.check} is {self.finding.status}: {self.finding.text}"


def changes(before: Verification | None, now: Verification) -> Iterator[Change]:
    """What people must hear of: a check once when it turns, again when it gets worse or better, and once at its end."""
    told = {one.check: one.status for one in before.findings} if before else {}
    for finding in now.findings:
        was = told.get(finding.check, Status.OK)
        if finding.status.needs_a_person and finding.status is not was:
            severity = Severity.CRITICAL if finding.status is Status.CRITICAL else Severity.WARNING
            yield Change(finding, severity)
        elif finding.status is Status.OK and was.needs_a_person:
            yield Change(finding, Severity.RECOVERED)


def to_document(verification: Verification) -> dict[str, Any]:
    """The verification as plain values for JSON, what follows from the findings included."""
    return {
        "schema": SCHEMA,
        "at": verification.at.isoformat(),
        "well": verification.well,
        **{status.value: verification.count(status) for status in Status},
        "findings": [asdict(one) for one in verification.findings],
    }


def from_document(document: Mapping[str, Any]) -> Verification:
    """The inverse of `to_document`; raises CorruptObject."""
    try:
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}, and this version reads {SCHEMA}")
        return Verification(datetime.fromisoformat(document["at"]), tuple(map(_finding, document["findings"])))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptObject(f"the last verification cannot be read: {error!r}") from error


def _finding(document: Mapping[str, Any]) -> Finding:
    metric = document["metric"]
    return Finding(
        check=document["check"],
        status=Status(document["status"]),
        text=document["text"],
        metric=None if metric is None else Metric(**metric),
        remedy=document["remedy"],
    )
