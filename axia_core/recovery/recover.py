"""Recovering: kill switch, orders, cache and partitions, each as the runbook says, each safe to repeat, each audited.

What is about to be done can be said before (`plan_...`); the drills rehearse the same services on scratch resources.
Nothing here ever releases the kill switch: that needs a person and a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from axia_core.domain.drill_document import Document
from axia_core.domain.kill_switch import AuditLine, KillSwitch, Mode
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotRunning
from axia_core.ports import BarCache, BarStore, OrderLedger
from axia_core.recovery.cache import rebuild_cache
from axia_core.recovery.stage import Stage
from axia_core.services.put_back import put_back
from axia_core.services.recover_kill_switch import recover_kill_switch
from axia_core.services.recover_partitions import Fate, Recovered, recover_partitions
from axia_core.services.restore_beside import Beside, restore_beside
from axia_core.services.restored import restored

MOST_LISTED = 50


class Rebuilding(Protocol):
    """What became of a host that was built anew."""

    @property
    def before(self) -> tuple[str, ...]: ...
    @property
    def after(self) -> tuple[str, ...]: ...
    @property
    def seconds(self) -> float: ...


@dataclass(frozen=True)
class Outcome:
    """What a recovery did: whether it changed anything, in words, as a document, and what a person does next."""

    changed: bool
    lines: tuple[str, ...]
    document: Document = field(default_factory=dict)
    next: tuple[str, ...] = ()
    complete: bool = True


@dataclass
class Recovery:
    """Recovers production; *who* stands in the audit."""

    stage: Stage
    who: str
    say: Callable[[str], None] = lambda _: None

    @property
    def table(self) -> str:
        """The order table."""
        return self.stage.settings.table

    def plan_kill_switch(self) -> tuple[str, ...]:
        return (
            f"read the kill switch in {self.table}",
            "where it is missing or cannot be read, write it again at HALT; where only the emergency command wrote it, "
            "complete it at HALT; otherwise leave it, on or off",
            "read it back, and note it in the audit",
        )

    def kill_switch(self) -> Outcome:
        """A switch that reads well again."""
        stage, ledger = self.stage, self._ledger()
        done = recover_kill_switch(self.table, self.who, ledger=ledger, backups=stage.backups, clock=stage.clock)
        after = ledger.kill_switch()
        if not after.known:
            raise NotRunning(f"the kill switch of {self.table} still cannot be read, which means HALT: nothing trades")
        state = f"{'ON ' + after.mode if after.active else 'OFF'}, version {after.version}"
        words = f"written again: {state}" if done.changed else f"it reads well and was left as it is: {state}"
        document = {"active": after.active, "mode": after.mode, "version": after.version, "said": done.said}
        release = ("`axia kill-switch off --reason ...` once you know why it was lost",) if done.changed else ()
        return Outcome(done.changed, (f"kill switch {words}",), document, release)

    def recovery_copy(self, moment: datetime | None, backup: str | None) -> str:
        """What the restored copy is called: the same for the same moment, so that a second call goes on with it."""
        if backup is not None:
            return f"{self.table}-recovery-{backup.rsplit('/', 1)[-1]}"[:255]
        if moment is None:
            raise InvalidInput("--to", None, "a moment or a backup is needed", "Leave --to out for the newest moment.")
        return f"{self.table}-recovery-{moment:%Y%m%dT%H%M%S}"

    def newest_point(self) -> datetime:
        """The newest moment to which the table can be restored, to the second; raises InvalidInput."""
        point = self.stage.backups.newest_point(self.table) if self.stage.backups.exists(self.table) else None
        if point is None:
            rule = "it is gone, or has no point-in-time recovery"
            remedy = "Restore a backup: `aws dynamodb list-backups --backup-type ALL`, then --backup ARN."
            raise InvalidInput("table", self.table, rule, remedy)
        return point.replace(microsecond=0)

    def plan_orders(self, moment: datetime | None, backup: str | None) -> tuple[str, ...]:
        where = f"from {backup}" if backup else f"as it was at {moment.isoformat() if moment else 'the newest moment'}"
        if not self.stage.backups.exists(self.table):
            return (
                f"restore {self.table} itself {where}: there is no such table now",
                "turn TTL, point-in-time recovery and deletion protection on again, which no restore brings back",
                "HALT, and a new epoch: for a day each order is looked for at the broker before it is sent",
                "note it in the audit",
            )
        copy = self.recovery_copy(moment, backup)
        return (
            f"HALT in {self.table}: nothing is sent meanwhile",
            f"restore it {where} beside itself, as {copy}; wait for it, and protect it (TTL, point-in-time recovery)",
            "compare every item of the two",
            "where one is missing, a new epoch: for a day each order is looked for at the broker before it is sent",
            f"put back into {self.table} what is missing there; what differs is listed and never overwritten",
            "note it in the audit; the copy stays until you delete it",
        )

    def orders(self, moment: datetime | None, backup: str | None) -> Outcome:
        """What the table has lost is in it again, under HALT."""
        if not self.stage.backups.exists(self.table):
            return self._whole_table(moment, backup)
        copy = self.recovery_copy(moment, backup)
        self._protected()
        self._halt("the order table is being recovered")
        source = f"--backup {backup}" if backup else f"--to {moment.isoformat() if moment else ''}"
        self.say(f"restoring into {copy}; to go on after an interruption: axia recover orders {source}")
        backups, clock = self.stage.backups, self.stage.clock
        found = restore_beside(self.table, copy, backups=backups, clock=clock, to=moment, backup=backup)
        # Before anything comes back: a death in between must leave no order that nobody looks for at the broker.
        changed = self._begin_epoch(found.restored_to, bool(found.comparison.lost))
        done = put_back(self.table, found.items, backups=backups)
        self._note(
            "recover orders", f"{len(done.put)} items put back from {copy}, {len(found.comparison.differences)} differ"
        )
        return self._told(found, done.put, changed)

    def plan_cache(self, source: str) -> tuple[str, ...]:
        count = sum(len(plan.timeframes) for plan in self.stage.settings.universe.plans.values())
        return (
            f"load the newest bars of {count} series from {source}; nothing is asked of MT5",
            "replace each cached series whole; readers go on with the store meanwhile",
            "note it in the audit",
        )

    def cache(self, store: BarStore, cache: BarCache, source: str) -> Outcome:
        """Every series in Redis again."""
        stage = self.stage
        done = rebuild_cache(stage.settings, store=store, cache=cache, clock=stage.clock, say=self.say)
        self._note("recover cache", f"{len(done.held)} series, {done.bars} bars from {source}")
        words = f"{len(done.held)} series with {done.bars} bars are cached again, from {source}"
        return Outcome(bool(done.held), (words,), {"series": done.held, "bars": done.bars, "source": source})

    def plan_partitions(
        self, symbols: Sequence[Symbol], timeframes: Sequence[Timeframe], first: date, last: date, copy: bool
    ) -> tuple[str, ...]:
        after = " then from the copy in the other region," if copy else ""
        return (
            f"read every day from {first} to {last} of {', '.join(map(str, symbols))} in {', '.join(timeframes)}",
            f"bring back what is missing or damaged: from an earlier version,{after} byte for byte",
            "ask for what lies in an archive class; list what is nowhere, to be collected again",
            "note it in the audit",
        )

    def partitions(
        self, symbols: Sequence[Symbol], timeframes: Sequence[Timeframe], days: Sequence[date], copy: BarStore | None
    ) -> Outcome:
        """Every stored day of the range readable again."""
        found: list[Recovered] = []
        for symbol in symbols:
            for timeframe in timeframes:
                found += recover_partitions(symbol, timeframe, days, store=self.stage.store, copy=copy)
        counts = {fate.name.lower(): sum(1 for one in found if one.fate is fate) for fate in Fate}
        lost = [one for one in found if one.fate is Fate.LOST]
        self._note("recover partitions", ", ".join(f"{count} {name}" for name, count in counts.items() if count))
        not_intact = [one for one in found if one.fate is not Fate.INTACT]
        lines = [f"{one.symbol} {one.timeframe} {one.day}: {one.fate}" for one in not_intact[:MOST_LISTED]]
        lines.append(", ".join(f"{count} {name}" for name, count in counts.items()))
        return Outcome(
            changed=any(one.fate in (Fate.FROM_VERSION, Fate.FROM_COPY) for one in found),
            lines=tuple(lines),
            document=counts | {"days": [_day(one) for one in not_intact]},
            next=_collect_again(lost),
            complete=not lost and not counts["archived"],
        )

    def host(self, rebuild: Callable[[], Rebuilding]) -> Outcome:
        """A new host, built by *rebuild* under HALT; it trades once a person has released the switch."""
        self._halt("the trading host is being built anew")
        done = rebuild()
        gone, new = ", ".join(done.before) or "none", ", ".join(done.after)
        self._note("recover host", f"{gone} replaced by {new} in {done.seconds:.0f} s")
        document = {"before": list(done.before), "after": list(done.after), "seconds": round(done.seconds, 1)}
        following = (
            "log on to the host once: AXIA_MT5 starts the terminal, check Algo Trading (The terminal, below)",
            "`axia doctor` on the host, then `axia order reconcile`",
            "`axia kill-switch off --reason ...`",
        )
        return Outcome(True, (f"host {new} is in service; it replaced {gone}",), document, following)

    def _whole_table(self, moment: datetime | None, backup: str | None) -> Outcome:
        if backup is None:
            raise InvalidInput(
                "--backup",
                None,
                f"{self.table} is gone, so it comes back from a backup",
                "See `aws dynamodb list-backups`.",
            )
        backups = self.stage.backups
        restored_to = backups.restore(self.table, self.table, moment, backup)
        protection = backups.protect(self.table, for_good=True)
        self._begin_epoch(restored_to, True)
        self._note("recover orders", f"the whole table from {backup}")
        document = {"table": self.table, "restored_to": restored_to, "put_back": None, "differences": []}
        words = f"{self.table} is there again as it was at {restored_to.isoformat()}; {protection}"
        stream = (
            "`axia deploy --check`: stream and tags are not restored, and the copy in the other region needs the stream"
        )
        return Outcome(True, (words,), document, (stream, *_after_orders(restored_to, self.stage.clock.now())))

    def _told(self, found: Beside, put: tuple[str, ...], changed: bool) -> Outcome:
        # What was put back is no difference any more.
        left = [one for one in found.comparison.differences if one.item not in {*put, *found.comparison.lost}]
        lines = [
            f"{found.comparison.compared} items compared with {found.copy}, as of {found.restored_to.isoformat()}",
            f"{len(put)} items were missing and are there again",
            *(f"differs, left as it is: {one.item}: {one.what}" for one in left[:MOST_LISTED]),
        ]
        document = {
            "table": self.table,
            "copy": found.copy,
            "restored_to": found.restored_to,
            "compared": found.comparison.compared,
            "put_back": list(put),
            "differences": [{"item": one.item, "what": one.what} for one in left],
        }
        return Outcome(changed, tuple(lines), document, _after_orders(found.restored_to, self.stage.clock.now()))

    def _protected(self) -> None:
        """An earlier call that was interrupted while the table itself was being restored has left it without."""
        backups = self.stage.backups
        backups.await_ready(self.table)
        protection = backups.protection(self.table)
        if not (protection.ttl and protection.point_in_time):
            backups.protect(self.table, for_good=True)

    def _halt(self, reason: str) -> None:
        self.kill_switch()
        ledger = self._ledger()
        switch = ledger.kill_switch()
        if not (switch.active and switch.mode is Mode.HALT):
            wanted = KillSwitch(active=True, reason=reason, who=self.who)
            ledger.set_kill_switch(wanted, switch.version, self.stage.clock.now())

    def _begin_epoch(self, restored_to: datetime, changed: bool) -> bool:
        """Not again where nothing was put back after the same moment's epoch: a repeat changes nothing."""
        epoch = self._ledger().epoch()
        if not changed and epoch is not None and epoch.restored_to == restored_to:
            return False
        restored(restored_to, self.who, ledger=self._ledger(), clock=self.stage.clock)
        return True

    def _note(self, what: str, outcome: str) -> None:
        self._ledger().note_audit(AuditLine(at=self.stage.clock.now(), who=self.who, what=what, outcome=outcome))

    def _ledger(self) -> OrderLedger:
        return self.stage.ledger(self.table)


def _day(one: Recovered) -> Document:
    return {"symbol": one.symbol.name, "timeframe": one.timeframe, "date": one.day, "fate": one.fate.name.lower()}


def _after_orders(restored_to: datetime, now: datetime) -> tuple[str, ...]:
    days = (now - restored_to) // timedelta(days=1) + 1
    return (
        "`axia kill-switch cancel-all` where pending orders at the broker must not fill meanwhile",
        f"`axia order reconcile --days {days}`: positions of forgotten orders are strays",
        "`axia order statement --date D` for each day since, and the terminal",
        "`axia kill-switch off --reason ...`",
    )


def _collect_again(lost: Sequence[Recovered]) -> tuple[str, ...]:
    if not lost:
        return ()
    first, last = min(one.day for one in lost), max(one.day for one in lost)
    return (f"`axia collect --from {first} --to {last}`",)
