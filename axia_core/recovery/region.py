"""Recovering in the other region: HALT first, and only once it is proved that nothing in this one can trade any more.

Two hosts on one account would both send. So this fails closed: what AWS shows running refuses it, whatever a person
says, and where AWS cannot be asked a person must say how they know. The audit is kept as objects in the other region,
because the ledger here may be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from axia_core.domain.drill_items import newest_heartbeat
from axia_core.domain.kill_switch import AuditLine
from axia_core.domain.messages import Lease
from axia_core.errors import AxiaError, InvalidInput
from axia_core.ports import Clock, OrderLedger
from axia_core.ports.recovery import Hosts, RegionAudit, TableBackups
from axia_core.recovery.recover import Outcome
from axia_core.services.restored import restored
from axia_core.settings import Settings

LEAST_EVIDENCE = 10  # characters: "yes" is no evidence


@dataclass(frozen=True)
class RegionParts:
    """This region's hosts and ledger, and the other one's copy of the table."""

    hosts: Hosts
    here: OrderLedger
    there: OrderLedger
    backups_there: TableBackups
    audit_there: RegionAudit


@dataclass
class RegionRecovery:
    """Takes the copy in the other region into use."""

    settings: Settings
    parts: RegionParts
    clock: Clock
    who: str
    say: Callable[[str], None] = lambda _: None

    def plan(self) -> tuple[str, ...]:
        there = f"{self.settings.table} in {self.settings.copy_region}"
        return (
            f"prove that no host in {self.settings.aws_region} trades: no instance, no group that starts one, no lease",
            f"note in s3://{self.settings.copy_bucket} what is begun, by whom and on which evidence",
            f"HALT in {there}, and a new epoch from the newest thing that it holds: orders since are looked for first",
            "note that it is done; a person starts the host there and releases the switch",
        )

    def run(self, evidence: str) -> Outcome:
        """The other region's ledger ready for a host, in HALT; safe to repeat. Raises InvalidInput without proof."""
        proof = self._proof(evidence)
        self._note(f"begun; {proof}")
        shows = self._shows()
        restored(shows, self.who, ledger=self.parts.there, clock=self.clock)
        self._note(f"HALT in {self.settings.copy_region}, as of {shows.isoformat()}")
        words = f"the ledger in {self.settings.copy_region} is at HALT and shows {shows.isoformat()}"
        document = {"region": self.settings.copy_region, "shows": shows, "proof": proof, "kill_switch": "HALT"}
        return Outcome(True, (proof, words), document, self._next())

    def _proof(self, evidence: str) -> str:
        said = self._asked(evidence)
        self._no_lease(self.parts.here, self.settings.aws_region, must_answer=False)
        self._no_lease(self.parts.there, self.settings.copy_region, must_answer=True)
        return said

    def _asked(self, evidence: str) -> str:
        region = self.settings.aws_region
        try:
            alive = self.parts.hosts.alive()
        except AxiaError as error:
            if len(evidence.strip()) < LEAST_EVIDENCE:
                rule = f"{region} cannot be asked ({error}), so a person must say how they know that no host runs"
                remedy = 'Example: --tokyo-host-stopped "broker shows no login of it since 02:10, ticket 4711".'
                raise InvalidInput("--tokyo-host-stopped", evidence, rule, remedy) from error
            return f"{region} could not be asked; {self.who} says: {evidence.strip()}"
        if alive:
            rule = f"{region} still has {'; '.join(alive)}, and two hosts on one account would both trade"
            remedy = "Set the group's size to 0 and terminate the instance; then give this command again."
            raise InvalidInput("--tokyo-host-stopped", evidence, rule, remedy)
        return f"no instance runs in {region}, and no group starts one"

    def _no_lease(self, ledger: OrderLedger, region: str, must_answer: bool) -> None:
        try:
            lease: Lease | None = ledger.lease_holder(self.clock.now())
        except AxiaError:
            if must_answer:
                raise
            return  # the region is gone; its host is spoken for above
        if lease is not None:
            rule = f"{lease.owner} holds the desk's lease in {region} until {lease.expires_at.isoformat()}: it trades"
            raise InvalidInput("lease", lease.owner, rule, "Stop that desk; its lease runs out within seconds.")

    def _shows(self) -> datetime:
        """The moment whose state the copy shows: that of the newest thing in it."""
        found = newest_heartbeat(self.parts.backups_there.items(self.settings.table), self.clock.now())
        if found is None:
            rule = f"the copy in {self.settings.copy_region} holds nothing that carries a time"
            raise InvalidInput("table", self.settings.table, rule, "Restore a backup there: `axia recover orders`.")
        return found.at.astimezone(UTC)

    def _note(self, outcome: str) -> None:
        line = AuditLine(at=self.clock.now(), who=self.who, what="recover region", outcome=outcome)
        self.say(f"noted in {self.parts.audit_there.note(line)}")

    def _next(self) -> tuple[str, ...]:
        there = f"AXIA_AWS_REGION={self.settings.copy_region} AXIA_BUCKET={self.settings.copy_bucket}"
        return (
            f"work there from now on: export {there}",
            "`axia deploy --target aws` with the parameters of that region, which brings queue, cache and host",
            "`axia recover cache`, then log on to the host once and start the terminal",
            "`axia order reconcile --days 1` and the terminal: what the copy has forgotten is a stray position",
            "`axia kill-switch off --reason ...`",
        )
