"""An examination: what each check of `axia doctor` found, how bad it is, and what to do about it. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """How a finding stands; the larger the worse."""

    WELL = 0
    SKIPPED = 1  # not looked at, for a reason that is no fault or is a finding of another check
    WARNING = 2
    FAILURE = 3

    @property
    def word(self) -> str:
        """As it is written."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen; what is not well carries its remedy."""

    verdict: Verdict
    said: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.verdict >= Verdict.WARNING and not self.remedy:
            raise ValueError(f"a {self.verdict.word} without a remedy helps nobody: {self.said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to look at. Where one of *needs* failed it is skipped: a cause is told once, not with its effects.

    *remedy* is for what `look` cannot put into words itself: an error that it raises, or no answer in time.
    """

    name: str
    area: str
    look: Callable[[], Iterable[Finding]]
    remedy: str
    needs: tuple[str, ...] = ()
    within_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check found, and how long it took."""

    name: str
    area: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class Examination:
    """Every check in its order."""

    checks: tuple[Examined, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The worst of all; what was skipped makes nothing worse."""
        told = (check.verdict for check in self.checks if check.verdict is not Verdict.SKIPPED)
        return max(told, default=Verdict.WELL)

    @property
    def exit_code(self) -> int:
        """0 well, 1 warnings only, 2 failures: as monitoring plug-ins have it."""
        return {Verdict.FAILURE: 2, Verdict.WARNING: 1}.get(self.verdict, 0)

    def count(self, verdict: Verdict) -> int:
        """How many findings stand so."""
        return sum(finding.verdict is verdict for check in self.checks for finding in check.findings)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict among them; WELL where there is none."""
    return max((finding.verdict for finding in findings), default=Verdict.WELL)


def well(said: str) -> Finding:
    """Nothing is wrong."""
    return Finding(Verdict.WELL, said)


def skipped(said: str) -> Finding:
    """Not looked at."""
    return Finding(Verdict.SKIPPED, said)


def warning(said: str, remedy: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(Verdict.WARNING, said, remedy)


def failure(said: str, remedy: str) -> Finding:
    """It does not work, or would cost money or data."""
    return Finding(Verdict.FAILURE, said, remedy)
