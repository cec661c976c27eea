"""Running checks: side by side, within their time, each cause once, and nothing that a check does stops the others."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from axia_core.domain.examination import Check, Finding, Verdict, failure, skipped, warning, well
from axia_core.errors import InvalidInput, StoreUnavailable
from axia_core.services.examine import examine

FINE, POOR, BAD = well("fine"), warning("poor", "look at it"), failure("bad", "mend it")


def check(name: str, *findings: Finding, needs: tuple[str, ...] = (), within_s: float = 5.0) -> Check:
    """A check that finds what it is told."""
    return Check(name=name, area="x", look=lambda: findings, remedy="mend it", needs=needs, within_s=within_s)


def raising(name: str, error: Exception) -> Check:
    """A check that cannot look."""

    def look() -> Iterable[Finding]:
        raise error

    return Check(name=name, area="x", look=look, remedy="mend it")


def test_findings_keep_the_order_of_the_checks() -> None:
    """Whoever is done first, the list is told in its order."""
    first_may_end = threading.Event()

    def slow() -> Iterable[Finding]:
        first_may_end.wait(5)
        return [FINE]

    def fast() -> Iterable[Finding]:
        first_may_end.set()
        return [FINE]

    checks = [Check(name=name, area="x", look=look, remedy="r") for name, look in (("slow", slow), ("fast", fast))]
    found = examine(checks)

    assert [one.name for one in found.checks] == ["slow", "fast"]
    assert found.verdict is Verdict.WELL


def test_check_that_hangs_is_given_up() -> None:
    """It becomes a failure with its remedy, and the others are told."""
    never = threading.Event()
    hanging = Check(name="hangs", area="x", look=lambda: never.wait() and [], remedy="mend it", within_s=0.05)

    found = examine([hanging, check("other", FINE)])

    never.set()
    assert found.checks[0].findings == (failure("no answer within 0.05 s", "mend it"),)
    assert found.checks[1].findings == (FINE,)


def test_cause_is_told_once() -> None:
    """What needs a check that failed is skipped, and so is what needs that; a warning keeps nobody from looking."""
    found = examine(
        [
            check("stack", BAD),
            check("table", FINE, needs=("stack",)),
            check("switch", FINE, needs=("table",)),
            check("disk", POOR),
            check("home", FINE, needs=("disk",)),
        ]
    )

    told = {one.name: one.verdict for one in found.checks}
    assert told["table"] is told["switch"] is Verdict.SKIPPED
    assert found.checks[1].findings == (skipped("not looked at, because of: stack"),)
    assert told["home"] is Verdict.WELL


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StoreUnavailable("S3 does not answer"), failure("S3 does not answer", "mend it")),
        (InvalidInput("x", 1, "too small", "Use 2."), failure("x: 1 was refused: too small.", "Use 2.")),
        (InvalidInput("x", 1, "too small"), failure("x: 1 was refused: too small.", "mend it")),
        (KeyError("y"), failure("the check itself failed: KeyError: 'y'", "mend it")),
    ],
)
def test_error_becomes_a_failure_with_a_remedy(error: Exception, expected: Finding) -> None:
    """Ours in its own words, anybody else's as a fault of the check; the others are told."""
    found = examine([raising("x", error), check("other", FINE)])

    assert found.checks[0].findings == (expected,)
    assert found.checks[1].findings == (FINE,)


@pytest.mark.parametrize(
    ("findings", "code"), [((), 0), ((FINE,), 0), ((FINE, POOR), 1), ((POOR, BAD), 2), ((skipped("no"),), 0)]
)
def test_exit_code_is_that_of_the_worst(findings: tuple[Finding, ...], code: int) -> None:
    """0 well, 1 warnings only, 2 failures; what was skipped is no fault of its own."""
    assert examine([check("a", *findings)]).exit_code == code


def test_what_is_not_well_has_a_remedy() -> None:
    """A finding without one cannot be made."""
    with pytest.raises(ValueError, match="without a remedy"):
        warning("poor", "")


@pytest.mark.parametrize(
    "checks", [[check("a"), check("a")], [check("a", needs=("b",)), check("b")], [check("a", needs=("a",))]]
)
def test_list_that_could_not_end_is_refused(checks: list[Check]) -> None:
    """Names are unique, and a check needs only what stands before it."""
    with pytest.raises(ValueError, match="a name of its own"):
        examine(checks)
