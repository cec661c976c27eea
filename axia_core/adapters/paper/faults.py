"""Faults on demand: `faults.json` in the terminal's folder says which call goes wrong, how and when; read at each call.

    {"seed": 1, "faults": [{"function": "order_send", "calls": [1], "retcode": 10012, "after": true}]}

A fault is chosen by call number (`calls`, `every`) or by `probability`; calls are counted over all processes while a
plan is there, and a new plan counts on. Several effects of one fault add up, in the order delay, hang, death, error
or retcode.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from axia_core.errors import InvalidInput

FAULTS_FILE = "faults.json"


class Fault(BaseModel):
    """One way in which a call goes wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    function: str = Field(description="A function of the module, or * for all.")
    calls: tuple[int, ...] = Field((), description="Numbers of the calls, from 1.")
    every: int | None = Field(None, gt=0)
    probability: float = Field(0.0, ge=0, le=1)

    delay_s: float = Field(0.0, ge=0)
    hang: bool = False
    die: bool = Field(False, description="The process ends at once, as under kill -9.")
    error: tuple[int, str] | None = Field(None, description="None (or False) with this last_error.")
    retcode: int | None = Field(None, description="order_send and order_check answer with this retcode.")
    after: bool = Field(False, description="Whether the call took effect before it went wrong.")
    disconnected: bool = Field(False, description="The terminal has lost its broker: connected False, trades 10031.")
    stale_s: float = Field(0.0, ge=0, description="Quotes are this old.")
    moved_points: int = Field(0, description="So far the price has moved when the request arrives; either way.")
    late_s: float = Field(0.0, ge=0, description="History of orders and deals younger than this has not arrived yet.")
    rows: int | None = Field(None, ge=0, description="Of the bars asked for, only this many newest ones have arrived.")
    comment: str | None = Field(None, max_length=29, description="The broker writes this comment in place of ours.")

    def hits(self, function: str, number: int, seed: int) -> bool:
        """Whether the *number*th call of *function* is one of those that go wrong."""
        if self.function not in (function, "*"):
            return False
        if number in self.calls or (self.every is not None and number % self.every == 0):
            return True
        return _chance(f"{seed}/{function}/{number}") < self.probability


class FaultPlan(BaseModel):
    """All faults of a terminal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    faults: tuple[Fault, ...] = ()

    def of(self, function: str, number: int) -> tuple[Fault, ...]:
        """The faults of one call."""
        return tuple(fault for fault in self.faults if fault.hits(function, number, self.seed))


def read_plan(folder: Path) -> FaultPlan:
    """The plan in *folder*, empty when there is none; raises InvalidInput for a wrong one."""
    file = folder / FAULTS_FILE
    try:
        return FaultPlan.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return FaultPlan()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(field, first.get("input"), f"{FAULTS_FILE}: {first['msg']}", "Correct the plan.") from error


def write_plan(folder: Path, *faults: Fault, seed: int = 0) -> None:
    """Put a plan in *folder* in place of the one that is there; no fault at all removes it."""
    file = folder / FAULTS_FILE
    if not faults:
        file.unlink(missing_ok=True)
        return
    scratch = folder / f"{FAULTS_FILE}.{os.getpid()}.new"
    scratch.write_text(FaultPlan(seed=seed, faults=faults).model_dump_json(), encoding="utf-8")
    scratch.replace(file)


def _chance(text: str) -> float:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "little") / float(1 << 48)
