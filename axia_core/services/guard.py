"""Guard the account: throw the kill switch by itself when money is lost, or when nobody knows what is in the book.

It only ever makes the switch stricter, and a person's change counts: what was seen before the last one was known to
whoever made it. When something was seen first is kept in the ledger, so that a death in between forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from axia_core.domain.events import EventType, Severity
from axia_core.domain.kill_switch import AuditLine, KillSwitch
from axia_core.domain.limits import Limits
from axia_core.domain.sessions import loss_day
from axia_core.domain.triggers import Trigger, UnknownRule, daily_loss, drawdown, unknowns
from axia_core.errors import AxiaError, StoreUnavailable, VersionConflict
from axia_core.ports import Broker, Clock, Events, Mark, OrderLedger

EVERY = timedelta(seconds=5)
TRIES = 10
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Guard:
    """One desk's watch; `peak` is the highest equity that entries are held against, `switch` as it was seen last."""

    who: str
    limits: Limits
    unknown_rule: UnknownRule
    ledger: OrderLedger
    broker: Broker
    clock: Clock
    events: Events
    peak: Decimal | None = None
    switch: KillSwitch | None = None
    looked_at: datetime | None = None
    _dealt_with: set[str] = field(default_factory=set)

    def is_due(self) -> bool:
        """Whether it is time to look again."""
        return self.looked_at is None or self.clock.now() - self.looked_at >= EVERY

    def look(self) -> None:
        """Account and unknown orders against the rules. Raises StoreUnavailable, VersionConflict, never for the broker.

        Where the broker cannot be asked the rest of the desk meets the same, and entries wait for their facts.
        """
        self.looked_at = self.clock.now()
        self.switch = switch = self.ledger.kill_switch()
        for found in (*self._equity(switch), *self._unknowns(switch)):
            self.throw(found)

    def throw(self, trigger: Trigger) -> bool:
        """The one place where AXIA throws the switch by itself; whether it did.

        Not where it is as strict already, and not for what was seen before a person changed it last. Raises
        StoreUnavailable, VersionConflict.
        """
        if trigger.key in self._dealt_with:
            return False
        now = self.clock.now()
        seen_at = self.ledger.note_evidence(trigger.key, trigger.since or now)
        thrown = self._throw(trigger, seen_at, is_new=seen_at in (now, trigger.since))
        self._dealt_with.add(trigger.key)
        return thrown

    def _throw(self, trigger: Trigger, seen_at: datetime, is_new: bool) -> bool:
        for _ in range(TRIES):
            switch = self.ledger.kill_switch()
            if seen_at <= changed_at(switch):
                return False
            if switch.is_as_strict_as(trigger.mode):
                if is_new:
                    self._tell_further(trigger, switch)
                return False
            try:
                self._write(trigger, switch)
            except VersionConflict:
                continue  # somebody changed it meanwhile: looked at anew
            return True
        raise VersionConflict("the kill switch changes faster than it can be thrown; the next desk tries again")

    def _write(self, trigger: Trigger, switch: KillSwitch) -> None:
        thrown = KillSwitch(active=True, mode=trigger.mode, reason=str(trigger), who=self.who, automatic=True)
        self.switch = self.ledger.set_kill_switch(thrown, switch.version, self.clock.now())
        text = f"the kill switch was thrown to {trigger.mode}: {trigger}"
        self.events.publish(EventType.KILL_SWITCH, Severity.CRITICAL, "order_processor", text)

    def _tell_further(self, trigger: Trigger, switch: KillSwitch) -> None:
        """Whoever releases the switch must know of every reason that has come up meanwhile."""
        what = f"a further reason came up while the kill switch was on (version {switch.version})"
        self.ledger.note_audit(AuditLine(at=self.clock.now(), who=self.who, what=what, outcome=str(trigger)))
        self.events.publish(EventType.KILL_SWITCH, Severity.CRITICAL, "order_processor", f"{what}: {trigger}")

    def _equity(self, switch: KillSwitch) -> Iterator[Trigger]:
        try:
            account = self.broker.account()
        except StoreUnavailable:
            raise
        except AxiaError:
            return
        day, since = loss_day(self.clock.now()), changed_at(switch)
        start = self.ledger.note_day_equity(day, account.login, account.equity)
        self.peak = self.ledger.note_peak_equity(account.login, account.equity, since)
        found = (
            daily_loss(account.login, day, account.equity, start, self.limits),
            drawdown(account.login, account.equity, self.peak, since, self.limits),
        )
        yield from (trigger for trigger in found if trigger is not None)

    def _unknowns(self, switch: KillSwitch) -> Iterator[Trigger]:
        since = max(self.clock.now() - self.unknown_rule.window, changed_at(switch))
        times = [at for at in self.ledger.times_of(Mark.UNKNOWN, since) if at > since]
        found = unknowns(times, self.unknown_rule)
        if found is not None:
            yield found


def changed_at(switch: KillSwitch) -> datetime:
    """When the switch was changed last; what was seen until then was known to whoever did it."""
    return switch.at or LONG_AGO
