"""The global kill switch as a value: what it lets pass. Reading and writing it is the ledger's business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from axia_core.domain.orders import Action


class Mode(StrEnum):
    """HALT lets nothing pass; REDUCE_ONLY lets exits pass."""

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

    def permits(self, action: Action) -> bool:
        """Whether an order with *action* may be sent now.

        MODIFY is judged as an entry here: whether one reduces risk is known only at the broker.
        """
        if not self.active:
            return True
        return self.mode is Mode.REDUCE_ONLY and action in (Action.CLOSE, Action.CANCEL)


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
