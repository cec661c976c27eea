"""Recover the kill switch: where it is missing or cannot be read it is written again, at HALT. It is never released."""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.domain.kill_switch import AuditLine, KillSwitch
from axia_core.ports import Clock, OrderLedger
from axia_core.ports.recovery import TableBackups


@dataclass(frozen=True, slots=True)
class SwitchRecovered:
    """The switch as it was found and as it is now; `said` is what a damaged item held."""

    before: KillSwitch
    after: KillSwitch
    said: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.before != self.after


def recover_kill_switch(
    table: str, who: str, *, ledger: OrderLedger, backups: TableBackups, clock: Clock
) -> SwitchRecovered:
    """A switch that reads well again. One that does already is left as it is, be it on or off.

    The emergency put-item of the runbook leaves `active` alone; that reads as HALT, and is completed here. Leaves an
    audit line. Raises StoreUnavailable, VersionConflict, NewerItem.
    """
    before = ledger.kill_switch()
    if before.known and before.version > 0:
        return SwitchRecovered(before, before)
    said = backups.reset_switch(table) or ""
    reason = "it was missing or could not be read" if not before.known else "the emergency switch, completed"
    wanted = KillSwitch(active=True, reason=f"recovered: {reason}", who=who)
    after = ledger.set_kill_switch(wanted, 0, clock.now())
    line = AuditLine(at=clock.now(), who=who, what="recover kill-switch", outcome=f"HALT; {reason}; it said: {said}")
    ledger.note_audit(line)
    return SwitchRecovered(before, after, said)
