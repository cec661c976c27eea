"""What a drill's figures mean, and when it is a failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.drill import (
    Difference,
    Drill,
    DrillReport,
    Environment,
    Heartbeat,
    Result,
    Step,
    problem_of,
    recovery_point,
)
from axia_core.domain.drill_document import from_document, to_document

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def report(**changes: object) -> DrillReport:
    """A drill in which everything went well."""
    good = DrillReport(
        drill=Drill.ORDERS,
        drill_id="20260701T120000Z-0a1b2c-7",
        environment=Environment.LOCAL,
        declared_at=NOW,
        result=Result.PASSED,
        rpo=timedelta(seconds=2),
        rto=timedelta(seconds=40),
        heartbeat=beat(2),
        items_compared=12,
        steps=(Step(name="restore", seconds=1.5, detail="as it was"), Step(name="release", human=True)),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def beat(seconds_ago: float) -> Heartbeat:
    return Heartbeat(NOW - timedelta(seconds=seconds_ago), "GLOBALCONFIG/SNAPSHOT#BOOK")


def test_recovery_point_is_the_age_of_the_copy_s_newest_heartbeat() -> None:
    """How old it was when the disaster was declared, whatever the source has by now."""
    assert recovery_point(NOW, beat(1), beat(300)) == timedelta(seconds=300)


def test_heartbeat_of_a_moment_later_is_no_negative_age() -> None:
    """What the copy holds of after the declaration counts as nothing lost."""
    assert recovery_point(NOW, beat(0), beat(-2)) == timedelta()


@pytest.mark.parametrize(("source", "copy"), [(None, beat(1)), (beat(1), None), (beat(7_200), beat(7_200))])
def test_recovery_point_is_unknown(source: Heartbeat | None, copy: Heartbeat | None) -> None:
    """Without a heartbeat, or where nobody was writing, the age of what is there says nothing about the backup."""
    assert recovery_point(NOW, source, copy) is None


def test_good_drill_has_no_problem() -> None:
    """Every step went well, nothing differs, and the promises are kept."""
    assert problem_of(report()) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": (Step(name="restore", ok=False, detail="no such table"),)}, "restore: no such table"),
        ({"differences": (Difference("ORDER#1/METADATA", "missing in the copy"),)}, "1 items differ"),
        ({"items_compared": 0}, "nothing was compared"),
        ({"rpo": timedelta(hours=2)}, "RPO 7200 s"),
        ({"rto": timedelta(hours=2)}, "RTO 7200 s is more than the 3600 s"),
    ],
)
def test_failure_says_what_went_wrong(change: dict[str, object], said: str) -> None:
    """A step that failed, an item that differs, nothing to compare, or a promise that was not kept."""
    assert said in problem_of(report(**change))


def test_unknown_figure_is_no_failure() -> None:
    """What was not measured breaks no promise."""
    assert problem_of(report(rpo=None, rto=None)) == ""


def test_document_says_unknown() -> None:
    """A figure that nobody measured is the word, and every document says where it was measured."""
    document = to_document(report(rpo=None))

    assert (document["rpo_s"], document["rto_s"], document["environment"]) == ("unknown", 40.0, "local")
    assert document["human_steps"] == ["release"]


@given(
    rpo=st.none() | st.integers(0, 10**7).map(lambda ms: timedelta(milliseconds=ms)),
    result=st.sampled_from(Result),
    differences=st.lists(st.builds(Difference, st.text(), st.text()), max_size=3).map(tuple),
    heartbeat=st.none() | st.just(beat(1)),
)
def test_document_reads_back(
    rpo: timedelta | None, result: Result, differences: tuple[Difference, ...], heartbeat: Heartbeat | None
) -> None:
    """A report is the same after its way through JSON."""
    made = report(rpo=rpo, result=result, differences=differences, heartbeat=heartbeat)

    assert from_document(to_document(made)) == made


def test_document_of_a_newer_version_is_refused() -> None:
    """What this version cannot know is not guessed."""
    with pytest.raises(ValueError, match="schema 2"):
        from_document(to_document(report()) | {"schema": 2})
