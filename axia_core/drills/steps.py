"""The steps of a drill as they are taken and timed, from the moment in which the disaster is declared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from axia_core.domain.drill import Step


@dataclass
class Told:
    """What a step says of itself; one that is not `ok` makes the drill a failure, and the drill goes on."""

    detail: str = ""
    ok: bool = True


class Steps:
    """Times steps by a clock that nobody sets."""

    def __init__(
        self, seconds: Callable[[], float] = time.monotonic, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._seconds = seconds
        self._say = say
        self._declared = seconds()
        self._taken: list[Step] = []

    @property
    def taken(self) -> tuple[Step, ...]:
        """What was done so far."""
        return tuple(self._taken)

    @property
    def elapsed(self) -> timedelta:
        """Wall clock since the declaration."""
        return timedelta(seconds=self._seconds() - self._declared)

    def declare(self) -> None:
        """The disaster is declared now."""
        self._declared = self._seconds()

    @contextmanager
    def step(self, name: str) -> Iterator[Told]:
        """One step; whatever it raises makes it a failed one and goes on up."""
        self._say(name)
        began, told = self._seconds(), Told()
        try:
            yield told
        except Exception as error:
            told.ok, told.detail = False, f"{type(error).__name__}: {error}"[:500]
            raise
        finally:
            self._taken.append(Step(name=name, seconds=self._seconds() - began, ok=told.ok, detail=told.detail))

    def human(self, name: str) -> None:
        """What a person would have to do here; it takes no time in a drill."""
        self._taken.append(Step(name=name, human=True))
