"""Examine: run checks side by side, each with its limit of time, and skip what cannot be told after another's failure.

What is looked at and how it is judged is in the checks; nothing here knows what they are about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from axia_core.domain.examination import Check, Examination, Examined, Finding, Verdict, failure, skipped
from axia_core.errors import AxiaError, InvalidInput


def examine(checks: Sequence[Check]) -> Examination:
    """What every check found, in their order. Never raises for what a check does; raises ValueError for a bad list.

    A check that does not answer in time is left to its thread, which ends with the process at the latest.
    """
    _require_order(checks)
    started = time.monotonic()
    done = _Round(list(checks)).run()
    return Examination(tuple(done[check.name] for check in checks), time.monotonic() - started)


@dataclass
class _Round:
    waiting: list[Check]
    running: dict[str, tuple[Check, float]] = field(default_factory=dict)  # with the moment it began
    done: dict[str, Examined] = field(default_factory=dict)
    answers: SimpleQueue[Examined] = field(default_factory=SimpleQueue)

    def run(self) -> dict[str, Examined]:
        while self.waiting or self.running:
            self._begin()
            if self.running:
                self._take()
        return self.done

    def _begin(self) -> None:
        """Begins what is ready, in order, so that what is skipped skips what needs it."""
        for check in list(self.waiting):
            if not all(name in self.done for name in check.needs):
                continue
            self.waiting.remove(check)
            cause = next((name for name in check.needs if self._is_lacking(name)), None)
            if cause is None:
                self._start(check)
            else:
                self.done[check.name] = _examined(check, [skipped(f"not looked at, because of: {cause}")], 0.0)

    def _is_lacking(self, name: str) -> bool:
        return self.done[name].verdict in (Verdict.FAILURE, Verdict.SKIPPED)

    def _start(self, check: Check) -> None:
        self.running[check.name] = (check, time.monotonic())
        # A daemon: a call that hangs must not keep the process from ending.
        threading.Thread(target=self._look, args=(check,), name=f"check {check.name}", daemon=True).start()

    def _look(self, check: Check) -> None:
        started = time.monotonic()
        findings = _findings(check)
        self.answers.put(_examined(check, findings, time.monotonic() - started))

    def _take(self) -> None:
        """Waits for one answer, or until the time of one check is over."""
        next_end = min(began + check.within_s for check, began in self.running.values())
        try:
            answer = self.answers.get(timeout=max(0.0, next_end - time.monotonic()))
        except Empty:
            return self._give_up()
        # One that was given up answers too late.
        if self.running.pop(answer.name, None):
            self.done[answer.name] = answer
        return None

    def _give_up(self) -> None:
        now = time.monotonic()
        for check, began in list(self.running.values()):
            if began + check.within_s <= now:
                del self.running[check.name]
                said = f"no answer within {check.within_s:g} s"
                self.done[check.name] = _examined(check, [failure(said, check.remedy)], now - began)


def _findings(check: Check) -> list[Finding]:
    try:
        return list(check.look())
    except InvalidInput as error:
        said = str(error).removesuffix(error.remedy).strip()
        return [failure(said, error.remedy or check.remedy)]
    except AxiaError as error:
        return [failure(str(error), check.remedy)]
    except Exception as error:  # noqa: BLE001 - one check that is wrong must not hide what the others see
        return [failure(f"the check itself failed: {type(error).__name__}: {error}", check.remedy)]


def _examined(check: Check, findings: list[Finding], seconds: float) -> Examined:
    return Examined(check.name, check.area, tuple(findings), round(seconds, 3))


def _require_order(checks: Sequence[Check]) -> None:
    known: set[str] = set()
    for check in checks:
        if check.name in known or not known.issuperset(check.needs):
            raise ValueError(f"{check.name}: a check has a name of its own and needs only what stands before it")
        known.add(check.name)
