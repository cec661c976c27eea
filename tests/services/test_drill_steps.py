"""Steps are timed from the declaration on, and one that raises is a failed one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from axia_core.drills.steps import Steps
from axia_core.errors import StoreUnavailable


def ticking() -> Callable[[], float]:
    """A clock that a second goes by on at every look."""
    now = iter(range(100))
    return lambda: float(next(now))


def test_steps_are_timed() -> None:
    """Each by itself, and all of them from the declaration on."""
    steps = Steps(ticking())

    with steps.step("one") as told:
        told.detail = "done"

    (one,) = steps.taken
    assert (one.name, one.seconds, one.ok, one.detail) == ("one", 1.0, True, "done")
    assert steps.elapsed == timedelta(seconds=3)


def test_declaration_begins_anew() -> None:
    """What came before it was only the making of the disaster."""
    steps = Steps(ticking())
    with steps.step("break it"):
        pass

    steps.declare()

    assert steps.elapsed == timedelta(seconds=1)


def test_raising_step_has_failed() -> None:
    """It says why, and the error goes on up."""
    steps = Steps(ticking())

    with pytest.raises(StoreUnavailable), steps.step("restore"):
        raise StoreUnavailable("throttled")

    (restore,) = steps.taken
    assert (restore.ok, restore.detail) == (False, "StoreUnavailable: throttled")


def test_human_step_takes_no_time() -> None:
    """It is listed, and counted apart."""
    steps = Steps(ticking())
    steps.human("release the switch")

    assert [(step.human, step.seconds) for step in steps.taken] == [(True, 0.0)]


def test_whoever_watches_is_told() -> None:
    """Each step is said before it is taken."""
    said: list[str] = []
    steps = Steps(ticking(), said.append)

    with steps.step("restore"):
        said.append("taken")

    assert said == ["restore", "taken"]
