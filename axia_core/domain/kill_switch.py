"""The global kill switch as a value: what it lets pass. Reading and writing it is the ledger's business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from axia_core.domain.orders import Action


class Mode(StrEnum):
    """HALT lets nothing pass; REDUCE_ONLY lets exits pass, and a MODIFY that reduces risk."""

    HALT = "HALT"
    REDUCE_ONLY = "REDUCE_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """The switch; `active` stops trading. A missing or unreadable item is `UNREADABLE`, which means HALT."""

    active: bool
    mode: Mode = Mode.HALT
    version: int = 0
    reason: str = ""
    who: str = ""
    at: datetime | None = None
    known: bool = True
    automatic: bool = False  # thrown by AXIA itself
    cancel_pending: bool = False  # whoever threw it leaves the pending orders at the broker to the desk

    def permits(self, action: Action, reduces_risk: bool = False) -> bool:
        """Whether an order with *action* may be sent now.

        A MODIFY is judged as an entry unless it was found to reduce risk, which only the broker's book can tell.
        """
        if not self.active:
            return True
        reduces = action in (Action.CLOSE, Action.CANCEL) or (action is Action.MODIFY and reduces_risk)
        return self.mode is Mode.REDUCE_ONLY and reduces

    def is_as_strict_as(self, mode: Mode) -> bool:
        """Whether it lets nothing pass that *mode* would stop."""
        return self.active and (self.mode is Mode.HALT or mode is Mode.REDUCE_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """What somebody did beside the orders: to the switch, or to the broker's book by hand of it."""

    at: datetime
    who: str
    what: str
    outcome: str = ""


def audit_of(switch: KillSwitch, at: datetime) -> AuditLine:
    """The audit line of a change of the switch."""
    what = f"kill switch {f'ON {switch.mode}' if switch.active else 'OFF'} (version {switch.version})"
    return AuditLine(at=at, who=switch.who, what=what, outcome=switch.reason)


UNREADABLE = KillSwitch(active=True, reason="the switch is missing or could not be read", known=False)
